#include "core/record.h"

namespace tokenweir {

std::string_view name_of(EndState state) {
  constexpr std::array<std::string_view, 6> kNames = {
      "complete", "truncated", "provider_error", "client_abort", "proxy_abort", "refused"};
  return kNames[static_cast<std::size_t>(state)];
}

std::string_view name_of(RateResource resource) {
  constexpr std::array<std::string_view, kRateResources> kNames = {"requests", "tokens",
                                                                   "input_tokens", "output_tokens"};
  return kNames[static_cast<std::size_t>(resource)];
}

std::string_view name_of(Pricing pricing) {
  constexpr std::array<std::string_view, 3> kNames = {"priced", "fallback", "unpriced"};
  return kNames[static_cast<std::size_t>(pricing)];
}

std::string_view name_of(CostKind kind) {
  constexpr std::array<std::string_view, kCostKinds> kNames = {
      "input",        "cache_read",  "cache_write",  "output",     "reasoning", "input_audio",
      "output_audio", "input_image", "output_image", "web_search", "tool",      "request"};
  return kNames[static_cast<std::size_t>(kind)];
}

CostKind kind_of(TokenClass token_class) {
  switch (token_class) {
    case TokenClass::input:
    case TokenClass::video_input:
    case TokenClass::document_input:
    case TokenClass::tool_input:
    case TokenClass::citation_input:
      return CostKind::input;
    case TokenClass::cache_read:
    case TokenClass::audio_cache_read:
    case TokenClass::image_cache_read:
      return CostKind::cache_read;
    case TokenClass::cache_write_5m:
    case TokenClass::cache_write_30m:
    case TokenClass::cache_write_1h:
    case TokenClass::cache_write_12h:
    case TokenClass::cache_write_unknown:
      return CostKind::cache_write;
    case TokenClass::audio_input:
      return CostKind::input_audio;
    case TokenClass::image_input:
      return CostKind::input_image;
    case TokenClass::output:
      return CostKind::output;
    case TokenClass::reasoning:
      return CostKind::reasoning;
    case TokenClass::audio_output:
      return CostKind::output_audio;
    case TokenClass::image_output:
      return CostKind::output_image;
  }
  return CostKind::input;
}

CostKind kind_of(CallClass call_class) {
  switch (call_class) {
    case CallClass::web_search:
    case CallClass::grounded_prompt:
    case CallClass::search_query:
    case CallClass::x_search:
      return CostKind::web_search;
    case CallClass::web_fetch:
    case CallClass::code_execution:
    case CallClass::file_search:
    case CallClass::maps:
      return CostKind::tool;
    case CallClass::search_unit:
    case CallClass::classification:
    case CallClass::request:
    case CallClass::image:
    case CallClass::page:
    case CallClass::second_input:
    case CallClass::second_output:
    case CallClass::character_input:
      return CostKind::request;
  }
  return CostKind::request;
}

std::string_view outcome_of(const Record& record) {
  switch (record.answer.end_state) {
    case EndState::complete:
      return "ok";
    case EndState::truncated:
      return "truncated";
    case EndState::client_abort:
      return "client_abort";
    case EndState::refused:
    case EndState::proxy_abort:
      return "rejected";
    case EndState::provider_error:
      break;
  }
  const std::string_view fault = record.provider_fault;
  if (fault == "429") return "upstream_429";
  if (fault == "4xx") return "upstream_4xx";
  if (fault == "timeout") return "upstream_timeout";
  if (fault == "connect" || fault == "tls") return "upstream_connect";
  if (fault == "protocol" || fault == "reset") return "upstream_protocol";
  return "upstream_5xx";
}

}  // namespace tokenweir

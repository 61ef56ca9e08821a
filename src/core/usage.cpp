#include "core/usage.h"

#include <algorithm>

namespace tokenweir {
namespace {

constexpr std::array<std::string_view, kTokenClasses> kTokenClassNames = {"input",
                                                                          "cache_read",
                                                                          "cache_write_5m",
                                                                          "cache_write_30m",
                                                                          "cache_write_1h",
                                                                          "cache_write_12h",
                                                                          "cache_write_unknown",
                                                                          "audio_input",
                                                                          "audio_cache_read",
                                                                          "image_input",
                                                                          "image_cache_read",
                                                                          "video_input",
                                                                          "document_input",
                                                                          "tool_input",
                                                                          "citation_input",
                                                                          "output",
                                                                          "reasoning",
                                                                          "audio_output",
                                                                          "image_output"};

constexpr std::array<std::string_view, kCallClasses> kCallClassNames = {
    "web_search",     "web_fetch",      "grounded_prompt", "search_query",
    "code_execution", "file_search",    "x_search",        "maps",
    "search_unit",    "classification", "request",         "image",
    "page",           "second_input",   "second_output",   "character_input"};

std::uint64_t saturating_add(std::uint64_t left, std::uint64_t right) {
  std::uint64_t sum = 0;
  return __builtin_add_overflow(left, right, &sum) ? UINT64_MAX : sum;
}

void add_to(std::optional<std::uint64_t>& total, const std::optional<std::uint64_t>& part) {
  if (part) total = saturating_add(total.value_or(0), *part);
}

}  // namespace

std::string_view name_of(TokenClass token_class) {
  return kTokenClassNames[static_cast<std::size_t>(token_class)];
}

std::string_view name_of(CallClass call_class) {
  return kCallClassNames[static_cast<std::size_t>(call_class)];
}

bool is_input(TokenClass token_class) { return token_class < TokenClass::output; }

std::optional<std::uint64_t> Usage::total_input() const {
  std::optional<std::uint64_t> total;
  for (std::size_t i = 0; i < kTokenClasses; ++i) {
    if (is_input(static_cast<TokenClass>(i))) add_to(total, tokens[i]);
  }
  return total;
}

std::optional<std::uint64_t> Usage::total_output() const {
  std::optional<std::uint64_t> total;
  for (std::size_t i = 0; i < kTokenClasses; ++i) {
    if (!is_input(static_cast<TokenClass>(i))) add_to(total, tokens[i]);
  }
  return total;
}

bool Usage::empty() const {
  const auto absent = [](const auto& count) { return !count.has_value(); };
  return std::ranges::all_of(tokens, absent) && std::ranges::all_of(calls, absent);
}

void Usage::add(const Usage& other) {
  for (std::size_t i = 0; i < kTokenClasses; ++i) add_to(tokens[i], other.tokens[i]);
  for (std::size_t i = 0; i < kCallClasses; ++i) add_to(calls[i], other.calls[i]);
}

std::string_view name_of(UsageSource source) {
  constexpr std::array<std::string_view, 5> kNames = {"reported", "counted", "estimated", "held",
                                                      "none"};
  return kNames[static_cast<std::size_t>(source)];
}

UsageSource weaker(UsageSource left, UsageSource right) { return std::max(left, right); }

}  // namespace tokenweir

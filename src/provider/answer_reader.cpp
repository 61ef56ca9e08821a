#include "provider/answer_reader.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "provider/rate_limits.h"

namespace tokenweir::provider {
namespace {

bool is_word(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.' || c == ':';
  });
}

struct Row {
  Dialect dialect;
  std::unique_ptr<AnswerReader> (*make)(AnswerContext);
};

constexpr std::array kReaders = std::to_array<Row>({
    {Dialect::openai_chat, make_openai_reader},
    {Dialect::openai_completions, make_openai_reader},
    {Dialect::openai_embeddings, make_openai_reader},
    {Dialect::openai_images, make_openai_reader},
    {Dialect::openai_audio, make_openai_reader},
    {Dialect::openai_misc, make_openai_reader},
    {Dialect::openai_responses, make_responses_reader},
    {Dialect::anthropic_messages, make_anthropic_reader},
    {Dialect::anthropic_misc, make_anthropic_reader},
    {Dialect::gemini, make_gemini_reader},
    {Dialect::gemini_misc, make_gemini_reader},
    {Dialect::gemini_interactions, make_interactions_reader},
    {Dialect::cohere, make_cohere_reader},
    {Dialect::ollama, make_ollama_reader},
});

}  // namespace

WantedPaths::WantedPaths(std::span<const Want> wants) {
  for (const Want& want : wants) add(want);
}

void WantedPaths::add(const Want& want) {
  const auto path = static_cast<std::size_t>(paths_.add(want.path, want.capture_limit));
  if (fields_.size() <= path) fields_.resize(path + 1);
  fields_[path] = want.field;
}

AnswerReader::AnswerReader(AnswerContext context, const WantedPaths& wanted)
    : context_(std::move(context)), wanted_(&wanted) {}

void AnswerReader::head(std::span<const http::Field> fields) {
  if (const http::Field* region = http::find(fields, "x-ms-region")) {
    known_.region = region->value.substr(0, 64);
  }
  known_.rate_limits_left = rate_limits_left(fields);
}

void AnswerReader::on_value(const stream::JsonValue& found) {
  if (found.raw == "null") return;
  value(wanted_->field_of(found.path), found);
}

void AnswerReader::document(std::string_view event, bool whole) {
  document_end(event, whole);
  if (content_) ++content_documents_;
  content_ = false;
}

void AnswerReader::write(Answer& answer, bool ended) const {
  answer = known_;
  answer.source = UsageSource::none;
  if (context_.endpoint->metered) write_usage(answer, ended);
  std::erase_if(answer.inferences, [](const Inference& one) { return one.usage.empty(); });
  if (answer.raw_usage.size() > kObject) answer.raw_usage.clear();
  if (!answer.inferences.empty()) answer.source = UsageSource::reported;
}

void AnswerReader::keep_id(std::string_view raw) {
  if (known_.response_id.empty()) known_.response_id = plain_text(raw);
}

void AnswerReader::keep_model(std::string_view raw) {
  // The first chunk of an Azure stream names no model.
  if (std::string model = plain_text(raw); !model.empty() && model != known_.model_served) {
    known_.model_served = std::move(model);
  }
}

void AnswerReader::keep_tier(std::string_view raw) {
  if (std::string tier = plain_text(raw, 64); !tier.empty()) known_.service_tier = std::move(tier);
}

void AnswerReader::keep_error_type(std::string_view raw) {
  if (!known_.error_type.empty()) return;
  std::string text = plain_text(raw, 65);
  if (text.empty() && !raw.starts_with('"')) text = raw.substr(0, 65);
  if (is_word(text)) known_.error_type = std::move(text);
}

void AnswerReader::finish_content(bool at_limit) {
  finished_ = true;
  truncated_ = truncated_ || at_limit;
}

std::unique_ptr<AnswerReader> make_answer_reader(AnswerContext context) {
  const auto row = std::ranges::find(kReaders, context.endpoint->dialect, &Row::dialect);
  if (row == kReaders.end()) return nullptr;
  return row->make(std::move(context));
}

std::string plain_text(std::string_view raw, std::size_t limit) {
  std::string text = stream::string_value(raw, limit);
  std::erase_if(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
  return text;
}

std::optional<std::uint64_t> count_from_text(std::string_view text) {
  constexpr std::uint64_t kMost = 1'000'000'000'000;
  if (text.ends_with(".0")) text.remove_suffix(2);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && number <= kMost ? std::optional(number) : std::nullopt;
}

bool has_content(const stream::JsonValue& value) {
  // Two bytes are an empty string, array or object.
  return value.size > 2 && value.raw != "null" && value.raw != "true" && value.raw != "false";
}

}  // namespace tokenweir::provider

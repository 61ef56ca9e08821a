// Cohere's answers: v2 objects and events, v1 objects and lines, embeddings and rankings.
#include <array>

#include "provider/answer_reader.h"
#include "provider/usage.h"

namespace tokenweir::provider {
namespace {

enum Field : int { kId, kType, kUsage, kFinish, kError };

constexpr std::array kWants = std::to_array<WantedPaths::Want>({
    {"id", kId, kWord},
    {"generation_id", kId, kWord},
    {"response_id", kId, kWord},
    {"type", kType, kWord},
    {"event_type", kType, kWord},
    {"usage", kUsage, kObject},
    {"delta.usage", kUsage, kObject},
    {"meta.billed_units", kUsage, kObject},
    {"response.meta.billed_units", kUsage, kObject},
    {"finish_reason", kFinish, kWord},
    {"delta.finish_reason", kFinish, kWord},
    {"response.finish_reason", kFinish, kWord},
    {"generations[].finish_reason", kFinish, kWord},
    {"delta.error", kError, kWord},
    {"error", kError, kWord},
});

const WantedPaths& wanted() {
  static const WantedPaths paths{std::span(kWants)};
  return paths;
}

class CohereReader final : public AnswerReader {
 public:
  explicit CohereReader(AnswerContext context) : AnswerReader(std::move(context), wanted()) {}

 protected:
  void value(int field, const stream::JsonValue& found) override {
    switch (field) {
      case kId:
        keep_id(found.raw);
        break;
      case kType:
        type_ = plain_text(found.raw, 64);
        break;
      case kUsage:
        if (found.raw.starts_with('{')) usage_ = found.raw;
        break;
      case kFinish:
        finish_reason(plain_text(found.raw, 64));
        break;
      case kError:
        if (has_content(found)) fail();
        break;
      default:
        break;
    }
  }

  void document_end(std::string_view event, bool whole) override {
    const std::string_view name = type_.empty() ? event : std::string_view(type_);
    content_ = name == "content-delta" || name == "tool-call-delta" || name == "tool-plan-delta" ||
               name == "text-generation";
    if (whole && (name == "message-end" || name == "stream-end")) terminal_ = true;
    type_.clear();
  }

  [[nodiscard]] bool has_usage() const override { return !usage_.empty(); }

  void write_usage(Answer& answer, bool /*ended*/) const override {
    if (usage_.empty()) return;
    const UsageReading reading = cohere_usage(usage_);
    answer.raw_usage = usage_;
    answer.usage_anomaly = reading.anomaly;
    answer.inferences.push_back({{}, reading.usage});
  }

 private:
  void finish_reason(std::string_view reason) {
    if (reason.empty()) return;
    finish_content(reason == "MAX_TOKENS");
    if (reason.starts_with("ERROR") || reason == "TIMEOUT") {
      fail();
      keep_error_type('"' + std::string(reason) + '"');
    }
  }

  std::string usage_;
  std::string type_;
};

}  // namespace

std::unique_ptr<AnswerReader> make_cohere_reader(AnswerContext context) {
  return std::make_unique<CohereReader>(std::move(context));
}

}  // namespace tokenweir::provider

// Anthropic's Messages API: the message object, or the events that build it up.
#include <algorithm>
#include <array>

#include "provider/answer_reader.h"
#include "provider/usage.h"

namespace tokenweir::provider {
namespace {

enum Field : int { kId, kModel, kType, kUsage, kStopReason, kError, kErrorType };

constexpr std::array kWants = std::to_array<WantedPaths::Want>({
    {"type", kType, kWord},
    {"id", kId, kWord},
    {"message.id", kId, kWord},
    {"model", kModel, kWord},
    {"message.model", kModel, kWord},
    {"message.usage", kUsage, kObject},
    {"usage", kUsage, kObject},
    {"stop_reason", kStopReason, kWord},
    {"message.stop_reason", kStopReason, kWord},
    {"delta.stop_reason", kStopReason, kWord},
    {"error", kError, kWord},
    {"error.type", kErrorType, kWord},
});

const WantedPaths& wanted() {
  static const WantedPaths paths{std::span(kWants)};
  return paths;
}

class AnthropicReader final : public AnswerReader {
 public:
  explicit AnthropicReader(AnswerContext context) : AnswerReader(std::move(context), wanted()) {}

 protected:
  void value(int field, const stream::JsonValue& found) override {
    switch (field) {
      case kType:
        type_ = plain_text(found.raw, 64);
        break;
      case kId:
        keep_id(found.raw);
        break;
      case kModel:
        keep_model(found.raw);
        break;
      case kUsage:
        if (found.raw.starts_with('{')) keep_piece(pieces_, found.raw);
        usage_in_document_ = true;
        break;
      case kStopReason: {
        const std::string reason = plain_text(found.raw, 64);
        if (!reason.empty()) {
          finish_content(reason == "max_tokens" || reason == "model_context_window_exceeded");
        }
        break;
      }
      case kError:
        if (has_content(found)) error_here_ = true;
        break;
      case kErrorType:
        error_type_ = found.raw;
        break;
      default:
        break;
    }
  }

  void document_end(std::string_view event, bool whole) override {
    const std::string_view name = type_.empty() ? event : std::string_view(type_);
    content_ = name == "content_block_delta";
    // What message_start tells about the output is a placeholder, not a count.
    if (name == "message_start") started_only_ = true;
    if (name == "message_delta" && usage_in_document_) started_only_ = false;
    if (whole && name == "message_stop") terminal_ = true;
    if (name == "error" || error_here_) {
      fail();
      keep_error_type(error_type_);
    }
    error_here_ = false;
    usage_in_document_ = false;
    error_type_.clear();
    type_.clear();
  }

  [[nodiscard]] bool has_usage() const override { return !pieces_.empty() && !started_only_; }

  void write_usage(Answer& answer, bool /*ended*/) const override {
    UsageReading reading = anthropic_usage(pieces_);
    if (started_only_) {
      reading.usage[TokenClass::output].reset();
      reading.usage[TokenClass::reasoning].reset();
    }
    answer.raw_usage = joined(pieces_);
    answer.usage_anomaly = reading.anomaly;
    answer.provider_cost = reading.cost;
    answer.byok = reading.byok;
    answer.service_tier = reading.service_tier;
    answer.speed = reading.speed;
    if (!reading.region.empty()) answer.region = reading.region;
    answer.inferences.push_back({{}, reading.usage});
    std::ranges::move(reading.others, std::back_inserter(answer.inferences));
  }

 private:
  std::vector<std::string> pieces_;
  std::string type_;
  std::string error_type_;
  bool error_here_ = false;
  bool usage_in_document_ = false;
  bool started_only_ = false;
};

}  // namespace

std::unique_ptr<AnswerReader> make_anthropic_reader(AnswerContext context) {
  return std::make_unique<AnthropicReader>(std::move(context));
}

}  // namespace tokenweir::provider

// Gemini's Interactions API: the interaction object, or the events that lead to it.
#include <array>

#include "provider/answer_reader.h"
#include "provider/usage.h"

namespace tokenweir::provider {
namespace {

enum Field : int { kId, kModel, kTier, kStatus, kEvent, kUsage, kError, kErrorCode };

constexpr std::array kWants = std::to_array<WantedPaths::Want>({
    {"id", kId, kWord},
    {"interaction.id", kId, kWord},
    {"model", kModel, kWord},
    {"interaction.model", kModel, kWord},
    {"service_tier", kTier, kWord},
    {"interaction.service_tier", kTier, kWord},
    {"status", kStatus, kWord},
    {"interaction.status", kStatus, kWord},
    {"event_type", kEvent, kWord},
    {"usage", kUsage, kObject},
    {"interaction.usage", kUsage, kObject},
    {"error", kError, kWord},
    {"error.code", kErrorCode, kWord},
    {"error.status", kErrorCode, kWord},
});

const WantedPaths& wanted() {
  static const WantedPaths paths{std::span(kWants)};
  return paths;
}

class InteractionsReader final : public AnswerReader {
 public:
  explicit InteractionsReader(AnswerContext context) : AnswerReader(std::move(context), wanted()) {}

 protected:
  void value(int field, const stream::JsonValue& found) override {
    switch (field) {
      case kId:
        keep_id(found.raw);
        break;
      case kModel:
        keep_model(found.raw);
        break;
      case kTier:
        keep_tier(found.raw);
        break;
      case kStatus:
        status_ = plain_text(found.raw, 64);
        break;
      case kEvent:
        event_ = plain_text(found.raw, 64);
        break;
      case kUsage:
        if (found.raw.starts_with('{')) usage_ = found.raw;
        break;
      case kError:
        if (has_content(found)) error_here_ = true;
        break;
      case kErrorCode:
        error_code_ = found.raw;
        break;
      default:
        break;
    }
  }

  void document_end(std::string_view event, bool whole) override {
    const std::string_view name = event_.empty() ? event : std::string_view(event_);
    content_ = name.ends_with("delta");
    const bool ends = name == "interaction.completed" || name == "interaction.complete";
    if (whole && ends) terminal_ = true;
    if (ends || (name.empty() && !status_.empty())) interaction_end();
    if (error_here_ || name == "error") {
      fail();
      keep_error_type(error_code_);
    }
    error_here_ = false;
    error_code_.clear();
    event_.clear();
  }

  [[nodiscard]] bool has_usage() const override { return !usage_.empty(); }

  void write_usage(Answer& answer, bool /*ended*/) const override {
    if (usage_.empty()) return;
    const std::string_view model =
        answer.model_served.empty() ? std::string_view(context_.model) : answer.model_served;
    const UsageReading reading = interactions_usage(usage_, gemini_generation(model));
    answer.raw_usage = usage_;
    answer.usage_anomaly = reading.anomaly;
    answer.inferences.push_back({{}, reading.usage});
  }

 private:
  void interaction_end() {
    if (status_ == "in_progress" || status_ == "queued") {
      known_.job_id = known_.response_id;
      return;
    }
    finish_content(status_ == "incomplete");
    if (status_ == "failed") fail();
  }

  std::string usage_;
  std::string status_;
  std::string event_;
  std::string error_code_;
  bool error_here_ = false;
};

}  // namespace

std::unique_ptr<AnswerReader> make_interactions_reader(AnswerContext context) {
  return std::make_unique<InteractionsReader>(std::move(context));
}

}  // namespace tokenweir::provider

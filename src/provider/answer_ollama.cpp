// Ollama's native answers: one object, or lines of which the last says "done".
#include <array>

#include "provider/answer_reader.h"
#include "provider/usage.h"

namespace tokenweir::provider {
namespace {

enum Field : int { kModel, kDone, kReason, kPromptCount, kOutputCount, kContent, kError };

constexpr std::array kWants = std::to_array<WantedPaths::Want>({
    {"model", kModel, kWord},
    {"done", kDone, kWord},
    {"done_reason", kReason, kWord},
    {"prompt_eval_count", kPromptCount, kWord},
    {"eval_count", kOutputCount, kWord},
    {"message.content", kContent, 16},
    {"message.thinking", kContent, 16},
    {"message.tool_calls", kContent, kPresence},
    {"response", kContent, 16},
    {"thinking", kContent, 16},
    {"error", kError, kWord},
});

const WantedPaths& wanted() {
  static const WantedPaths paths{std::span(kWants)};
  return paths;
}

class OllamaReader final : public AnswerReader {
 public:
  explicit OllamaReader(AnswerContext context) : AnswerReader(std::move(context), wanted()) {}

 protected:
  void value(int field, const stream::JsonValue& found) override {
    switch (field) {
      case kModel:
        keep_model(found.raw);
        break;
      case kDone:
        done_ = found.raw == "true";
        break;
      case kReason:
        if (plain_text(found.raw, 64) == "length") truncated_ = true;
        break;
      case kPromptCount:
        prompt_count_ = found.raw;
        break;
      case kOutputCount:
        output_count_ = found.raw;
        break;
      case kContent:
        content_ = content_ || has_content(found);
        break;
      case kError:
        if (has_content(found)) fail();
        break;
      default:
        break;
    }
  }

  void document_end(std::string_view /*event*/, bool whole) override {
    if (done_ && whole) terminal_ = true;
  }

  [[nodiscard]] bool has_usage() const override {
    return !prompt_count_.empty() || !output_count_.empty();
  }

  // A count of zero is left out by the server, so an absent one stays untold.
  void write_usage(Answer& answer, bool /*ended*/) const override {
    if (!has_usage()) return;
    Inference own;
    std::string raw = "{";
    const auto read = [&](std::string_view name, std::string_view text, TokenClass where) {
      if (text.empty()) return;
      raw.append(raw.size() > 1 ? ",\"" : "\"").append(name).append("\":").append(text);
      own.usage[where] = count_from_text(text);
      if (!own.usage[where]) answer.usage_anomaly = true;
    };
    read("prompt_eval_count", prompt_count_, TokenClass::input);
    read("eval_count", output_count_, TokenClass::output);
    answer.raw_usage = raw + '}';
    answer.inferences.push_back(std::move(own));
  }

 private:
  std::string prompt_count_;
  std::string output_count_;
  bool done_ = false;
};

}  // namespace

std::unique_ptr<AnswerReader> make_ollama_reader(AnswerContext context) {
  return std::make_unique<OllamaReader>(std::move(context));
}

}  // namespace tokenweir::provider

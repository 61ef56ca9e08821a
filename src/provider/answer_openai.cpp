// Chat completions, completions, embeddings, images, audio, reranking, assistants' runs, and the
// native answers of llama.cpp and TGI: everything OpenAI-shaped but the Responses API.
#include <array>

#include "provider/answer_reader.h"
#include "provider/usage.h"

namespace tokenweir::provider {
namespace {

enum Field : int {
  kId,
  kModel,
  kTier,
  kObjectName,
  kType,
  kStatus,
  kUsage,
  kGroqUsage,
  kBreakdown,
  kError,
  kErrorCode,
  kErrorType,
  kFinishReason,
  kContent,
  kDuration,
  kImage,
  kPromptCount,
  kOutputCount,
  kStop,
};

// What every speaker may send; kept short, because every key of every chunk is compared with it.
constexpr std::array kCommon = std::to_array<WantedPaths::Want>({
    {"id", kId, kWord},
    {"model", kModel, kWord},
    {"service_tier", kTier, kWord},
    {"object", kObjectName, kWord},
    {"usage", kUsage, kObject},
    {"choices[].finish_reason", kFinishReason, kWord},
    {"choices[].delta.content", kContent, 16},
    {"choices[].delta.reasoning_content", kContent, 16},
    {"choices[].delta.reasoning", kContent, 16},
    {"choices[].delta.tool_calls", kContent, kPresence},
    {"choices[].delta.audio", kContent, kPresence},
    {"choices[].text", kContent, 16},
    {"x_groq.usage", kGroqUsage, kObject},
    {"x_groq.usage_breakdown", kBreakdown, kObject},
    {"x_groq.error", kError, kWord},
    {"usage_breakdown", kBreakdown, kObject},
    {"error", kError, kWord},
    {"error.code", kErrorCode, kWord},
    {"error.type", kErrorType, kWord},
    {"error.metadata.error_type", kErrorType, kWord},
    {"code", kErrorCode, kWord},
    {"type", kType, kWord},
});

// Native answers of llama.cpp, TGI, Mistral's page reader, Cloudflare, and assistants' runs.
constexpr std::array kNative = std::to_array<WantedPaths::Want>({
    {"status", kStatus, kWord},
    {"usage_info", kUsage, kObject},
    {"result.usage", kUsage, kObject},
    {"result.response", kContent, 16},
    {"response", kContent, 16},
    {"content", kContent, 16},
    {"token.text", kContent, 16},
    {"tokens_evaluated", kPromptCount, kWord},
    {"tokens_predicted", kOutputCount, kWord},
    {"details.generated_tokens", kOutputCount, kWord},
    {"stop", kStop, kWord},
});

const WantedPaths& wanted(Dialect dialect) {
  const auto with = [](std::span<const WantedPaths::Want> more) {
    WantedPaths paths{std::span(kCommon)};
    for (const WantedPaths::Want& want : more) paths.add(want);
    return paths;
  };
  constexpr WantedPaths::Want kLength = {"duration", kDuration, kWord};
  // Elements are counted only where they are few: an embedding has millions of numbers.
  constexpr WantedPaths::Want kElement = {"data[]", kImage, kPresence};
  static const WantedPaths common = with({});
  static const WantedPaths audio = with(std::span(&kLength, 1));
  static const WantedPaths images = with(std::span(&kElement, 1));
  static const WantedPaths native = with(kNative);
  switch (dialect) {
    case Dialect::openai_audio:
      return audio;
    case Dialect::openai_images:
      return images;
    case Dialect::openai_completions:
    case Dialect::openai_misc:
      return native;
    default:
      return common;
  }
}

bool generates(std::string_view endpoint) {
  return endpoint == "threads.runs" || endpoint == "generate" || endpoint == "run" ||
         endpoint == "generation" || endpoint == "conversations";
}

bool searches_always(std::string_view model) {
  return model.find("-search-preview") != std::string_view::npos ||
         model.find("-search-api") != std::string_view::npos;
}

bool ends_stream(std::string_view type) {
  return type == "transcript.text.done" || type == "speech.audio.done" ||
         type == "image_generation.completed" || type == "image_edit.completed";
}

class OpenAiReader final : public AnswerReader {
 public:
  OpenAiReader(AnswerContext context, const WantedPaths& paths)
      : AnswerReader(std::move(context), paths) {}

  void head(std::span<const http::Field> fields) override {
    AnswerReader::head(fields);
    // TGI tells its counts in the head of an answer that is not streamed.
    prompt_count_ = count_from_text(http::value_of(fields, "x-prompt-tokens"));
    output_count_ = count_from_text(http::value_of(fields, "x-generated-tokens"));
  }

  [[nodiscard]] bool has_terminator() const override {
    return context_.endpoint->dialect != Dialect::openai_misc;
  }

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
      case kObjectName:
        object_ = plain_text(found.raw, 64);
        break;
      case kType:
        type_ = plain_text(found.raw, 64);
        break;
      case kStatus:
        status_ = plain_text(found.raw, 64);
        break;
      case kUsage:
      case kGroqUsage:
        if (found.raw.starts_with('{')) document_usage_ = found.raw;
        break;
      case kBreakdown:
        breakdown_ = found.raw;
        break;
      case kError:
        if (has_content(found)) error_here_ = true;
        break;
      case kErrorCode:
        error_code_ = found.raw;
        break;
      case kErrorType:
        error_type_ = found.raw;
        break;
      case kFinishReason:
        finish_reason(plain_text(found.raw, 64));
        break;
      case kContent:
        content_ = content_ || has_content(found);
        break;
      case kDuration:
        duration_ = found.raw;
        break;
      case kImage:
        ++images_;
        break;
      case kPromptCount:
        prompt_count_ = count_from_text(found.raw);
        break;
      case kOutputCount:
        output_count_ = count_from_text(found.raw);
        break;
      case kStop:
        if (found.raw == "true") finish_content(false);
        break;
      default:
        break;
    }
  }

  void document_end(std::string_view event, bool whole) override {
    // A step of an assistant's run repeats a part of the run's own usage.
    const bool part = object_.starts_with("thread.") && object_ != "thread.run";
    if (!document_usage_.empty() && !part) usage_ = std::move(document_usage_);
    document_usage_.clear();

    const std::string_view name = type_.empty() ? event : std::string_view(type_);
    if (whole && ends_stream(name)) {
      if (context_.endpoint->dialect == Dialect::openai_images) ++images_;
      terminal_ = true;
    }
    if (name.ends_with(".delta") || name.ends_with(".partial_image")) content_ = true;
    if (object_ == "error" || event == "error" || type_ == "error") error_here_ = true;
    if (error_here_) {
      fail();
      // A numeric code only repeats the status; the type says more then.
      if (error_code_.starts_with('"')) keep_error_type(error_code_);
      keep_error_type(error_type_);
      keep_error_type(error_code_);
      if (object_ == "error") keep_error_type('"' + type_ + '"');
    }
    if (context_.endpoint->async_job || object_ == "thread.run") {
      known_.job_id = known_.response_id;
    }
    if (object_ == "thread.run" && status_ == "failed") fail();
    error_here_ = false;
    error_code_.clear();
    error_type_.clear();
    type_.clear();
    object_.clear();
  }

  [[nodiscard]] bool has_usage() const override { return !usage_.empty(); }

  void write_usage(Answer& answer, bool /*ended*/) const override {
    const Dialect dialect = context_.endpoint->dialect;
    Inference own;
    if (!usage_.empty()) {
      UsageReading reading = openai_usage(usage_, use(), context_.host.ends_with("x.ai"));
      answer.usage_anomaly = reading.anomaly;
      answer.provider_cost = reading.cost;
      answer.byok = reading.byok;
      if (answer.service_tier.empty()) answer.service_tier = reading.service_tier;
      answer.search_context = reading.search_context;
      answer.raw_usage = usage_;
      own.usage = reading.usage;
    }
    if (!breakdown_.empty() && split_by_model(own.usage, answer)) return;
    if (usage_.empty()) {
      own.usage[TokenClass::input] = prompt_count_;
      own.usage[TokenClass::output] = output_count_;
      if (dialect == Dialect::openai_audio) own.usage[CallClass::second_input] = heard_seconds();
    }
    const bool tokens_told = own.usage.total_output().has_value();
    if (dialect == Dialect::openai_images && images_ > 0 && !tokens_told) {
      own.usage[CallClass::image] = images_;
    }
    // OpenAI's searching chat models search once a request and charge for it without a figure.
    if (!usage_.empty() && searches_always(answer.model_served) &&
        !own.usage[CallClass::web_search]) {
      own.usage[CallClass::web_search] = 1;
    }
    answer.inferences.push_back(std::move(own));
  }

 private:
  [[nodiscard]] OpenAiUse use() const {
    switch (context_.endpoint->dialect) {
      case Dialect::openai_images:
        return OpenAiUse::image;
      case Dialect::openai_embeddings:
        return OpenAiUse::input_only;
      case Dialect::openai_misc:
        return generates(context_.endpoint->name) ? OpenAiUse::text : OpenAiUse::input_only;
      default:
        return OpenAiUse::text;
    }
  }

  // A compound model's parts, each priced as its own model; only where they add up to the whole.
  // Groq has been seen to repeat the whole for every part.
  [[nodiscard]] bool split_by_model(const Usage& whole, Answer& answer) const {
    std::vector<Inference> models = openai_usage_breakdown(breakdown_, answer.usage_anomaly);
    if (models.empty()) return false;
    Usage sum;
    for (const Inference& model : models) sum.add(model.usage);
    if (!usage_.empty() &&
        (sum.total_input() != whole.total_input() || sum.total_output() != whole.total_output())) {
      answer.usage_anomaly = true;
      return false;
    }
    answer.raw_usage = '[' + usage_ + (usage_.empty() ? "" : ",") + breakdown_ + ']';
    answer.inferences = std::move(models);
    return true;
  }

  void finish_reason(std::string_view reason) {
    if (reason.empty()) return;
    finish_content(reason == "length" || reason == "model_length" || reason == "max_tokens");
    if (reason == "error") error_here_ = true;
  }

  // Whisper's verbose form tells the length of the recording instead of a usage.
  [[nodiscard]] std::optional<std::uint64_t> heard_seconds() const {
    const std::optional<std::uint64_t> whole =
        count_from_text(std::string_view(duration_).substr(0, duration_.find('.')));
    if (!whole || duration_.find_first_not_of("0123456789.") != std::string::npos) return {};
    const std::size_t point = duration_.find('.');
    const bool fraction = point != std::string::npos &&
                          duration_.find_first_not_of('0', point + 1) != std::string::npos;
    return *whole + (fraction ? 1 : 0);
  }

  std::string usage_;
  std::string document_usage_;
  std::string breakdown_;
  std::string object_;
  std::string type_;
  std::string status_;
  std::string error_code_;
  std::string error_type_;
  std::string duration_;
  std::uint64_t images_ = 0;
  std::optional<std::uint64_t> prompt_count_;
  std::optional<std::uint64_t> output_count_;
  bool error_here_ = false;
};

}  // namespace

std::unique_ptr<AnswerReader> make_openai_reader(AnswerContext context) {
  const WantedPaths& paths = wanted(context.endpoint->dialect);
  return std::make_unique<OpenAiReader>(std::move(context), paths);
}

}  // namespace tokenweir::provider

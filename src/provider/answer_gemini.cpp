// Gemini's generateContent and embedContent answers, and Vertex AI's predictions.
#include <algorithm>
#include <array>
#include <functional>

#include "provider/answer_reader.h"
#include "provider/usage.h"

namespace tokenweir::provider {
namespace {

enum Field : int {
  kId,
  kModel,
  kUsage,
  kFinish,
  kBlocked,
  kPart,
  kError,
  kErrorStatus,
  kErrorCode,
  kQuery,
  kGroundingChunk,
  kMapsChunk,
  kEmbeddedTokens,
  kBillableCharacters,
  kImage,
  kJob,
};

constexpr std::array kWants = std::to_array<WantedPaths::Want>({
    {"responseId", kId, kWord},
    {"modelVersion", kModel, kWord},
    {"usageMetadata", kUsage, kObject},
    {"candidates[].finishReason", kFinish, kWord},
    {"promptFeedback.blockReason", kBlocked, kWord},
    {"candidates[].content.parts[]", kPart, kPresence},
    {"error", kError, kWord},
    {"error.status", kErrorStatus, kWord},
    {"error.code", kErrorCode, kWord},
    {"candidates[].groundingMetadata.webSearchQueries[]", kQuery, 2048},
    {"candidates[].groundingMetadata.groundingChunks[].web", kGroundingChunk, kPresence},
    {"candidates[].groundingMetadata.groundingChunks[].maps", kMapsChunk, kPresence},
    {"predictions[].embeddings.statistics.token_count", kEmbeddedTokens, kWord},
    {"metadata.billableCharacterCount", kBillableCharacters, kWord},
    {"predictions[].bytesBase64Encoded", kImage, kPresence},
    {"name", kJob, kWord},
    // Google's code assistants wrap the same object.
    {"response.responseId", kId, kWord},
    {"response.modelVersion", kModel, kWord},
    {"response.usageMetadata", kUsage, kObject},
    {"response.candidates[].finishReason", kFinish, kWord},
    {"response.candidates[].content.parts[]", kPart, kPresence},
});

const WantedPaths& wanted() {
  static const WantedPaths paths{std::span(kWants)};
  return paths;
}

class GeminiReader final : public AnswerReader {
 public:
  explicit GeminiReader(AnswerContext context) : AnswerReader(std::move(context), wanted()) {}

 protected:
  void value(int field, const stream::JsonValue& found) override {
    switch (field) {
      case kId:
        keep_id(found.raw);
        break;
      case kModel:
        keep_model(found.raw);
        break;
      case kUsage:
        if (found.raw.starts_with('{')) keep_piece(pieces_, found.raw);
        break;
      case kFinish: {
        // A number where the client asked for enums as integers; 0 is "unspecified".
        const std::string reason = plain_text(found.raw, 64);
        const bool number = !found.raw.starts_with('"') && found.raw != "0";
        if (!reason.empty() || number) finish_content(reason == "MAX_TOKENS" || found.raw == "2");
        break;
      }
      case kBlocked:
        finish_content(false);
        break;
      case kPart:
        content_ = true;
        break;
      case kError:
        if (has_content(found)) fail();
        break;
      case kErrorStatus:
        keep_error_type(found.raw);
        break;
      case kErrorCode:
        error_code_ = found.raw;
        break;
      case kQuery:
        keep_query(plain_text(found.raw, 2048));
        break;
      case kGroundingChunk:
        grounded_ = true;
        break;
      case kMapsChunk:
        maps_ = true;
        break;
      case kEmbeddedTokens:
        if (const auto tokens = count_from_text(found.raw)) {
          embedded_tokens_ = embedded_tokens_.value_or(0) + *tokens;
        }
        break;
      case kBillableCharacters:
        characters_ = count_from_text(found.raw);
        break;
      case kImage:
        ++images_;
        break;
      case kJob:
        if (context_.endpoint->async_job) known_.job_id = plain_text(found.raw);
        break;
      default:
        break;
    }
  }

  void document_end(std::string_view /*event*/, bool /*whole*/) override {
    if (failed_) keep_error_type(error_code_);
  }

  [[nodiscard]] bool has_usage() const override { return !pieces_.empty(); }

  void write_usage(Answer& answer, bool ended) const override {
    const bool generates = context_.endpoint->name != "embedContent";
    UsageReading reading = gemini_usage(pieces_, generates && (ended || finished_));
    answer.raw_usage = joined(pieces_);
    answer.usage_anomaly = reading.anomaly && !pieces_.empty();
    if (answer.service_tier.empty()) answer.service_tier = reading.service_tier;
    Usage& usage = reading.usage;
    if (pieces_.empty()) usage[TokenClass::input] = embedded_tokens_;
    usage[CallClass::character_input] = characters_;
    if (images_ > 0) usage[CallClass::image] = images_;
    add_grounding(usage, answer.model_served);
    answer.inferences.push_back({{}, usage});
  }

 private:
  // Several chunks may repeat a query; each query is charged once.
  void keep_query(const std::string& query) {
    constexpr std::size_t kMost = 256;
    if (query.empty() || queries_.size() == kMost) return;
    grounded_ = true;
    const std::size_t hash = std::hash<std::string>{}(query);
    if (std::ranges::find(queries_, hash) == queries_.end()) queries_.push_back(hash);
  }

  void add_grounding(Usage& usage, std::string_view model_served) const {
    if (maps_) usage[CallClass::maps] = 1;
    if (!grounded_) return;
    const std::string_view model =
        model_served.empty() ? std::string_view(context_.model) : model_served;
    // Through the second generation a prompt is charged once, since the third each query.
    const int generation = gemini_generation(model);
    if (generation == 0 || generation >= 3) {
      if (!queries_.empty()) usage[CallClass::search_query] = queries_.size();
    } else {
      usage[CallClass::grounded_prompt] = 1;
    }
  }

  std::vector<std::string> pieces_;
  std::vector<std::size_t> queries_;
  std::string error_code_;
  std::optional<std::uint64_t> embedded_tokens_;
  std::optional<std::uint64_t> characters_;
  std::uint64_t images_ = 0;
  bool grounded_ = false;
  bool maps_ = false;
};

}  // namespace

std::unique_ptr<AnswerReader> make_gemini_reader(AnswerContext context) {
  return std::make_unique<GeminiReader>(std::move(context));
}

}  // namespace tokenweir::provider

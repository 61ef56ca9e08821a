// OpenAI's Responses API: the response object, alone or inside the events of its stream.
#include <algorithm>
#include <array>

#include "provider/answer_reader.h"
#include "provider/usage.h"

namespace tokenweir::provider {
namespace {

enum Field : int {
  kId,
  kModel,
  kTier,
  kStatus,
  kType,
  kObjectName,
  kUsage,
  kToolUsage,
  kReason,
  kError,
  kErrorCode,
  kErrorType,
  kBackground,
  kItem,
  kItemType,
  kItemAction,
  kItemContainer,
  kToolType,
  kToolModel,
};

constexpr std::array kWants = std::to_array<WantedPaths::Want>({
    {"id", kId, kWord},
    {"model", kModel, kWord},
    {"service_tier", kTier, kWord},
    {"status", kStatus, kWord},
    {"object", kObjectName, kWord},
    {"usage", kUsage, kObject},
    {"tool_usage", kToolUsage, kObject},
    {"incomplete_details.reason", kReason, kWord},
    {"background", kBackground, kWord},
    {"output[]", kItem, kPresence},
    {"output[].type", kItemType, kWord},
    {"output[].action.type", kItemAction, kWord},
    {"output[].container_id", kItemContainer, kWord},
    {"tools[].type", kToolType, kWord},
    {"tools[].model", kToolModel, kWord},
    {"type", kType, kWord},
    {"code", kErrorCode, kWord},
    {"error", kError, kWord},
    {"error.code", kErrorCode, kWord},
    {"error.type", kErrorType, kWord},
});

const WantedPaths& wanted() {
  static const WantedPaths paths = [] {
    WantedPaths both{std::span(kWants)};
    for (const WantedPaths::Want& want : kWants) {
      if (want.path == "type" || want.path == "code") continue;
      const std::string inner = "response." + std::string(want.path);
      both.add({inner, want.field, want.capture_limit});
    }
    return both;
  }();
  return paths;
}

class ResponsesReader final : public AnswerReader {
 public:
  explicit ResponsesReader(AnswerContext context) : AnswerReader(std::move(context), wanted()) {}

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
      case kType:
        type_ = plain_text(found.raw, 64);
        break;
      case kUsage:
        if (found.raw.starts_with('{')) usage_ = found.raw;
        break;
      case kToolUsage:
        tool_usage_ = found.raw;
        break;
      case kReason:
        reason_ = plain_text(found.raw, 64);
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
      case kBackground:
        background_ = found.raw == "true";
        break;
      case kItemType:
        item_type_ = plain_text(found.raw, 64);
        break;
      case kItemAction:
        item_action_ = plain_text(found.raw, 64);
        break;
      case kItemContainer:
        item_container_ = plain_text(found.raw, 128);
        break;
      case kItem:
        item_end();
        break;
      case kToolType:
        tool_type_ = plain_text(found.raw, 64);
        if (tool_type_ == "image_generation" && !tool_model_.empty()) image_model_ = tool_model_;
        break;
      case kToolModel:
        tool_model_ = plain_text(found.raw);
        if (tool_type_ == "image_generation") image_model_ = tool_model_;
        break;
      default:
        break;
    }
  }

  void document_end(std::string_view event, bool whole) override {
    const std::string_view name = type_.empty() ? event : std::string_view(type_);
    content_ = name.ends_with(".delta");
    const bool alone = type_.empty() && !status_.empty();
    const bool ends = name == "response.completed" || name == "response.failed" ||
                      name == "response.incomplete" || name == "response.cancelled";
    if (whole && ends) terminal_ = true;
    if (ends || alone) response_end(name);
    if (name == "error") error_here_ = true;
    if (error_here_) {
      fail();
      if (error_code_.starts_with('"')) keep_error_type(error_code_);
      keep_error_type(error_type_);
      keep_error_type(error_code_);
    }
    // Ordinary events repeat the object many times; each document speaks for itself.
    error_here_ = false;
    error_code_.clear();
    error_type_.clear();
    type_.clear();
    tool_type_.clear();
    tool_model_.clear();
    items_ = this_document_;
    this_document_ = {};
  }

  [[nodiscard]] bool has_usage() const override { return !usage_.empty(); }

  void write_usage(Answer& answer, bool /*ended*/) const override {
    UsageReading reading;
    if (!usage_.empty()) {
      reading = openai_usage(usage_, OpenAiUse::text);
      answer.raw_usage = usage_;
    }
    bool searches_told = reading.usage[CallClass::web_search].has_value();
    // A job that has only been queued repeats an empty form.
    const bool running = status_ == "queued" || status_ == "in_progress";
    if (!tool_usage_.empty() && !running) {
      const std::string_view model =
          image_model_.empty() ? std::string_view("image_generation") : image_model_;
      const Usage before = reading.usage;
      searches_told = openai_tool_usage(tool_usage_, model, reading) || searches_told;
      if (!reading.others.empty() || before != reading.usage) {
        answer.raw_usage = '[' + usage_ + (usage_.empty() ? "" : ",") + tool_usage_ + ']';
      }
    }
    add_counted_calls(reading.usage, searches_told);
    answer.usage_anomaly = reading.anomaly;
    answer.provider_cost = reading.cost;
    answer.byok = reading.byok;
    if (answer.service_tier.empty()) answer.service_tier = reading.service_tier;
    answer.inferences.push_back({{}, reading.usage});
    std::ranges::move(reading.others, std::back_inserter(answer.inferences));
  }

 private:
  // Calls seen as items of the output, for where no figure tells them.
  struct Items {
    std::uint64_t searches = 0;
    std::uint64_t x_searches = 0;
    std::uint64_t file_searches = 0;
    std::uint64_t code_runs = 0;
    std::uint64_t images = 0;
  };

  void item_end() {
    if (item_type_ == "web_search_call") {
      // Opening a page and looking inside it belong to the search that found it.
      if (item_action_.empty() || item_action_ == "search") ++this_document_.searches;
    } else if (item_type_ == "x_search_call") {
      ++this_document_.x_searches;
    } else if (item_type_ == "file_search_call") {
      ++this_document_.file_searches;
    } else if (item_type_ == "image_generation_call") {
      ++this_document_.images;
    } else if (item_type_ == "code_interpreter_call") {
      // A container is charged once, however often code runs in it.
      if (item_container_.empty() || item_container_ != last_container_) {
        ++this_document_.code_runs;
      }
      last_container_ = item_container_;
    }
    item_type_.clear();
    item_action_.clear();
    item_container_.clear();
  }

  void response_end(std::string_view name) {
    const bool running = status_ == "queued" || status_ == "in_progress";
    if (background_ || running) known_.job_id = known_.response_id;
    if (running) return;
    finish_content(reason_ == "max_output_tokens");
    if (status_ == "failed" || name == "response.failed") fail();
  }

  void add_counted_calls(Usage& usage, bool searches_told) const {
    const auto add = [&](CallClass where, std::uint64_t count) {
      if (count > 0 && !usage[where]) usage[where] = count;
    };
    if (!searches_told) add(CallClass::web_search, items_.searches);
    add(CallClass::x_search, items_.x_searches);
    add(CallClass::file_search, items_.file_searches);
    add(CallClass::code_execution, items_.code_runs);
    if (tool_usage_.empty()) add(CallClass::image, items_.images);
  }

  std::string usage_;
  std::string tool_usage_;
  std::string status_;
  std::string type_;
  std::string reason_;
  std::string error_code_;
  std::string error_type_;
  std::string item_type_;
  std::string item_action_;
  std::string item_container_;
  std::string last_container_;
  std::string tool_type_;
  std::string tool_model_;
  std::string image_model_;
  Items items_;
  Items this_document_;
  bool error_here_ = false;
  bool background_ = false;
};

}  // namespace

std::unique_ptr<AnswerReader> make_responses_reader(AnswerContext context) {
  return std::make_unique<ResponsesReader>(std::move(context));
}

}  // namespace tokenweir::provider

#include "publish/row_json.h"

#include <array>
#include <charconv>
#include <map>
#include <utility>

#include "core/text.h"
#include "publish/figures.h"
#include "publish/text.h"

namespace tokenweir::publish {
namespace {

// Writes {"name":number,...} and opens or closes nothing when no member came.
class NumberObject {
 public:
  void add(std::string_view name, std::int64_t value) {
    out_ += out_.empty() ? "{\"" : ",\"";
    out_ += name;
    out_ += "\":";
    append_integer(out_, value);
  }
  [[nodiscard]] std::string take() {
    if (!out_.empty()) out_ += '}';
    return std::move(out_);
  }

 private:
  std::string out_;
};

bool has_own_column(TokenClass token_class) {
  switch (token_class) {
    case TokenClass::input:
    case TokenClass::cache_read:
    case TokenClass::cache_write_5m:
    case TokenClass::cache_write_1h:
    case TokenClass::output:
    case TokenClass::reasoning:
    case TokenClass::audio_input:
    case TokenClass::audio_output:
    case TokenClass::image_input:
    case TokenClass::image_output:
      return true;
    default:
      return false;
  }
}

struct TokenColumn {
  CostKind kind;
  std::string_view column;
};
constexpr std::array<TokenColumn, kTokenKinds> kTokenColumns = {{
    {CostKind::input, "input_tokens"},
    {CostKind::cache_read, "cache_read_tokens"},
    {CostKind::cache_write, "cache_write_tokens"},
    {CostKind::output, "output_tokens"},
    {CostKind::reasoning, "reasoning_tokens"},
    {CostKind::input_audio, "audio_input_tokens"},
    {CostKind::output_audio, "audio_output_tokens"},
    {CostKind::input_image, "image_input_tokens"},
    {CostKind::output_image, "image_output_tokens"},
}};

}  // namespace

std::string json_array(const std::vector<std::string>& values) {
  std::string out = "[";
  for (const std::string& value : values) {
    if (out.size() > 1) out += ',';
    append_json_string(out, value);
  }
  return out += ']';
}

std::string json_object(const std::vector<std::pair<std::string, std::string>>& members) {
  std::map<std::string_view, std::size_t> last;
  for (std::size_t i = 0; i < members.size(); ++i) last[members[i].first] = i;
  std::string out = "{";
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (last[members[i].first] != i) continue;
    if (out.size() > 1) out += ',';
    append_json_string(out, members[i].first);
    out += ':';
    append_json_string(out, members[i].second);
  }
  return out += '}';
}

std::string calls_json(const Usage& usage) {
  NumberObject object;
  for (std::size_t i = 0; i < kCallClasses; ++i) {
    if (usage.calls[i]) object.add(name_of(static_cast<CallClass>(i)), *saturated(usage.calls[i]));
  }
  return object.take();
}

std::string token_classes_json(const Usage& usage) {
  bool needed = false;
  for (std::size_t i = 0; i < kTokenClasses; ++i) {
    needed = needed || (usage.tokens[i] && !has_own_column(static_cast<TokenClass>(i)));
  }
  if (!needed) return {};
  NumberObject object;
  for (std::size_t i = 0; i < kTokenClasses; ++i) {
    if (!usage.tokens[i]) continue;
    object.add(name_of(static_cast<TokenClass>(i)), *saturated(usage.tokens[i]));
  }
  return object.take();
}

void append_cost_by_kind(std::string& out, const Bill& bill) {
  if (!bill.cost) return;
  out += '{';
  bool first = true;
  for (std::size_t i = 0; i < kCostKinds; ++i) {
    if (bill.by_kind[i] == 0) continue;
    out += std::exchange(first, false) ? "\"" : ",\"";
    out += name_of(static_cast<CostKind>(i));
    out += "\":";
    append_integer(out, bill.by_kind[i]);
  }
  out += '}';
}

void read_cost_by_kind(std::string_view json, std::array<std::int64_t, kCostKinds>& by_kind) {
  while (true) {
    const auto open = json.find('"');
    if (open == std::string_view::npos) return;
    json.remove_prefix(open + 1);
    const auto close = json.find("\":");
    if (close == std::string_view::npos) return;
    const std::string_view name = json.substr(0, close);
    json.remove_prefix(close + 2);
    std::int64_t value = 0;
    std::from_chars(json.data(), json.data() + json.size(), value);
    for (std::size_t i = 0; i < kCostKinds; ++i) {
      if (name_of(static_cast<CostKind>(i)) == name) by_kind[i] = value;
    }
  }
}

std::string inferences_json(const Record& record) {
  const std::vector<Inference>& inferences = record.answer.inferences;
  if (inferences.size() < 2) return {};
  std::string out = "[";
  for (std::size_t i = 0; i < inferences.size(); ++i) {
    out += i == 0 ? "{\"model\":" : ",{\"model\":";
    const std::string& own = inferences[i].model;
    const std::string& served = record.answer.model_served;
    append_json_string(out, !own.empty() ? own : !served.empty() ? served : record.model_requested);
    const Figures figures = figures_of(inferences[i].usage);
    for (const TokenColumn& column : kTokenColumns) {
      if (!figures[column.kind]) continue;
      out += ",\"";
      out += column.column;
      out += "\":";
      append_integer(out, *figures[column.kind]);
    }
    const std::string calls = calls_json(inferences[i].usage);
    if (!calls.empty()) out += ",\"calls\":" + calls;
    const auto& costs = record.bill.by_inference;
    if (i < costs.size() && costs[i]) {
      out += ",\"cost_picodollars\":";
      append_integer(out, costs[i]->picodollars());
    }
    out += '}';
  }
  return out += ']';
}

}  // namespace tokenweir::publish

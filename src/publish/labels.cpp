#include "publish/labels.h"

#include <fmt/format.h>

#include <algorithm>

#include "publish/text.h"

namespace tokenweir::publish {
namespace {

constexpr std::size_t kValueBytesMax = 128;

bool is_control(unsigned char c) { return c < 0x20 || c == 0x7F; }

// FNV-1a, 32 bits: tells long values apart that begin alike.
std::uint32_t short_hash(std::string_view text) {
  std::uint32_t hash = 2166136261u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return hash;
}

bool is_presentable(std::string_view value) {
  return value.size() <= kValueBytesMax &&
         std::ranges::all_of(value, [](char c) { return c >= 0x20 && c < 0x7F; });
}

}  // namespace

std::string_view name_of(Label label) {
  constexpr std::array<std::string_view, kLabels> kNames = {
      "workflow",    "provider",   "model",    "model",  "outcome",  "streaming", "direction",
      "kind",        "reason",     "cause",    "type",   "result",   "label",     "phase",
      "state",       "credential", "resource", "source", "revision", "team",      "cost_center",
      "environment", "version",    "compiler", "budget", "window",   "end"};
  return kNames[static_cast<std::size_t>(label)];
}

std::string presentable(std::string_view value) {
  std::string text = to_storable(value);
  std::string clean;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool c1 = byte == 0xC2 && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (is_control(byte) || c1) {
      clean += "\xEF\xBF\xBD";
      i += c1 ? 1 : 0;
    } else {
      clean += text[i];
    }
  }
  if (clean.size() <= kValueBytesMax) return clean;
  std::size_t end = kValueBytesMax - 9;
  while (end > 0 && (static_cast<unsigned char>(clean[end]) & 0xC0) == 0x80) --end;
  return fmt::format("{}~{:08x}", std::string_view(clean).substr(0, end), short_hash(value));
}

Labels::Labels(const Limits& limits) {
  for (Dictionary& dictionary : dictionaries_) {
    dictionary.limit = limits.others;
    dictionary.texts.emplace_back("_other");
    dictionary.ids.emplace("_other", kOther);
  }
  const auto set_limit = [this](Label label, std::size_t limit) {
    dictionaries_[static_cast<std::size_t>(label)].limit = std::min<std::size_t>(limit, 60'000);
  };
  set_limit(Label::workflow, limits.workflows);
  set_limit(Label::model, limits.models);
  set_limit(Label::raw_model, limits.raw_models);
  set_limit(Label::budget, limits.budgets);
  for (std::size_t kind = 0; kind < kCostKinds; ++kind) {
    static_cast<void>(id(Label::kind, tokenweir::name_of(static_cast<CostKind>(kind))));
  }
}

LabelId Labels::id(Label label, std::string_view value) {
  Dictionary& dictionary = dictionaries_[static_cast<std::size_t>(label)];
  if (const auto known = dictionary.ids.find(value); known != dictionary.ids.end()) {
    return known->second;
  }
  if (!is_presentable(value)) {
    const std::string repaired = presentable(value);
    if (repaired != value) return id(label, repaired);
  }
  if (dictionary.texts.size() > dictionary.limit) {
    ++dictionary.dropped;
    return kOther;
  }
  const auto next = static_cast<LabelId>(dictionary.texts.size());
  dictionary.texts.emplace_back(value);
  dictionary.ids.emplace(value, next);
  return next;
}

}  // namespace tokenweir::publish

#include "tokenizer/model_map.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "yaml/parse.h"
#include "yaml/reader.h"

namespace tokenweir::tokenizer {

namespace {

// Ids come from hostile bodies; no model's is longer.
constexpr std::size_t kMostIdBytes = 256;

// Nor has any more parts than this.
constexpr int kMostNames = 10;

constexpr std::string_view kConfidences[] = {"exact", "exact_fallback", "estimated"};

constexpr std::string_view kTemplates[] = {
    "plain",  "openai", "openai_reasoning", "harmony",  "anthropic", "gemini", "gemma",
    "chatml", "llama",  "mistral",          "deepseek", "cohere"};

constexpr std::string_view kImageKinds[] = {"tiles", "patches", "area", "gemini_tiles", "flat"};

bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

std::string lower(std::string_view text) {
  std::string out(text.substr(0, kMostIdBytes));
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

}  // namespace

std::string_view name_of(Template name) { return kTemplates[static_cast<std::size_t>(name)]; }

std::string_view name_of(Confidence confidence) {
  return kConfidences[static_cast<std::size_t>(confidence)];
}

namespace {

// Things by prefixes of model ids.
template <typename Value>
struct Prefixes {
  std::map<std::string, Value, std::less<>> values;
  std::size_t longest_prefix = 0;

  // False when it stands there already.
  bool add(std::string prefix, const Value& value) {
    longest_prefix = std::max(longest_prefix, prefix.size());
    return values.emplace(std::move(prefix), value).second;
  }
  // The longest prefix that ends where a word of the id ends.
  [[nodiscard]] const Value* longest(std::string_view id) const {
    for (std::size_t size = std::min(id.size(), longest_prefix); size > 0; --size) {
      if (size < id.size() && is_word(id[size]) && is_word(id[size - 1])) continue;
      const auto found = values.find(id.substr(0, size));
      if (found != values.end()) return &found->second;
    }
    return nullptr;
  }
  // Hosts put paths, regions and vendors before a model's name ("us.anthropic.claude-3",
  // "ft:gpt-4o:"), so what follows each separator is tried as a name, the whole id first.
  [[nodiscard]] const Value* find(std::string_view model) const {
    const std::string id = lower(model);
    const std::string_view whole = id;
    std::size_t at = 0;
    for (int names = 0; names < kMostNames; ++names) {
      if (const Value* found = longest(whole.substr(at))) return found;
      const std::size_t separator = whole.find_first_of("/.:@", at);
      if (separator == std::string_view::npos) break;
      at = separator + 1;
    }
    return nullptr;
  }
};

}  // namespace

struct ModelMap::Rules {
  Prefixes<TokenizerChoice> models;
  std::map<std::string, TokenizerChoice, std::less<>> families;
  std::map<VocabularyName, TokenizerChoice> stand_ins;
  TokenizerChoice standard;
  Prefixes<ImageRule> images;
  std::map<std::string, ImageRule, std::less<>> image_families;
  std::map<std::string, HostExtra, std::less<>> hosts;  // by the end of their names
};

namespace {

using yaml::MapReader;
using yaml::Node;

void read_choice(MapReader& map, TokenizerChoice& choice, Confidence standard) {
  choice.confidence = standard;
  std::string vocabulary;
  if (const Node* node = map.text({"vocabulary", "", yaml::kRequired}, vocabulary)) {
    if (const auto name = vocabulary_named(vocabulary)) {
      choice.vocabulary = *name;
    } else {
      map.report().error(node->mark, "unknown vocabulary " + yaml::in_quotes(*node));
    }
  }
  std::string confidence;
  if (const Node* node = map.text({"confidence"}, confidence)) {
    const auto* found = std::find(std::begin(kConfidences), std::end(kConfidences), confidence);
    if (found == std::end(kConfidences)) {
      map.report().error(node->mark, "confidence is exact, exact_fallback or estimated");
    } else {
      choice.confidence = static_cast<Confidence>(found - std::begin(kConfidences));
    }
  }
  std::string framing;
  if (const Node* node = map.text({"template"}, framing)) {
    const auto* found = std::find(std::begin(kTemplates), std::end(kTemplates), framing);
    if (found == std::end(kTemplates)) {
      map.report().error(node->mark, "unknown template " + yaml::in_quotes(*node));
    } else {
      choice.framing = static_cast<Template>(found - std::begin(kTemplates));
    }
  }
  map.integer({"hidden"}, choice.hidden, 0, 100'000);
  map.integer({"hidden_most"}, choice.hidden_most, 0, 100'000);
  map.integer({"responses_most"}, choice.responses_most, 0, 100'000);
  map.integer({"default_system"}, choice.default_system, 0, 100'000);
  map.integer({"default_system_most"}, choice.default_system_most, 0, 100'000);
  map.integer({"responses_tool_prompt_most"}, choice.responses_tool_prompt_most, 0, 100'000);
  map.boolean({"searches"}, choice.searches);
  map.boolean({"digits_apart"}, choice.digits_apart);
  map.integer({"tool_prompt"}, choice.tool_prompt, 0, 100'000);
  map.integer({"chat_tool_prompt"}, choice.chat_tool_prompt, 0, 100'000);
  map.integer({"per_thousand"}, choice.per_thousand, 100, 10'000);
  choice.per_thousand_other_scripts = choice.per_thousand;
  const Node* factor =
      map.integer({"per_thousand_other_scripts"}, choice.per_thousand_other_scripts, 100, 10'000);
  const bool scaled = choice.per_thousand != 1000 || factor != nullptr;
  if (scaled && choice.confidence != Confidence::estimated) {
    map.report().error(map.mark(), "only an estimate has a factor");
  }
}

void read_entry(const Node::Entry& entry, const yaml::Report& report, TokenizerChoice& choice) {
  MapReader map(entry.value, report);
  read_choice(map, choice, Confidence::estimated);
  map.finish();
}

void read_image_rule(MapReader& map, ImageRule& rule) {
  std::string kind;
  if (const Node* node = map.text({"rule", "", yaml::kRequired}, kind)) {
    const auto* found = std::find(std::begin(kImageKinds), std::end(kImageKinds), kind);
    if (found == std::end(kImageKinds)) {
      map.report().error(node->mark, "unknown rule " + yaml::in_quotes(*node));
    } else {
      rule.kind = static_cast<ImageRule::Kind>(found - std::begin(kImageKinds));
    }
  }
  map.integer({"base"}, rule.base, 0, 100'000);
  map.integer({"tile"}, rule.tile, 1, 100'000);
  map.integer({"most"}, rule.most, 1, 100'000);
  map.integer({"edge"}, rule.edge, 1, 100'000);
  map.integer({"per_thousand"}, rule.per_thousand, 100, 10'000);
}

}  // namespace

Result<ModelMap, std::string> ModelMap::parse(std::string_view yaml, std::string_view file) {
  yaml::Problems problems;
  const auto document = yaml::parse(yaml, file, problems);
  auto rules = std::make_shared<Rules>();
  if (document) {
    const yaml::Report report{file, &problems};
    MapReader root(document->root, report);
    int schema = 1;
    root.integer({"schema", "", yaml::kRequired}, schema, 1, 1);
    root.list({"models"}, [&](MapReader& map, const Node& item) {
      std::vector<std::string> match;
      TokenizerChoice choice;
      map.texts({"match", "", yaml::kRequired}, match);
      read_choice(map, choice, Confidence::exact);
      for (const std::string& prefix : match) {
        if (!rules->models.add(lower(prefix), choice)) {
          report.error(item.mark, "\"" + prefix + "\" stands twice");
        }
      }
    });
    root.table({"families"}, {}, [&](const Node::Entry& entry) {
      read_entry(entry, report, rules->families[entry.key]);
    });
    root.table({"stand_ins"}, {}, [&](const Node::Entry& entry) {
      const auto name = vocabulary_named(entry.key);
      if (!name) report.error(entry.mark, "unknown vocabulary \"" + entry.key + "\"");
      read_entry(entry, report, rules->stand_ins[name.value_or(VocabularyName::o200k_base)]);
    });
    root.list({"images"}, [&](MapReader& map, const Node& item) {
      std::vector<std::string> match;
      ImageRule rule;
      map.texts({"match", "", yaml::kRequired}, match);
      read_image_rule(map, rule);
      for (const std::string& prefix : match) {
        if (!rules->images.add(lower(prefix), rule))
          report.error(item.mark, "\"" + prefix + "\" stands twice");
      }
    });
    root.table({"image_families"}, {}, [&](const Node::Entry& entry) {
      MapReader map(entry.value, report);
      read_image_rule(map, rules->image_families[entry.key]);
      map.finish();
    });
    root.table({"hosts"}, {}, [&](const Node::Entry& entry) {
      MapReader map(entry.value, report);
      HostExtra& extra = rules->hosts[entry.key];
      map.integer({"hidden"}, extra.hidden, 0, 100'000);
      extra.most = extra.hidden;
      map.integer({"hidden_most"}, extra.most, 0, 100'000);
      map.finish();
    });
    root.map({"default", "", yaml::kRequired},
             [&](MapReader& map) { read_choice(map, rules->standard, Confidence::estimated); });
    root.finish();
  }
  if (!problems.empty()) return failure(problems.text());
  ModelMap map;
  map.rules_ = std::move(rules);
  return map;
}

Result<ModelMap, std::string> ModelMap::read(const std::filesystem::path& file) {
  std::string why;
  const auto text = yaml::read_file(file.string(), yaml::kMostBytes, why);
  if (!text) return failure(file.string() + ": error: " + why + "\n");
  return parse(*text, file.string());
}

TokenizerChoice ModelMap::find(std::string_view family, std::string_view model) const {
  if (rules_ == nullptr) return {};
  if (const TokenizerChoice* found = rules_->models.find(model)) return *found;
  const auto fallback = rules_->families.find(family);
  return fallback != rules_->families.end() ? fallback->second : rules_->standard;
}

ImageRule ModelMap::images(std::string_view family, std::string_view model) const {
  if (rules_ == nullptr) return {};
  if (const ImageRule* found = rules_->images.find(model)) return *found;
  const auto fallback = rules_->image_families.find(family);
  return fallback != rules_->image_families.end() ? fallback->second : ImageRule{};
}

ModelMap::HostExtra ModelMap::host_extra(std::string_view host) const {
  if (rules_ == nullptr) return {};
  for (std::size_t at = 0; at != std::string_view::npos && at < host.size();) {
    const auto found = rules_->hosts.find(host.substr(at));
    if (found != rules_->hosts.end()) return found->second;
    at = host.find('.', at);
    if (at != std::string_view::npos) ++at;
  }
  return {};
}

TokenizerChoice ModelMap::stand_in(const TokenizerChoice& choice) const {
  if (rules_ == nullptr) return choice;
  const auto found = rules_->stand_ins.find(choice.vocabulary);
  if (found == rules_->stand_ins.end()) return choice;
  TokenizerChoice out = choice;
  out.vocabulary = found->second.vocabulary;
  out.confidence = found->second.confidence;
  out.digits_apart |= found->second.digits_apart;
  out.per_thousand = found->second.per_thousand;
  out.per_thousand_other_scripts = found->second.per_thousand_other_scripts;
  out.per_thousand = out.per_thousand * choice.per_thousand / 1000;
  out.per_thousand_other_scripts =
      out.per_thousand_other_scripts * choice.per_thousand_other_scripts / 1000;
  return out;
}

}  // namespace tokenweir::tokenizer

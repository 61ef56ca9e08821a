#include "config/reading.h"

#include <algorithm>

#include "config/names.h"

namespace tokenweir::config {
namespace {

const std::vector<std::string_view>& match_keys() {
  static const std::vector<std::string_view> keys = {
      "workflow",   "run",      "parent_run", "user",     "customer", "team",
      "credential", "provider", "model",      "endpoint", "purpose"};
  return keys;
}

bool is_match_key(std::string_view key) {
  constexpr std::string_view kTag = "tag.";
  if (key.starts_with(kTag)) return is_good_text(key.substr(kTag.size()), 64);
  return std::find(match_keys().begin(), match_keys().end(), key) != match_keys().end();
}

void report_match_key(std::string_view key, yaml::Mark mark, const yaml::Report& report) {
  report.error(mark, "unknown property " + yaml::in_quotes(key) +
                         yaml::suggestion(key, match_keys()) +
                         " (known: workflow, run, parent_run, user, customer, team, credential, "
                         "provider, model, endpoint, purpose, tag.NAME)");
}

bool is_plain(std::string_view glob) { return glob.find_first_of("*?") == std::string_view::npos; }

// A word without a wildcard that can never match is a typing mistake.
void check_condition(const Reading& reading, const Condition& condition, const yaml::Node& node,
                     const yaml::Report& report) {
  constexpr std::string_view kPurposes[] = {"answer", "plan", "tool", "check", "grade", "retrieve"};
  std::vector<std::string_view> known;
  if (condition.key == "purpose") {
    known.assign(std::begin(kPurposes), std::end(kPurposes));
  } else if (condition.key == "provider") {
    for (const Provider& provider : reading.config.providers) known.push_back(provider.name);
  } else {
    return;
  }
  for (std::size_t i = 0; i < condition.globs.size(); ++i) {
    const std::string& glob = condition.globs[i];
    const bool listed = std::find(known.begin(), known.end(), glob) != known.end();
    if (listed || !is_plain(glob)) continue;
    const bool is_list = node.kind == yaml::Kind::list;
    const yaml::Node& place = is_list ? node.items[i] : node;
    report.error(place.mark, "there is no " + condition.key + " " + yaml::in_quotes(place) +
                                 yaml::suggestion(glob, known));
  }
}

}  // namespace

void Reading::inert(const yaml::Node* node, std::string_view name) {
  const bool given = node != nullptr && (!node->items.empty() || !node->entries.empty() ||
                                         node->kind == yaml::Kind::scalar);
  const bool listed =
      std::find(config.inert.begin(), config.inert.end(), name) != config.inert.end();
  if (given && !listed) config.inert.emplace_back(name);
}

void read_match(const Reading& reading, yaml::MapReader& map, Match& match) {
  yaml::Shape globs;
  globs.type = yaml::Shape::Type::texts;
  map.table({"match", "property: glob or list of globs; all must hold; {} is everything",
             yaml::kRequired},
            globs, [&](const yaml::Node::Entry& entry) {
              if (!is_match_key(entry.key)) {
                report_match_key(entry.key, entry.mark, map.report());
                return;
              }
              auto values = yaml::read_texts(entry.value, map.report());
              if (!values) return;
              for (const std::string& glob : *values) {
                if (!is_good_text(glob)) {
                  map.report().error(entry.value.mark, "a glob may have 1 to 128 printable bytes");
                }
              }
              Condition condition{entry.key, std::move(*values)};
              check_condition(reading, condition, entry.value, map.report());
              match.push_back(std::move(condition));
            });
}

void read_per(yaml::MapReader& map, std::vector<std::string>& per) {
  const yaml::Node* node = map.texts({"per", "properties that make separate accounts"}, per);
  if (node == nullptr) return;
  std::set<std::string> seen;
  for (const std::string& key : per) {
    if (!is_match_key(key)) report_match_key(key, node->mark, map.report());
    if (!seen.insert(key).second) map.report().error(node->mark, "a property is listed twice");
  }
}

void read_enforcement(yaml::MapReader& map, std::optional<Enforcement>& enforcement) {
  map.choice<std::optional<Enforcement>>(
      {"enforcement", "of this rule; the file's when absent"}, enforcement,
      {{"enforce", Enforcement::enforce}, {"observe", Enforcement::observe}});
}

const yaml::Node* read_name(yaml::MapReader& map, const yaml::Key& key, std::string& out) {
  const yaml::Node* node = map.text(key, out);
  if (node != nullptr && !is_good_name(out)) {
    map.report().error(node->mark,
                       "a name has 1 to 128 printable bytes and does not start with \"_\"");
  }
  return node;
}

const yaml::Node* read_path(const Reading& reading, yaml::MapReader& map, const yaml::Key& key,
                            std::string& out) {
  const yaml::Node* node = map.text(key, out);
  if (node != nullptr) out = reading.at(out);
  return node;
}

void check_unique(std::set<std::string>& seen, const std::string& name, const yaml::Node* node,
                  const yaml::Report& report, std::string_view what) {
  if (node == nullptr || seen.insert(name).second) return;
  report.error(node->mark,
               "the " + std::string(what) + " " + yaml::in_quotes(*node) + " is listed twice");
}

const yaml::Choices<Enforcement>& enforcement_choices() {
  static const yaml::Choices<Enforcement> choices = {{"enforce", Enforcement::enforce},
                                                     {"observe", Enforcement::observe}};
  return choices;
}

const yaml::Choices<RefusalStyle>& refusal_style_choices() {
  static const yaml::Choices<RefusalStyle> choices = {
      {"never_retried", RefusalStyle::never_retried}, {"native", RefusalStyle::native}};
  return choices;
}

}  // namespace tokenweir::config

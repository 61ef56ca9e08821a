// Who asks: workflows, credentials, and which headers may say so.
#include <algorithm>

#include "config/address.h"
#include "config/names.h"
#include "config/reading.h"

namespace tokenweir::config {
namespace {

using yaml::kRequired;
using yaml::MapReader;
using yaml::Node;

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Fills the digest from 64 hex digits; false when they are not.
bool set_digest(ProxyKey& key) {
  std::string& text = key.sha256;
  if (text.size() != 2 * key.digest.size()) return false;
  for (std::size_t i = 0; i < key.digest.size(); ++i) {
    const int high = hex_value(text[2 * i]);
    const int low = hex_value(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    key.digest[i] = static_cast<unsigned char>(high * 16 + low);
  }
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'F' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  return true;
}

void read_key(MapReader& map, std::set<std::string>& digests, std::vector<ProxyKey>& keys) {
  ProxyKey key;
  const Node* digest = map.text(
      {"key_sha256", "SHA-256 of the key that clients show, 64 hex digits", kRequired}, key.sha256);
  if (digest != nullptr && !set_digest(key)) {
    map.report().error(digest->mark, "expected 64 hex digits, the SHA-256 of the client's key");
  } else if (digest != nullptr && !digests.insert(key.sha256).second) {
    map.report().error(digest->mark, "another credential has the same key");
  }
  std::string text;
  const Node* expires = map.text({"expires", "day or time from which the key is not good"}, text);
  if (expires != nullptr) {
    key.expires = parse_rfc3339(text);
    if (!key.expires) {
      map.report().error(expires->mark,
                         "expected a day like 2026-11-20 or a time like 2026-11-20T08:00:00Z");
    }
  }
  if (digest != nullptr) keys.push_back(std::move(key));
}

void read_may_name(MapReader& map, Credential& credential) {
  map.map({"may_name", "what its requests may call themselves; anything when absent"},
          [&](MapReader& inner) {
            for (const char* const label : {"workflow", "customer", "user"}) {
              std::vector<std::string> globs;
              const Node* node = inner.texts({label, "globs"}, globs);
              if (node != nullptr) credential.may_name.emplace(label, std::move(globs));
            }
          });
}

void read_provider_keys(Reading& reading, MapReader& map, Credential& credential) {
  yaml::Shape secret;
  secret.type = yaml::Shape::Type::text;
  map.table(
      {"provider_keys", "provider name: the key sent in place of the client's"}, secret,
      [&](const Node::Entry& entry) {
        std::vector<std::string_view> known;
        for (const Provider& provider : reading.config.providers) {
          known.push_back(provider.name);
        }
        if (std::find(known.begin(), known.end(), entry.key) == known.end()) {
          map.report().error(entry.mark, "there is no provider " + yaml::in_quotes(entry.key) +
                                             yaml::suggestion(entry.key, known));
        }
        const auto text = yaml::read_text(entry.value, map.report());
        if (!text) return;
        const bool printable =
            std::all_of(text->begin(), text->end(), [](char c) { return c > 0x20 && c < 0x7F; });
        if (!printable) {
          map.report().error(entry.value.mark, "a key must be printable ASCII without spaces");
        }
        reading.holds_secrets |= !entry.value.expanded;
        credential.provider_keys.emplace(entry.key, *text);
      });
}

void read_pins(MapReader& map, Credential& credential, const Node*& budget) {
  static const std::vector<std::string_view> kKnown = {
      "workflow", "user", "customer", "team", "cost_center", "environment", "budget"};
  yaml::Shape text;
  text.type = yaml::Shape::Type::text;
  map.table({"pins",
             "labels this credential fixes: workflow, user, customer, team, cost_center, "
             "environment, budget"},
            text, [&](const Node::Entry& entry) {
              if (std::find(kKnown.begin(), kKnown.end(), entry.key) == kKnown.end()) {
                map.report().error(entry.mark, "unknown pin " + yaml::in_quotes(entry.key) +
                                                   yaml::suggestion(entry.key, kKnown));
                return;
              }
              const auto value = yaml::read_text(entry.value, map.report());
              if (!value) return;
              if (!is_good_name(*value)) {
                map.report().error(entry.value.mark,
                                   "a pin has 1 to 128 printable bytes and does "
                                   "not start with \"_\"");
              }
              if (entry.key == "budget") budget = &entry.value;
              credential.pins.emplace(entry.key, *value);
            });
}

void check_pinned_budget(const Reading& reading, const Node* node, const yaml::Report& report) {
  if (node == nullptr) return;
  std::vector<std::string_view> known;
  for (const Budget& budget : reading.config.policy.budgets) known.push_back(budget.name);
  if (std::find(known.begin(), known.end(), node->text) != known.end()) return;
  report.error(node->mark, "there is no budget " + yaml::in_quotes(*node) +
                               yaml::suggestion(node->text, known));
}

const Node* read_permissions(MapReader& map, const yaml::Key& key, Permissions& permissions) {
  const Node* node = map.map(key, [&](MapReader& inner) {
    inner.texts({"allow", "globs; all when absent"}, permissions.allow);
    inner.texts({"deny", "globs, whatever is allowed"}, permissions.deny);
  });
  if (node != nullptr && permissions.allow.empty() && permissions.deny.empty()) {
    map.report().error(node->mark, "expected allow, deny or both");
  }
  return node;
}

void read_credential(Reading& reading, MapReader& map, std::set<std::string>& names,
                     std::set<std::string>& digests) {
  Credential credential;
  const Node* name =
      read_name(map, {"name", "used in rules, records and reports", kRequired}, credential.name);
  check_unique(names, credential.name, name, map.report(), "credential");
  read_key(map, digests, credential.keys);
  map.list({"more_keys", "further keys, good beside the first while clients change over"},
           [&](MapReader& inner, const Node&) { read_key(inner, digests, credential.keys); });
  map.boolean({"revoked", "none of its keys is good any more"}, credential.revoked);
  read_provider_keys(reading, map, credential);
  const Node* budget = nullptr;
  read_pins(map, credential, budget);
  read_may_name(map, credential);
  check_pinned_budget(reading, budget, map.report());
  Permissions models;
  read_permissions(map, {"models", "models this credential may ask for"}, models);
  credential.models_allow = std::move(models.allow);
  credential.models_deny = std::move(models.deny);
  read_permissions(map, {"tools", "tools of providers it may use"}, credential.tools);
  reading.config.credentials.push_back(std::move(credential));
}

void read_aliases(MapReader& map, const char* key, Meaning meaning, AttributionHeaders& headers) {
  yaml::Shape list;
  list.type = yaml::Shape::Type::list;
  list.item = std::make_shared<yaml::Shape>();
  list.item->type = yaml::Shape::Type::text;
  const Node* node = map.take(
      {key, "HEADER, json:HEADER:key|key, baggage:key or tags:HEADER:key; [] for none"}, list);
  if (node == nullptr) return;
  if (node->kind != yaml::Kind::list) return yaml::report_kind(*node, map.report(), "a list");
  std::vector<AttributionSource> sources;
  for (const Node& item : node->items) {
    const auto text = yaml::read_text(item, map.report());
    if (!text) continue;
    auto source = parse_source(meaning, *text);
    if (!source) {
      map.report().error(item.mark,
                         "expected HEADER, json:HEADER:key, baggage:key or "
                         "tags:HEADER:key, found " +
                             yaml::in_quotes(item));
    } else if (source->header.starts_with("x-llm-")) {
      map.report().error(item.mark, "X-LLM-* headers have fixed meanings and are no aliases");
    } else {
      sources.push_back(std::move(*source));
    }
  }
  headers.set_aliases(meaning, std::move(sources));
}

}  // namespace

void read_workflows(Reading& reading, MapReader& map) {
  std::set<std::string> names;
  map.list({"workflows", "declared kinds of work; others arise from the header"}, [&](MapReader&
                                                                                          item,
                                                                                      const Node&) {
    Workflow workflow;
    const Node* name = read_name(item, {"name", "as in X-LLM-Workflow", kRequired}, workflow.name);
    check_unique(names, workflow.name, name, item.report(), "workflow");
    read_name(item, {"team", "who pays"}, workflow.team);
    read_name(item, {"cost_center", "in the books"}, workflow.cost_center);
    read_name(item, {"environment", "prod, staging, ..."}, workflow.environment);
    read_name(item, {"contact", "named in refusals"}, workflow.contact);
    item.map({"refusals", "overrides the file's"}, [&](MapReader& inner) {
      RefusalStyle style = RefusalStyle::never_retried;
      inner.choice({"style", "how a final refusal looks"}, style, refusal_style_choices());
      workflow.refusals = style;
    });
    read_permissions(item, {"models", "models it may ask for"}, workflow.models);
    read_permissions(item, {"tools", "tools of providers it may use"}, workflow.tools);
    reading.config.workflows.push_back(std::move(workflow));
  });
}

void read_credentials(Reading& reading, MapReader& map) {
  std::set<std::string> names;
  std::set<std::string> digests;
  const Node* list = map.list(
      {"credentials", "keys of this proxy; without any the client's own key passes through"},
      [&](MapReader& item, const Node&) { read_credential(reading, item, names, digests); });
  Config& config = reading.config;
  if (list != nullptr && !config.credentials.empty()) config.require_credential = true;
  if (map.describing()) config.require_credential = false;
  const Node* require = map.boolean(
      {"require_credential", "answer unknown keys with 401; true where credentials are listed"},
      config.require_credential);
  if (require != nullptr && config.require_credential && config.credentials.empty()) {
    map.report().error(require->mark, "no credentials are listed");
  }
  const Node* trust = map.choice<Trust>(
      {"trust",
       "whose word counts: a pin always wins; `credential` ignores names in headers, "
       "`both` refuses what contradicts a pin"},
      config.trust,
      {{"header", Trust::header}, {"credential", Trust::credential}, {"both", Trust::both}});
  if (trust != nullptr && config.trust != Trust::header && config.credentials.empty()) {
    map.report().error(trust->mark, "no credentials are listed that could be trusted");
  }
}

void read_attribution(Reading& reading, MapReader& map) {
  Config& config = reading.config;
  map.boolean({"require_workflow", "refuse requests that name no workflow"},
              config.require_workflow);
  map.map({"attribution", "where labels come from besides X-LLM-*"}, [&](MapReader& inner) {
    const Node* prefix =
        inner.text({"path_prefix", "\"/w\" lets /w/WORKFLOW/... name the workflow"},
                   config.workflow_path_prefix);
    if (prefix != nullptr && !is_plain_path(config.workflow_path_prefix)) {
      inner.report().error(prefix->mark, "expected a path like /w");
    }
    for (const Provider& provider : config.providers) {
      if (prefix == nullptr || provider.match_path_prefix.empty()) continue;
      const std::string& other = provider.match_path_prefix;
      if (other == config.workflow_path_prefix ||
          other.starts_with(config.workflow_path_prefix + "/")) {
        inner.report().error(prefix->mark, "provider " + yaml::in_quotes(provider.name) +
                                               " is matched by a path under this prefix");
      }
    }
    inner.map({"aliases", "headers of other products, first match wins"}, [&](MapReader& aliases) {
      read_aliases(aliases, "workflow", Meaning::workflow, config.attribution_headers);
      read_aliases(aliases, "run", Meaning::run, config.attribution_headers);
      read_aliases(aliases, "user", Meaning::user, config.attribution_headers);
      read_aliases(aliases, "customer", Meaning::customer, config.attribution_headers);
    });
  });
}

}  // namespace tokenweir::config

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>

#include "config/names.h"
#include "core/text.h"
#include "identify/identify.h"
#include "identify/labels.h"

namespace tokenweir::identify {
namespace {

using config::AttributionSource;
using config::Meaning;

constexpr Rejected kBadHeader{400, "bad_header",
                              "an X-LLM header is malformed, too long or sent more than once"};
constexpr Rejected kNoWorkflow{
    403, "no_workflow", "this proxy demands a workflow name in X-LLM-Workflow", "no_workflow"};
constexpr Rejected kPinMismatch{403, "pin_mismatch",
                                "a label in the request contradicts the credential"};
constexpr std::uint32_t kMostRetries = 1000;
constexpr std::string_view kClaudeSession = "x-claude-code-session-id";
constexpr std::string_view kClaudeAgent = "x-claude-code-agent-id";

// A value found for a meaning, and the source it came from.
struct Found {
  std::size_t source = SIZE_MAX;  // rank: lower wins
  std::string value;
};
using Findings = std::array<Found, config::kMeanings>;

Found& at(Findings& findings, Meaning meaning) {
  return findings[static_cast<std::size_t>(meaning)];
}

std::optional<std::string> value_in(const AttributionSource& source, std::string_view value) {
  switch (source.form) {
    case AttributionSource::Form::plain:
      return std::string(value);
    case AttributionSource::Form::json:
      return from_json(value, source.keys);
    case AttributionSource::Form::baggage:
      return from_baggage(value, source.keys);
    case AttributionSource::Form::tag_list:
      return from_tag_list(value, source.keys);
  }
  return std::nullopt;
}

// Names share one rule; tags and outcome have grammars that bound them by themselves.
bool is_acceptable(const AttributionSource& source, std::string_view value) {
  switch (source.meaning) {
    case Meaning::tags:
      return value.size() <= 4096;
    case Meaning::outcome:
      return value.size() <= config::kLongestName;
    case Meaning::purpose:
      return is_purpose(value);
    case Meaning::workflow:
      return config::is_good_name(value) || value == config::kUnset;
    default:
      return config::is_good_text(value);
  }
}

// One pass over the fields; false when one of our own is malformed or sent twice.
bool collect(const http::RequestHead& head, const config::AttributionHeaders& headers,
             Findings& findings) {
  bool good = true;
  for (const http::Field& field : head.fields) {
    headers.for_each(field.name, [&](std::size_t index) {
      const AttributionSource& source = headers.sources()[index];
      Found& found = at(findings, source.meaning);
      if (source.ours && found.source == index) good = false;
      if (found.source <= index) return;
      auto value = value_in(source, field.value);
      if (value && is_acceptable(source, *value)) {
        found = {index, std::move(*value)};
      } else if (source.ours) {
        good = false;
      }
    });
  }
  return good;
}

// A sub-agent of Claude Code shares its session's id and adds its own: it becomes a run of its own
// whose parent is the session.
void split_agent_session(const http::RequestHead& head, const config::Config& config,
                         const Found& run, Attribution& attribution) {
  if (run.source == SIZE_MAX) return;
  if (config.attribution_headers.sources()[run.source].header != kClaudeSession) return;
  const std::string_view agent = http::value_of(head.fields, kClaudeAgent);
  const std::size_t length = attribution.run.size() + 1 + agent.size();
  if (!config::is_good_text(agent) || length > config::kLongestName) return;
  if (attribution.parent_run.empty()) attribution.parent_run = attribution.run;
  attribution.run.append("/").append(agent);
}

// HMAC-SHA-256 that is keyed once: looking the algorithm up and taking the key in costs five times
// the hashing itself. One of each thread; the key changes only with the configuration.
class KeyedHash {
 public:
  KeyedHash() {
    EVP_MAC* const mac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
    context_ = EVP_MAC_CTX_new(mac);
    EVP_MAC_free(mac);
  }
  ~KeyedHash() { EVP_MAC_CTX_free(context_); }
  KeyedHash(const KeyedHash&) = delete;
  KeyedHash& operator=(const KeyedHash&) = delete;

  // The digest's first bytes; all of them zero only where OpenSSL fails.
  std::array<unsigned char, 32> operator()(const std::string& key, std::string_view text) {
    std::array<unsigned char, 32> digest{};
    std::size_t length = 0;
    if (!begin(key)) return {};
    const auto* const bytes = reinterpret_cast<const unsigned char*>(text.data());
    if (EVP_MAC_update(context_, bytes, text.size()) != 1 ||
        EVP_MAC_final(context_, digest.data(), &length, digest.size()) != 1) {
      return {};
    }
    return digest;
  }

 private:
  bool begin(const std::string& key) {
    if (keyed_ && key == key_) return EVP_MAC_init(context_, nullptr, 0, nullptr) == 1;
    char name[] = "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
        OSSL_PARAM_construct_end()};
    key_ = key;
    keyed_ = EVP_MAC_init(context_, reinterpret_cast<const unsigned char*>(key.data()), key.size(),
                          parameters) == 1;
    return keyed_;
  }

  EVP_MAC_CTX* context_ = nullptr;
  std::string key_;
  bool keyed_ = false;
};

std::string hash_text(const std::string& key, std::string_view id) {
  static thread_local KeyedHash hash;
  const std::array<unsigned char, 32> digest = hash(key, id);
  constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < 8; ++i) {
    text += kHex[digest[i] >> 4];
    text += kHex[digest[i] & 15];
  }
  return text;
}

// Sixteen hex digits that only the holder of the key can relate to the id. Each thread remembers
// the ids it saw last: mostly the same ones come again.
std::string keyed_hash(const std::string& key, std::string_view id) {
  struct Known {
    std::string id;
    std::string hash;
  };
  static thread_local std::string known_under;
  static thread_local std::array<Known, 256> known;
  constexpr std::size_t kRemembered = 256;
  if (id.size() > kRemembered) return hash_text(key, id);
  if (known_under != key) {
    known.fill({});
    known_under = key;
  }
  Known& place = known[std::hash<std::string_view>()(id) % known.size()];
  if (place.hash.empty() || place.id != id) place = {std::string(id), hash_text(key, id)};
  return place.hash;
}

void add_tag(Attribution& attribution, std::string_view key, std::string value) {
  if (attribution.tags.size() >= kMostTags) return;
  for (const auto& [known, unused] : attribution.tags) {
    if (known == key) return;
  }
  attribution.tags.emplace_back(std::string(key), std::move(value));
}

std::string* pinned_field(Attribution& attribution, std::string_view name) {
  if (name == "workflow") return &attribution.workflow;
  if (name == "user") return &attribution.user;
  if (name == "customer") return &attribution.customer;
  if (name == "team") return &attribution.team;
  if (name == "cost_center") return &attribution.cost_center;
  if (name == "environment") return &attribution.environment;
  return nullptr;
}

// An empty label claims nothing; what a pin fixes was not claimed by the request.
bool may_be_named(std::string_view label, std::string_view value,
                  const config::Credential& credential) {
  const auto globs = credential.may_name.find(std::string(label));
  if (globs == credential.may_name.end() || value.empty()) return true;
  if (credential.pins.contains(std::string(label))) return true;
  return std::ranges::any_of(globs->second,
                             [&](const std::string& glob) { return glob_matches(glob, value); });
}

// A workflow that a request named itself is declared as another team's than the credential's.
bool belongs_to_another(const config::Workflow& workflow, const config::Credential& credential) {
  if (credential.pins.contains("workflow")) return false;
  const auto differs = [&](const char* name, const std::string& declared) {
    const auto pin = credential.pins.find(name);
    return pin != credential.pins.end() && !declared.empty() && pin->second != declared;
  };
  return differs("team", workflow.team) || differs("cost_center", workflow.cost_center) ||
         differs("environment", workflow.environment);
}

std::uint32_t bounded_count(std::string_view text) {
  std::uint32_t count = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || stop == text.data()) return 0;
  return std::min(count, kMostRetries);
}

}  // namespace

Result<Attribution, Rejected> attribute(const http::RequestHead& head, const Routed& routed,
                                        const config::Config& config) {
  Findings findings;
  if (!collect(head, config.attribution_headers, findings)) return failure(kBadHeader);

  Attribution attribution;
  // Whose money it is comes from the credential alone where the headers are not trusted.
  if (config.trust != config::Trust::credential) {
    attribution.workflow = std::move(at(findings, Meaning::workflow).value);
    if (attribution.workflow.empty()) attribution.workflow = routed.path_workflow;
    attribution.customer = std::move(at(findings, Meaning::customer).value);
  }
  if (attribution.workflow == config::kUnset) attribution.workflow.clear();
  attribution.run = std::move(at(findings, Meaning::run).value);
  attribution.parent_run = std::move(at(findings, Meaning::parent_run).value);
  attribution.user = std::move(at(findings, Meaning::user).value);
  attribution.purpose = std::move(at(findings, Meaning::purpose).value);
  split_agent_session(head, config, at(findings, Meaning::run), attribution);

  if (const Found& tags = at(findings, Meaning::tags); tags.source != SIZE_MAX) {
    auto parsed = parse_tags(tags.value);
    if (!parsed) return failure(kBadHeader);
    attribution.tags = std::move(*parsed);
  }
  if (const Found& outcome = at(findings, Meaning::outcome); outcome.source != SIZE_MAX) {
    auto parsed = parse_outcome(outcome.value);
    if (!parsed) return failure(kBadHeader);
    attribution.outcome = std::move(*parsed);
  }
  if (const auto trace = trace_id(http::value_of(head.fields, "traceparent"))) {
    add_tag(attribution, "trace", *trace);
  }
  if (routed.credential == nullptr) return attribution;

  attribution.credential = routed.credential->name;
  for (const auto& [name, value] : routed.credential->pins) {
    std::string* field = pinned_field(attribution, name);
    if (field == nullptr) continue;
    const bool contradicts = !field->empty() && *field != value;
    if (contradicts && config.trust == config::Trust::both) return failure(kPinMismatch);
    *field = value;
  }
  // Users named in bodies become hashes later on, which no glob is meant for.
  const config::Credential& credential = *routed.credential;
  if (!may_be_named("workflow", attribution.workflow, credential) ||
      !may_be_named("customer", attribution.customer, credential) ||
      !may_be_named("user", attribution.user, credential)) {
    return failure(kPinMismatch);
  }
  return attribution;
}

void merge_body_labels(Attribution& attribution, const provider::Asked& asked,
                       const config::Config& config) {
  const bool may_name = config.trust != config::Trust::credential;
  if (may_name && attribution.workflow.empty() && config::is_good_name(asked.workflow)) {
    attribution.workflow = asked.workflow;
  }
  if (attribution.user.empty() && !asked.user.empty()) {
    attribution.user = keyed_hash(config.user_hash_key, asked.user);
  }
  // A label to search by, never a run: the client may put the same key into unrelated requests.
  if (attribution.run.empty() && !asked.session.empty()) {
    add_tag(attribution, "session", keyed_hash(config.user_hash_key, asked.session));
  }
}

std::optional<Rejected> complete(Attribution& attribution, const Routed& routed,
                                 const config::Config& config) {
  if (routed.credential != nullptr &&
      !may_be_named("workflow", attribution.workflow, *routed.credential)) {
    return kPinMismatch;
  }
  if (attribution.workflow.empty()) {
    if (config.require_workflow) return kNoWorkflow;
    attribution.workflow = config::kUnset;
  }
  const auto fill = [](std::string& field, const std::string& value) {
    if (field.empty()) field = value;
  };
  for (const config::Workflow& workflow : config.workflows) {
    if (workflow.name != attribution.workflow) continue;
    if (routed.credential != nullptr && belongs_to_another(workflow, *routed.credential)) {
      return kPinMismatch;
    }
    fill(attribution.team, workflow.team);
    fill(attribution.cost_center, workflow.cost_center);
    fill(attribution.environment, workflow.environment);
    break;
  }
  return std::nullopt;
}

std::uint32_t admitted_retries(const http::RequestHead& head) {
  if (const http::Field* field = http::find(head.fields, "x-stainless-retry-count")) {
    return bounded_count(field->value);
  }
  const http::Field* amazon = http::find(head.fields, "amz-sdk-request");
  if (amazon == nullptr) return 0;
  constexpr std::string_view kAttempt = "attempt=";
  const std::size_t start = amazon->value.find(kAttempt);
  if (start == std::string_view::npos) return 0;
  const std::uint32_t attempt = bounded_count(amazon->value.substr(start + kAttempt.size()));
  return attempt > 0 ? attempt - 1 : 0;
}

}  // namespace tokenweir::identify

#include "config/load.h"

#include <openssl/rand.h>
#include <openssl/sha.h>

#include <stdexcept>

#include "config/reading.h"

namespace tokenweir::config {
namespace {

using yaml::kRequired;
using yaml::MapReader;
using yaml::Node;

constexpr std::int64_t kSchema = 1;

std::string hex(const unsigned char* bytes, std::size_t count) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    text += kHex[bytes[i] >> 4];
    text += kHex[bytes[i] & 15];
  }
  return text;
}

std::string revision_of(std::string_view text) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  return hex(digest, 6);
}

// One for the whole process, so that a reload does not change the hashes.
const std::string& random_hash_key() {
  static const std::string key = [] {
    unsigned char bytes[32];
    if (RAND_bytes(bytes, sizeof bytes) != 1) throw std::runtime_error("no random bytes");
    return hex(bytes, sizeof bytes);
  }();
  return key;
}

// Passes on what is asked for, and notes files with secrets that others may read.
class NotingEnvironment final : public yaml::Environment {
 public:
  NotingEnvironment(const yaml::Environment& inner, std::vector<std::string>& warnings)
      : inner_(inner), warnings_(warnings) {}

  [[nodiscard]] std::optional<std::string> variable(const std::string& name) const override {
    return inner_.variable(name);
  }
  [[nodiscard]] std::optional<std::string> file(const std::string& path,
                                                std::string& why) const override {
    if (inner_.readable_by_all(path)) {
      warnings_.push_back("every user of this machine may read the secret in " + path);
    }
    return inner_.file(path, why);
  }
  [[nodiscard]] bool readable_by_all(const std::string& path) const override {
    return inner_.readable_by_all(path);
  }

 private:
  const yaml::Environment& inner_;
  std::vector<std::string>& warnings_;
};

// The whole file, in the order in which the sections depend on each other.
void read_root(Reading& reading, MapReader& map) {
  Config& config = reading.config;
  std::int64_t schema = kSchema;
  map.integer({"schema", "version of this format", kRequired}, schema, kSchema, kSchema);
  map.choice({"enforcement", "observe refuses and clamps nothing, and records what would be"},
             config.enforcement, enforcement_choices());
  read_listen(reading, map);
  read_admin(reading, map);
  read_providers(reading, map);
  map.map({"raw_endpoints", "paths that cannot be metered"}, [&](MapReader& inner) {
    inner.choice<RawEndpoints>({"policy", "pass them on or refuse them"}, config.raw_endpoints,
                               {{"pass", RawEndpoints::pass}, {"refuse", RawEndpoints::refuse}});
    inner.money({"hold_usd", "held under a budget; 0 refuses them there"}, config.policy.raw_hold);
  });
  map.map({"async_jobs", "work whose usage arrives elsewhere"}, [&](MapReader& inner) {
    inner.choice<AsyncJobs>({"policy", "refuse it, hold its worst case, or watch it"},
                            config.policy.async_jobs,
                            {{"refuse", AsyncJobs::refuse},
                             {"hold", AsyncJobs::hold},
                             {"observe", AsyncJobs::observe}});
  });
  read_workflows(reading, map);
  read_caps_and_rates(reading, map);
  read_budgets(reading, map);
  read_credentials(reading, map);
  read_runs(reading, map);
  read_attribution(reading, map);
  read_operation(reading, map);
}

}  // namespace

std::optional<Config> load_text(std::string_view text, const std::string& file,
                                const yaml::Environment& environment, yaml::Problems& problems) {
  const std::size_t before = problems.added();
  auto document = yaml::parse(text, file, problems);
  if (!document) return std::nullopt;

  const yaml::Report report{document->file, &problems};
  Config config;
  config.file = file;
  config.revision = revision_of(text);
  Reading reading{config, &environment, yaml::folder_of(file)};
  const NotingEnvironment noting(environment, config.warnings);
  yaml::expand(document->root, noting, reading.folder, report);
  MapReader map(document->root, report);
  read_root(reading, map);
  map.finish();
  if (problems.added() > before) return std::nullopt;

  if (reading.holds_secrets && environment.readable_by_all(file)) {
    config.warnings.push_back("every user of this machine may read the secrets in " + file);
  }
  if (config.spill_directory.empty()) config.spill_directory = yaml::folder_of(config.ledger.path);
  if (config.user_hash_key.empty()) config.user_hash_key = random_hash_key();
  return config;
}

std::optional<Config> load(const std::string& path, const yaml::Environment& environment,
                           yaml::Problems& problems) {
  std::string why;
  const auto text = environment.file(path, why);
  if (!text) {
    problems.add(path, {0, 0}, why);
    return std::nullopt;
  }
  return load_text(*text, path, environment, problems);
}

void validate_prices(const Config& config, const pricing::PriceBook& book,
                     yaml::Problems& problems) {
  for (const Provider& provider : config.providers) {
    if (provider.prices.empty() || !book.provider_label(provider.prices).empty()) continue;
    problems.add(config.file, provider.prices_mark,
                 "no price file holds a list named " + yaml::in_quotes(provider.prices));
  }
}

std::vector<std::string> needs_restart(const Config& before, const Config& after) {
  std::vector<std::string> keys;
  bool same_listeners = before.listen.size() == after.listen.size();
  for (std::size_t i = 0; same_listeners && i < before.listen.size(); ++i) {
    const Listener& left = before.listen[i];
    const Listener& right = after.listen[i];
    same_listeners = left.address == right.address && left.port == right.port &&
                     left.tls.has_value() == right.tls.has_value();
  }
  const auto note = [&](bool same, const char* key) {
    if (!same) keys.emplace_back(key);
  };
  note(same_listeners, "listen");
  note(before.admin.address == after.admin.address && before.admin.port == after.admin.port,
       "admin.address");
  note(before.ledger.path == after.ledger.path, "ledger.path");
  note(before.limits.ledger_queue == after.limits.ledger_queue, "limits.ledger_queue");
  note(before.limits.workflow_label_values == after.limits.workflow_label_values,
       "limits.workflow_label_values");
  note(before.limits.model_label_values == after.limits.model_label_values,
       "limits.model_label_values");
  note(before.access_log == after.access_log, "log.access");
  note(before.threads == after.threads, "threads");
  return keys;
}

yaml::Shape config_shape() {
  yaml::Shape shape;
  shape.doc = "The configuration of tokenweir";
  Config config;
  Reading reading{config, nullptr, "."};
  MapReader map(shape);
  read_root(reading, map);
  return shape;
}

}  // namespace tokenweir::config

// The configuration as values: what the YAML file says after validation. Immutable once loaded;
// an exchange keeps the snapshot it began with. Names follow the file's keys
// (docs/configuration.md).
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/attribution_headers.h"
#include "config/policy.h"
#include "core/money.h"
#include "pricing/price_book.h"
#include "provider/dialect.h"
#include "yaml/node.h"

namespace tokenweir::config {

enum class Trust : std::uint8_t { header, credential, both };

struct TlsFiles {
  std::string certificate;  // path, PEM chain
  std::string key;          // path, PEM
};

struct Listener {
  std::string address;     // numeric host
  std::uint16_t port = 0;  // 0: any free port
  std::optional<TlsFiles> tls;
  bool insecure = false;  // plain HTTP beyond loopback was asked for in so many words
};

struct Admin {
  std::string address = "127.0.0.1";
  std::uint16_t port = 9090;
  std::string token;  // empty: read-only endpoints, loopback only
};

struct Origin {
  bool tls = true;
  std::string host;
  std::uint16_t port = 443;
  std::string path_prefix;  // of the origin URL, without trailing slash; usually empty
};

// A request edit that may be switched off per provider (design 2.1).
struct Edits {
  bool identity_encoding = true;  // Accept-Encoding: identity
  bool stream_usage = true;       // stream_options.include_usage on OpenAI-style streams
  // On the way back, `"usage":null` is taken out of the chunks: this provider adds it when asked.
  bool hide_null_usage = false;
};

// What a self-hosted provider costs by the hour. Accepted, not acted on in version one.
struct Gpu {
  Money usd_per_hour;
  std::int64_t count = 1;
};

struct Provider {
  std::string name;
  Origin origin;
  provider::Family dialect = provider::Family::opaque;
  std::string prices;             // name of a price list; empty: unpriced
  std::string match_host;         // lower case, without port; empty: not routed by host
  std::string match_path_prefix;  // "/p/openai"; empty: not routed by prefix
  std::string ca_file;            // extra trust anchor, PEM
  Edits edits;
  std::optional<Gpu> gpu;
  yaml::Mark prices_mark;  // where `prices` stands in the file, for validate_prices
};

// Globs of models or of the provider's own tools. What is denied stays so whatever is allowed.
struct Permissions {
  std::vector<std::string> allow;  // empty: all
  std::vector<std::string> deny;
};

struct Workflow {
  std::string name;
  std::string team;
  std::string cost_center;
  std::string environment;
  std::string contact;
  std::optional<RefusalStyle> refusals;  // overrides `refusals.style`
  Permissions models;
  Permissions tools;
};

// A key of this proxy's own; clients show it, only its hash is kept.
struct ProxyKey {
  std::string sha256;                      // 64 lower-case hex digits
  std::array<unsigned char, 32> digest{};  // the same as bytes
  std::optional<Time> expires;             // good until then; no value: for ever
};

struct Credential {
  std::string name;
  std::vector<ProxyKey> keys;  // at least one; several while a key is replaced by another
  bool revoked = false;        // none of its keys is good any more
  std::map<std::string, std::string> provider_keys;  // provider name -> secret
  std::map<std::string, std::string> pins;           // workflow, team, customer, ...
  // What requests may say of themselves: workflow, customer, user -> globs. Absent: anything.
  std::map<std::string, std::vector<std::string>> may_name;
  std::vector<std::string> models_allow;  // globs; empty: all
  std::vector<std::string> models_deny;   // globs
  Permissions tools;
};

struct Timeouts {
  std::chrono::milliseconds request_head{10'000};
  std::chrono::milliseconds request_idle{30'000};    // no body byte from the client
  std::chrono::milliseconds keep_alive{75'000};      // idle client connection
  std::chrono::milliseconds connect{5'000};          // DNS, TCP and TLS each
  std::chrono::milliseconds provider_idle{900'000};  // no byte from the provider
  std::chrono::milliseconds client_write{60'000};    // client takes no byte
  std::chrono::milliseconds pool_idle{50'000};       // idle provider connection
  std::chrono::milliseconds pool_age{600'000};
};

struct SizeLimits {
  std::uint64_t request_body = 64ull * 1024 * 1024;
  std::uint64_t request_memory = 1024 * 1024;  // beyond: spilled to a file
  std::uint64_t spill_total = 4ull * 1024 * 1024 * 1024;
  std::uint64_t client_body_rate = 256;  // bytes/s floor after 10 s
  std::size_t connections = 9'000;
  std::size_t pool_idle_per_provider = 512;
  std::size_t workflow_label_values = 500;
  std::size_t model_label_values = 100;
  std::size_t ledger_queue = 65'536;
};

struct Drain {
  std::chrono::milliseconds delay{5'000};
  std::chrono::milliseconds timeout{300'000};
};

enum class LedgerFailure : std::uint8_t { refuse, refuse_budgeted, pass };

struct Ledger {
  std::string path = "/var/lib/tokenweir/ledger.db";
  LedgerFailure on_failure = LedgerFailure::refuse_budgeted;
  // Rounded down to whole hours. No value: kept for ever.
  std::optional<std::chrono::hours> raw_usage_retention;
  std::optional<std::chrono::hours> records_retention;
};

enum class RawEndpoints : std::uint8_t { pass, refuse };

struct Config {
  std::string file;      // as given on the command line
  std::string revision;  // first 12 hex digits of the SHA-256 of the file's text
  Enforcement enforcement = Enforcement::enforce;
  std::vector<Listener> listen;
  Admin admin;
  std::vector<Provider> providers;
  RawEndpoints raw_endpoints = RawEndpoints::pass;
  std::vector<Workflow> workflows;
  std::vector<Credential> credentials;
  std::vector<std::string> price_files;  // files or directories
  pricing::UnknownModel unknown_model = pricing::UnknownModel::estimate;
  Ledger ledger;
  SizeLimits limits;
  Timeouts timeouts;
  Drain drain;
  bool require_workflow = false;
  Trust trust = Trust::header;
  std::string tokenizer_models;  // empty: the map that is built in
  std::string tokenizer_folder;  // of optional vocabularies; may be empty
  unsigned threads = 0;          // 0: one per core
  std::string log_level = "info";
  std::string access_log = "-";  // "-": standard output; "off"; or a path
  std::string spill_directory;   // the ledger's folder unless given
  // Keys the hashes of user ids taken from bodies. Without one in the file it is random, made once
  // a process, so that hashes of two runs of the program cannot be compared.
  std::string user_hash_key;
  AttributionHeaders attribution_headers;
  bool require_credential = false;    // an unknown or missing key is answered 401
  std::string workflow_path_prefix;   // "/w": /w/<workflow>/... names the workflow; empty: off
  Policy policy;                      // caps, rates, budgets, run rules, refusals
  std::vector<std::string> inert;     // sections given that are validated but not acted on
  std::vector<std::string> warnings;  // allowed, yet probably not meant
};

}  // namespace tokenweir::config

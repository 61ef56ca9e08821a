// How the program runs: prices, ledger, bounds, waits, logs.
#include <algorithm>

#include "config/names.h"
#include "config/reading.h"

namespace tokenweir::config {
namespace {

using std::chrono::milliseconds;
using yaml::kRequired;
using yaml::MapReader;
using yaml::Node;

constexpr milliseconds kDay{86'400'000};
constexpr std::size_t kShortestHashKey = 16;

void read_prices(Reading& reading, MapReader& map) {
  Config& config = reading.config;
  const Node* node = map.map({"prices", "what tokens cost"}, [&](MapReader& inner) {
    inner.texts({"files", "price files, or folders of *.yaml; later ones overlay", kRequired},
                config.price_files);
    for (std::string& path : config.price_files) path = reading.at(path);
    inner.choice<pricing::UnknownModel>(
        {"unknown_model", "price as the dearest model of the list, reject, or allow without cost"},
        config.unknown_model,
        {{"estimate", pricing::UnknownModel::estimate},
         {"reject", pricing::UnknownModel::reject},
         {"allow", pricing::UnknownModel::allow}});
  });
  if (node == nullptr && !map.describing()) {
    config.warnings.emplace_back("no price files are named, so no request has a cost");
  }
}

void read_ledger(Reading& reading, MapReader& map) {
  Ledger& ledger = reading.config.ledger;
  map.map({"ledger", "one row for every exchange"}, [&](MapReader& inner) {
    read_path(reading, inner, {"path", "SQLite file, with its journal beside it"}, ledger.path);
    inner.choice<LedgerFailure>(
        {"on_failure", "what happens to requests while no row can be written"}, ledger.on_failure,
        {{"refuse", LedgerFailure::refuse},
         {"refuse_budgeted", LedgerFailure::refuse_budgeted},
         {"pass", LedgerFailure::pass}});
    inner.map({"retention", "older data is removed; absent: kept"}, [&](MapReader& times) {
      std::optional<milliseconds> raw_usage, records;
      times.duration({"raw_usage", "the provider's usage JSON"}, raw_usage, kDay);
      times.duration({"records", "whole rows"}, records, kDay);
      const auto hours = [](const std::optional<milliseconds>& time) {
        return time ? std::optional(std::chrono::floor<std::chrono::hours>(*time)) : std::nullopt;
      };
      ledger.raw_usage_retention = hours(raw_usage);
      ledger.records_retention = hours(records);
    });
  });
}

void read_limits(MapReader& map, SizeLimits& limits) {
  constexpr std::uint64_t kMiB = 1024 * 1024;
  map.map({"limits", "bounds on memory and counts"}, [&](MapReader& inner) {
    inner.size({"request_body", "larger ones are refused with 413"}, limits.request_body, 1024,
               1024 * kMiB);
    inner.size({"request_memory", "larger bodies are spilled to a file"}, limits.request_memory,
               4096, 64 * kMiB);
    inner.size({"spill_total", "room for spilled bodies"}, limits.spill_total, kMiB);
    inner.size({"client_body_rate", "least bytes a second of an upload, after 10 s"},
               limits.client_body_rate, 0, kMiB);
    inner.integer({"connections", "of clients"}, limits.connections, 1, 1'000'000);
    inner.integer({"pool_idle_per_provider", "idle connections kept, per thread"},
                  limits.pool_idle_per_provider, 0, 65'536);
    inner.integer({"workflow_label_values", "metrics name so many, then _other"},
                  limits.workflow_label_values, 1, 10'000);
    inner.integer({"model_label_values", "metrics name so many, then _other"},
                  limits.model_label_values, 1, 10'000);
    inner.integer({"ledger_queue", "records waiting to be written"}, limits.ledger_queue, 16,
                  10'000'000);
  });
}

void read_timeouts(MapReader& map, Timeouts& timeouts) {
  const milliseconds least{10};
  const milliseconds most{86'400'000};
  map.map({"timeouts", "how long without progress"}, [&](MapReader& inner) {
    inner.duration({"request_head", "a client's whole request head"}, timeouts.request_head, least,
                   most);
    inner.duration({"request_idle", "no body byte from the client"}, timeouts.request_idle, least,
                   most);
    inner.duration({"keep_alive", "an idle client connection"}, timeouts.keep_alive, least, most);
    inner.duration({"connect", "name lookup, TCP and TLS, each"}, timeouts.connect, least, most);
    inner.duration({"provider_idle", "no byte from the provider; models think for minutes"},
                   timeouts.provider_idle, least, most);
    inner.duration({"client_write", "the client takes no byte"}, timeouts.client_write, least,
                   most);
    inner.duration({"pool_idle", "an idle provider connection"}, timeouts.pool_idle, least, most);
    inner.duration({"pool_age", "a provider connection of any kind"}, timeouts.pool_age, least,
                   most);
  });
}

void read_log(Reading& reading, MapReader& map) {
  Config& config = reading.config;
  map.map({"log", "messages and access lines"}, [&](MapReader& inner) {
    enum class Level : std::uint8_t { trace, debug, info, warn, error };
    constexpr std::string_view kNames[] = {"trace", "debug", "info", "warn", "error"};
    Level level = Level::info;
    inner.choice({"level", "of messages"}, level,
                 {{"trace", Level::trace},
                  {"debug", Level::debug},
                  {"info", Level::info},
                  {"warn", Level::warn},
                  {"error", Level::error}});
    config.log_level = kNames[static_cast<std::size_t>(level)];
    const Node* access =
        inner.text({"access", "one JSON line an exchange: - for standard output, off, or a file"},
                   config.access_log);
    const bool word = config.access_log == "-" || config.access_log == "off";
    if (access != nullptr && !word) config.access_log = reading.at(config.access_log);
  });
}

void read_metrics(Reading& reading, MapReader& map) {
  Metrics& metrics = reading.config.policy.metrics;
  map.map({"metrics", "what is left out of /metrics"}, [&](MapReader& inner) {
    const auto check = [&](const Node* list, const std::vector<std::string>& names) {
      constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789_";
      for (const std::string& name : names) {
        if (name.find_first_not_of(kLetters) == std::string::npos) continue;
        inner.report().error(list->mark, "expected names of lower-case letters, digits and \"_\"");
      }
    };
    check(inner.texts({"disable", "metric names"}, metrics.disable), metrics.disable);
    const Node* labels =
        inner.texts({"drop_labels", "label names; their series are added up"}, metrics.drop_labels);
    check(labels, metrics.drop_labels);
    for (const std::string& name : metrics.drop_labels) {
      if (name != "le") continue;
      inner.report().error(labels->mark, "\"le\" is what a histogram is made of");
    }
  });
}

}  // namespace

void read_operation(Reading& reading, MapReader& map) {
  Config& config = reading.config;
  map.map({"refusals", "answers to requests that may not pass"}, [&](MapReader& inner) {
    inner.choice({"style", "so that no SDK retries, or as the provider itself would put it"},
                 config.policy.refusal_style, refusal_style_choices());
  });
  map.map({"tokenizers", "how tokens are counted"}, [&](MapReader& inner) {
    if (inner.text({"models", "a file instead of the built-in map of models"},
                   config.tokenizer_models) != nullptr) {
      config.tokenizer_models = reading.at(config.tokenizer_models);
    }
    if (inner.text({"folder", "of optional vocabularies"}, config.tokenizer_folder) != nullptr) {
      config.tokenizer_folder = reading.at(config.tokenizer_folder);
    }
  });
  read_prices(reading, map);
  read_ledger(reading, map);
  read_abort_policy(reading, map);
  read_limits(map, config.limits);
  read_timeouts(map, config.timeouts);
  map.map({"drain", "a graceful stop"}, [&](MapReader& inner) {
    inner.duration({"delay", "accept on while load balancers notice"}, config.drain.delay, {},
                   milliseconds{3'600'000});
    inner.duration({"timeout", "for requests in flight"}, config.drain.timeout, {}, kDay);
  });
  read_metrics(reading, map);
  read_log(reading, map);
  map.integer({"threads", "event loops; 0 is one per core"}, config.threads, 0, 1024);
  read_path(reading, map,
            {"spill_directory",
             "for large request bodies; the ledger's folder when "
             "absent"},
            config.spill_directory);
  const Node* key =
      map.text({"user_hash_key", "keys the hashes of user ids found in bodies; random when absent"},
               config.user_hash_key);
  if (key != nullptr && config.user_hash_key.size() < kShortestHashKey) {
    map.report().error(key->mark, "expected at least 16 characters");
  }
}

}  // namespace tokenweir::config

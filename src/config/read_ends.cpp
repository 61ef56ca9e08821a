// The two ends: where clients connect, and which providers there are.
#include <algorithm>

#include "config/address.h"
#include "config/names.h"
#include "config/reading.h"
#include "provider/stream_usage.h"

namespace tokenweir::config {
namespace {

using yaml::kRequired;
using yaml::MapReader;
using yaml::Node;

constexpr std::size_t kShortToken = 16;

// Reads "address:port"; false when it is absent or malformed.
const Node* read_address(MapReader& map, const yaml::Key& key, std::string& host,
                         std::uint16_t& port) {
  std::string text;
  const Node* node = map.text(key, text);
  if (node == nullptr) return nullptr;
  const auto address = parse_address(text);
  if (!address) {
    map.report().error(node->mark,
                       "expected a numeric address with a port like 127.0.0.1:8080 or [::1]:8080");
    return nullptr;
  }
  host = address->host;
  port = address->port;
  return node;
}

void read_tls(Reading& reading, MapReader& map, std::optional<TlsFiles>& tls) {
  map.map({"tls", "certificate and key; without them the listener is plain HTTP"},
          [&](MapReader& inner) {
            TlsFiles files;
            const Node* certificate =
                read_path(reading, inner, {"certificate", "PEM file, leaf first", kRequired},
                          files.certificate);
            const Node* key =
                read_path(reading, inner, {"key", "PEM file, not encrypted", kRequired}, files.key);
            if (certificate != nullptr && key != nullptr) {
              check_tls_files(reading, files, *certificate, *key, inner.report());
            }
            tls = std::move(files);
          });
}

void check_listener(Reading& reading, const Listener& listener, const Node* address,
                    const yaml::Report& report) {
  if (address == nullptr) return;
  if (!listener.tls && !listener.insecure && !is_loopback(listener.address)) {
    report.error(address->mark,
                 "plain HTTP beyond loopback; add `tls`, or `insecure: true` if it is meant");
  }
  for (const Listener& other : reading.config.listen) {
    const bool same =
        other.port != 0 && other.port == listener.port && other.address == listener.address;
    if (same) report.error(address->mark, "this address is listed twice");
  }
}

std::string_view dialect_names(std::size_t index) {
  return provider::name_of(static_cast<provider::Family>(index));
}

yaml::Choices<provider::Family> dialects() {
  yaml::Choices<provider::Family> choices;
  for (std::size_t i = 0; i <= static_cast<std::size_t>(provider::Family::opaque); ++i) {
    choices.emplace_back(dialect_names(i), static_cast<provider::Family>(i));
  }
  return choices;
}

bool reaches(const Origin& origin, const std::string& address, std::uint16_t port) {
  if (port == 0 || origin.port != port) return false;
  if (origin.host == address) return true;
  const bool any = address == "0.0.0.0" || address == "::";
  return names_loopback(origin.host) && (any || is_loopback(address));
}

void read_origin(Reading& reading, MapReader& map, Provider& provider) {
  std::string text;
  const Node* node = map.text({"origin", "https://host[:port][/path]", kRequired}, text);
  if (node == nullptr) return;
  std::string why;
  const auto origin = parse_origin(text, why);
  if (!origin) {
    map.report().error(node->mark, "an origin " + why);
    return;
  }
  provider.origin = *origin;
  bool own = reaches(*origin, reading.config.admin.address, reading.config.admin.port);
  for (const Listener& listener : reading.config.listen) {
    own = own || reaches(*origin, listener.address, listener.port);
  }
  if (own) map.report().error(node->mark, "this origin is one of this proxy's own listeners");
  if (!origin->tls && !names_loopback(origin->host)) {
    reading.config.warnings.push_back("provider " + provider.name +
                                      " is reached without TLS: keys and prompts travel in clear");
  }
}

void read_provider_match(Reading& reading, MapReader& map, Provider& provider) {
  map.map({"match", "requests for this provider; without it only well-known paths lead here"},
          [&](MapReader& inner) {
            const Node* host =
                inner.text({"host", "of the Host header, without port"}, provider.match_host);
            if (host != nullptr && !is_host(provider.match_host)) {
              inner.report().error(host->mark, "expected a lower-case host name without port");
            }
            const Node* prefix = inner.text({"path_prefix", "stripped before forwarding"},
                                            provider.match_path_prefix);
            if (prefix != nullptr && !is_plain_path(provider.match_path_prefix)) {
              inner.report().error(prefix->mark,
                                   "expected a path like /p/name: plain segments, no slash at the "
                                   "end");
            }
            if (host == nullptr && prefix == nullptr && !inner.describing()) {
              inner.report().error(inner.mark(), "expected host, path_prefix or both");
            }
            for (const Provider& other : reading.config.providers) {
              const bool same = other.match_host == provider.match_host &&
                                other.match_path_prefix == provider.match_path_prefix;
              if (same && (host != nullptr || prefix != nullptr)) {
                inner.report().error(inner.mark(), "provider " + yaml::in_quotes(other.name) +
                                                       " has the same match");
              }
            }
          });
}

void read_provider(Reading& reading, MapReader& map, std::set<std::string>& names) {
  Provider provider;
  const Node* name =
      read_name(map, {"name", "used in rules, records and reports", kRequired}, provider.name);
  check_unique(names, provider.name, name, map.report(), "provider");
  read_origin(reading, map, provider);
  map.choice<provider::Family>({"dialect", "what it speaks", kRequired}, provider.dialect,
                               dialects());
  const Node* prices = map.text({"prices", "name of a price list; without one its cost is unknown"},
                                provider.prices);
  if (prices != nullptr) provider.prices_mark = prices->mark;
  read_provider_match(reading, map, provider);
  const Node* ca =
      read_path(reading, map, {"ca", "further trust anchors, a PEM file"}, provider.ca_file);
  if (ca != nullptr) check_ca_file(reading, provider.ca_file, *ca, map.report());
  provider.edits.hide_null_usage = provider::adds_null_usage(provider.origin.host);
  map.map({"edits", "edits of requests that may be switched off"}, [&](MapReader& inner) {
    inner.boolean({"identity_encoding", "ask for uncompressed answers"},
                  provider.edits.identity_encoding);
    inner.boolean({"stream_usage", "ask streams for usage where the client did not"},
                  provider.edits.stream_usage);
    inner.boolean({"hide_null_usage", "take the usage: null that this adds out of the chunks"},
                  provider.edits.hide_null_usage);
  });
  const Node* gpu = map.map({"gpu", "what a self-hosted provider costs"}, [&](MapReader& inner) {
    provider.gpu.emplace();
    inner.money({"usd_per_hour", "for one GPU", kRequired}, provider.gpu->usd_per_hour);
    inner.integer({"count", "GPUs"}, provider.gpu->count, 1, 1'000'000);
  });
  reading.inert(gpu, "providers.gpu");
  reading.config.providers.push_back(std::move(provider));
}

}  // namespace

void read_listen(Reading& reading, MapReader& map) {
  const Node* node =
      map.list({"listen", "where clients connect", kRequired}, [&](MapReader& item, const Node&) {
        Listener listener;
        const Node* address = read_address(
            item, {"address", "numeric address and port; port 0 is any free one", kRequired},
            listener.address, listener.port);
        read_tls(reading, item, listener.tls);
        item.boolean({"insecure", "plain HTTP beyond loopback is meant"}, listener.insecure);
        check_listener(reading, listener, address, item.report());
        reading.config.listen.push_back(std::move(listener));
      });
  if (node != nullptr && node->items.empty()) {
    map.report().error(node->mark, "expected at least one listener");
  }
}

void read_admin(Reading& reading, MapReader& map) {
  map.map({"admin", "the operators' listener: health, metrics, records"}, [&](MapReader& inner) {
    Admin& admin = reading.config.admin;
    const Node* address =
        read_address(inner, {"address", "numeric address and port"}, admin.address, admin.port);
    const Node* token =
        inner.text({"token", "for actions, and for everything beyond loopback"}, admin.token);
    if (address != nullptr && token == nullptr && !is_loopback(admin.address)) {
      inner.report().error(address->mark, "an admin listener beyond loopback needs a token");
    }
    for (const Listener& listener : reading.config.listen) {
      const bool same = address != nullptr && admin.port != 0 && listener.port == admin.port &&
                        listener.address == admin.address;
      if (same) inner.report().error(address->mark, "clients connect to this address already");
    }
    reading.holds_secrets |= token != nullptr && !token->expanded;
    if (token != nullptr && admin.token.size() < kShortToken) {
      reading.config.warnings.push_back("the admin token is shorter than 16 characters");
    }
  });
}

void read_providers(Reading& reading, MapReader& map) {
  std::set<std::string> names;
  const Node* node =
      map.list({"providers", "in the order in which well-known paths find them", kRequired},
               [&](MapReader& item, const Node&) { read_provider(reading, item, names); });
  if (node != nullptr && node->items.empty()) {
    map.report().error(node->mark, "expected at least one provider");
  }
}

}  // namespace tokenweir::config

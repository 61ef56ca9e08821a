#include "config/names.h"
#include "core/text.h"
#include "identify/credentials.h"
#include "identify/identify.h"
#include "identify/path.h"

namespace tokenweir::identify {
namespace {

constexpr Rejected kBadPath{400, "bad_path",
                            "the request path is not in a form that can be routed"};
constexpr Rejected kUnknownRoute{404, "unknown_route", "no provider is configured for this path"};
constexpr Rejected kUnknownHost{421, "unknown_host", "no provider is configured for this host"};
constexpr Rejected kBadKey{401, "invalid_api_key", "the API key is not known to this proxy",
                           "unauthenticated"};
constexpr Rejected kSeveralKeys{400, "bad_header", "keys of two different credentials were sent"};
constexpr Rejected kBadWorkflow{400, "bad_path", "the workflow in the path is not a valid name"};

// The host without port and final dot; brackets of an IPv6 address are kept.
std::string_view bare_host(std::string_view host) {
  const std::size_t bracket = host.rfind(']');
  const std::size_t colon = host.rfind(':');
  const bool has_port =
      colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  if (has_port) host = host.substr(0, colon);
  if (host.ends_with('.')) host.remove_suffix(1);
  return host;
}

struct Match {
  const config::Provider* provider = nullptr;
  std::size_t stripped = 0;  // bytes of the normal path that belong to the prefix
};

// The best provider among those with (or without) a host of their own: the longest prefix wins, and
// the first listed among equals.
Match best_match(std::string_view host, std::string_view path, bool by_host,
                 const config::Config& config) {
  Match best;
  for (const config::Provider& provider : config.providers) {
    if (by_host) {
      if (provider.match_host.empty()) continue;
      if (!http::equals_ignoring_case(host, provider.match_host)) continue;
    } else if (!provider.match_host.empty() || provider.match_path_prefix.empty()) {
      continue;
    }
    const std::string_view prefix = provider.match_path_prefix;
    if (!has_path_prefix(path, prefix)) continue;
    if (best.provider == nullptr || prefix.size() > best.stripped) {
      best = {&provider, prefix.size()};
    }
  }
  return best;
}

// Where every provider has a host of its own, an unknown host is none of them, however well known
// the path.
bool only_routed_by_host(const config::Config& config) {
  for (const config::Provider& provider : config.providers) {
    if (provider.match_host.empty()) return false;
  }
  return true;
}

Match find_provider(const http::RequestHead& head, std::string_view path,
                    const config::Config& config) {
  const std::string_view host = bare_host(head.host);
  if (const Match match = best_match(host, path, true, config); match.provider) return match;
  if (const Match match = best_match(host, path, false, config); match.provider) return match;
  if (only_routed_by_host(config)) return {};
  const auto family = provider::well_known_family(head.method, path, head.fields);
  if (!family) return {};
  for (const config::Provider& provider : config.providers) {
    if (provider.dialect == *family) return {&provider, 0};
  }
  return {};
}

// Length of "/w/<workflow>" at the front of the path, or 0; the name is put into `workflow`.
std::size_t take_workflow(std::string_view path, std::string_view prefix, std::string& workflow) {
  if (prefix.empty() || !has_path_prefix(path, prefix) || path.size() <= prefix.size() + 1)
    return 0;
  const std::size_t start = prefix.size() + 1;
  const std::size_t end = std::min(path.find('/', start), path.size());
  workflow = percent_decode(path.substr(start, end - start)).value_or("");
  return end;
}

// What is asked of the provider: the raw bytes behind the prefix, with the origin's own path before
// them and without a proxy key in the query. Stays a view where nothing has to be put together.
void set_target(Routed& routed, std::string_view path_and_query, std::size_t cut, bool drop_key) {
  const std::string_view rest = path_and_query.substr(cut);
  const std::string& origin_path = routed.provider->origin.path_prefix;
  if (origin_path.empty() && rest.starts_with('/') && !drop_key) {
    routed.forward_target = rest;
    return;
  }
  const SplitTarget split = split_target(rest);
  std::string& target = routed.forward_target_storage;
  target = origin_path;
  target += split.path;
  if (target.empty()) target = "/";
  const std::string query = drop_key ? without_key(split.query) : std::string(split.query);
  if (split.has_query && !(drop_key && query.empty())) target += "?" + query;
}

// Some servers, Google's among them, go by a method named beside the message's own.
std::string_view method_meant(const http::RequestHead& head) {
  for (const std::string_view name :
       {"x-http-method-override", "x-http-method", "x-method-override"}) {
    const http::Field* const field = http::find(head.fields, name);
    if (field != nullptr && http::equals_ignoring_case(field->value, "POST")) return "POST";
  }
  return head.method;
}

// Google's APIs take a key from the query as well: beside one of ours that of the client has to go,
// as it does from the fields.
bool replaces_query_key(const Routed& routed) {
  const provider::Family family = routed.provider->dialect;
  return routed.credential != nullptr &&
         (family == provider::Family::gemini || family == provider::Family::vertex) &&
         routed.credential->provider_keys.contains(routed.provider->name);
}

}  // namespace

Result<Routed, Rejected> route(const http::RequestHead& head, const config::Config& config,
                               Time now) {
  const SplitTarget split = split_target(head.path_and_query);
  const auto normal = normal_form(split.path);
  if (!normal) return failure(kBadPath);

  Routed routed;
  const Shown shown = find_credential(head, split.query, config, now);
  if (shown.several) return failure(kSeveralKeys);
  const bool unknown = shown.credential == nullptr && config.require_credential;
  if (unknown || shown.refused) return failure(kBadKey);
  routed.credential = shown.credential;
  routed.key_places = shown.places;

  const std::size_t for_workflow =
      take_workflow(*normal, config.workflow_path_prefix, routed.path_workflow);
  if (for_workflow > 0 && !config::is_good_name(routed.path_workflow)) return failure(kBadWorkflow);
  const std::string_view path = std::string_view(*normal).substr(for_workflow);

  const Match match = find_provider(head, path.empty() ? "/" : path, config);
  if (match.provider == nullptr) {
    return failure(only_routed_by_host(config) ? kUnknownHost : kUnknownRoute);
  }
  routed.provider = match.provider;
  routed.normal_path = path.substr(match.stripped);
  if (routed.normal_path.empty()) routed.normal_path = "/";
  routed.endpoint = provider::recognise(match.provider->dialect, method_meant(head),
                                        routed.normal_path, split.query);

  const std::size_t prefix = for_workflow + match.stripped;
  const std::size_t cut = prefix == 0 ? 0 : raw_length(split.path, prefix);
  const bool drop_key =
      shown.places.test(static_cast<std::size_t>(KeyPlace::query)) || replaces_query_key(routed);
  set_target(routed, head.path_and_query, cut, drop_key);
  return routed;
}

Spoken spoken_by(const http::RequestHead& head, const config::Config& config) {
  using provider::Dialect;
  const SplitTarget split = split_target(head.path_and_query);
  // A path that cannot be routed may still end like one that is known.
  const std::string path = normal_form(split.path).value_or(std::string(split.path));
  const Match match = find_provider(head, path, config);
  Spoken spoken;
  if (match.provider != nullptr) spoken.family = match.provider->dialect;
  spoken.endpoint = provider::recognise(spoken.family, head.method,
                                        std::string_view(path).substr(match.stripped), split.query);
  const Dialect dialect = spoken.endpoint.dialect;
  if (match.provider != nullptr ||
      (dialect != Dialect::opaque && dialect != Dialect::openai_misc)) {
    return spoken;
  }
  // Lists of models and files look alike everywhere; the client's own fields differ.
  const auto shows = [&](std::string_view name) {
    return http::find(head.fields, name) != nullptr;
  };
  if (shows("anthropic-version")) {
    spoken = {{}, provider::Family::anthropic};
  } else if (shows("x-goog-api-key") || shows("x-goog-api-client")) {
    spoken = {{}, provider::Family::gemini};
  }
  return spoken;
}

}  // namespace tokenweir::identify

#include "provider/dialect.h"

#include <algorithm>
#include <array>

#include "provider/rules.h"

namespace tokenweir::provider {
namespace {

constexpr std::array<std::string_view, 8> kFamilies = {"openai", "azure",  "anthropic", "gemini",
                                                       "vertex", "cohere", "ollama",    "opaque"};

constexpr std::array<std::string_view, 15> kDialects = {"openai_chat",
                                                        "openai_completions",
                                                        "openai_responses",
                                                        "openai_embeddings",
                                                        "openai_images",
                                                        "openai_audio",
                                                        "openai_misc",
                                                        "anthropic_messages",
                                                        "anthropic_misc",
                                                        "gemini",
                                                        "gemini_interactions",
                                                        "gemini_misc",
                                                        "cohere",
                                                        "ollama",
                                                        "opaque"};

// The vendors. A family's own vendor is asked first, then the others in this order: a server of one
// family often offers another family's paths beside its own.
constexpr std::array kVendors = std::to_array<Vendor>({
    {bit(Family::openai) | bit(Family::azure), recognise_openai},
    {bit(Family::anthropic), recognise_anthropic},
    {bit(Family::gemini) | bit(Family::vertex), recognise_gemini},
    {bit(Family::cohere), recognise_cohere},
    {bit(Family::ollama), recognise_ollama},
});

// The OpenAI table holds broad words ("generate", "completion"); a native path of Ollama or Cohere
// must not be taken for one of them.
bool is_native_path(const Segments& path) {
  return path.size() >= 2 && path[path.size() - 2] == "api" &&
         (path.last() == "chat" || path.last() == "generate" || path.last() == "embed");
}

// What an API's own paths begin with; anything else in front is somebody's private prefix.
constexpr std::array<std::string_view, 11> kRoots = {"v1",
                                                     "v1beta",
                                                     "v1alpha",
                                                     "v1beta1",
                                                     "v2",
                                                     "api",
                                                     "beta",
                                                     "openai/v1",
                                                     "openai/deployments",
                                                     "inference/v1",
                                                     "compatibility/v1"};

bool begins_like_an_api(const Segments& path) {
  if (path.size() == 0) return false;
  const std::string_view first = path[0];
  const std::string_view second = path.size() > 1 ? path[1] : std::string_view{};
  for (const std::string_view root : kRoots) {
    const std::size_t slash = root.find('/');
    if (first != root.substr(0, slash)) continue;
    if (slash == std::string_view::npos || root.substr(slash + 1) == second) return true;
  }
  return false;
}

Family family_of(Dialect dialect) {
  switch (dialect) {
    case Dialect::openai_chat:
    case Dialect::openai_completions:
    case Dialect::openai_responses:
    case Dialect::openai_embeddings:
    case Dialect::openai_images:
    case Dialect::openai_audio:
    case Dialect::openai_misc:
      return Family::openai;
    case Dialect::anthropic_messages:
    case Dialect::anthropic_misc:
      return Family::anthropic;
    case Dialect::gemini:
    case Dialect::gemini_interactions:
    case Dialect::gemini_misc:
      return Family::gemini;
    case Dialect::cohere:
      return Family::cohere;
    case Dialect::ollama:
      return Family::ollama;
    case Dialect::opaque:
      break;
  }
  return Family::opaque;
}

Endpoint recognise_as_written(Family family, Method method, const Segments& segments,
                              std::string_view query) {
  Endpoint endpoint;
  if (segments.too_deep()) return endpoint;
  if (is_native_path(segments) && recognise_ollama(family, method, segments, query, endpoint)) {
    return endpoint;
  }
  for (const Vendor& vendor : kVendors) {
    if ((vendor.own & bit(family)) == 0) continue;
    if (vendor.recognise(family, method, segments, query, endpoint)) return endpoint;
  }
  for (const Vendor& vendor : kVendors) {
    if ((vendor.own & bit(family)) != 0) continue;
    if (vendor.recognise(family, method, segments, query, endpoint)) return endpoint;
  }
  return endpoint;
}

// What a lenient server takes a path for: without regard to case, escapes undone (twice by some),
// each segment without its parameters and without dots and blanks at its end.
std::string lenient_form(std::string_view path) {
  std::string decoded(path);
  for (int i = 0; i < 2; ++i) decoded = percent_decoded(decoded);
  std::string lenient;
  for (std::string_view rest = decoded; !rest.empty();) {
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    std::string_view segment = rest.substr(0, slash);
    segment = segment.substr(0, segment.find(';'));
    while (segment.ends_with('.') || segment.ends_with(' ')) segment.remove_suffix(1);
    lenient += segment;
    rest.remove_prefix(std::min(slash + 1, rest.size()));
    if (!rest.empty()) lenient += '/';
  }
  std::ranges::transform(lenient, lenient.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  return lenient;
}

bool costs(const Endpoint& endpoint) {
  return endpoint.cappable || endpoint.metered || endpoint.async_job;
}

bool has(std::span<const http::Field> fields, std::string_view name) {
  return http::find(fields, name) != nullptr;
}

}  // namespace

std::optional<Family> family_named(std::string_view name) {
  const auto found = std::ranges::find(kFamilies, name);
  if (found == kFamilies.end()) return std::nullopt;
  return static_cast<Family>(found - kFamilies.begin());
}

std::string_view name_of(Family family) { return kFamilies[static_cast<std::size_t>(family)]; }
std::string_view name_of(Dialect dialect) { return kDialects[static_cast<std::size_t>(dialect)]; }

Endpoint recognise(Family family, std::string_view method, std::string_view path,
                   std::string_view query) {
  const Method kind = method_named(method);
  Endpoint endpoint = recognise_as_written(family, kind, Segments(path), query);
  // What costs nothing as it is written must not be what costs something to a server less strict;
  // nor "chat;x/completions" the older and simpler API.
  const bool older = endpoint.dialect == Dialect::openai_completions;
  if (kind != kPost || (costs(endpoint) && !older)) return endpoint;
  const std::string lenient = lenient_form(path);
  if (lenient == path) return endpoint;
  Endpoint other = recognise_as_written(family, kind, Segments(lenient), query);
  const bool differs = other.dialect != endpoint.dialect || other.name != endpoint.name;
  return costs(other) && differs ? other : endpoint;
}

std::optional<Family> well_known_family(std::string_view method, std::string_view path,
                                        std::span<const http::Field> fields) {
  const Segments segments(path);
  if (segments.too_deep() || !begins_like_an_api(segments)) return std::nullopt;
  const std::string_view first = segments[0];
  const std::string_view second = segments.size() > 1 ? segments[1] : std::string_view{};

  if (first == "openai") {
    const bool azure = second == "deployments" || has(fields, "api-key");
    return azure ? Family::azure : Family::openai;
  }
  if (second == "projects" || second == "publishers") return Family::vertex;
  if (first == "v1beta" || first == "v1alpha") return Family::gemini;
  // Several vendors list models and keep files under the same paths; only the client's own headers
  // tell them apart.
  if (second == "models" || second == "files") {
    if (has(fields, "anthropic-version")) return Family::anthropic;
    if (has(fields, "x-goog-api-key")) return Family::gemini;
  }
  const Endpoint endpoint = recognise(Family::opaque, method, path, {});
  if (endpoint.dialect == Dialect::opaque) return std::nullopt;
  return family_of(endpoint.dialect);
}

Family spoken_at(const Endpoint& endpoint, Family family) {
  const Family own = family_of(endpoint.dialect);
  if (own == Family::gemini && family == Family::vertex) return family;
  return own == Family::opaque ? family : own;
}

ErrorAnswer error_answer(const Endpoint& endpoint, Family family, const Problem& problem) {
  switch (spoken_at(endpoint, family)) {
    case Family::anthropic:
      return anthropic_error(problem);
    case Family::gemini:
    case Family::vertex:
      return gemini_error(problem,
                          endpoint.streams.value_or(false) && !endpoint.server_sent_events);
    case Family::cohere:
      return cohere_error(problem);
    case Family::ollama:
      return ollama_error(problem);
    case Family::openai:
    case Family::azure:
    case Family::opaque:
      break;
  }
  return openai_error(problem);
}

}  // namespace tokenweir::provider

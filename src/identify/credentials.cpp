#include "identify/credentials.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "identify/path.h"

namespace tokenweir::identify {
namespace {

constexpr std::size_t kLongestKey = 4096;

// What the keys begin with that `tokenweir keys` makes.
constexpr std::string_view kOwnPrefix = "twk_";

struct FoundKey {
  const config::Credential* credential = nullptr;
  bool over = false;
};

FoundKey lookup(std::string_view key, const config::Config& config, Time now) {
  if (key.empty() || key.size() > kLongestKey) return {};
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(key.data()), key.size(), digest);
  FoundKey found;
  for (const config::Credential& credential : config.credentials) {
    for (const config::ProxyKey& good : credential.keys) {
      const bool same = CRYPTO_memcmp(digest, good.digest.data(), good.digest.size()) == 0;
      const bool over = credential.revoked || (good.expires && now >= *good.expires);
      if (same && !over) found.credential = &credential;
      found.over |= same && over;
    }
  }
  return found;
}

std::string_view bearer_token(std::string_view value) {
  const std::size_t space = value.find(' ');
  if (space == std::string_view::npos) return {};
  if (!http::equals_ignoring_case(value.substr(0, space), "bearer")) return {};
  const std::size_t start = value.find_first_not_of(' ', space);
  return start == std::string_view::npos ? std::string_view() : value.substr(start);
}

constexpr std::pair<std::string_view, KeyPlace> kFields[] = {
    {"authorization", KeyPlace::authorization},
    {"x-api-key", KeyPlace::x_api_key},
    {"api-key", KeyPlace::api_key},
    {"x-goog-api-key", KeyPlace::x_goog_api_key},
    {"x-llm-key", KeyPlace::x_llm_key},
};

std::optional<KeyPlace> place_of(std::string_view name) {
  for (const auto& [known, place] : kFields) {
    if (http::equals_ignoring_case(name, known)) return place;
  }
  return std::nullopt;
}

// Calls `visit(parameter, is key, value)` for every "&"-separated part.
template <typename Visit>
void for_each_parameter(std::string_view query, Visit visit) {
  while (true) {
    const std::size_t end = query.find('&');
    const std::string_view parameter = query.substr(0, end);
    const std::size_t equals = parameter.find('=');
    const auto name = percent_decode(parameter.substr(0, equals), true);
    const bool is_key = equals != std::string_view::npos && name && *name == "key";
    visit(parameter, is_key, is_key ? parameter.substr(equals + 1) : std::string_view());
    if (end == std::string_view::npos) return;
    query.remove_prefix(end + 1);
  }
}

}  // namespace

Shown find_credential(const http::RequestHead& head, std::string_view query,
                      const config::Config& config, Time now) {
  Shown shown;
  if (config.credentials.empty()) return shown;
  const auto try_key = [&](std::string_view key, KeyPlace place) {
    const auto [credential, over] = lookup(key, config, now);
    shown.refused |= over || (credential == nullptr && key.starts_with(kOwnPrefix));
    if (credential == nullptr) return;
    shown.several |= shown.credential != nullptr && shown.credential != credential;
    shown.credential = credential;
    shown.places.set(static_cast<std::size_t>(place));
  };
  for (const http::Field& field : head.fields) {
    const auto place = place_of(field.name);
    if (!place) continue;
    const std::string_view bearer =
        *place == KeyPlace::authorization ? bearer_token(field.value) : std::string_view();
    try_key(bearer.empty() ? std::string_view(field.value) : bearer, *place);
  }
  if (query.find("ke") == std::string_view::npos && query.find('%') == std::string_view::npos) {
    return shown;
  }
  for_each_parameter(query, [&](std::string_view, bool is_key, std::string_view value) {
    if (!is_key) return;
    if (const auto key = percent_decode(value, true)) try_key(*key, KeyPlace::query);
  });
  return shown;
}

void append_key_fields(const KeyPlaces& places, std::vector<std::string_view>& names) {
  for (const auto& [name, place] : kFields) {
    if (places.test(static_cast<std::size_t>(place))) names.push_back(name);
  }
}

std::string without_key(std::string_view query) {
  std::string out;
  bool first = true;
  for_each_parameter(query, [&](std::string_view parameter, bool is_key, std::string_view) {
    if (is_key) return;
    if (!first) out += '&';
    first = false;
    out += parameter;
  });
  return out;
}

}  // namespace tokenweir::identify

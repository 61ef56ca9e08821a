// Open price catalogues as values: offline JSON files of genai-prices, LiteLLM, models.dev and
// OpenRouter, reduced to the four kinds they all have.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.h"
#include "pricing/rates.h"

namespace tokenweir::cli {

inline constexpr std::array<TokenClass, 4> kCompared = {
    TokenClass::input, TokenClass::cache_read, TokenClass::cache_write_unknown, TokenClass::output};

struct CataloguePrice {
  std::array<std::optional<std::int64_t>, kCompared.size()> picodollars;  // per token
  std::string since;  // day the catalogue dates it by; usually empty
};

struct Catalogue {
  std::string source;
  // Our list's name -> the catalogue's model names in lower case.
  std::map<std::string, std::map<std::string, CataloguePrice>> lists;
};

[[nodiscard]] std::vector<std::string> catalogue_sources();
// `text` is the catalogue's JSON; of dated prices those in force at `at` are taken. No value when
// it is not a catalogue of that source; `why` says it.
[[nodiscard]] std::optional<Catalogue> read_catalogue(const std::string& source,
                                                      const std::string& text, Time at,
                                                      std::string& why);

}  // namespace tokenweir::cli

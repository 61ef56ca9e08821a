// What a price file says, as values: rates by kind, bands by context size, daily windows,
// modifiers, dated periods, models. Amounts are picodollars per token (or per call, second,
// character, page).
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <map>
#include <optional>
#include <regex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/time.h"
#include "core/usage.h"
#include "pricing/exact.h"
#include "pricing/price_book.h"

namespace tokenweir::pricing {

// One number line over everything that has a rate: the token classes, then the call classes.
using Kind = std::size_t;
inline constexpr std::size_t kKinds = kTokenClasses + kCallClasses;
using KindSet = std::bitset<kKinds>;

[[nodiscard]] constexpr Kind kind(TokenClass c) { return static_cast<Kind>(c); }
[[nodiscard]] constexpr Kind kind(CallClass c) { return kTokenClasses + static_cast<Kind>(c); }
[[nodiscard]] constexpr bool is_token(Kind k) { return k < kTokenClasses; }

// The names of the price file ("cache_write_1h", "input_audio", "web_search", ...). `cache_write`
// is the rate of a write whose time to live has no rate of its own.
[[nodiscard]] std::string_view file_name_of(Kind k);
[[nodiscard]] std::optional<Kind> kind_of_file_name(std::string_view name);
[[nodiscard]] CostKind cost_kind_of(Kind k);
// Every token kind: what a factor applies to unless its file says otherwise.
[[nodiscard]] KindSet token_kinds();

struct Rates {
  std::array<std::optional<std::int64_t>, kKinds> picodollars;
  // Per token-hour; listed for completeness, the wire never says how long a cache lived.
  std::optional<std::int64_t> cache_storage;

  [[nodiscard]] const std::optional<std::int64_t>& operator[](Kind k) const {
    return picodollars[k];
  }
  // Values of `other` replace ours where it has one.
  void overlay(const Rates& other);
};

// A rate with the kind it was taken from: another than the one asked for when the file is silent.
struct FoundRate {
  std::int64_t picodollars = 0;
  Kind from = 0;
  // The price of another kind stands in although a price of its own is normal (cache reads at the
  // input price); said in the price id.
  bool substitute = false;
};
[[nodiscard]] std::optional<FoundRate> find_rate(const Rates& rates, Kind k);

// All keys that are given must match; each matches when one of its values does. Values are lower
// case; `host` and `region` may use `*`.
struct Condition {
  std::vector<std::string> service_tier;
  std::vector<std::string> speed;
  std::vector<std::string> region;
  std::vector<std::string> host;
  std::optional<bool> byok;
};

struct Circumstances {
  std::string service_tier;  // normalised: "batch", "flex", "priority", ...; empty: standard
  std::string speed;
  std::string region;
  std::string host;
  bool byok = false;
};
[[nodiscard]] bool matches(const Condition& condition, const Circumstances& circumstances);
// The words of all providers for one thing: "ON_DEMAND_FLEX" is flex, "default" is empty.
[[nodiscard]] std::string normal_service_tier(std::string_view served, bool batch);
// Capacity that was bought beforehand: its tokens cost nothing more.
[[nodiscard]] bool is_provisioned(std::string_view normal_tier);

// Either multiplies some kinds or states their rates outright.
struct Adjustment {
  std::optional<Factor> factor;
  KindSet kinds;
  Rates rates;
};

struct Modifier {
  std::string name;
  Condition when;
  Adjustment adjustment;
};

struct Window {
  // Minutes of the UTC day; an end before its start runs past midnight.
  std::vector<std::pair<int, int>> utc;
  std::bitset<7> days;  // by the day the range starts on, Sunday first
  Adjustment adjustment;
  std::string text;

  [[nodiscard]] bool contains(Time at) const;
};

struct Band {
  std::uint64_t min_input_tokens = 0;
  Rates rates;
  std::vector<Modifier> modifiers;
};

struct Period {
  Time from = Time::min();
  Time to = Time::max();  // exclusive
  std::string label;      // the date as the file has it, or "start"
  std::vector<Band> bands;
  std::vector<Window> windows;

  [[nodiscard]] bool contains(Time at) const { return from <= at && at < to; }
  [[nodiscard]] const Band& band(std::uint64_t input_tokens) const;
};

// A contract's say over a list price, for one model or (without a model) the whole list.
struct Contract {
  Time from = Time::min();
  Time to = Time::max();
  std::optional<Factor> factor;  // 1 - discount
  KindSet kinds;
  std::vector<Band> bands;  // contracted rates; the first is the base

  [[nodiscard]] bool contains(Time at) const { return from <= at && at < to; }
};

struct Match {
  enum class Form : std::uint8_t { exact, prefix, regex };
  Form form = Form::exact;
  std::string text;  // lower case
};

struct Model {
  std::string id;
  std::vector<Match> match;
  std::vector<Period> periods;
  std::vector<Modifier> modifiers;
  std::vector<Contract> contracts;

  [[nodiscard]] const Period* period(Time at) const;
};

struct Alias {
  std::string name;
  std::string model;
  Time from = Time::min();
  Time to = Time::max();
};

struct Pattern {
  std::regex regex;
  std::size_t length = 0;
  std::size_t model = 0;
};

struct PriceList {
  std::string name;
  std::string provider;  // OpenTelemetry value
  std::string checked;
  std::vector<std::string> sources;
  std::vector<Modifier> modifiers;
  std::vector<Model> models;
  std::vector<Alias> aliases;
  std::vector<Contract> contracts;

  // Indices over `models`, built by index().
  std::unordered_map<std::string, std::size_t> exact;
  std::map<std::string, std::size_t, std::less<>> prefixes;
  std::vector<Pattern> patterns;  // longest first

  void index();
};

struct PriceBook::Rows {
  std::map<std::string, PriceList, std::less<>> lists;
  std::string revision;
};

}  // namespace tokenweir::pricing

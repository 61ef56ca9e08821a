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

// So many picodollars for so many units, in lowest terms: "0.111 dollars for 3600 seconds" has no
// whole number of picodollars for one second and stays exact all the same.
struct Rate {
  std::int64_t picodollars = 0;
  std::int64_t units = 1;
  std::uint64_t minimum = 0;  // units billed at least, where the provider has a floor

  [[nodiscard]] Factor per_unit() const { return Factor{1, units}; }
  [[nodiscard]] bool dearer_than(const Rate& other) const {
    return static_cast<Int128>(picodollars) * other.units >
           static_cast<Int128>(other.picodollars) * units;
  }
  friend bool operator==(const Rate&, const Rate&) = default;
};
// Dollars per million units, exact when it is a finite decimal: "2.5".
[[nodiscard]] std::string dollars_per_million(const Rate& rate);

struct Rates {
  std::array<std::optional<Rate>, kKinds> of;
  // Per token-hour; listed for completeness, the wire never says how long a cache lived.
  std::optional<Rate> cache_storage;

  [[nodiscard]] const std::optional<Rate>& operator[](Kind k) const { return of[k]; }
  [[nodiscard]] std::optional<Rate>& operator[](Kind k) { return of[k]; }
  // Values of `other` replace ours where it has one.
  void overlay(const Rates& other);
};

// A rate with the kind it was taken from: another than the one asked for when the file is silent.
struct FoundRate {
  Rate rate;
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
  std::vector<std::string> search_context;
  std::optional<bool> byok;
};

struct Circumstances {
  std::string service_tier;  // normalised: "batch", "flex", "priority", ...; empty: standard
  std::string speed;
  std::string region;
  std::string host;
  std::string search_context;
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

// Where a row stands: an index into PriceBook::Rows::files, line and column from 1.
struct Place {
  std::size_t file = 0;
  int line = 0;
  int column = 0;
};

struct Period {
  Place place;
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
  Place place;
  Time from = Time::min();
  Time to = Time::max();
  std::optional<Factor> factor;  // 1 - discount
  KindSet kinds;
  std::vector<Band> bands;  // contracted rates; the first is the base

  [[nodiscard]] bool contains(Time at) const { return from <= at && at < to; }
};

struct Match {
  Place place;
  enum class Form : std::uint8_t { exact, prefix, regex };
  Form form = Form::exact;
  std::string text;  // lower case
};

// What a model can read and say at most, in tokens; 0: not known.
struct ModelLimits {
  std::int64_t context = 0;
  std::int64_t output = 0;

  friend bool operator==(const ModelLimits&, const ModelLimits&) = default;
};

struct Model {
  Place place;
  std::string id;
  std::vector<Match> match;
  ModelLimits limits;
  std::vector<Period> periods;
  std::vector<Modifier> modifiers;
  std::vector<Contract> contracts;

  [[nodiscard]] const Period* period(Time at) const;
};

struct Alias {
  Place place;
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
  Place place;
  std::string name;
  std::string provider;  // OpenTelemetry value
  std::string checked;
  std::vector<std::string> sources;
  std::vector<std::string> inherits;  // lists asked for models this one does not have
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
  std::vector<std::string> files;
  std::map<std::string, PriceList, std::less<>> lists;
  std::string revision;
};

}  // namespace tokenweir::pricing

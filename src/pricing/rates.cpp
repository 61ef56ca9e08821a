#include "pricing/rates.h"

#include <algorithm>
#include <numeric>

#include "core/text.h"

namespace tokenweir::pricing {
namespace {

constexpr std::array<std::string_view, kKinds> kFileNames = {"input",
                                                             "cache_read",
                                                             "cache_write_5m",
                                                             "cache_write_30m",
                                                             "cache_write_1h",
                                                             "cache_write_12h",
                                                             "cache_write",
                                                             "input_audio",
                                                             "cache_read_audio",
                                                             "input_image",
                                                             "cache_read_image",
                                                             "input_video",
                                                             "input_document",
                                                             "input_tool",
                                                             "input_citation",
                                                             "output",
                                                             "reasoning",
                                                             "output_audio",
                                                             "output_image",
                                                             "web_search",
                                                             "web_fetch",
                                                             "grounded_prompt",
                                                             "search_query",
                                                             "code_execution",
                                                             "file_search",
                                                             "x_search",
                                                             "maps",
                                                             "search_unit",
                                                             "classification",
                                                             "request",
                                                             "image",
                                                             "page",
                                                             "second",
                                                             "output_second",
                                                             "character"};

struct Substitute {
  TokenClass asked;
  TokenClass from;
  bool worth_saying;
};

// Where a kind without a rate of its own takes it from, tried in order. A reasoning token is an
// output token and an image is input; a cache price that nobody listed is a gap, so it is said.
constexpr std::array kSubstitutes = {
    Substitute{TokenClass::cache_read, TokenClass::input, true},
    Substitute{TokenClass::cache_write_5m, TokenClass::cache_write_unknown, false},
    Substitute{TokenClass::cache_write_5m, TokenClass::input, true},
    Substitute{TokenClass::cache_write_30m, TokenClass::cache_write_unknown, false},
    Substitute{TokenClass::cache_write_30m, TokenClass::input, true},
    Substitute{TokenClass::cache_write_1h, TokenClass::cache_write_unknown, true},
    Substitute{TokenClass::cache_write_1h, TokenClass::input, true},
    Substitute{TokenClass::cache_write_12h, TokenClass::cache_write_unknown, true},
    Substitute{TokenClass::cache_write_12h, TokenClass::input, true},
    Substitute{TokenClass::cache_write_unknown, TokenClass::cache_write_5m, false},
    Substitute{TokenClass::cache_write_unknown, TokenClass::cache_write_30m, false},
    Substitute{TokenClass::cache_write_unknown, TokenClass::input, true},
    Substitute{TokenClass::audio_input, TokenClass::input, false},
    Substitute{TokenClass::audio_cache_read, TokenClass::audio_input, true},
    Substitute{TokenClass::audio_cache_read, TokenClass::cache_read, false},
    Substitute{TokenClass::audio_cache_read, TokenClass::input, true},
    Substitute{TokenClass::image_input, TokenClass::input, false},
    Substitute{TokenClass::image_cache_read, TokenClass::image_input, true},
    Substitute{TokenClass::image_cache_read, TokenClass::cache_read, false},
    Substitute{TokenClass::image_cache_read, TokenClass::input, true},
    Substitute{TokenClass::video_input, TokenClass::input, false},
    Substitute{TokenClass::document_input, TokenClass::input, false},
    Substitute{TokenClass::tool_input, TokenClass::input, false},
    Substitute{TokenClass::citation_input, TokenClass::input, false},
    Substitute{TokenClass::reasoning, TokenClass::output, false},
    Substitute{TokenClass::audio_output, TokenClass::output, false},
    Substitute{TokenClass::image_output, TokenClass::output, false},
};

// `*` stands for any run of characters. Iterative, so a hostile text costs at most its length times
// the pattern's.
bool glob(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool any_matches(const std::vector<std::string>& patterns, const std::string& value) {
  if (patterns.empty()) return true;
  return std::ranges::any_of(patterns, [&](const auto& pattern) { return glob(pattern, value); });
}

}  // namespace

std::string_view file_name_of(Kind k) { return kFileNames[k]; }

std::optional<Kind> kind_of_file_name(std::string_view name) {
  const auto* const found = std::ranges::find(kFileNames, name);
  if (found == kFileNames.end()) return std::nullopt;
  return static_cast<Kind>(found - kFileNames.begin());
}

CostKind cost_kind_of(Kind k) {
  return is_token(k) ? kind_of(static_cast<TokenClass>(k))
                     : kind_of(static_cast<CallClass>(k - kTokenClasses));
}

KindSet token_kinds() {
  KindSet kinds;
  for (Kind k = 0; k < kTokenClasses; ++k) kinds.set(k);
  return kinds;
}

// The same list by the kind that is asked for: a lookup happens for every kind of every request.
struct StandIns {
  std::array<std::pair<std::uint8_t, bool>, 3> from{};
  std::size_t count = 0;
};
constexpr std::array<StandIns, kKinds> kStandIns = [] {
  std::array<StandIns, kKinds> table{};
  for (const Substitute& substitute : kSubstitutes) {
    StandIns& row = table[kind(substitute.asked)];
    row.from[row.count++] = {static_cast<std::uint8_t>(kind(substitute.from)),
                             substitute.worth_saying};
  }
  return table;
}();

std::string dollars_per_million(const Rate& rate) {
  // A picodollar per unit is a millionth of a dollar per million units.
  constexpr std::int64_t kScale = 1'000'000;
  const std::int64_t divisor = std::gcd(rate.picodollars, kScale);
  const auto per_unit = Factor{rate.picodollars / divisor, kScale / divisor}.times(rate.per_unit());
  return per_unit ? per_unit->to_decimal() : "out of range";
}

void Rates::overlay(const Rates& other) {
  for (Kind k = 0; k < kKinds; ++k) {
    if (other[k]) of[k] = other[k];
  }
  if (other.cache_storage) cache_storage = other.cache_storage;
}

std::optional<FoundRate> find_rate(const Rates& rates, Kind k) {
  if (rates[k]) return FoundRate{*rates[k], k, false};
  const StandIns& stand_ins = kStandIns[k];
  for (std::size_t i = 0; i < stand_ins.count; ++i) {
    const auto& [from, worth_saying] = stand_ins.from[i];
    if (rates[from]) return FoundRate{*rates[from], from, worth_saying};
  }
  return std::nullopt;
}

bool matches(const Condition& condition, const Circumstances& circumstances) {
  return any_matches(condition.service_tier, circumstances.service_tier) &&
         any_matches(condition.speed, circumstances.speed) &&
         any_matches(condition.region, circumstances.region) &&
         any_matches(condition.host, circumstances.host) &&
         any_matches(condition.search_context, circumstances.search_context) &&
         (!condition.byok || *condition.byok == circumstances.byok);
}

std::string normal_service_tier(std::string_view served, bool batch) {
  std::string tier = lower_case(served);
  constexpr std::string_view kOnDemand = "on_demand_";
  if (tier.starts_with(kOnDemand)) tier.erase(0, kOnDemand.size());
  if (tier == "default" || tier == "standard" || tier == "auto" || tier == "on_demand" ||
      tier == "standard_only" || tier == "unspecified") {
    tier.clear();
  }
  if (batch && !is_provisioned(tier)) return "batch";
  return tier;
}

bool is_provisioned(std::string_view normal_tier) {
  return normal_tier == "scale" || normal_tier == "provisioned" ||
         normal_tier == "provisioned_throughput" || normal_tier == "reserved";
}

bool Window::contains(Time at) const {
  using namespace std::chrono;
  const auto day = floor<std::chrono::days>(at);
  const int minute = static_cast<int>(floor<minutes>(at - day).count());
  const unsigned today = weekday{day}.c_encoding();
  const unsigned yesterday = (today + 6) % 7;
  return std::ranges::any_of(utc, [&](const auto& range) {
    const auto& [begin, end] = range;
    if (begin < end) return days[today] && begin <= minute && minute < end;
    return (days[today] && minute >= begin) || (days[yesterday] && minute < end);
  });
}

const Band& Period::band(std::uint64_t input_tokens) const {
  const Band* chosen = &bands.front();
  for (const Band& candidate : bands) {
    if (candidate.min_input_tokens <= input_tokens) chosen = &candidate;
  }
  return *chosen;
}

const Period* Model::period(Time at) const {
  for (const Period& candidate : periods) {
    if (candidate.contains(at)) return &candidate;
  }
  return nullptr;
}

void PriceList::index() {
  exact.clear();
  prefixes.clear();
  patterns.clear();
  for (std::size_t i = 0; i < models.size(); ++i) {
    exact.emplace(lower_case(models[i].id), i);
    for (const Match& match : models[i].match) {
      switch (match.form) {
        case Match::Form::exact:
          exact.emplace(match.text, i);
          break;
        case Match::Form::prefix:
          prefixes.emplace(match.text, i);
          break;
        case Match::Form::regex:
          patterns.push_back({std::regex(match.text, std::regex::ECMAScript | std::regex::optimize),
                              match.text.size(), i});
          break;
      }
    }
  }
  std::ranges::stable_sort(patterns,
                           [](const Pattern& a, const Pattern& b) { return a.length > b.length; });
}

}  // namespace tokenweir::pricing

// The working of a bill: which row, period, band, window and modifiers apply to one inference, and
// what each kind of usage costs there. `bill` and `prices explain` both read it, so they cannot
// differ.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/record.h"
#include "pricing/exact.h"
#include "pricing/rates.h"

namespace tokenweir::pricing {

enum class Found : std::uint8_t { exact, alias, pattern, simplified, none };

// A list and those it inherits from, in the order they are asked.
using Lists = std::vector<const PriceList*>;
// Empty when the book has no list of that name.
[[nodiscard]] Lists lists_of(const PriceBook::Rows& rows, std::string_view name);

struct Lookup {
  const PriceList* list = nullptr;  // where the model was found
  const Model* model = nullptr;
  Found found = Found::none;
};
[[nodiscard]] Lookup find_model(const PriceList& list, std::string_view model, Time at);
[[nodiscard]] Lookup find_model(const Lists& lists, std::string_view model, Time at);

struct QuoteLine {
  Kind kind = 0;
  std::uint64_t count = 0;
  std::optional<Rate> rate;  // at list price; no value: the file has none
  Rate contract_rate;
  Factor factor;                  // modifiers and window
  Factor contract_factor;         // the same with the discount
  std::optional<Kind> rate_from;  // another kind's rate stands in
  bool substitute_said = false;
  std::optional<Rate> plain_rate;  // contracted price of the same tokens without a cache
};

struct Quote {
  const PriceList* list = nullptr;  // where the model is listed
  const Model* model = nullptr;     // none: priced at the dearest rate of the list
  Found found = Found::none;
  const Period* period = nullptr;
  bool outside_periods = false;  // no period holds the time, the nearest one stands in
  const Band* band = nullptr;
  const Window* window = nullptr;
  std::vector<const Modifier*> modifiers;
  const Contract* contract = nullptr;
  bool provisioned = false;
  bool overflowed = false;
  std::vector<QuoteLine> lines;  // kinds with a count above zero

  [[nodiscard]] bool is_estimate() const { return model == nullptr || outside_periods; }
  // No rate at all applies to anything that was used.
  [[nodiscard]] bool has_no_rate() const;
  // "gpt-5.4@2026-03-05>=272000~01:00-04:00+batch!cache_read=input"
  [[nodiscard]] std::string describe() const;
};

// Without a model it is an estimate at the dearest rates in force in `lists`. With `whole_request`
// a flat fee of the request is due once although nobody counted it.
[[nodiscard]] Quote make_quote(const Lists& lists, const Lookup& found, const Usage& usage, Time at,
                               const Circumstances& circumstances, bool whole_request);

// Exact sums of one or several quotes, kept as fractions until the row is complete.
struct Sums {
  std::array<ExactSum, kCostKinds> cost;
  ExactSum list_cost;
  ExactSum cache_savings;
  ExactSum cache_write_premium;

  // Returns the cost of this quote alone.
  ExactSum add(const Quote& quote);
};

}  // namespace tokenweir::pricing

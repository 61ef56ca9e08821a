// The last pure step of an exchange: from what was learned to what it cost and how that is known.
// Fills `bill`, `input_source` and `output_source` of the record; a test can call it with values
// alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/record.h"
#include "pricing/price_book.h"

namespace tokenweir::settle {

struct Context {
  std::string_view prices;          // the provider's price list; empty: it has none
  std::string_view downgraded;      // asked for instead of the record's model; empty: that one was
  std::string_view host;            // of the provider: regional hosts have their own prices
  std::string_view search_context;  // asked for; what the answer says wins
  std::optional<std::uint64_t> spoken_characters;  // of the request, priced where nothing is told
  bool free_endpoint = false;                      // never billed (counting tokens, listing models)
  bool metered_endpoint = false;                   // its answer may carry usage
  bool async_job = false;      // starts work whose usage arrives with another exchange
  bool billed_before = false;  // a stored answer, read again
  // Whether the record's counted tokens are certain or estimates.
  bool counted_input_exact = false;
  bool counted_output_exact = false;
  // What a budget set aside, charged where work may have been done and nobody says how much.
  std::optional<Money> held_cost;
  pricing::UnknownModel unknown_model = pricing::UnknownModel::estimate;
};

// Costs are exactly zero where nothing can have been billed: no byte reached the provider, the
// endpoint is free, the answer was billed with an earlier exchange, or the provider itself answered
// with an error and no usage. Where work may have been done and nobody said how much, the cost
// is what was held for it, or stays without a value.
void settle(Record& record, const pricing::PriceBook& prices, const Context& context);

}  // namespace tokenweir::settle

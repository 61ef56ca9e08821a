// The price book: which rate applies to which token of which model at which moment. An immutable
// snapshot, shared by all threads. Exact integer arithmetic; rounded half-even once per row.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/answer.h"
#include "core/record.h"
#include "core/time.h"

namespace tokenweir::pricing {

enum class UnknownModel : std::uint8_t { estimate, reject, allow };

struct PriceQuery {
  std::string_view prices;  // the config's `prices:` of the provider, i.e. a price file's list
  std::string_view model_requested;
  Time at{};              // the request's start, UTC: picks period and window
  std::string_view host;  // regional uplifts
  std::string_view region;
  std::string_view search_context;  // of a search model: low, medium, high; its fee depends on it
  bool batch = false;
};

struct Quote;
struct ModelLimits;

class PriceBook {
 public:
  struct Rows;
  explicit PriceBook(std::shared_ptr<const Rows> rows);
  PriceBook();  // empty: everything is unpriced

  // Prices every inference of the answer (served model first, then the requested one) and sums.
  [[nodiscard]] Bill bill(const PriceQuery& query, const Answer& answer,
                          UnknownModel unknown = UnknownModel::estimate) const;
  // The working behind the first inference of a bill, for `prices explain` (quote.h). The list must
  // exist, the answer has an inference; the quote points into this book.
  [[nodiscard]] Quote quote(const PriceQuery& query, const Answer& answer) const;
  // The OpenTelemetry provider value of a price list ("openai", "gcp.gemini"); empty when unknown.
  [[nodiscard]] std::string_view provider_label(std::string_view prices) const;
  [[nodiscard]] std::string_view canonical_model(std::string_view prices, std::string_view model,
                                                 Time at) const;
  // What the model can read and say at most, as the list or one it inherits from states it.
  [[nodiscard]] ModelLimits limits(std::string_view prices, std::string_view model, Time at) const;
  [[nodiscard]] std::string_view revision() const;  // hash of all files in force
  [[nodiscard]] const Rows& rows() const { return *rows_; }

 private:
  std::shared_ptr<const Rows> rows_;
};

}  // namespace tokenweir::pricing

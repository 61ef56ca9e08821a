#include "budget/amounts.h"

namespace tokenweir::budget {

std::string_view name_of(Measure measure) {
  switch (measure) {
    case Measure::usd:
      return "usd";
    case Measure::requests:
      return "requests";
    case Measure::input_tokens:
      return "input_tokens";
    case Measure::output_tokens:
      return "output_tokens";
    case Measure::total_tokens:
      return "total_tokens";
    case Measure::concurrent:
      return "concurrent";
  }
  return "usd";
}

void Amounts::add(const Amounts& other) {
  for (std::size_t i = 0; i < kMeasures; ++i) of[i] = saturating_add(of[i], other.of[i]);
}

void Amounts::subtract(const Amounts& other) {
  for (std::size_t i = 0; i < kMeasures; ++i) of[i] = saturating_subtract(of[i], other.of[i]);
}

}  // namespace tokenweir::budget

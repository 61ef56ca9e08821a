// Configuration and prices as one immutable value: swapped whole at a reload; an exchange keeps the
// one it began with.
#pragma once

#include "admit/policy.h"
#include "config/config.h"
#include "pricing/price_book.h"

namespace tokenweir::exchange {

struct Snapshot {
  config::Config config;
  pricing::PriceBook prices;
  admit::Policy policy;  // the configuration's rules, compiled
};

}  // namespace tokenweir::exchange

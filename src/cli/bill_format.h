// A bill as table, CSV or JSON.
#pragma once

#include <string>

#include "cli/bill.h"

namespace tokenweir::cli {

enum class BillFormat : std::uint8_t { table, csv, json };

struct BillLayout {
  BillFormat format = BillFormat::table;
  bool header = true;
};

[[nodiscard]] std::string format_bill(const BillSummary& bill, const BillQuestion& question,
                                      const TimeZone& zone, const BillLayout& layout);

}  // namespace tokenweir::cli

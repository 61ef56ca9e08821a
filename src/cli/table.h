// A table of text as people, spreadsheets and programs want it. Cells may come from hostile
// headers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tokenweir::cli {

struct Table {
  struct Column {
    std::string name = {};
    bool number = false;  // aligned right; in CSV never taken for a formula
  };
  struct Cell {
    std::string text = {};
    bool known = true;  // false: nothing is known, shown as "-", an empty CSV field
  };
  using Row = std::vector<Cell>;

  std::vector<Column> columns;
  std::vector<Row> rows;
  Row total;  // empty: none
};

// Text on one line of a terminal, whatever came: control characters become U+FFFD.
[[nodiscard]] std::string printable(std::string_view text);

// Aligned columns, a rule above the total. Control characters become U+FFFD.
[[nodiscard]] std::string text_table(const Table& table, bool header);

// RFC 4180: CRLF line ends, quotes where needed. A text cell that a spreadsheet would take for a
// formula gets an apostrophe in front. The total is left out: a column's sum is the total.
[[nodiscard]] std::string csv(const Table& table, bool header);

}  // namespace tokenweir::cli

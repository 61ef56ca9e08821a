#include "cli/table.h"

#include <algorithm>

#include "publish/text.h"

namespace tokenweir::cli {
namespace {

// Code points, which is columns for all but wide and combining characters.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string csv_field(const std::string& text, bool number) {
  std::string out;
  // The characters that start a formula in common spreadsheets.
  if (!number && !text.empty() && std::string_view("=+-@\t\r").find(text[0]) != std::string::npos) {
    out += '\'';
  }
  out += text;
  if (out.find_first_of("\",\r\n") == std::string::npos) return out;
  std::string quoted = "\"";
  for (const char c : out) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted += '"';
}

}  // namespace

std::string printable(std::string_view text) {
  const std::string valid = publish::to_storable(text);
  std::string out;
  for (std::size_t i = 0; i < valid.size(); ++i) {
    const auto byte = static_cast<unsigned char>(valid[i]);
    const bool c1 = byte == 0xC2 && static_cast<unsigned char>(valid[i + 1]) < 0xA0;
    if (byte < 0x20 || byte == 0x7F || c1) {
      out += "\xEF\xBF\xBD";
      i += c1 ? 1 : 0;
    } else {
      out += valid[i];
    }
  }
  return out;
}

std::string text_table(const Table& table, bool header) {
  std::vector<std::vector<std::string>> lines;
  const auto add = [&](const Table::Row& row) {
    std::vector<std::string>& line = lines.emplace_back();
    for (const Table::Cell& cell : row) line.push_back(cell.known ? printable(cell.text) : "-");
  };
  if (header) {
    std::vector<std::string>& names = lines.emplace_back();
    for (const Table::Column& column : table.columns) names.push_back(column.name);
  }
  for (const Table::Row& row : table.rows) add(row);
  if (!table.total.empty()) add(table.total);

  std::vector<std::size_t> widths(table.columns.size());
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], width(line[i]));
  }
  std::string out;
  for (std::size_t number = 0; number < lines.size(); ++number) {
    if (!table.total.empty() && number + 1 == lines.size()) {
      std::size_t whole = 2 * (widths.size() - 1);
      for (const std::size_t column : widths) whole += column;
      out.append(whole, '-');
      out += '\n';
    }
    std::string text;
    for (std::size_t i = 0; i < lines[number].size(); ++i) {
      const std::string& cell = lines[number][i];
      const std::string padding(widths[i] - width(cell), ' ');
      if (i > 0) text += "  ";
      text += table.columns[i].number ? padding + cell : cell + padding;
    }
    text.erase(text.find_last_not_of(' ') + 1);
    out += text + '\n';
  }
  return out;
}

std::string csv(const Table& table, bool header) {
  std::string out;
  if (header) {
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      if (i > 0) out += ',';
      out += csv_field(table.columns[i].name, false);
    }
    out += "\r\n";
  }
  for (const Table::Row& row : table.rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) out += ',';
      if (row[i].known) out += csv_field(row[i].text, table.columns[i].number);
    }
    out += "\r\n";
  }
  return out;
}

}  // namespace tokenweir::cli

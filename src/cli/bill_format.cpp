#include "cli/bill_format.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/table.h"
#include "core/text.h"
#include "publish/text.h"

namespace tokenweir::cli {
namespace {

std::string integer_text(Int128 value) {
  std::string out;
  publish::append_decimal(out, value, 0);
  return out;
}

// Rounded half up to a billionth of a dollar: a quotient has no exact decimal in general.
std::optional<std::string> dollars_each(Int128 picodollars, std::uint64_t count) {
  if (count == 0) return std::nullopt;
  const Int128 divisor = Int128{count} * 1000;
  const Int128 half = picodollars < 0 ? -divisor / 2 : divisor / 2;
  return dollars_text((picodollars + half) / divisor * 1000);
}

struct Figure {
  std::string name;
  std::optional<std::string> text;
  bool share = false;
  bool quoted = false;  // in JSON: a decimal that a double would round
};

Figure share_figure(std::string name, std::optional<double> share) {
  std::optional<std::string> text;
  if (share) text = fmt::format("{:.4f}", *share);
  return {std::move(name), text, true, false};
}

// The figures of a line in the order of the columns.
std::vector<Figure> figures_of(const BillLine& line) {
  std::vector<Figure> out;
  const auto number = [&](std::string name, Int128 value) {
    out.push_back({std::move(name), integer_text(value), false, false});
  };
  number("requests", line.requests);
  number("runs", line.runs.size());
  number("input_tokens", line.input_tokens);
  number("cache_read_tokens", line.cache_read_tokens);
  number("cache_write_tokens", line.cache_write_tokens);
  number("output_tokens", line.output_tokens);
  number("reasoning_tokens", line.reasoning_tokens);
  number("media_tokens", line.media_tokens);
  out.push_back({"cost_usd", dollars_text(line.cost), false, true});
  number("cost_picodollars", line.cost);
  using enum CostKind;
  out.push_back(share_figure("input_cost_share", line.share({input, input_audio, input_image})));
  out.push_back(share_figure("cached_cost_share", line.share({cache_read, cache_write})));
  out.push_back(
      share_figure("output_cost_share", line.share({output, output_audio, output_image})));
  out.push_back(share_figure("reasoning_cost_share", line.share({reasoning})));
  out.push_back(share_figure("fees_cost_share", line.share({web_search, tool, request})));
  out.push_back(share_figure("cached_input_share", line.cached_share()));
  out.push_back({"cost_per_request_usd", dollars_each(line.cost, line.requests), false, true});
  out.push_back(
      {"cost_per_run_usd", dollars_each(line.cost_in_runs, line.runs.size()), false, true});
  number("unpriced_requests", line.unpriced);
  return out;
}

// What a terminal has room for, under shorter names.
struct Shown {
  std::string_view figure;
  std::string_view heading;
};
constexpr Shown kShown[] = {
    {"requests", "requests"},
    {"runs", "runs"},
    {"input_tokens", "input"},
    {"cache_read_tokens", "cache read"},
    {"cache_write_tokens", "cache write"},
    {"output_tokens", "output"},
    {"reasoning_tokens", "reasoning"},
    {"media_tokens", "media"},
    {"cost_usd", "cost $"},
    {"input_cost_share", "input %"},
    {"cached_cost_share", "cached %"},
    {"output_cost_share", "output %"},
    {"reasoning_cost_share", "reasoning %"},
    {"cached_input_share", "cache hits %"},
    {"cost_per_request_usd", "$/request"},
    {"cost_per_run_usd", "$/run"},
    {"unpriced_requests", "unpriced"},
};

std::string percent(const std::string& share) {
  return fmt::format("{:.1f}", std::stod(share) * 100);
}

Table::Row shown_row(const BillLine& line, std::size_t keys, bool total) {
  Table::Row row;
  for (std::size_t i = 0; i < keys; ++i) {
    if (total) {
      row.push_back({i == 0 ? "total" : "", true});
    } else {
      row.push_back({line.keys[i].value_or(""), line.keys[i].has_value()});
    }
  }
  const std::vector<Figure> figures = figures_of(line);
  for (const Shown& shown : kShown) {
    const auto figure = std::ranges::find(figures, shown.figure, &Figure::name);
    const std::string text = figure->text.value_or("");
    row.push_back({figure->share && figure->text ? percent(text) : text, figure->text.has_value()});
  }
  return row;
}

std::string as_table(const BillSummary& bill, const BillQuestion& question, bool header) {
  Table table;
  for (const std::string& key : question.keys) table.columns.push_back({key, false});
  for (const Shown& shown : kShown) table.columns.push_back({std::string(shown.heading), true});
  for (const BillLine& line : bill.lines) {
    table.rows.push_back(shown_row(line, question.keys.size(), false));
  }
  table.total = shown_row(bill.total, question.keys.size(), true);
  return text_table(table, header);
}

std::string as_csv(const BillSummary& bill, const BillQuestion& question, bool header) {
  Table table;
  for (const std::string& key : question.keys) table.columns.push_back({key, false});
  for (const Figure& figure : figures_of(bill.total)) table.columns.push_back({figure.name, true});
  for (const BillLine& line : bill.lines) {
    Table::Row& row = table.rows.emplace_back();
    for (const auto& key : line.keys) row.push_back({key.value_or(""), key.has_value()});
    for (const Figure& figure : figures_of(line)) {
      row.push_back({figure.text.value_or(""), figure.text.has_value()});
    }
  }
  return csv(table, header);
}

void append_line_json(std::string& out, const BillLine& line,
                      const std::vector<std::string>& keys) {
  out += '{';
  for (std::size_t i = 0; i < keys.size(); ++i) {
    append_json_string(out, keys[i]);
    out += ':';
    if (line.keys[i]) {
      append_json_string(out, *line.keys[i]);
    } else {
      out += "null";
    }
    out += ',';
  }
  const std::vector<Figure> figures = figures_of(line);
  for (std::size_t i = 0; i < figures.size(); ++i) {
    if (i > 0) out += ',';
    append_json_string(out, figures[i].name);
    out += ':';
    if (!figures[i].text) {
      out += "null";
    } else if (figures[i].quoted) {
      append_json_string(out, *figures[i].text);
    } else {
      out += *figures[i].text;
    }
  }
  out += '}';
}

void append_time_json(std::string& out, std::string_view name, const std::optional<Time>& time) {
  append_json_string(out, name);
  out += ':';
  if (time) {
    append_json_string(out, format_rfc3339(*time));
  } else {
    out += "null";
  }
  out += ',';
}

std::string as_json(const BillSummary& bill, const BillQuestion& question, const TimeZone& zone) {
  std::string out = "{\"schema\":1,\"by\":[";
  for (std::size_t i = 0; i < question.keys.size(); ++i) {
    if (i > 0) out += ',';
    append_json_string(out, question.keys[i]);
  }
  out += "],";
  append_time_json(out, "since", question.since);
  append_time_json(out, "until", question.until);
  out += "\"timezone\":";
  append_json_string(out, zone.name());
  out += ",\"rows\":[";
  for (std::size_t i = 0; i < bill.lines.size(); ++i) {
    out += i == 0 ? "\n" : ",\n";
    append_line_json(out, bill.lines[i], question.keys);
  }
  out += "],\n\"total\":";
  append_line_json(out, bill.total, {});
  return out += "}\n";
}

}  // namespace

std::string format_bill(const BillSummary& bill, const BillQuestion& question, const TimeZone& zone,
                        const BillLayout& layout) {
  switch (layout.format) {
    case BillFormat::csv:
      return as_csv(bill, question, layout.header);
    case BillFormat::json:
      return as_json(bill, question, zone);
    case BillFormat::table:
      break;
  }
  return as_table(bill, question, layout.header);
}

}  // namespace tokenweir::cli

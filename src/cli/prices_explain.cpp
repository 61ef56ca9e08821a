// `prices explain`: the row, band, window and modifiers that apply to a request, and the
// arithmetic.
#include <fmt/format.h>

#include <iostream>

#include "cli/prices_common.h"
#include "core/text.h"
#include "pricing/quote.h"

namespace tokenweir::cli {
namespace {

using pricing::Kind;
using pricing::kKinds;
using pricing::Quote;

struct ExplainOptions {
  std::vector<std::string> files = default_price_files();
  std::string model;
  std::string list;
  std::string at;
  std::string service_tier;
  std::string speed;
  std::string region;
  std::string host;
  std::string search_context;
  bool batch = false;
  bool json = false;
  std::array<std::uint64_t, kKinds> counts{};
};

// "cache_write_1h" is asked for as --cache-write-1h.
std::string option_name(Kind k) {
  std::string name = "--" + std::string(pricing::file_name_of(k));
  for (char& c : name) {
    if (c == '_') c = '-';
  }
  return name;
}

Usage usage_of(const ExplainOptions& options) {
  Usage usage;
  for (Kind k = 0; k < kKinds; ++k) {
    if (options.counts[k] == 0) continue;
    if (pricing::is_token(k)) {
      usage.tokens[k] = options.counts[k];
    } else {
      usage.calls[k - kTokenClasses] = options.counts[k];
    }
  }
  if (usage.empty()) usage[TokenClass::input] = 0;
  return usage;
}

// "2.5 per million tokens", "0.01 each", "0.111 for 3600".
std::string rate_words(Kind k, const pricing::Rate& rate) {
  if (pricing::is_token(k)) return pricing::dollars_per_million(rate) + " per million tokens";
  const std::string dollars = Money::picodollars(rate.picodollars).to_dollars();
  return rate.units == 1 ? dollars + " each" : fmt::format("{} for {}", dollars, rate.units);
}

void print_text(const pricing::PriceBook& book, const Quote& quote, const Bill& bill) {
  const auto& rows = book.rows();
  if (quote.model == nullptr) {
    fmt::print("model     not listed: estimated at the dearest rates of the list\n");
  } else {
    const pricing::Place& place = quote.period->place;
    fmt::print("model     {}{}\n", quote.model->id,
               quote.found == pricing::Found::alias ? " (through an alias)" : "");
    fmt::print("row       {}:{}  from {}{}\n", rows.files[place.file], place.line,
               quote.period->label,
               quote.outside_periods ? " (no period holds the moment; the nearest stands in)" : "");
  }
  if (quote.band != nullptr && quote.band->min_input_tokens > 0) {
    fmt::print("tier      from {} input tokens\n", quote.band->min_input_tokens);
  }
  if (quote.window != nullptr) fmt::print("window    {} UTC\n", quote.window->text);
  for (const pricing::Modifier* modifier : quote.modifiers) {
    fmt::print("modifier  {}{}\n", modifier->name,
               modifier->adjustment.factor
                   ? fmt::format(" x {}", modifier->adjustment.factor->to_decimal())
                   : std::string(" (rates of its own)"));
  }
  if (quote.provisioned) fmt::print("capacity  bought beforehand: tokens cost nothing more\n");
  if (quote.contract != nullptr) {
    const pricing::Place& place = quote.contract->place;
    fmt::print("contract  {}:{}\n", rows.files[place.file], place.line);
  }
  for (const pricing::QuoteLine& line : quote.lines) {
    if (!line.rate) {
      fmt::print("{:<18} {:>12}   no rate\n", pricing::file_name_of(line.kind), line.count);
      continue;
    }
    pricing::ExactSum sum;
    sum.add(line.count, line.contract_rate.picodollars,
            line.contract_factor.times(line.contract_rate.per_unit()).value_or(pricing::Factor{}));
    const auto amount = sum.rounded();
    fmt::print("{:<18} {:>12} x {}{}{} = {}\n", pricing::file_name_of(line.kind), line.count,
               rate_words(line.kind, line.contract_rate),
               line.contract_factor.is_one() ? "" : " x " + line.contract_factor.to_decimal(),
               line.rate_from
                   ? fmt::format(" (the {} rate)", pricing::file_name_of(*line.rate_from))
                   : std::string(),
               amount ? amount->to_dollars() : "out of range");
  }
  fmt::print("total     {}\n", bill.cost ? bill.cost->to_dollars() + " USD" : "not priced");
  if (bill.list_cost && bill.cost && *bill.list_cost != *bill.cost) {
    fmt::print("list      {} USD\n", bill.list_cost->to_dollars());
  }
  fmt::print("price id  {}\n", bill.price_id);
}

void print_json(const Quote& quote, const Bill& bill) {
  std::string lines;
  for (const pricing::QuoteLine& line : quote.lines) {
    lines += fmt::format(
        "{}{{\"kind\":{},\"count\":{},\"usd_per_million\":{},\"factor\":\"{}\"}}",
        lines.empty() ? "" : ",", json_text(pricing::file_name_of(line.kind)), line.count,
        line.rate ? json_text(pricing::dollars_per_million(line.contract_rate)) : "null",
        line.contract_factor.to_decimal());
  }
  const auto money = [](const std::optional<Money>& value) {
    return value ? std::to_string(value->picodollars()) : std::string("null");
  };
  fmt::print(
      "{{\"schema\":1,\"model\":{},\"price_id\":{},\"pricing\":\"{}\",\"cost_picodollars\":{},"
      "\"list_cost_picodollars\":{},\"lines\":[{}]}}\n",
      json_text(bill.canonical_model), json_text(bill.price_id), name_of(bill.pricing),
      money(bill.cost), money(bill.list_cost), lines);
}

int explain(const ExplainOptions& options) {
  const auto at = moment_of(options.at);
  if (!at) return kPricesDiffer;
  const auto book = load_or_complain(options.files);
  if (!book) return kPricesInvalid;
  const pricing::Lists lists = pricing::lists_of(book->rows(), options.list);
  if (lists.empty()) {
    std::cerr << "tokenweir: no price list " << json_text(options.list) << '\n';
    return kPricesDiffer;
  }

  Answer answer;
  answer.model_served = options.model;
  answer.service_tier = options.service_tier;
  answer.speed = options.speed;
  answer.inferences.push_back({"", usage_of(options)});
  pricing::PriceQuery query;
  query.prices = options.list;
  query.model_requested = options.model;
  query.at = *at;
  query.host = options.host;
  query.region = options.region;
  query.search_context = options.search_context;
  query.batch = options.batch;
  const Bill bill = book->bill(query, answer);
  const Quote quote = book->quote(query, answer);
  if (options.json) {
    print_json(quote, bill);
  } else {
    print_text(*book, quote, bill);
  }
  return kPricesSame;
}

}  // namespace

void add_prices_explain(CLI::App& prices, int& exit_code) {
  CLI::App* const command =
      prices.add_subcommand("explain", "what a request costs, and the arithmetic behind it");
  const auto options = std::make_shared<ExplainOptions>();
  command->add_option("model", options->model, "model as the provider names it")->required();
  command->add_option("--prices", options->list, "name of the list")->required();
  command->add_option("--files", options->files, "files or directories")->capture_default_str();
  command->add_option("--at", options->at, "date or time, UTC; now when absent");
  command->add_option("--service-tier", options->service_tier, "as served: batch, flex, priority");
  command->add_option("--speed", options->speed, "as served: fast");
  command->add_option("--region", options->region, "where the inference ran");
  command->add_option("--host", options->host, "the provider's host");
  command->add_option("--search-context", options->search_context, "low, medium, high");
  command->add_flag("--batch", options->batch, "through a batch interface");
  command->add_flag("--json", options->json, "as JSON");
  for (Kind k = 0; k < kKinds; ++k) {
    command
        ->add_option(option_name(k), options->counts[k],
                     pricing::is_token(k) ? "tokens" : "how many")
        ->group("Usage");
  }
  command->callback([options, &exit_code] { exit_code = explain(*options); });
}

}  // namespace tokenweir::cli

// Prices lines of JSON with the product's own pricing, for tests/oracle/run.py. One object a line
// in, one a line out, in order:
//   in:  {"list","model","at", "usage":{class:n}, "calls":{class:n}, "tier","search_context",
//         "raw": usage JSON as a provider sent it, "reader":
//         "openai"|"input_only"|"image"|"anthropic"}
//   out: {"cost","pricing","price_id","model","provider_cost","byok","moments":{time:cost}}
// With "raw" the product's reader makes the usage; "moments" are the costs in the other periods and
// windows the book knows for the model.
#include <fmt/format.h>
#include <simdjson.h>

#include <iostream>
#include <set>
#include <span>
#include <string>

#include "pricing/price_file.h"
#include "pricing/quote.h"
#include "provider/usage.h"

namespace {

using namespace tokenweir;
using simdjson::dom::element;

std::string text_of(const element& object, const char* key) {
  std::string_view text;
  return object[key].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

template <typename Class, std::size_t Count>
void read_counts(const element& object, const char* key,
                 std::array<std::optional<std::uint64_t>, Count>& out) {
  simdjson::dom::object counts;
  if (object[key].get(counts) != simdjson::SUCCESS) return;
  for (const auto& [name, value] : counts) {
    bool known = false;
    for (std::size_t i = 0; i < Count; ++i) {
      if (name_of(static_cast<Class>(i)) != name) continue;
      out[i] = static_cast<std::uint64_t>(value.get_uint64().value());
      known = true;
    }
    if (!known) throw std::runtime_error(fmt::format("unknown class {}", name));
  }
}

provider::OpenAiUse use_of(const std::string& reader) {
  if (reader == "input_only") return provider::OpenAiUse::input_only;
  return reader == "image" ? provider::OpenAiUse::image : provider::OpenAiUse::text;
}

provider::UsageReading read_usage(const std::string& raw, const std::string& reader,
                                  const std::string& list) {
  if (reader == "anthropic") return provider::anthropic_usage(std::span(&raw, 1));
  return provider::openai_usage(raw, use_of(reader), list == "xai");
}

std::string money_json(const std::optional<Money>& money) {
  return money ? fmt::format("\"{}\"", money->to_dollars()) : "null";
}

std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    if (static_cast<unsigned char>(c) >= 0x20) out.push_back(c);
  }
  return out + "\"";
}

// The beginnings of the model's periods, and a moment inside of each daily window.
std::set<Time> moments_of(const pricing::PriceBook& book, const pricing::PriceQuery& query,
                          std::string_view model) {
  using namespace std::chrono;
  std::set<Time> moments;
  const auto found =
      pricing::find_model(pricing::lists_of(book.rows(), query.prices), model, query.at);
  if (found.model == nullptr) return moments;
  for (const pricing::Period& period : found.model->periods) {
    const Time begin = period.from != Time::min() ? period.from
                       : period.to != Time::max() ? period.to - days(30)
                                                  : query.at;
    moments.insert(begin);
    for (const pricing::Window& window : period.windows) {
      // Each half hour of the first week: every window is met.
      for (int step = 0; step < 7 * 48; ++step) {
        const Time moment = begin + minutes(30 * step);
        if (period.contains(moment) && window.contains(moment)) {
          moments.insert(moment);
          break;
        }
      }
    }
  }
  return moments;
}

std::string answer_line(const pricing::PriceBook& book, const element& row) {
  Answer answer;
  answer.model_served = text_of(row, "model");
  answer.service_tier = text_of(row, "tier");
  answer.inferences.emplace_back();
  Usage& usage = answer.inferences.front().usage;
  if (const std::string raw = text_of(row, "raw"); !raw.empty()) {
    provider::UsageReading reading = read_usage(raw, text_of(row, "reader"), text_of(row, "list"));
    usage = reading.usage;
    answer.provider_cost = reading.cost;
    answer.byok = reading.byok;
    if (answer.service_tier.empty()) answer.service_tier = reading.service_tier;
    for (Inference& other : reading.others) answer.inferences.push_back(std::move(other));
  } else {
    read_counts<TokenClass>(row, "usage", usage.tokens);
    read_counts<CallClass>(row, "calls", usage.calls);
  }

  const std::string list = text_of(row, "list");
  const std::string search_context = text_of(row, "search_context");
  pricing::PriceQuery query;
  query.prices = list;
  query.search_context = search_context;
  query.at = parse_rfc3339(text_of(row, "at")).value();
  query.model_requested = answer.model_served;
  const Bill bill = book.bill(query, answer, pricing::UnknownModel::allow);

  std::string moments;
  for (const Time moment : moments_of(book, query, answer.model_served)) {
    pricing::PriceQuery then = query;
    then.at = moment;
    const Bill other = book.bill(then, answer, pricing::UnknownModel::allow);
    if (!moments.empty()) moments += ",";
    moments += fmt::format("\"{}\":{}", format_rfc3339(moment), money_json(other.cost));
  }
  return fmt::format(
      "{{\"cost\":{},\"pricing\":{},\"price_id\":{},\"model\":{},\"provider_cost\":{},\"byok\":{},"
      "\"moments\":{{{}}}}}",
      money_json(bill.cost), json_text(name_of(bill.pricing)), json_text(bill.price_id),
      json_text(bill.canonical_model), money_json(answer.provider_cost), answer.byok, moments);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> paths(argv + 1, argv + argc);
  yaml::Problems problems;
  const auto book = pricing::load_prices(paths, problems);
  if (!book) {
    std::cerr << problems.text();
    return 78;
  }
  simdjson::dom::parser parser;
  std::string line;
  while (std::getline(std::cin, line)) {
    try {
      std::cout << answer_line(*book, parser.parse(line).value()) << '\n';
    } catch (const std::exception& error) {
      // One row that cannot be read is one row without an answer, not the end of the others.
      std::cerr << "price_oracle: " << error.what() << ": " << line << '\n';
      std::cout << R"({"cost":null,"pricing":"unpriced","price_id":"unreadable","model":"",)"
                << R"("provider_cost":null,"byok":false,"moments":{}})" << '\n';
    }
  }
  return 0;
}

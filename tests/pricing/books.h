// Small price files for tests, and answers to price.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "pricing/price_book.h"
#include "pricing/price_file.h"

namespace tokenweir::pricing::test {

inline PriceBook book_of(const std::vector<PriceText>& texts) {
  yaml::Problems problems;
  auto book = read_prices(texts, problems);
  EXPECT_TRUE(book.has_value()) << problems.text();
  return book.value_or(PriceBook());
}

inline PriceBook book_of(const std::string& text) { return book_of({{"prices.yaml", text}}); }

inline std::string problems_of(const std::string& text) {
  yaml::Problems problems;
  const auto book = read_prices({{"prices.yaml", text}}, problems);
  EXPECT_EQ(book.has_value(), problems.empty());
  return problems.text();
}

// The head every list needs.
inline std::string list(const std::string& rest) {
  return "schema: 1\nlist: test\nprovider: test\nchecked: 2026-11-20\nsources: [a page]\n" + rest;
}

inline Time at(std::string_view text) { return parse_rfc3339(text).value(); }

using Tokens = std::vector<std::pair<TokenClass, std::uint64_t>>;
using Calls = std::vector<std::pair<CallClass, std::uint64_t>>;

inline Usage usage_of(const Tokens& tokens, const Calls& calls = {}) {
  Usage usage;
  for (const auto& [token_class, count] : tokens) usage[token_class] = count;
  for (const auto& [call_class, count] : calls) usage[call_class] = count;
  return usage;
}

inline Answer answer_of(std::string model, Usage usage) {
  Answer answer;
  answer.model_served = std::move(model);
  answer.source = UsageSource::reported;
  answer.inferences.push_back({"", std::move(usage)});
  return answer;
}

inline PriceQuery query_at(std::string_view time) {
  PriceQuery query;
  query.prices = "test";
  query.at = at(time);
  return query;
}

inline std::string cost_of(const PriceBook& book, const PriceQuery& query, const Answer& answer) {
  const Bill bill = book.bill(query, answer);
  return bill.cost ? bill.cost->to_dollars() : "none";
}

}  // namespace tokenweir::pricing::test

#include "admit/bound.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "fixture.h"
#include "pricing/quote.h"
#include "pricing/rates.h"

namespace tokenweir::admit {
namespace {

using budget::amounts_for;
using budget::Measure;
using pricing::UnknownModel;

pricing::PriceBook plain_book(const std::string& rest) {
  return pricing::test::book_of(pricing::test::list(rest));
}

BoundQuery query_for(std::string_view model) {
  BoundQuery query;
  query.prices = "test";
  query.model = model;
  query.host = "api.test";
  query.at = kNow.wall;
  query.body_bytes = 1'000;
  query.output_cap = 500;
  return query;
}

Bound worst_case(const pricing::PriceBook& book, const BoundQuery& query, UnknownModel unknown) {
  RateCache cache;
  const Bound first = admit::worst_case(book, query, unknown, cache);
  const Bound again = admit::worst_case(book, query, unknown, cache);
  EXPECT_EQ(first.fault, again.fault);
  EXPECT_EQ(amounts_for(first.demand, 1), amounts_for(again.demand, 1)) << "from memory";
  return first;
}

std::string dollars(const Bound& bound) {
  const auto all = amounts_for(bound.demand, bound.demand.output_asked);
  return Money::picodollars(all[Measure::usd]).to_dollars();
}

TEST(Bound, IsBytesOfInputAndTheCapOfOutputForText) {
  const auto book = plain_book(kPlain);
  const Bound bound = worst_case(book, query_for("plain"), UnknownModel::estimate);
  EXPECT_EQ(bound.fault, BoundFault::none);
  EXPECT_FALSE(bound.estimated);
  // 1000 x $1/M + 500 x $4/M
  EXPECT_EQ(dollars(bound), "0.003");
  EXPECT_EQ(bound.demand.fixed[Measure::input_tokens], 1'000);
  EXPECT_EQ(bound.demand.output_least, 500);
}

TEST(Bound, TakesTheDearestClassTierRegionAndBand) {
  const auto book = plain_book(R"(
modifiers:
  us: {when: {region: us}, factor: "1.1"}
  priority: {when: {service_tier: priority}, factor: "2"}
  flex: {when: {service_tier: flex}, factor: "0.5"}
models:
- id: claude
  periods:
  - rates: {input: "5", cache_read: "0.5", cache_write: "6.25", cache_write_1h: "10", output: "25", reasoning: "30"}
    tiers:
    - {min_input_tokens: 200000, rates: {input: "10", cache_write_1h: "20", output: "37.5", reasoning: "45"}}
)");
  BoundQuery query = query_for("claude");
  // 1000 x $10 x 2.2 + 500 x $30 x 2.2
  EXPECT_EQ(dollars(worst_case(book, query, UnknownModel::estimate)), "0.055");
  query.service_tier = "default";
  EXPECT_EQ(dollars(worst_case(book, query, UnknownModel::estimate)), "0.0275");
  query.service_tier = "flex";
  EXPECT_EQ(dollars(worst_case(book, query, UnknownModel::estimate)), "0.0275")
      << "a cheap tier that is asked for need not serve";
  query.service_tier = "default";
  query.extras.cache_writes = CacheWrites::five_minutes;
  // 1000 x $6.25 x 1.1 + 500 x $30 x 1.1
  EXPECT_EQ(dollars(worst_case(book, query, UnknownModel::estimate)), "0.023375");
  query.body_bytes = 300'000;
  query.extras.cache_writes = CacheWrites::any;
  // 300000 x $20 x 1.1 + 500 x $45 x 1.1
  EXPECT_EQ(dollars(worst_case(book, query, UnknownModel::estimate)), "6.62475");
  query.input_tokens = 1'000;
  EXPECT_EQ(dollars(worst_case(book, query, UnknownModel::estimate)), "0.0275")
      << "a count is better than bytes";
}

TEST(Bound, RemembersEveryPriceBandApartAndForOneMinute) {
  const auto book = plain_book(R"(
models:
- id: banded
  periods:
  - rates: {input: "1", output: "1"}
    tiers: [{min_input_tokens: 200000, rates: {input: "2", output: "2"}}]
    windows: [{utc: ["12:01-12:02"], factor: "3"}]
)");
  RateCache cache;
  const auto price = [&](std::uint64_t bytes, Time when) {
    BoundQuery query = query_for("banded");
    query.body_bytes = bytes;
    query.at = when;
    return admit::worst_case(book, query, UnknownModel::estimate, cache)
        .demand.usd_per_output_token;
  };
  const Time noon = at("2026-11-01T12:00:59Z");
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(price(199'999, noon), 1'000'000);
    EXPECT_EQ(price(200'000, noon), 2'000'000);
    EXPECT_EQ(price(1'000, noon), 1'000'000);
  }
  EXPECT_EQ(price(1'000, noon + std::chrono::seconds(1)), 3'000'000);
  EXPECT_EQ(price(1'000, noon + std::chrono::seconds(61)), 1'000'000);
}

TEST(Bound, MultipliesByChoices) {
  const auto book = plain_book(kPlain);
  BoundQuery query = query_for("plain");
  query.choices = 5;
  EXPECT_EQ(dollars(worst_case(book, query, UnknownModel::estimate)), "0.011");
}

TEST(Bound, KnowsWhatItCannotBound) {
  const auto book = plain_book(kPlain);
  const auto fault = [&](const BoundQuery& query, UnknownModel unknown = UnknownModel::estimate) {
    return worst_case(book, query, unknown).fault;
  };
  BoundQuery open = query_for("plain");
  open.output_cap.reset();
  EXPECT_EQ(fault(open), BoundFault::open_output);
  open.output_max = 8'000;
  EXPECT_EQ(fault(open), BoundFault::none);
  BoundQuery remote = query_for("plain");
  remote.extras.remote_input = true;
  EXPECT_EQ(fault(remote), BoundFault::open_input);
  remote.context_limit = 128'000;
  EXPECT_EQ(fault(remote), BoundFault::none);
  BoundQuery tools = query_for("plain");
  tools.extras.unbounded_tools = true;
  EXPECT_EQ(fault(tools), BoundFault::open_tools);
  EXPECT_EQ(fault(query_for("other"), UnknownModel::reject), BoundFault::unpriced);
  const Bound estimate = worst_case(book, query_for("other"), UnknownModel::estimate);
  EXPECT_EQ(estimate.fault, BoundFault::none);
  EXPECT_TRUE(estimate.estimated);
  EXPECT_EQ(dollars(estimate), "0.003");
  BoundQuery nowhere = query_for("plain");
  nowhere.prices = "none";
  EXPECT_EQ(fault(nowhere), BoundFault::unpriced);
  BoundQuery huge = query_for("plain");
  huge.output_cap = INT64_MAX - 1;
  EXPECT_EQ(fault(huge), BoundFault::overflow);
  huge.output_cap = provider::kNoLimit;
  EXPECT_EQ(fault(huge), BoundFault::open_output);
}

TEST(Bound, TakesTheDearestOfTheModelsThatMayAnswer) {
  const auto book = plain_book(R"(models:
- {id: cheap, periods: [{rates: {input: "1", output: "4"}}]}
- {id: dear, periods: [{confirm: "a test", rates: {input: "10", output: "2"}}]}
)");
  BoundQuery query = query_for("cheap");
  const std::vector<std::string> others = {"dear"};
  query.other_models = others;
  // 1000 x $10/M + 500 x $4/M
  EXPECT_EQ(dollars(worst_case(book, query, UnknownModel::estimate)), "0.012");
  const std::vector<std::string> unknown = {"nobody"};
  query.other_models = unknown;
  EXPECT_EQ(worst_case(book, query, UnknownModel::reject).fault, BoundFault::unpriced);
}

TEST(Bound, HoldsForEveryInferenceThatReadsAndSpeaks) {
  const auto book = plain_book(kPlain);
  BoundQuery query = query_for("plain");
  const Bound once = worst_case(book, query, UnknownModel::estimate);
  query.extras.extra_inferences = 1;
  const Bound twice = worst_case(book, query, UnknownModel::estimate);
  const auto usd = [](const Bound& bound) {
    return budget::amounts_for(bound.demand, bound.demand.output_asked)[budget::Measure::usd];
  };
  EXPECT_EQ(usd(twice), 2 * usd(once));
}

TEST(Bound, NeverAsksForLessThanAUsefulAnswer) {
  EXPECT_EQ(least_output(100), 100);
  EXPECT_EQ(least_output(2'000), 1'024);
  EXPECT_EQ(least_output(16'001), 4'001);
  EXPECT_EQ(least_output(0), 0);
}

pricing::PriceBook shipped() {
  std::vector<pricing::PriceText> texts;
  const auto folder = std::filesystem::path(TOKENWEIR_SOURCE_DIR) / "config/prices";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".yaml") continue;
    std::ifstream file(entry.path());
    texts.push_back(
        {entry.path().filename(), std::string{std::istreambuf_iterator<char>(file), {}}});
  }
  return pricing::test::book_of(texts);
}

// Whatever a provider may report for a request of that size, in any class, tier and region.
TEST(Bound, IsNeverBelowTheBillOfAnyShippedModel) {
  const auto book = shipped();
  std::mt19937_64 random(4);
  std::size_t bills = 0;
  for (const auto& [name, list] : book.rows().lists) {
    for (const pricing::Model& model : list.models) {
      for (const std::uint64_t size : {1'000ull, 190'000ull, 300'000ull}) {
        BoundQuery query = query_for(model.id);
        query.prices = name;
        query.body_bytes = size;
        query.output_cap = 4'000;
        query.choices = 2;
        const Bound bound = worst_case(book, query, UnknownModel::estimate);
        if (bound.fault != BoundFault::none) continue;
        const std::int64_t held =
            amounts_for(bound.demand, bound.demand.output_asked)[Measure::usd];

        Usage usage;
        std::uint64_t left = size;
        for (const TokenClass c : {TokenClass::cache_write_1h, TokenClass::cache_write_5m,
                                   TokenClass::cache_read, TokenClass::cache_write_unknown}) {
          usage[c] = random() % (left + 1);
          left -= *usage[c];
        }
        usage[TokenClass::input] = left;
        usage[TokenClass::reasoning] = random() % 8'001;
        usage[TokenClass::output] = 8'000 - *usage[TokenClass::reasoning];
        Answer answer = pricing::test::answer_of(model.id, usage);
        const char* const tiers[] = {"", "default", "priority", "flex", "batch", "scale"};
        answer.service_tier = tiers[random() % 6];
        const char* const regions[] = {"", "us", "eu", "global"};
        answer.region = regions[random() % 4];
        pricing::PriceQuery paid;
        paid.prices = name;
        paid.model_requested = model.id;
        paid.at = query.at;
        paid.host = query.host;
        const Bill bill = book.bill(paid, answer);
        if (!bill.cost) continue;
        ++bills;
        EXPECT_LE(bill.cost->picodollars(), held)
            << name << " " << model.id << " " << answer.service_tier << " " << answer.region << " "
            << bill.price_id;
      }
    }
  }
  EXPECT_GT(bills, 500u);
}

}  // namespace
}  // namespace tokenweir::admit

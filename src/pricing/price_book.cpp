#include "pricing/price_book.h"

#include <utility>

#include "core/text.h"
#include "pricing/model_id.h"
#include "pricing/quote.h"
#include "pricing/rates.h"

namespace tokenweir::pricing {
namespace {

Circumstances circumstances_of(const PriceQuery& query, const Answer& answer) {
  Circumstances result;
  result.service_tier = normal_service_tier(answer.service_tier, query.batch);
  result.speed = lower_case(answer.speed);
  result.region =
      lower_case(answer.region.empty() ? query.region : std::string_view(answer.region));
  result.host = lower_case(query.host);
  result.search_context =
      lower_case(answer.search_context.empty() ? query.search_context
                                               : std::string_view(answer.search_context));
  result.byok = answer.byok;
  return result;
}

std::string_view lookup_result(const Quote& quote, bool unlisted) {
  if (unlisted || quote.has_no_rate()) return "missing";
  if (quote.is_estimate()) return "fallback";
  switch (quote.found) {
    case Found::exact:
      return "exact";
    case Found::alias:
      return "alias";
    default:
      return "pattern";
  }
}

// The model that served wins; the requested one helps where the served name is not listed.
Lookup find_row(const Lists& lists, const Inference& inference, const PriceQuery& query,
                const Answer& answer) {
  if (!inference.model.empty() && inference.model != answer.model_served) {
    return find_model(lists, inference.model, query.at);
  }
  const Lookup served = find_model(lists, answer.model_served, query.at);
  return served.model != nullptr ? served : find_model(lists, query.model_requested, query.at);
}

}  // namespace

PriceBook::PriceBook(std::shared_ptr<const Rows> rows) : rows_(std::move(rows)) {}
PriceBook::PriceBook() : rows_(std::make_shared<const Rows>()) {}

Bill PriceBook::bill(const PriceQuery& query, const Answer& answer, UnknownModel unknown) const {
  Bill bill;
  bill.by_inference.resize(answer.inferences.size());
  if (!answer.inferences.empty()) bill.lookup = "missing";
  const Lists lists = lists_of(*rows_, query.prices);
  if (lists.empty()) return bill;

  const Circumstances circumstances = circumstances_of(query, answer);
  const Lookup own = find_row(lists, Inference{}, query, answer);
  if (own.model != nullptr) bill.canonical_model = own.model->id;
  if (answer.inferences.empty()) return bill;

  Sums sums;
  std::vector<ExactSum> by_inference(answer.inferences.size());
  std::vector<bool> known(answer.inferences.size(), false);
  bool estimated = false;
  bool complete = true;
  for (std::size_t i = 0; i < answer.inferences.size(); ++i) {
    const Inference& inference = answer.inferences[i];
    const Lookup found = inference.model.empty() ? own : find_row(lists, inference, query, answer);
    const Quote quote = make_quote(lists, found, inference.usage, query.at, circumstances, i == 0);
    if (!bill.price_id.empty()) bill.price_id += ";";
    if (quote.list != lists.front()) bill.price_id += quote.list->name + ":";
    bill.price_id += quote.describe();
    const bool unlisted = found.model == nullptr && unknown == UnknownModel::allow;
    if (i == 0) bill.lookup = lookup_result(quote, unlisted);
    if (unlisted || quote.has_no_rate() || quote.overflowed || inference.usage.empty()) {
      complete = false;
      continue;
    }
    estimated = estimated || quote.is_estimate();
    by_inference[i] = sums.add(quote);
    known[i] = true;
  }
  std::string row = std::exchange(bill.price_id, {});
  bill.price_id.reserve(query.prices.size() + row.size() + 14);
  bill.price_id.append(query.prices).append("/").append(row).append("#");
  bill.price_id.append(rows_->revision, 0, 12);

  // Shares of one rounded total, so that parts add up whichever way the row is cut.
  std::vector<std::int64_t> shares(by_inference.size());
  const auto total = apportion(by_inference, shares);
  if (!total) return bill;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    if (known[i]) bill.by_inference[i] = Money::picodollars(shares[i]);
  }
  // One inference without a price leaves the row without one: a part is not the cost.
  if (!complete) return bill;
  bill.cost = apportion(sums.cost, bill.by_kind);
  bill.list_cost = sums.list_cost.rounded();
  bill.cache_savings = sums.cache_savings.rounded();
  bill.cache_write_premium = sums.cache_write_premium.rounded();
  bill.pricing = estimated ? Pricing::fallback : Pricing::priced;
  return bill;
}

Quote PriceBook::quote(const PriceQuery& query, const Answer& answer) const {
  const Lists lists = lists_of(*rows_, query.prices);
  const Inference& inference = answer.inferences.front();
  return make_quote(lists, find_row(lists, inference, query, answer), inference.usage, query.at,
                    circumstances_of(query, answer), true);
}

std::string_view PriceBook::provider_label(std::string_view prices) const {
  const auto list = rows_->lists.find(prices);
  return list == rows_->lists.end() ? std::string_view{} : std::string_view(list->second.provider);
}

std::string_view PriceBook::canonical_model(std::string_view prices, std::string_view model,
                                            Time at) const {
  const Lookup found = find_model(lists_of(*rows_, prices), model, at);
  return found.model == nullptr ? std::string_view{} : std::string_view(found.model->id);
}

ModelLimits PriceBook::limits(std::string_view prices, std::string_view model, Time at) const {
  const Lookup found = find_model(lists_of(*rows_, prices), model, at);
  return found.model == nullptr ? ModelLimits{} : found.model->limits;
}

std::string_view PriceBook::revision() const { return rows_->revision; }

}  // namespace tokenweir::pricing

#include "settle/settle.h"

#include <algorithm>

namespace tokenweir::settle {
namespace {

pricing::PriceQuery query_of(const Record& record, const Context& context) {
  pricing::PriceQuery query;
  query.prices = context.prices;
  query.model_requested =
      context.downgraded.empty() ? std::string_view(record.model_requested) : context.downgraded;
  query.at = record.started_at;
  query.host = context.host;
  query.region = record.region;
  query.search_context = context.search_context;
  return query;
}

bool has_usage(const Answer& answer) {
  return std::ranges::any_of(answer.inferences,
                             [](const Inference& inference) { return !inference.usage.empty(); });
}

// The provider's own answer says that it refused or failed before any inference was kept. A timeout
// or a cut connection is no such answer: the work may have been done and billed.
bool answered_with_error(const Record& record) {
  const std::string_view fault = record.provider_fault;
  const bool redirected = fault.empty() && record.http_status >= 300 && record.http_status < 400;
  return redirected || fault == "4xx" || fault == "429" || fault == "5xx" || fault == "529";
}

void bill_nothing(Record& record, std::string_view reason) {
  Bill& bill = record.bill;
  bill.cost = Money{};
  bill.list_cost = Money{};
  bill.cache_savings = Money{};
  bill.cache_write_premium = Money{};
  bill.by_kind.fill(0);
  bill.by_inference.assign(record.answer.inferences.size(), Money{});
  bill.pricing = Pricing::priced;
  bill.lookup = {};
  bill.price_id = reason;
}

void bill_hold(Record& record, Money held) {
  Bill& bill = record.bill;
  bill.cost = held;
  bill.by_kind.fill(0);
  bill.by_kind[static_cast<std::size_t>(CostKind::output)] = held.picodollars();
  bill.pricing = Pricing::fallback;
  bill.price_id = "held";
  record.input_source = record.output_source = record.answer.source = UsageSource::held;
}

// A complete answer that reports one side speaks for both: an embedding has no output. After a cut
// the side that is missing is unknown.
UsageSource source_of(const Answer& answer, bool side_reported) {
  const bool ended =
      answer.end_state == EndState::complete || answer.end_state == EndState::truncated;
  return side_reported || ended ? answer.source : UsageSource::none;
}

struct Totals {
  std::optional<std::uint64_t> input;
  std::optional<std::uint64_t> output;
};

Totals totals_of(const Answer& answer) {
  Usage total;
  for (const Inference& inference : answer.inferences) total.add(inference.usage);
  return {total.total_input(), total.total_output()};
}

// A stream that was ended here has left tokens on their way: made and billed, seen by nobody. Few
// where the provider was seen to stop, else what is made in the fifth of a second that it takes
// until it notices; never more than the request allowed. Estimates lean to the high side anyway.
std::int64_t on_their_way(const Record& record, bool counted_exactly) {
  const std::int64_t unseen = counted_exactly ? 22 : 12;
  const std::int64_t usually = record.provider_stopped ? 8 : unseen;
  const EndState end = record.answer.end_state;
  if (!record.streaming || (end != EndState::client_abort && end != EndState::proxy_abort)) {
    return 0;
  }
  const std::int64_t seen = record.counted_output_tokens.value_or(0);
  const auto& cap = record.cap_applied ? record.cap_applied : record.cap_requested;
  return cap && *cap >= seen ? std::min(usually, *cap - seen) : usually;
}

// The counted figure stands in where the provider's did not come. The provider's own, where both
// exist, is left alone.
void stand_in(Record& record, const Context& context) {
  Answer& answer = record.answer;
  const bool answering = record.http_status >= 200 && record.http_status < 300;
  if (!answering || !context.metered_endpoint || context.async_job || context.billed_before) return;
  const Totals reported = totals_of(answer);
  const bool cut =
      answer.end_state != EndState::complete && answer.end_state != EndState::truncated;
  const bool any = reported.input || reported.output;
  // Of an answer that would have come in one piece nothing was seen, and all of it is billed.
  if (cut && !any && !record.streaming && !record.counted_output_tokens && context.held_cost)
    return;
  const auto take = [&](TokenClass side, std::int64_t tokens, bool exact, UsageSource& source) {
    if (answer.inferences.empty()) answer.inferences.emplace_back();
    answer.inferences.front().usage[side] = static_cast<std::uint64_t>(tokens);
    source = exact ? UsageSource::counted : UsageSource::estimated;
  };
  // A whole answer that reports one side speaks for both.
  if (!reported.input && record.counted_input_tokens && (cut || !any)) {
    take(TokenClass::input, *record.counted_input_tokens, context.counted_input_exact,
         record.input_source);
  }
  if (!reported.output && record.counted_input_tokens && (cut || !any)) {
    const std::int64_t more = on_their_way(record, context.counted_output_exact);
    take(TokenClass::output, record.counted_output_tokens.value_or(0) + more,
         context.counted_output_exact && more == 0, record.output_source);
  }
}

}  // namespace

void settle(Record& record, const pricing::PriceBook& prices, const Context& context) {
  Answer& answer = record.answer;
  record.input_source = UsageSource::none;
  record.output_source = UsageSource::none;
  // Tokens that were only counted for the asking are nobody's consumption.
  if (context.free_endpoint || context.billed_before) answer.inferences.clear();

  const bool answered = record.sent && record.http_status >= 200 && record.http_status < 300;
  if (context.spoken_characters && answered && !has_usage(answer)) {
    Inference& spoken = answer.inferences.emplace_back();
    spoken.usage[CallClass::character_input] = context.spoken_characters;
    answer.source = UsageSource::counted;
  }

  const Totals reported = totals_of(answer);
  if (!context.free_endpoint) stand_in(record, context);
  record.bill = prices.bill(query_of(record, context), answer, context.unknown_model);
  if (has_usage(answer)) {
    if (record.input_source == UsageSource::none) {
      record.input_source = source_of(answer, reported.input.has_value());
    }
    if (record.output_source == UsageSource::none) {
      record.output_source = source_of(answer, reported.output.has_value());
    }
    if (answer.source == UsageSource::none) {
      answer.source = weaker(record.input_source, record.output_source);
    }
    if (record.input_source == UsageSource::none && !record.bill.price_id.empty()) {
      record.bill.price_id += "!input=unknown";
    }
    if (record.output_source == UsageSource::none && !record.bill.price_id.empty()) {
      record.bill.price_id += "!output=unknown";
    }
    return;
  }

  answer.source = UsageSource::none;
  if (!record.sent) {
    bill_nothing(record, "not_sent");
  } else if (context.free_endpoint) {
    bill_nothing(record, "free");
  } else if (context.billed_before) {
    bill_nothing(record, "billed_before");
  } else if (answered_with_error(record)) {
    bill_nothing(record, "error_answer");
  } else if (context.held_cost && !record.bill.cost) {
    bill_hold(record, *context.held_cost);
  }
}

}  // namespace tokenweir::settle

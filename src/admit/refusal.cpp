#include "admit/refusal.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/money.h"

namespace tokenweir::admit {
namespace {

using budget::Measure;

std::string figure(Measure measure, std::int64_t value) {
  if (measure == Measure::usd) return "$" + dollars_text(value);
  return fmt::format("{} {}", value, budget::name_of(measure));
}

constexpr std::chrono::seconds kLongestRetry{60};

std::string_view period_of(const budget::Shortfall& no) {
  if (no.kind == budget::RuleKind::rate) return "minute";
  return no.window == budget::WindowKind::rolling ? "rolling window" : budget::name_of(no.window);
}

std::string sentence(const budget::Shortfall& no) {
  const std::string_view what = no.kind == budget::RuleKind::rate ? "rate" : "budget";
  if (no.crowded) return fmt::format("The {} {} has no room for another account.", what, no.budget);
  if (no.unknown) {
    return fmt::format("What the budget {} has spent is not known; an operator must set it.",
                       no.budget);
  }
  std::string text = fmt::format("The {} {}", what, no.budget);
  if (!no.account.empty()) text += fmt::format(" ({})", no.account);
  text +=
      fmt::format(" has a limit of {} for each {}", figure(no.measure, no.limit), period_of(no));
  if (no.measure == Measure::concurrent) {
    text = fmt::format("The {} {} allows {} requests in flight", what, no.budget, no.limit);
    return text + fmt::format(", {} are.", no.held);
  }
  text += fmt::format(": {} spent, {} held, at least {} needed.", figure(no.measure, no.spent),
                      figure(no.measure, no.held), figure(no.measure, no.asked));
  if (no.reset) text += fmt::format(" It starts anew at {}.", format_rfc3339(*no.reset));
  return text;
}

Reason reason_of(const budget::Shortfall& no) {
  if (no.kind == budget::RuleKind::rate) {
    return no.measure == Measure::concurrent ? Reason::concurrency : Reason::rate;
  }
  if (no.only_held) return Reason::budget_reserve;
  if (!no.of_run) return Reason::budget_exhausted;
  return no.measure == Measure::requests ? Reason::run_requests : Reason::run_budget;
}

}  // namespace

std::string_view name_of(Reason reason) {
  switch (reason) {
    case Reason::budget_exhausted:
      return "budget_exhausted";
    case Reason::budget_reserve:
      return "budget_reserve";
    case Reason::run_budget:
      return "run_budget";
    case Reason::run_requests:
      return "run_requests";
    case Reason::loop:
      return "loop";
    case Reason::rate:
      return "rate";
    case Reason::concurrency:
      return "concurrency";
    case Reason::unpriced_model:
      return "unpriced_model";
    case Reason::model_denied:
      return "model_denied";
    case Reason::too_large:
      return "too_large";
    case Reason::killed:
      return "killed";
  }
  return "budget_exhausted";
}

Refusal refusal_of(budget::Shortfall shortfall, std::string_view run) {
  Refusal refusal;
  refusal.reason = reason_of(shortfall);
  const bool passes = shortfall.kind == budget::RuleKind::rate || shortfall.only_held;
  refusal.kind = passes ? RefusalKind::retryable : RefusalKind::final_budget;
  if (passes)
    // Some SDKs take a longer word for none at all.
    refusal.retry_after =
        shortfall.only_held
            ? std::chrono::seconds{1}
            : std::min(shortfall.retry_after.value_or(std::chrono::seconds{1}), kLongestRetry);
  refusal.message = sentence(shortfall);
  refusal.contact = shortfall.contact;
  refusal.run = run;
  refusal.shortfall = std::move(shortfall);
  return refusal;
}

Refusal refusal_of(const runs::Finding& finding, std::string_view run) {
  Refusal refusal;
  switch (finding.detector) {
    case runs::Detector::max_usd:
    case runs::Detector::max_tokens:
      refusal.reason = Reason::run_budget;
      break;
    case runs::Detector::max_steps:
      refusal.reason = Reason::run_requests;
      break;
    case runs::Detector::max_concurrent:
      refusal.reason = Reason::concurrency;
      break;
    default:
      refusal.reason = Reason::loop;
      break;
  }
  refusal.kind = RefusalKind::final_budget;
  if (refusal.reason == Reason::concurrency) {
    refusal.kind = RefusalKind::retryable;
    refusal.retry_after = std::chrono::seconds{1};
  }
  refusal.message = fmt::format("The run {} was stopped: {}.", run, finding.evidence());
  refusal.run = run;
  refusal.finding = finding;
  return refusal;
}

Refusal refusal_of(const KillSwitch& kill) {
  Refusal refusal;
  refusal.reason = Reason::killed;
  refusal.kind = RefusalKind::forbidden;
  refusal.message = "An operator has stopped ";
  refusal.message += kill.property
                         ? fmt::format("the {} {}", budget::name_of(*kill.property), kill.value)
                         : "all requests";
  refusal.details.push_back(
      {"killed", std::string(kill.property ? budget::name_of(*kill.property) : "everything")});
  if (kill.property) refusal.details.push_back({"value", kill.value});
  if (!kill.reason.empty()) refusal.details.push_back({"evidence", kill.reason});
  if (kill.until) refusal.details.push_back({"reset", format_rfc3339(*kill.until)});
  if (!kill.reason.empty()) refusal.message += ": " + kill.reason;
  if (kill.until) refusal.message += fmt::format(" (until {})", format_rfc3339(*kill.until));
  refusal.message += ".";
  return refusal;
}

}  // namespace tokenweir::admit

#include "exchange/refusal_facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "core/money.h"
#include "core/text.h"

namespace tokenweir::exchange {
namespace {

using budget::Measure;
using provider::Detail;

void add_account(std::vector<Detail>& details, const budget::Shortfall& no) {
  const auto amount = [&](std::int64_t value) -> std::variant<std::int64_t, std::string> {
    if (no.measure != Measure::usd) return value;
    return dollars_text(value);
  };
  details.push_back({no.kind == budget::RuleKind::rate ? "rate" : "budget", no.budget});
  if (!no.account.empty()) details.push_back({"account", no.account});
  details.push_back({"unit", std::string(budget::name_of(no.measure))});
  details.push_back({"window", no.kind == budget::RuleKind::rate
                                   ? std::string("minute")
                                   : std::string(budget::name_of(no.window))});
  details.push_back({"limit", amount(no.limit)});
  details.push_back({"spent", amount(no.spent)});
  details.push_back({"held", amount(no.held)});
  details.push_back({"asked", amount(no.asked)});
  if (no.unknown) details.push_back({"spent_is_known", std::string("false")});
  if (no.reset) details.push_back({"reset", format_rfc3339(*no.reset)});
}

void add_finding(std::vector<Detail>& details, const runs::Finding& finding) {
  const bool money = finding.detector == runs::Detector::max_usd ||
                     finding.detector == runs::Detector::cost_velocity;
  const auto amount = [&](std::int64_t value) -> std::variant<std::int64_t, std::string> {
    if (!money) return value;
    return dollars_text(value);
  };
  details.push_back({"detector", std::string(runs::name_of(finding.detector))});
  details.push_back({"seen", amount(finding.seen)});
  details.push_back({"limit", amount(finding.limit)});
  if (!finding.tool.empty()) details.push_back({"tool", finding.tool});
  if (finding.hash != 0) details.push_back({"hash", fmt::format("{:016x}", finding.hash)});
  details.push_back({"evidence", finding.evidence()});
}

}  // namespace

std::string evidence_json(std::span<const runs::Finding> findings) {
  constexpr std::string_view kModes[] = {"observe", "slow", "stop"};
  std::string out;
  for (const runs::Finding& finding : findings) {
    out += out.empty() ? '[' : ',';
    out += fmt::format(R"({{"detector":"{}","mode":"{}")", runs::name_of(finding.detector),
                       kModes[static_cast<std::size_t>(finding.mode)]);
    std::vector<Detail> details;
    add_finding(details, finding);
    for (const Detail& detail : details) {
      if (detail.name == "detector") continue;
      out += fmt::format(R"(,"{}":)", detail.name);
      if (const auto* number = std::get_if<std::int64_t>(&detail.value)) {
        out += fmt::format("{}", *number);
      } else {
        append_json_string(out, std::get<std::string>(detail.value));
      }
    }
    out += '}';
  }
  if (!out.empty()) out += ']';
  return out;
}

std::optional<RunStop> stop_of(const runs::Judgement& judgement) {
  if (!judgement.stopped_by || runs::is_cap(judgement.stopped_by->detector)) return std::nullopt;
  const runs::Finding& finding = *judgement.stopped_by;
  if (!finding.above.empty()) return std::nullopt;
  return RunStop{std::string(runs::name_of(finding.detector)), finding.seen, finding.limit,
                 finding.tool, finding.hash};
}

provider::RefusalFacts facts_of(const admit::Refusal& refusal, std::string_view request_id,
                                std::string_view host, std::string_view contact) {
  provider::RefusalFacts facts;
  switch (refusal.kind) {
    case admit::RefusalKind::final_budget:
      facts.kind = provider::RefusalClass::final_budget;
      break;
    case admit::RefusalKind::retryable:
      facts.kind = provider::RefusalClass::retryable;
      break;
    case admit::RefusalKind::forbidden:
      facts.kind = provider::RefusalClass::forbidden;
      break;
    case admit::RefusalKind::invalid:
      facts.kind = provider::RefusalClass::invalid;
      break;
  }
  facts.reason = admit::name_of(refusal.reason);
  facts.message = refusal.message;
  facts.request_id = request_id;
  facts.host = host;
  facts.retry_after = refusal.retry_after;
  facts.details.push_back({"reason", std::string(facts.reason)});
  if (refusal.shortfall) add_account(facts.details, *refusal.shortfall);
  if (refusal.finding) add_finding(facts.details, *refusal.finding);
  for (const Detail& detail : refusal.details) facts.details.push_back(detail);
  if (!refusal.run.empty()) facts.details.push_back({"run", refusal.run});
  if (!refusal.contact.empty()) contact = refusal.contact;
  if (!contact.empty()) facts.details.push_back({"contact", std::string(contact)});
  return facts;
}

std::string_view contact_of(const config::Config& config, std::string_view workflow) {
  const auto found = std::ranges::find(config.workflows, workflow, &config::Workflow::name);
  return found != config.workflows.end() ? std::string_view(found->contact) : std::string_view();
}

provider::RefusalStyle style_for(const config::Config& config, std::string_view workflow) {
  config::RefusalStyle style = config.policy.refusal_style;
  const auto found = std::ranges::find(config.workflows, workflow, &config::Workflow::name);
  if (found != config.workflows.end() && found->refusals) style = *found->refusals;
  return style == config::RefusalStyle::native ? provider::RefusalStyle::native
                                               : provider::RefusalStyle::never_retried;
}

}  // namespace tokenweir::exchange

#include "exchange/recovered_record.h"

#include <algorithm>
#include <array>
#include <utility>

namespace tokenweir::exchange {
namespace {

using budget::Measure;

struct Column {
  std::string_view name;
  std::string Record::*member;
};
struct Label {
  std::string_view name;
  std::string Attribution::*member;
};

// What rules ask about too is stored once, under the rules' name.
constexpr std::array kColumns = {
    Column{"provider", &Record::provider},
    Column{"model", &Record::model_requested},
    Column{"endpoint", &Record::endpoint},
    Column{"row.provider_label", &Record::provider_label},
    Column{"row.dialect", &Record::dialect},
    Column{"row.method", &Record::method},
    Column{"row.path", &Record::path},
    Column{"row.policy_revision", &Record::policy_revision},
    Column{"row.service_tier", &Record::service_tier_requested},
    Column{"row.retry_of", &Record::retry_of},
};
constexpr std::array kLabels = {
    Label{"workflow", &Attribution::workflow},
    Label{"run", &Attribution::run},
    Label{"parent_run", &Attribution::parent_run},
    Label{"user", &Attribution::user},
    Label{"customer", &Attribution::customer},
    Label{"team", &Attribution::team},
    Label{"credential", &Attribution::credential},
    Label{"purpose", &Attribution::purpose},
    Label{"row.cost_center", &Attribution::cost_center},
    Label{"row.environment", &Attribution::environment},
    Label{"row.outcome", &Attribution::outcome},
};
constexpr std::string_view kStreaming = "row.streaming";
constexpr std::string_view kEvidence = "row.evidence";
constexpr std::string_view kEvidenceSize = "row.evidence_size";
constexpr std::string_view kTag = "tag.";

bool is_rows_own(std::string_view name) { return name.starts_with("row."); }

}  // namespace

void store_row(const Record& record, budget::EntryFacts& facts) {
  const auto add = [&](std::string_view name, const std::string& value) {
    if (is_rows_own(name) && !value.empty()) facts.add(name, value);
  };
  for (const Column& column : kColumns) add(column.name, record.*column.member);
  for (const Label& label : kLabels) add(label.name, record.attribution.*label.member);
  if (record.streaming) facts.add(kStreaming, "1");
}

void store_evidence(std::string_view evidence, budget::EntryFacts& facts) {
  if (evidence.empty()) return;
  facts.add_made(std::string(kEvidenceSize), std::to_string(evidence.size()));
  for (std::size_t at = 0; at < evidence.size(); at += budget::kJournalFactMost) {
    facts.add_made(std::string(kEvidence),
                   std::string(evidence.substr(at, budget::kJournalFactMost)));
  }
}

std::string recovered_evidence(const budget::JournalEntry& entry) {
  std::string size = "0";
  std::string evidence;
  for (const auto& [name, value] : entry.facts) {
    if (name == kEvidenceSize) size = value;
    if (name == kEvidence) evidence += value;
  }
  return std::to_string(evidence.size()) == size ? evidence : std::string();
}

Record recovered_record(const budget::Recovered& recovered, Time now) {
  const budget::JournalEntry& entry = recovered.entry;
  Record record;
  record.id = entry.id;
  record.started_at = entry.held_at;
  record.finished_at = std::max(now, entry.held_at);
  record.duration_us = (record.finished_at - record.started_at).count();
  record.sent = true;
  record.answer.end_state = EndState::proxy_abort;
  for (const auto& [name, value] : entry.facts) {
    for (const Column& column : kColumns) {
      if (column.name == name) record.*column.member = value;
    }
    for (const Label& label : kLabels) {
      if (label.name == name) record.attribution.*label.member = value;
    }
    if (name == kStreaming) record.streaming = true;
    if (name.starts_with(kTag)) {
      record.attribution.tags.emplace_back(name.substr(kTag.size()), value);
    }
  }

  Bill& bill = record.bill;
  bill.pricing = Pricing::fallback;
  bill.price_id = recovered.from_hold ? "held" : "settled_before_crash";
  const std::int64_t charged = recovered.charged[Measure::usd];
  if (recovered.from_hold && charged == 0) {
    bill.pricing = Pricing::unpriced;  // nothing was held because nobody knew the price
  } else {
    const std::int64_t input = std::min(charged, entry.fixed[Measure::usd]);
    bill.cost = Money::picodollars(charged);
    bill.by_kind[static_cast<std::size_t>(CostKind::input)] = input;
    bill.by_kind[static_cast<std::size_t>(CostKind::output)] = charged - input;
  }
  // The classes are lost; input and output as wholes are not.
  Inference inference;
  const auto set = [&](TokenClass c, Measure measure) {
    inference.usage[c] = static_cast<std::uint64_t>(recovered.charged[measure]);
  };
  set(TokenClass::input, Measure::input_tokens);
  set(TokenClass::output, Measure::output_tokens);
  record.answer.inferences.push_back(std::move(inference));
  bill.by_inference.push_back(bill.cost);
  record.answer.source = recovered.from_hold ? UsageSource::held : UsageSource::estimated;
  record.input_source = record.output_source = record.answer.source;
  return record;
}

}  // namespace tokenweir::exchange

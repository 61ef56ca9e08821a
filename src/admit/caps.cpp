#include "admit/caps.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "provider/dialect.h"

namespace tokenweir::admit {
namespace {

template <typename Rule>
const Rule* first_match(std::span<const Rule> rules, const budget::Facts& facts) {
  const auto found =
      std::ranges::find_if(rules, [&](const Rule& rule) { return rule.match.matches(facts); });
  return found == rules.end() ? nullptr : &*found;
}

bool enforces(const std::optional<config::Enforcement>& own, bool enforcing) {
  return enforcing && own.value_or(config::Enforcement::enforce) == config::Enforcement::enforce;
}

// A model that thinks before it speaks says nothing at all under a small cap.
std::int64_t with_floor(std::int64_t cap, const config::OutputCap& rule, bool reasoning) {
  return reasoning && rule.reasoning_floor ? std::max(cap, *rule.reasoning_floor) : cap;
}

// Several answers to one question share what the rule allows one request.
std::int64_t share_of(std::int64_t most, std::int64_t choices) {
  return choices > 1 ? std::max<std::int64_t>(most / choices, 1) : most;
}

Refusal cap_refusal(std::int64_t asked, std::int64_t most) {
  Refusal refusal;
  refusal.reason = Reason::too_large;
  refusal.kind = RefusalKind::invalid;
  const std::string wanted = asked == provider::kNoLimit
                                 ? std::string("output tokens without limit")
                                 : fmt::format("{} output tokens", asked);
  refusal.message = fmt::format("The request asks for {}; at most {} are allowed.", wanted, most);
  return refusal;
}

// Not even one token is left for each.
Refusal choices_refusal(std::int64_t choices, std::int64_t most) {
  Refusal refusal;
  refusal.reason = Reason::too_large;
  refusal.kind = RefusalKind::invalid;
  refusal.message = fmt::format(
      "The request asks for {} answers, which share at most {} output tokens.", choices, most);
  return refusal;
}

Refusal unsure_refusal() {
  Refusal refusal;
  refusal.reason = Reason::too_large;
  refusal.kind = RefusalKind::invalid;
  refusal.message =
      "A cap on output applies, and it cannot be put into this body: send one plain JSON object in "
      "UTF-8, uncompressed, that says each thing once.";
  return refusal;
}

}  // namespace

CapDecision decide_output_cap(std::span<const OutputCapRule> rules, const budget::Facts& facts,
                              const CapRequest& request) {
  CapDecision decision;
  decision.cap = request.asked;
  if (const OutputCapRule* rule = first_match(rules, facts)) {
    const config::OutputCap& cap = rule->cap;
    const bool enforced = enforces(cap.enforcement, request.enforcing);
    std::optional<std::int64_t> wanted;
    std::string_view source;
    if (!request.readable && (cap.most || cap.standard)) {
      if (enforced) {
        decision.refusal = unsure_refusal();
        return decision;
      }
      decision.would_refuse = true;
    }
    if (cap.most && request.choices > *cap.most && (request.asked || cap.standard)) {
      if (enforced) {
        decision.refusal = choices_refusal(request.choices, *cap.most);
      } else {
        decision.would_refuse = true;
      }
      return decision;
    }
    if (!request.asked && cap.standard) {
      wanted = with_floor(
          cap.most ? std::min(*cap.standard, share_of(*cap.most, request.choices)) : *cap.standard,
          cap, request.reasoning_model);
      source = "default";
    } else if (cap.most) {
      const std::int64_t most =
          with_floor(share_of(*cap.most, request.choices), cap, request.reasoning_model);
      const bool exceeds = request.asked && *request.asked > most;
      if (exceeds && cap.on_exceed == config::OutputCap::OnExceed::reject) {
        if (enforced) {
          decision.refusal = cap_refusal(*request.asked, most);
        } else {
          decision.would_refuse = true;
        }
        return decision;
      }
      // Nothing is inserted where the client set no cap, unless a default is configured.
      if (exceeds) {
        wanted = most;
      } else if (request.asked && request.thinking > most) {
        // Some server may think beyond what it may say.
        wanted = request.asked;
      }
      source = "rule";
    }
    if (wanted && enforced) {
      decision.cap = wanted;
      decision.edit = true;
      decision.source = source;
    } else if (wanted) {
      decision.would = wanted;
    }
  }
  if (request.ladder_cap && (!decision.cap || *request.ladder_cap < *decision.cap)) {
    if (request.enforcing) {
      decision.cap = request.ladder_cap;
      decision.edit = true;
      decision.source = "ladder";
    } else {
      decision.would = request.ladder_cap;
    }
  }
  if (decision.edit && !request.writable) {
    decision = CapDecision{};
    decision.refusal = unsure_refusal();
  }
  return decision;
}

InputDecision decide_input_cap(std::span<const InputCapRule> rules, const budget::Facts& facts,
                               std::int64_t input_tokens, std::span<const InputPart> parts,
                               bool enforcing) {
  InputDecision decision;
  const InputCapRule* rule = first_match(rules, facts);
  if (rule == nullptr || input_tokens <= rule->cap.max_input_tokens) return decision;
  if (!enforces(rule->cap.enforcement, enforcing)) {
    decision.would_refuse = true;
    return decision;
  }
  std::vector<InputPart> largest(parts.begin(), parts.end());
  std::ranges::stable_sort(largest, std::ranges::greater{}, &InputPart::tokens);
  std::string where;
  for (const InputPart& part : largest) {
    if (part.tokens <= 0) continue;
    where += fmt::format("{}{} {}", where.empty() ? ": " : ", ", part.name, part.tokens);
  }
  Refusal refusal;
  refusal.reason = Reason::too_large;
  refusal.kind = RefusalKind::invalid;
  refusal.message = fmt::format("The request has {} input tokens; at most {} are allowed{}.",
                                input_tokens, rule->cap.max_input_tokens, where);
  refusal.details.push_back({"limit", rule->cap.max_input_tokens});
  refusal.details.push_back({"input_tokens", input_tokens});
  for (const InputPart& part : largest) {
    if (part.tokens > 0) refusal.details.push_back({part.name, part.tokens});
  }
  decision.refusal = std::move(refusal);
  return decision;
}

}  // namespace tokenweir::admit

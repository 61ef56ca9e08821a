// The rules on single requests: caps, rates, and what happens when a client leaves.
#include "config/names.h"
#include "config/reading.h"

namespace tokenweir::config {
namespace {

using std::chrono::milliseconds;
using yaml::kRequired;
using yaml::MapReader;
using yaml::Node;

void read_output_cap(Reading& reading, MapReader& map) {
  OutputCap cap;
  read_match(reading, map, cap.match);
  map.integer({"max", "most output tokens a request may ask for"}, cap.most, 1, kMostTokens);
  const Node* standard = map.integer(
      {"default", "inserted where the client sets no cap; nothing is inserted without it"},
      cap.standard, 1, kMostTokens);
  map.integer({"reasoning_floor", "models that think are never capped below this"},
              cap.reasoning_floor, 1, kMostTokens);
  map.choice({"on_exceed", "what happens to a request for more"}, cap.on_exceed,
             {{"clamp", OutputCap::OnExceed::clamp}, {"reject", OutputCap::OnExceed::reject}});
  read_enforcement(map, cap.enforcement);
  if (!map.describing() && !cap.most && !cap.standard) {
    map.report().error(map.mark(), "expected max, default or both");
  }
  if (standard != nullptr && cap.most && *cap.standard > *cap.most) {
    map.report().error(standard->mark, "the default is larger than max");
  }
  reading.config.policy.output_caps.push_back(std::move(cap));
}

void read_input_cap(Reading& reading, MapReader& map) {
  InputCap cap;
  read_match(reading, map, cap.match);
  map.integer({"max_input_tokens", "judged on the count", kRequired}, cap.max_input_tokens, 1,
              kMostTokens);
  enum class OnExceed : std::uint8_t { reject };
  OnExceed on_exceed = OnExceed::reject;
  map.choice({"on_exceed", "input is never shortened"}, on_exceed, {{"reject", OnExceed::reject}});
  read_enforcement(map, cap.enforcement);
  reading.config.policy.input_caps.push_back(std::move(cap));
}

void read_rate(Reading& reading, MapReader& map) {
  Rate rate;
  read_match(reading, map, rate.match);
  read_per(map, rate.per);
  map.integer({"requests_per_minute", "a sliding minute"}, rate.requests_per_minute, 1,
              kMostTokens);
  map.integer({"tokens_per_minute", "input and output"}, rate.tokens_per_minute, 1, kMostTokens);
  map.integer({"concurrent", "requests in flight"}, rate.concurrent, 1, kMostTimes);
  read_enforcement(map, rate.enforcement);
  const bool bounded = rate.requests_per_minute || rate.tokens_per_minute || rate.concurrent;
  if (!bounded && !map.describing()) {
    map.report().error(map.mark(), "expected requests_per_minute, tokens_per_minute or concurrent");
  }
  reading.config.policy.rates.push_back(std::move(rate));
}

AbortAction read_drain(MapReader& map, AbortRule& rule) {
  const Node* node = map.map({"drain", "read on, within these bounds"}, [&](MapReader& inner) {
    inner.integer({"max_tokens", "then cancel"}, rule.max_tokens, 1, kMostTokens);
    inner.integer({"max_seconds", "then cancel"}, rule.max_seconds, 1, 86'400);
  });
  return node == nullptr ? AbortAction::automatic : AbortAction::drain;
}

void read_abort_rule(Reading& reading, MapReader& map) {
  AbortRule rule;
  read_match(reading, map, rule.match);
  bool automatic = false;
  bool cancel = false;
  map.boolean({"auto", "drain where cancelling saves nothing"}, automatic);
  map.boolean({"cancel", "close the connection to the provider"}, cancel);
  rule.action = read_drain(map, rule);
  const bool drain = rule.action == AbortAction::drain;
  if (!map.describing() && (automatic ? 1 : 0) + (cancel ? 1 : 0) + (drain ? 1 : 0) != 1) {
    map.report().error(map.mark(), "expected exactly one of auto: true, cancel: true, drain");
  }
  if (cancel) rule.action = AbortAction::cancel;
  reading.config.policy.abort_policy.rules.push_back(std::move(rule));
}

}  // namespace

void read_caps_and_rates(Reading& reading, MapReader& map) {
  map.list({"output_caps", "caps on output tokens; the first match wins"},
           [&](MapReader& item, const Node&) { read_output_cap(reading, item); });
  map.list({"input_caps", "caps on input tokens; the first match wins"},
           [&](MapReader& item, const Node&) { read_input_cap(reading, item); });
  map.list({"rates", "limits per minute and in flight; all that match hold"},
           [&](MapReader& item, const Node&) { read_rate(reading, item); });
}

void read_abort_policy(Reading& reading, MapReader& map) {
  AbortPolicy& policy = reading.config.policy.abort_policy;
  map.map({"abort_policy", "what happens to an answer whose client has left"},
          [&](MapReader& inner) {
            inner.choice({"default", "auto drains where cancelling saves nothing"}, policy.standard,
                         {{"auto", AbortAction::automatic},
                          {"cancel", AbortAction::cancel},
                          {"drain", AbortAction::drain}});
            inner.list({"rules", "the first match wins"},
                       [&](MapReader& item, const Node&) { read_abort_rule(reading, item); });
          });
}

}  // namespace tokenweir::config

// Runs: explicit caps and the detectors of the loop guard.
#include "config/names.h"
#include "config/reading.h"

namespace tokenweir::config {
namespace {

using std::chrono::milliseconds;
using yaml::kRequired;
using yaml::MapReader;
using yaml::Node;

void read_mode(MapReader& map, RunMode& mode) {
  map.choice({"mode", "note it, slow the run down (at most 5 s a step), or stop it"}, mode,
             {{"observe", RunMode::observe}, {"slow", RunMode::slow}, {"stop", RunMode::stop}});
}

}  // namespace

void read_runs(Reading& reading, MapReader& map) {
  RunRules& runs = reading.config.policy.runs;
  const auto section = [](MapReader& inner, const char* key, std::string_view doc, auto& slot,
                          auto read) {
    inner.map({key, doc}, [&](MapReader& rule) {
      slot.emplace();
      read(rule, *slot);
      read_mode(rule, slot->mode);
    });
  };
  map.map({"runs", "limits on single runs, and loop detectors"}, [&](MapReader& inner) {
    inner.duration({"remember", "how long an idle run is known"}, runs.remember,
                   milliseconds{60'000}, milliseconds{366 * 86'400'000ll});
    section(inner, "max_steps", "exchanges of one run", runs.max_steps,
            [](MapReader& rule, StepLimit& steps) {
              rule.integer({"limit", "exchanges", kRequired}, steps.limit, 1, kMostTimes);
            });
    section(inner, "max_usd", "money of one run and the runs below it", runs.max_usd,
            [](MapReader& rule, MoneyLimit& money) {
              rule.money({"limit", "dollars", kRequired}, money.limit);
            });
    section(inner, "max_tokens", "input and output of one run and the runs below it",
            runs.max_tokens, [](MapReader& rule, StepLimit& tokens) {
              rule.integer({"limit", "tokens", kRequired}, tokens.limit, 1, kMostTokens);
            });
    section(inner, "max_wall_time", "time since the first exchange of a run", runs.max_wall_time,
            [](MapReader& rule, TimeLimit& time) {
              rule.duration({"limit", "how long", kRequired}, time.limit, milliseconds{1'000},
                            milliseconds{366 * 86'400'000ll});
            });
    section(inner, "max_concurrent", "exchanges of one run in flight", runs.max_concurrent,
            [](MapReader& rule, StepLimit& concurrent) {
              rule.integer({"limit", "exchanges", kRequired}, concurrent.limit, 1, kMostTimes);
            });
    section(inner, "max_depth", "runs below runs", runs.max_depth,
            [](MapReader& rule, StepLimit& depth) {
              rule.integer({"limit", "levels below a root run", kRequired}, depth.limit, 0, 64);
            });
    section(
        inner, "max_retries", "attempts at one step", runs.max_retries,
        [](MapReader& rule, RetryLimit& retries) {
          rule.integer({"per_step", "attempts after the first"}, retries.per_step, 0, kMostTimes);
        });
    section(inner, "repeated_request", "the same request again", runs.repeated_request,
            [](MapReader& rule, RepeatedRequest& repeated) {
              rule.integer({"times", "sightings"}, repeated.times, 2, kMostTimes);
              rule.duration({"within", "of this time"}, repeated.within, milliseconds{1'000},
                            milliseconds{7 * 86'400'000ll});
            });
    section(inner, "near_repeated_request", "a growing transcript with the same new turn",
            runs.near_repeated_request, [](MapReader& rule, NearRepeatedRequest& repeated) {
              rule.integer({"times", "sightings in a row"}, repeated.times, 2, kMostTimes);
            });
    section(inner, "repeated_tool_call", "the same tool call again", runs.repeated_tool_call,
            [](MapReader& rule, RepeatedToolCall& repeated) {
              rule.integer({"times", "sightings in a row"}, repeated.times, 2, kMostTimes);
              rule.boolean({"any_result", "also when its results differ"}, repeated.any_result);
            });
    section(inner, "error_loop", "tool calls or requests that fail in a row", runs.error_loop,
            [](MapReader& rule, ErrorLoop& errors) {
              rule.integer({"times", "failures in a row"}, errors.times, 2, kMostTimes);
            });
    section(inner, "no_progress", "steps that add nothing new to the transcript", runs.no_progress,
            [](MapReader& rule, NoProgress& progress) {
              rule.integer({"steps", "in a row"}, progress.steps, 2, kMostTimes);
            });
    section(inner, "context_growth", "a context that has grown and grown", runs.context_growth,
            [](MapReader& rule, ContextGrowth& growth) {
              rule.integer({"input_tokens", "of one step", kRequired}, growth.input_tokens, 1,
                           kMostTokens);
              rule.integer({"factor", "times the run's first step"}, growth.factor, 2, 1'000'000);
            });
    section(inner, "cycle", "a sequence of steps that repeats", runs.cycle,
            [](MapReader& rule, Cycle& cycle) {
              rule.integer({"length_max", "longest sequence"}, cycle.length_max, 1, 64);
              rule.integer({"repeats", "times in a row"}, cycle.repeats, 2, kMostTimes);
            });
    section(inner, "cost_velocity", "money per minute", runs.cost_velocity,
            [](MapReader& rule, CostVelocity& velocity) {
              rule.money({"usd_per_minute", "dollars", kRequired}, velocity.usd_per_minute);
              rule.duration({"sustained", "for this long"}, velocity.sustained, milliseconds{1'000},
                            milliseconds{86'400'000});
            });
  });
}

}  // namespace tokenweir::config

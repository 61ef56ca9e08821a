#include "runs/loop_guard.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

namespace tokenweir::runs {
namespace {

constexpr std::array<std::string_view, kDetectors> kNames = {
    "max_steps", "max_usd",     "max_tokens",       "max_wall_time",         "max_concurrent",
    "max_depth", "max_retries", "repeated_request", "near_repeated_request", "repeated_tool_call",
    "cycle",     "error_loop",  "no_progress",      "cost_velocity",         "context_growth"};

// The hashes are keyed and already well mixed; order must matter.
std::uint64_t mixed(std::uint64_t left, std::uint64_t right) {
  std::uint64_t value = left * 0x9E3779B97F4A7C15ull + right + 0x2545F4914F6CDD1Dull;
  value ^= value >> 29;
  return value * 0xBF58476D1CE4E5B9ull;
}

bool same_call(const ToolCall& left, const ToolCall& right, bool any_result) {
  return left.name == right.name && left.arguments == right.arguments &&
         (any_result || left.result == right.result);
}

std::uint64_t hash_of(const ToolCall& call) {
  std::uint64_t hash = call.arguments;
  for (const char c : call.name) hash = mixed(hash, static_cast<unsigned char>(c));
  return hash;
}

// How often the last `length` calls were made, one time after the other.
std::int64_t repeats_of(const std::vector<ToolCall>& calls, std::size_t length) {
  std::int64_t repeats = 1;
  std::size_t end = calls.size();
  while (end >= 2 * length) {
    for (std::size_t i = 0; i < length; ++i) {
      if (!same_call(calls[end - 1 - i], calls[end - 1 - i - length], false)) return repeats;
    }
    ++repeats;
    end -= length;
  }
  return repeats;
}

struct Failures {
  std::int64_t in_a_row = 0;  // steps; calls side by side are one
  std::int64_t alike = 0;     // the latest failure since its tool last worked, others between
  std::string tool;           // of the latest failure
  std::uint64_t hash = 0;     // of its call
};

Failures failures_of(const std::vector<ToolCall>& calls) {
  Failures failures;
  std::optional<std::uint32_t> later;
  for (auto call = calls.rbegin(); call != calls.rend() && call->failed; ++call) {
    if (!later || (call->part != *later && call->part + 1 != *later)) ++failures.in_a_row;
    later = call->part;
  }
  const auto last = std::find_if(calls.rbegin(), calls.rend(), std::mem_fn(&ToolCall::failed));
  if (last == calls.rend()) return failures;
  failures.tool = last->name;
  failures.hash = hash_of(*last);
  for (auto call = calls.rbegin(); call != calls.rend(); ++call) {
    if (call->name != last->name) continue;
    if (!call->failed) break;
    if (same_call(*call, *last, false)) ++failures.alike;
  }
  return failures;
}

// What is asked, however it shall be answered. In a stored conversation the same words ask
// something else each time.
std::uint64_t asked_by(const Signs& signs) {
  return signs.question == 0 || signs.stored_context ? signs.body : signs.question;
}

constexpr std::uint64_t kNothing = 1;
constexpr std::uint64_t kStored = 2;

Finding found(Detector detector, config::RunMode mode, std::int64_t seen, std::int64_t limit) {
  Finding finding;
  finding.detector = detector;
  finding.mode = mode;
  finding.seen = seen;
  finding.limit = limit;
  return finding;
}

}  // namespace

std::string_view name_of(Detector detector) { return kNames[static_cast<std::size_t>(detector)]; }

std::optional<Detector> detector_named(std::string_view name) {
  const auto found = std::ranges::find(kNames, name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Detector>(found - kNames.begin());
}

std::optional<config::RunMode> mode_of(const config::RunRules& rules, Detector detector) {
  const auto mode = [](const auto& rule) {
    return rule ? std::optional(rule->mode) : std::nullopt;
  };
  switch (detector) {
    case Detector::max_steps:
      return mode(rules.max_steps);
    case Detector::max_usd:
      return mode(rules.max_usd);
    case Detector::max_tokens:
      return mode(rules.max_tokens);
    case Detector::max_wall_time:
      return mode(rules.max_wall_time);
    case Detector::max_concurrent:
      return mode(rules.max_concurrent);
    case Detector::max_depth:
      return mode(rules.max_depth);
    case Detector::max_retries:
      return mode(rules.max_retries);
    case Detector::repeated_request:
      return mode(rules.repeated_request);
    case Detector::near_repeated_request:
      return mode(rules.near_repeated_request);
    case Detector::repeated_tool_call:
      return mode(rules.repeated_tool_call);
    case Detector::cycle:
      return mode(rules.cycle);
    case Detector::error_loop:
      return mode(rules.error_loop);
    case Detector::no_progress:
      return mode(rules.no_progress);
    case Detector::cost_velocity:
      return mode(rules.cost_velocity);
    case Detector::context_growth:
      return mode(rules.context_growth);
  }
  return std::nullopt;
}

bool is_cap(Detector detector) { return detector <= Detector::max_depth; }

bool looks_like_loop(std::span<const Finding> findings) {
  return std::ranges::any_of(findings, [](const Finding& finding) {
    switch (finding.detector) {
      case Detector::repeated_request:
      case Detector::near_repeated_request:
      case Detector::repeated_tool_call:
      case Detector::cycle:
      case Detector::error_loop:
      case Detector::no_progress:
        return true;
      default:
        return false;
    }
  });
}

std::string Finding::evidence() const {
  if (above.empty()) return found();
  return fmt::format("the run {} above it was stopped: {}", above, found());
}

std::string Finding::found() const {
  switch (detector) {
    case Detector::max_steps:
      return fmt::format("step {} of at most {}", seen, limit);
    case Detector::max_usd:
      return fmt::format("${} spent of at most ${}", dollars_text(seen), dollars_text(limit));
    case Detector::max_tokens:
      return fmt::format("{} tokens used of at most {}", seen, limit);
    case Detector::max_wall_time:
      return fmt::format("running for {} s of at most {} s", seen / 1'000, limit / 1'000);
    case Detector::max_concurrent:
      return fmt::format("{} requests at once, at most {} are allowed", seen, limit);
    case Detector::max_depth:
      return fmt::format("{} levels below its root run, at most {} are allowed", seen, limit);
    case Detector::max_retries:
      return fmt::format("{} retries of one step, at most {} are allowed", seen, limit);
    case Detector::repeated_request:
      return fmt::format("the same request (hash {:016x}) {} times, limit {}", hash, seen, limit);
    case Detector::near_repeated_request:
      return fmt::format("the same turn (hash {:016x}) added {} times in a row, limit {}", hash,
                         seen, limit);
    case Detector::repeated_tool_call:
      return fmt::format("the same call of the tool {} (hash {:016x}) {} times in a row, limit {}",
                         tool, hash, seen, limit);
    case Detector::cycle:
      return fmt::format("the tool calls {} (hash {:016x}) went round {} times, limit {}", tool,
                         hash, seen, limit);
    case Detector::error_loop:
      if (hash != 0) {
        return fmt::format("the tool {} failed in the same way (hash {:016x}) {} times, limit {}",
                           tool, hash, seen, limit);
      }
      return tool.empty() ? fmt::format("{} steps in a row failed, limit {}", seen, limit)
                          : fmt::format("{} calls of the tool {} in a row failed, limit {}", seen,
                                        tool, limit);
    case Detector::no_progress:
      return fmt::format("{} steps in a row added nothing new, limit {}", seen, limit);
    case Detector::cost_velocity:
      return fmt::format("${} a minute, limit ${}", dollars_text(seen), dollars_text(limit));
    case Detector::context_growth:
      return fmt::format("a context of {} tokens that keeps growing, limit {}", seen, limit);
  }
  return {};
}

void LoopMemory::judge(const config::RunRules& rules, const Signs& signs, Instant now,
                       std::vector<Finding>& findings) {
  if (signs.body != 0) judge_body(rules, signs, now, findings);
  if (!signs.parts.empty()) {
    std::size_t first_new = 0;
    std::vector<ToolCall> calls;
    if (!signs.stored_context) calls = signs.calls;
    Thread& thread =
        signs.stored_context ? stored_thread(signs, calls) : thread_of(signs, first_new);
    extend(rules, thread, signs, calls, first_new);
    // The more telling one first.
    judge_calls(rules, thread.calls, findings);
    judge_thread(rules, thread, findings);
  }
  if (rules.error_loop && failures_ >= rules.error_loop->times) {
    findings.push_back(
        found(Detector::error_loop, rules.error_loop->mode, failures_, rules.error_loop->times));
  }
}

// The latest body goes last; the one unused for longest is forgotten.
LoopMemory::Body& LoopMemory::body_of(std::uint64_t hash) {
  const auto known = std::ranges::find(bodies_, hash, &Body::hash);
  if (known != bodies_.end()) {
    std::rotate(known, known + 1, bodies_.end());
  } else {
    if (bodies_.size() >= kBodies) bodies_.erase(bodies_.begin());
    bodies_.push_back({hash, 0, 0, {}});
  }
  return bodies_.back();
}

void LoopMemory::judge_body(const config::RunRules& rules, const Signs& signs, Instant now,
                            std::vector<Finding>& findings) {
  Body& body = body_of(asked_by(signs));
  // Several of one request side by side are a sample, not a loop: they count as one sighting. What
  // an SDK repeats after a failure is the matter of max_retries.
  const bool retried = body.failures > 0 && body.failures < kSdkAttempts;
  if (body.in_flight == 0 && !retried) {
    if (body.seen.size() >= kSightings) body.seen.erase(body.seen.begin());
    body.seen.push_back(now);
  }
  if (rules.max_retries && body.failures > rules.max_retries->per_step) {
    findings.push_back(found(Detector::max_retries, rules.max_retries->mode, body.failures,
                             rules.max_retries->per_step));
    findings.back().hash = body.hash;
  }
  if (!rules.repeated_request) return;
  const config::RepeatedRequest& rule = *rules.repeated_request;
  std::erase_if(body.seen, [&](Instant seen) { return now - seen > rule.within; });
  const auto times = static_cast<std::int64_t>(body.seen.size());
  if (times < rule.times) return;
  findings.push_back(found(Detector::repeated_request, rule.mode, times, rule.times));
  findings.back().hash = body.hash;
}

// The transcript that this one continues: its chain over all parts is found again as the chain over
// the first of ours; or, where the beginning was cut off, its last two parts among ours.
LoopMemory::Thread& LoopMemory::thread_of(const Signs& signs, std::size_t& first_new) {
  std::vector<std::uint64_t> chains;
  std::vector<std::uint64_t> tails;
  chains.reserve(signs.parts.size());
  tails.reserve(signs.parts.size());
  std::uint64_t chain = kNothing;
  std::uint64_t before = kNothing;
  std::uint64_t tail = kNothing;
  for (const Part& part : signs.parts) {
    if (part.kind != PartKind::system && part.kind != PartKind::tools) {
      chain = mixed(chain, part.hash);
      tail = before == kNothing ? kNothing : mixed(before, part.hash);
      before = part.hash;
    }
    chains.push_back(chain);
    tails.push_back(tail);
  }
  std::size_t longest = 0;
  auto continued = threads_.end();
  const auto look_for = [&](const std::vector<std::uint64_t>& ours, std::uint64_t Thread::*theirs) {
    for (auto thread = threads_.begin(); thread != threads_.end(); ++thread) {
      if ((*thread).*theirs == kNothing) continue;
      for (std::size_t length = ours.size(); length > longest; --length) {
        if (ours[length - 1] != (*thread).*theirs) continue;
        longest = length;
        continued = thread;
        break;
      }
    }
  };
  look_for(chains, &Thread::chain);
  if (continued == threads_.end()) look_for(tails, &Thread::tail);
  first_new = longest;
  Thread& thread = latest(continued);
  thread.chain = chains.back();
  thread.tail = tails.back();
  return thread;
}

// A conversation that the provider holds: all of the request is new, and its results are those of
// the calls that the answer before made.
LoopMemory::Thread& LoopMemory::stored_thread(const Signs& signs, std::vector<ToolCall>& calls) {
  if (made_.size() == signs.loose_results.size()) {
    calls = std::exchange(made_, {});
    for (std::size_t i = 0; i < calls.size(); ++i) {
      calls[i].part = static_cast<std::uint32_t>(i);
      calls[i].result = signs.loose_results[i].result;
      calls[i].failed = signs.loose_results[i].failed;
      calls[i].waiting = signs.loose_results[i].waiting;
    }
  }
  Thread& thread = latest(std::ranges::find(threads_, kStored, &Thread::chain));
  thread.chain = kStored;
  thread.tail = kNothing;
  return thread;
}

// The thread used latest stands last; the one unused for longest makes room for another.
LoopMemory::Thread& LoopMemory::latest(std::vector<Thread>::iterator continued) {
  if (continued != threads_.end()) {
    std::rotate(continued, continued + 1, threads_.end());
  } else {
    if (threads_.size() >= kThreads) threads_.erase(threads_.begin());
    threads_.emplace_back();
  }
  return threads_.back();
}

bool LoopMemory::remember(std::uint64_t part) {
  if (!known_.insert(part).second) return false;
  if (known_ring_.size() < kKnown) {
    known_ring_.push_back(part);
  } else {
    known_.erase(std::exchange(known_ring_[known_next_], part));
    known_next_ = (known_next_ + 1) % kKnown;
  }
  return true;
}

void LoopMemory::extend(const config::RunRules& rules, Thread& thread, const Signs& signs,
                        const std::vector<ToolCall>& calls, std::size_t first_new) {
  if (first_new == signs.parts.size()) return;  // the same transcript once more
  // What the step adds: the words of the other side and the calls they answer. The model's own
  // words differ even when it goes in circles, and so do the numbers of calls in their results.
  const bool has_calls = std::ranges::any_of(
      calls, [&](const ToolCall& call) { return signs.stored_context || call.part >= first_new; });
  std::uint64_t addition = 7;
  bool anything_new = false;
  bool waiting = has_calls;
  for (std::size_t i = first_new; i < signs.parts.size(); ++i) {
    const Part& part = signs.parts[i];
    anything_new = remember(part.hash) || anything_new;
    if (part.kind == PartKind::assistant) continue;
    if (part.kind == PartKind::tool_result && has_calls) continue;
    if (part.kind == PartKind::user) waiting = false;
    addition = mixed(addition, part.hash);
  }
  for (const ToolCall& call : calls) {
    if (!signs.stored_context && call.part < first_new) continue;
    addition = mixed(mixed(addition, hash_of(call)), call.result.value_or(0));
    waiting = waiting && call.waiting;
    if (thread.calls.size() >= kCalls) {
      thread.calls.erase(thread.calls.begin(), thread.calls.begin() + kCalls / 4);
    }
    thread.calls.push_back(call);
  }
  const bool continues = first_new > 0 || signs.stored_context;
  thread.waiting = waiting;
  thread.calling = has_calls;
  thread.same_additions = continues && addition == thread.addition ? thread.same_additions + 1 : 1;
  thread.addition = addition;
  // A step of late that is made once more is no news, whatever the model says to it.
  const auto window = static_cast<std::ptrdiff_t>(
      rules.no_progress ? std::min<std::int64_t>(rules.no_progress->steps, kLately) : 0);
  const auto begin =
      thread.lately.end() - std::min(window, static_cast<std::ptrdiff_t>(thread.lately.size()));
  const bool again = std::find(begin, thread.lately.end(), addition) != thread.lately.end();
  if (!waiting) {
    thread.stale_steps = continues && (again || !anything_new) ? thread.stale_steps + 1 : 0;
  }
  if (thread.lately.size() >= kLately) thread.lately.erase(thread.lately.begin());
  thread.lately.push_back(addition);
}

void LoopMemory::judge_thread(const config::RunRules& rules, const Thread& thread,
                              std::vector<Finding>& findings) const {
  if (const auto& rule = rules.near_repeated_request) {
    const std::int64_t most = rule->times * (thread.waiting ? kPatience : 1);
    if (thread.same_additions >= most) {
      findings.push_back(
          found(Detector::near_repeated_request, rule->mode, thread.same_additions, most));
      findings.back().hash = thread.addition;
    }
  }
  if (const auto& rule = rules.no_progress) {
    // Calls that go round have a detector of their own, which is to find them first.
    const std::int64_t most = rule->steps * (thread.calling ? 2 : 1);
    if (thread.stale_steps >= most) {
      findings.push_back(found(Detector::no_progress, rule->mode, thread.stale_steps, most));
    }
  }
}

void LoopMemory::judge_calls(const config::RunRules& rules, const std::vector<ToolCall>& calls,
                             std::vector<Finding>& findings) const {
  if (calls.empty()) return;
  const ToolCall& last = calls.back();
  const auto in_a_row = [&](auto same) {
    const auto other = std::find_if_not(calls.rbegin(), calls.rend(), same);
    return static_cast<std::int64_t>(other - calls.rbegin());
  };
  if (const auto& rule = rules.repeated_tool_call) {
    const std::int64_t times =
        in_a_row([&](const ToolCall& call) { return same_call(call, last, rule->any_result); });
    const std::int64_t most = rule->times * (last.waiting ? kPatience : 1);
    if (times >= most) {
      findings.push_back(found(Detector::repeated_tool_call, rule->mode, times, most));
      findings.back().tool = last.name;
      findings.back().hash = hash_of(last);
    }
  }
  if (const auto& rule = rules.cycle) {
    // A cycle of one call is a repeated call, which has a detector of its own.
    for (std::size_t length = 2; length <= static_cast<std::size_t>(rule->length_max); ++length) {
      const std::int64_t times = repeats_of(calls, length);
      const bool one_call = length > calls.size() || repeats_of(calls, 1) >= std::int64_t(length);
      const bool waiting =
          std::any_of(calls.end() - static_cast<std::ptrdiff_t>(std::min(length, calls.size())),
                      calls.end(), std::mem_fn(&ToolCall::waiting));
      const std::int64_t most = rule->repeats * (waiting ? kPatience : 1);
      if (one_call || times < most) continue;
      findings.push_back(found(Detector::cycle, rule->mode, times, most));
      Finding& finding = findings.back();
      for (std::size_t i = calls.size() - length; i < calls.size(); ++i) {
        if (finding.tool.size() < 256)
          finding.tool += (finding.tool.empty() ? "" : " > ") + calls[i].name;
        finding.hash = mixed(finding.hash, hash_of(calls[i]));
      }
      break;
    }
  }
  if (const auto& rule = rules.error_loop) {
    const Failures failures = failures_of(calls);
    if (failures.in_a_row >= rule->times) {
      findings.push_back(found(Detector::error_loop, rule->mode, failures.in_a_row, rule->times));
      findings.back().tool = failures.tool;
    } else if (failures.alike >= rule->times * kBetween) {
      findings.push_back(
          found(Detector::error_loop, rule->mode, failures.alike, rule->times * kBetween));
      findings.back().tool = failures.tool;
      findings.back().hash = failures.hash;
    }
  }
}

void LoopMemory::begun(const Signs& signs) {
  if (signs.body != 0) ++body_of(asked_by(signs)).in_flight;
}

void LoopMemory::refused(const Signs& signs) {
  const auto known = std::ranges::find(bodies_, asked_by(signs), &Body::hash);
  if (signs.body == 0 || known == bodies_.end()) return;
  known->in_flight = std::max<std::int64_t>(known->in_flight - 1, 0);
}

void LoopMemory::ended(const Signs& signs, bool failed) {
  if (signs.body == 0) {
    failures_ = failed ? failures_ + 1 : 0;
    return;
  }
  if (!signs.made.empty()) made_ = signs.made;
  const auto known = std::ranges::find(bodies_, asked_by(signs), &Body::hash);
  if (known == bodies_.end()) return;
  known->in_flight = std::max<std::int64_t>(known->in_flight - 1, 0);
  known->failures = failed ? known->failures + 1 : 0;
  if (!failed) {
    failures_ = 0;
  } else if (known->failures == 1 || known->failures > kSdkAttempts) {
    ++failures_;
  }
}

}  // namespace tokenweir::runs

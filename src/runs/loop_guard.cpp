#include "runs/loop_guard.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

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
    Thread& thread = thread_of(signs, first_new);
    extend(thread, signs, first_new);
    judge_thread(rules, thread, findings);
    judge_calls(rules, thread.calls, findings);
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
  Body& body = body_of(signs.body);
  // Several of one request side by side are a sample, not a loop: they count as one sighting.
  if (body.in_flight == 0) {
    if (body.seen.size() >= kSightings) body.seen.erase(body.seen.begin());
    body.seen.push_back(now);
  }
  if (rules.max_retries && body.failures > rules.max_retries->per_step) {
    findings.push_back(found(Detector::max_retries, rules.max_retries->mode, body.failures,
                             rules.max_retries->per_step));
    findings.back().hash = signs.body;
  }
  if (!rules.repeated_request) return;
  const config::RepeatedRequest& rule = *rules.repeated_request;
  std::erase_if(body.seen, [&](Instant seen) { return now - seen > rule.within; });
  const auto times = static_cast<std::int64_t>(body.seen.size());
  if (times < rule.times) return;
  findings.push_back(found(Detector::repeated_request, rule.mode, times, rule.times));
  findings.back().hash = signs.body;
}

// The transcript that this one continues: its chain over all parts is found again as the chain over
// the first of ours.
LoopMemory::Thread& LoopMemory::thread_of(const Signs& signs, std::size_t& first_new) {
  std::vector<std::uint64_t> chains;
  chains.reserve(signs.parts.size());
  std::uint64_t chain = 1;
  for (const Part& part : signs.parts) {
    chain = mixed(chain, part.hash);
    chains.push_back(chain);
  }
  std::size_t longest = 0;
  auto continued = threads_.end();
  for (auto thread = threads_.begin(); thread != threads_.end(); ++thread) {
    for (std::size_t length = chains.size(); length > longest; --length) {
      if (chains[length - 1] != thread->chain) continue;
      longest = length;
      continued = thread;
      break;
    }
  }
  first_new = longest;
  if (continued != threads_.end()) {
    std::rotate(continued, continued + 1, threads_.end());
  } else {
    if (threads_.size() >= kThreads) threads_.erase(threads_.begin());
    threads_.emplace_back();
  }
  threads_.back().chain = chains.back();
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

void LoopMemory::extend(Thread& thread, const Signs& signs, std::size_t first_new) {
  if (first_new == signs.parts.size()) return;  // the same transcript once more
  // What the step adds: the words of the other side and the calls they answer. The model's own
  // words differ even when it goes in circles.
  std::uint64_t addition = 7;
  bool anything_new = false;
  for (std::size_t i = first_new; i < signs.parts.size(); ++i) {
    const Part& part = signs.parts[i];
    anything_new = remember(part.hash) || anything_new;
    if (part.kind != PartKind::assistant) addition = mixed(addition, part.hash);
  }
  for (const ToolCall& call : signs.calls) {
    if (call.part < first_new) continue;
    addition = mixed(addition, hash_of(call));
    if (thread.calls.size() >= kCalls) {
      thread.calls.erase(thread.calls.begin(), thread.calls.begin() + kCalls / 4);
    }
    thread.calls.push_back(call);
  }
  const bool continues = first_new > 0;
  thread.same_additions = continues && addition == thread.addition ? thread.same_additions + 1 : 1;
  thread.addition = addition;
  thread.stale_steps = continues && !anything_new ? thread.stale_steps + 1 : 0;
}

void LoopMemory::judge_thread(const config::RunRules& rules, const Thread& thread,
                              std::vector<Finding>& findings) const {
  if (const auto& rule = rules.near_repeated_request;
      rule && thread.same_additions >= rule->times) {
    findings.push_back(
        found(Detector::near_repeated_request, rule->mode, thread.same_additions, rule->times));
    findings.back().hash = thread.addition;
  }
  if (const auto& rule = rules.no_progress; rule && thread.stale_steps >= rule->steps) {
    findings.push_back(found(Detector::no_progress, rule->mode, thread.stale_steps, rule->steps));
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
    if (times >= rule->times) {
      findings.push_back(found(Detector::repeated_tool_call, rule->mode, times, rule->times));
      findings.back().tool = last.name;
      findings.back().hash = hash_of(last);
    }
  }
  if (const auto& rule = rules.cycle) {
    // A cycle of one call is a repeated call, which has a detector of its own.
    for (std::size_t length = 2; length <= static_cast<std::size_t>(rule->length_max); ++length) {
      const std::int64_t times = repeats_of(calls, length);
      const bool one_call = length > calls.size() || repeats_of(calls, 1) >= std::int64_t(length);
      if (one_call || times < rule->repeats) continue;
      findings.push_back(found(Detector::cycle, rule->mode, times, rule->repeats));
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
    const std::int64_t times =
        in_a_row([&](const ToolCall& call) { return call.failed && call.name == last.name; });
    if (times >= rule->times) {
      findings.push_back(found(Detector::error_loop, rule->mode, times, rule->times));
      findings.back().tool = last.name;
    }
  }
}

void LoopMemory::begun(const Signs& signs) {
  if (signs.body != 0) ++body_of(signs.body).in_flight;
}

void LoopMemory::ended(const Signs& signs, bool failed) {
  if (signs.body == 0) {
    failures_ = failed ? failures_ + 1 : 0;
    return;
  }
  const auto known = std::ranges::find(bodies_, signs.body, &Body::hash);
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

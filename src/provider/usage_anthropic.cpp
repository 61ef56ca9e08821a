#include <algorithm>
#include <array>

#include "provider/usage.h"
#include "provider/usage_cost.h"
#include "provider/usage_json.h"

namespace tokenweir::provider {
namespace {

using Count = std::optional<std::uint64_t>;

struct Iteration;

// A usage object after the merge; what nobody told has no value.
struct AnthropicFigures {
  Count input, output, cache_read, cache_written, written_5m, written_1h, thinking;
  Count searches, fetches;
  std::string tier, speed, region;
  std::vector<Iteration> iterations;
  bool credit_redeemed = false;
};

struct Iteration {
  std::string type;
  std::string model;
  AnthropicFigures figures;
};

void replace(Count& kept, Count news) {
  if (news) kept = news;
}
void replace(std::string& kept, std::string news) {
  if (!news.empty()) kept = std::move(news);
}

void merge(const std::optional<Json>& object, AnthropicFigures& kept, Counts& counts, int depth);

void merge_iterations(const std::optional<Json>& list, AnthropicFigures& kept, Counts& counts) {
  constexpr std::size_t kMost = 64;
  simdjson::dom::array entries;
  if (!list || list->get(entries) != simdjson::SUCCESS || entries.size() == 0) return;
  kept.iterations.clear();
  for (const Json entry : entries) {
    if (kept.iterations.size() == kMost) {
      counts.note_anomaly();
      return;
    }
    Iteration iteration;
    iteration.type = text_member(entry, "type");
    iteration.model = text_member(entry, "model");
    merge(entry, iteration.figures, counts, 1);
    kept.iterations.push_back(std::move(iteration));
  }
}

// Cumulative: a field that is present and not null replaces what was known, the others stay.
void merge(const std::optional<Json>& object, AnthropicFigures& kept, Counts& counts, int depth) {
  replace(kept.input, counts.get(object, "input_tokens"));
  replace(kept.output, counts.get(object, "output_tokens"));
  replace(kept.cache_read, counts.get(object, "cache_read_input_tokens"));
  replace(kept.cache_written, counts.get(object, "cache_creation_input_tokens"));
  const std::optional<Json> split = member(object, "cache_creation");
  replace(kept.written_5m, counts.get(split, "ephemeral_5m_input_tokens"));
  replace(kept.written_1h, counts.get(split, "ephemeral_1h_input_tokens"));
  replace(kept.thinking, counts.get(member(object, "output_tokens_details"), "thinking_tokens"));
  const std::optional<Json> tools = member(object, "server_tool_use");
  replace(kept.searches, counts.get(tools, "web_search_requests"));
  replace(kept.fetches, counts.get(tools, "web_fetch_requests"));
  replace(kept.tier, text_member(object, "service_tier"));
  replace(kept.speed, text_member(object, "speed"));
  replace(kept.region, text_member(object, "inference_geo"));
  const std::optional<Json> credit = member(member(object, "fallback_credit"), "status");
  if (credit) kept.credit_redeemed = text_member(credit, "type") == "redeemed";
  if (depth == 0) merge_iterations(member(object, "iterations"), kept, counts);
}

// The total is the newer figure: a split that only the first event told may lag behind it. What it
// does not explain was written with the default time to live, unless longer ones are in use.
void place_cache_writes(const AnthropicFigures& f, Usage& usage, Counts& counts) {
  if (!f.cache_written) {
    usage[TokenClass::cache_write_5m] = f.written_5m;
    usage[TokenClass::cache_write_1h] = f.written_1h;
    return;
  }
  std::uint64_t left = *f.cache_written;
  if (f.written_1h) usage[TokenClass::cache_write_1h] = counts.take(left, *f.written_1h);
  std::uint64_t short_lived = 0;
  if (f.written_5m) short_lived = counts.take(left, *f.written_5m);
  if (f.written_1h.value_or(0) > 0 && left > 0) {
    usage[TokenClass::cache_write_unknown] = left;
  } else {
    short_lived += left;
  }
  usage[TokenClass::cache_write_5m] = short_lived;
}

Usage usage_of(const AnthropicFigures& f, Counts& counts) {
  Usage usage;
  usage[TokenClass::input] = f.input;
  usage[TokenClass::cache_read] = f.cache_read;
  place_cache_writes(f, usage, counts);
  if (f.output) {
    std::uint64_t left = *f.output;
    if (f.thinking) usage[TokenClass::reasoning] = counts.take(left, *f.thinking);
    usage[TokenClass::output] = left;
  }
  usage[CallClass::web_search] = f.searches;
  usage[CallClass::web_fetch] = f.fetches;
  return usage;
}

// The top level speaks for the answer alone; compactions, advisors and fallbacks are only here.
bool iterations_decide(const AnthropicFigures& f) {
  return std::ranges::any_of(f.iterations,
                             [](const Iteration& one) { return one.type != "message"; });
}

void use_iterations(AnthropicFigures& f, UsageReading& reading, Counts& counts) {
  // What only the top level tells belongs to the answer itself: the last attempt that served.
  const auto answers = [](const Iteration& one) {
    return one.type == "message" || one.type == "fallback_message";
  };
  const auto served = std::ranges::find_if(f.iterations.rbegin(), f.iterations.rend(), answers);
  if (served != f.iterations.rend()) {
    if (std::ranges::count_if(f.iterations, answers) == 1) {
      served->figures.thinking = f.thinking;
    }
    served->figures.searches = f.searches;
    served->figures.fetches = f.fetches;
  }
  bool own_found = false;
  for (Iteration& one : f.iterations) {
    Usage usage = usage_of(one.figures, counts);
    if (!own_found && one.type == "message" && one.model.empty()) {
      reading.usage = usage;
      own_found = true;
    } else {
      reading.others.push_back({std::move(one.model), usage});
    }
  }
}

}  // namespace

UsageReading anthropic_usage(std::span<const std::string> pieces) {
  UsageReading reading;
  AnthropicFigures figures;
  Counts counts;
  for (const std::string& piece : pieces) {
    const std::optional<Json> object = parse_json(piece);
    if (!object || !object->is_object()) {
      counts.note_anomaly();
      continue;
    }
    reading.readable = true;
    merge(object, figures, counts, 0);
    read_cost(object, reading, counts);
  }
  if (iterations_decide(figures)) {
    use_iterations(figures, reading, counts);
  } else {
    reading.usage = usage_of(figures, counts);
  }
  reading.service_tier = figures.tier;
  reading.speed = figures.speed;
  reading.region = figures.region;
  // A redeemed credit reprices the whole answer in a way the wire does not show.
  reading.anomaly = counts.anomaly() || figures.credit_redeemed;
  return reading;
}

}  // namespace tokenweir::provider

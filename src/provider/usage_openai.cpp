#include <algorithm>

#include "provider/usage.h"
#include "provider/usage_cost.h"
#include "provider/usage_json.h"

namespace tokenweir::provider {
namespace {

using Count = std::optional<std::uint64_t>;

std::optional<Json> first_member(const Members& object,
                                 std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    if (std::optional<Json> value = member(object, key)) return value;
  }
  return std::nullopt;
}

Count first(Count left, Count right) { return left ? left : right; }
Count larger(Count left, Count right) {
  if (left && right) return std::max(*left, *right);
  return first(left, right);
}

// The raw figures, in one spelling.
struct OpenaiFigures {
  Members root;
  Members input_details;
  Members output_details;
  Count input, output, total, cached, written, reasoning;
  bool perplexity = false;
};

OpenaiFigures figures_of(const Members& root, OpenAiUse use, Counts& counts) {
  OpenaiFigures f;
  f.root = root;
  f.input_details = first_member(root, {"prompt_tokens_details", "input_tokens_details",
                                        "input_token_details", "prompt_token_details"});
  f.output_details = first_member(
      root, {"completion_tokens_details", "output_tokens_details", "output_token_details"});
  f.input = first(counts.get(root, "prompt_tokens"), counts.get(root, "input_tokens"));
  f.output = first(counts.get(root, "completion_tokens"), counts.get(root, "output_tokens"));
  f.total = counts.get(root, "total_tokens");
  f.cached =
      larger(counts.largest(root, {"cached_tokens", "num_cached_tokens", "prompt_cache_hit_tokens",
                                   "cache_read_input_tokens"}),
             larger(counts.largest(f.input_details, {"cached_tokens", "cache_read_input_tokens"}),
                    counts.get(member(root, "prompt_token_details"), "cached_tokens")));
  f.written =
      larger(counts.get(root, "cache_creation_input_tokens"),
             counts.largest(f.input_details, {"cache_write_tokens", "cache_creation_input_tokens",
                                              "cache_creation_tokens"}));
  f.reasoning = larger(counts.get(root, "reasoning_tokens"),
                       counts.get(f.output_details, "reasoning_tokens"));
  f.perplexity = member(root, "search_context_size") || member(root, "citation_tokens") ||
                 member(root, "num_search_queries");
  if (!f.input) {
    const Count hit = counts.get(root, "prompt_cache_hit_tokens");
    const Count miss = counts.get(root, "prompt_cache_miss_tokens");
    if (hit && miss) f.input = *hit + *miss;
  }
  if (!f.input && f.total && use == OpenAiUse::input_only) f.input = f.total;
  return f;
}

// What the total holds beyond input and output, put where this speaker hides it.
void place_hidden(OpenaiFigures& f, bool reasoning_outside, Count& hidden_audio, Counts& counts) {
  const auto add_reasoning = [&](std::uint64_t tokens) {
    f.reasoning = tokens;
    f.output = f.output.value_or(0) + tokens;
  };
  if (f.perplexity || (reasoning_outside && !f.total)) {
    if (f.reasoning) f.output = f.output.value_or(0) + *f.reasoning;
    return;
  }
  if (!f.total || !f.input) return;
  const std::uint64_t told = *f.input + f.output.value_or(0);
  if (*f.total == told) return;
  if (*f.total < told) {
    // Cache reads beside the input are often left out of the total as well.
    counts.note_anomaly();
    return;
  }
  const std::uint64_t hidden = *f.total - told;
  if (!f.reasoning) {
    const Count seconds = counts.rounded_up(f.root.object(), "prompt_audio_seconds");
    if (seconds.value_or(0) > 0) {
      hidden_audio = hidden;
    } else {
      add_reasoning(hidden);
    }
    return;
  }
  if (*f.reasoning > 0 && hidden >= *f.reasoning) {
    if (hidden != *f.reasoning) counts.note_anomaly();
    add_reasoning(hidden);
  } else {
    // The speaker says how much it reasoned, so the rest is something else: suppressed stop
    // sequences at Cerebras. Nobody is charged for it.
    counts.note_anomaly();
  }
}

void split_cache_writes(const OpenaiFigures& f, std::uint64_t written, Usage& usage,
                        Counts& counts) {
  const std::optional<Json> by_time =
      first_member(f.input_details, {"cache_write_tokens_details", "cache_creation"});
  const std::optional<Json> split = by_time ? by_time : member(f.root, "cache_creation");
  struct Part {
    std::string_view key;
    TokenClass where;
  };
  constexpr Part kParts[] = {{"ttl_30m_tokens", TokenClass::cache_write_30m},
                             {"ttl_12h_tokens", TokenClass::cache_write_12h},
                             {"ephemeral_5m_input_tokens", TokenClass::cache_write_5m},
                             {"ephemeral_1h_input_tokens", TokenClass::cache_write_1h}};
  bool any = false;
  for (const Part& part : kParts) {
    const Count tokens = counts.get(split, part.key);
    if (!tokens) continue;
    any = true;
    usage[part.where] = counts.take(written, *tokens);
  }
  if (!any || written > 0) usage[TokenClass::cache_write_unknown] = written;
}

// Text, audio, image and video of the input that did not come from the cache. Details count the
// cached part in as well; where they do not say how much of it, as little as possible was cached.
void split_openai_input(const OpenaiFigures& f, Usage& usage, Counts& counts) {
  if (!f.input) {
    if (f.cached) usage[TokenClass::cache_read] = f.cached;
    if (f.written) split_cache_writes(f, *f.written, usage, counts);
    return;
  }
  std::uint64_t left = *f.input;
  std::uint64_t cached = f.cached.value_or(0);
  // More read from the cache than there was input: this speaker counts the two side by side.
  if (cached <= left) left -= cached;
  if (f.written) split_cache_writes(f, counts.take(left, *f.written), usage, counts);

  const std::optional<Json> cached_details = member(f.input_details, "cached_tokens_details");
  struct Kind {
    std::string_view key;
    TokenClass fresh;
    std::optional<TokenClass> from_cache;
  };
  constexpr Kind kKinds[] = {
      {"audio_tokens", TokenClass::audio_input, TokenClass::audio_cache_read},
      {"image_tokens", TokenClass::image_input, TokenClass::image_cache_read},
      {"video_tokens", TokenClass::video_input, std::nullopt}};
  for (const Kind& kind : kKinds) {
    const Count told = counts.get(f.input_details, kind.key);
    if (!told) continue;
    std::uint64_t fresh = *told;
    std::uint64_t from_cache = 0;
    if (const Count exact = counts.get(cached_details, kind.key)) {
      from_cache = counts.take(fresh, *exact);
    } else if (fresh > left) {
      from_cache = std::min(fresh - left, cached);
      fresh -= from_cache;
    }
    usage[kind.fresh] = counts.take(left, fresh);
    from_cache = counts.take(cached, from_cache);
    if (kind.from_cache && from_cache > 0) {
      usage[*kind.from_cache] = from_cache;
    } else {
      cached += from_cache;
    }
  }
  if (f.cached) usage[TokenClass::cache_read] = cached;
  usage[TokenClass::input] = left;
}

void split_output(const OpenaiFigures& f, OpenAiUse use, Usage& usage, Counts& counts) {
  if (!f.output) {
    if (f.reasoning) usage[TokenClass::reasoning] = f.reasoning;
    return;
  }
  std::uint64_t left = *f.output;
  if (f.reasoning) usage[TokenClass::reasoning] = counts.take(left, *f.reasoning);
  if (const Count audio = counts.get(f.output_details, "audio_tokens")) {
    usage[TokenClass::audio_output] = counts.take(left, *audio);
  }
  if (const Count image = counts.get(f.output_details, "image_tokens")) {
    usage[TokenClass::image_output] = counts.take(left, *image);
  } else if (use == OpenAiUse::image) {
    usage[TokenClass::image_output] = counts.take(left, left);
  }
  usage[TokenClass::output] = left;
}

void read_calls(const OpenaiFigures& f, Usage& usage, Counts& counts) {
  const auto add = [&](CallClass where, Count count) {
    if (count) usage[where] = usage[where].value_or(0) + *count;
  };
  const std::optional<Json> tools = member(f.root, "server_tool_use");
  add(CallClass::web_search, counts.get(tools, "web_search_requests"));
  add(CallClass::web_fetch, counts.get(tools, "web_fetch_requests"));
  const std::optional<Json> details = member(f.root, "server_side_tool_usage_details");
  add(CallClass::web_search, counts.get(details, "web_search_calls"));
  add(CallClass::x_search, counts.get(details, "x_search_calls"));
  add(CallClass::code_execution, counts.get(details, "code_interpreter_calls"));
  add(CallClass::file_search, counts.get(details, "file_search_calls"));
  add(CallClass::search_query, counts.get(f.root, "num_search_queries"));
  add(CallClass::second_input, counts.rounded_up(f.root.object(), "prompt_audio_seconds"));
  add(CallClass::page, counts.get(f.root, "pages_processed"));
  if (text_member(f.root.object(), "type") == "duration") {
    add(CallClass::second_input, counts.rounded_up(f.root.object(), "seconds"));
  }
}

UsageReading read(std::optional<Json> root, OpenAiUse use, bool reasoning_outside) {
  UsageReading reading;
  if (!root || !root->is_object()) {
    reading.anomaly = true;
    return reading;
  }
  reading.readable = true;
  Counts counts;
  OpenaiFigures f = figures_of(root, use, counts);
  Count hidden_audio;
  if (use == OpenAiUse::text) place_hidden(f, reasoning_outside, hidden_audio, counts);
  split_openai_input(f, reading.usage, counts);
  if (hidden_audio) {
    Count& audio = reading.usage[TokenClass::audio_input];
    audio = audio.value_or(0) + *hidden_audio;
  }
  if (f.perplexity) reading.usage[TokenClass::citation_input] = counts.get(root, "citation_tokens");
  split_output(f, use, reading.usage, counts);
  read_calls(f, reading.usage, counts);
  read_cost(root, reading, counts);
  reading.service_tier = text_member(root, "service_tier");
  reading.search_context = text_member(root, "search_context_size");
  reading.anomaly = counts.anomaly();
  return reading;
}

}  // namespace

UsageReading openai_usage(std::string_view raw, OpenAiUse use, bool reasoning_outside) {
  return read(parse_json(raw), use, reasoning_outside);
}

std::vector<Inference> openai_usage_breakdown(std::string_view raw, bool& anomaly) {
  std::vector<Inference> inferences;
  const std::optional<Json> models = member(parse_json(raw), "models");
  simdjson::dom::array list;
  if (!models || models->get(list) != simdjson::SUCCESS) return inferences;
  constexpr std::size_t kMost = 64;
  for (const Json entry : list) {
    if (inferences.size() == kMost) {
      anomaly = true;
      break;
    }
    const UsageReading reading = read(member(entry, "usage"), OpenAiUse::text, false);
    anomaly = anomaly || reading.anomaly;
    if (!reading.usage.empty()) {
      inferences.push_back({text_member(entry, "model"), reading.usage});
    }
  }
  return inferences;
}

bool openai_tool_usage(std::string_view raw, std::string_view image_model, UsageReading& reading) {
  const std::optional<Json> root = parse_json(raw);
  Counts counts;
  const Count searches = counts.get(member(root, "web_search"), "num_requests");
  if (searches) reading.usage[CallClass::web_search] = searches;

  const UsageReading images = [&] {
    const std::optional<Json> image = member(root, "image_gen");
    return image ? read(image, OpenAiUse::image, false) : UsageReading{};
  }();
  if (images.usage.total_input().value_or(0) + images.usage.total_output().value_or(0) > 0) {
    reading.others.push_back({std::string(image_model), images.usage});
  }
  reading.anomaly = reading.anomaly || counts.anomaly() || images.anomaly;
  return searches.has_value();
}

}  // namespace tokenweir::provider

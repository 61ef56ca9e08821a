#include <algorithm>
#include <array>
#include <charconv>

#include "provider/usage.h"
#include "provider/usage_json.h"

namespace tokenweir::provider {
namespace {

using Count = std::optional<std::uint64_t>;

enum Modality : std::size_t { kAudio, kImage, kVideo, kDocument, kModalities };
using ByModality = std::array<Count, kModalities>;

constexpr std::array<TokenClass, kModalities> kFresh = {
    TokenClass::audio_input, TokenClass::image_input, TokenClass::video_input,
    TokenClass::document_input};

struct GeminiFigures {
  Count prompt, cached, candidates, thoughts, tool, total;
  std::optional<ByModality> prompt_by, cached_by, candidates_by;
  std::string tier;
};

bool same_word(std::string_view text, std::string_view lower_case) {
  return std::ranges::equal(text, lower_case, [](char c, char wanted) {
    return (c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) == wanted;
  });
}

// The modality by name, or by its number where the client asked for enums as integers.
std::optional<Modality> modality_of(const Json& entry) {
  constexpr std::array<std::string_view, kModalities> kNames = {"audio", "image", "video",
                                                                "document"};
  const std::optional<Json> modality = member(entry, "modality");
  if (std::int64_t number = 0; modality && modality->get(number) == simdjson::SUCCESS) {
    if (number == 2) return kImage;
    if (number == 3) return kVideo;
    if (number == 4) return kAudio;
    if (number == 5) return kDocument;
    return std::nullopt;
  }
  const std::string name = text_member(entry, "modality");
  for (std::size_t m = 0; m < kModalities; ++m) {
    if (same_word(name, kNames[m])) return static_cast<Modality>(m);
  }
  return std::nullopt;
}

// [{"modality":"AUDIO","tokenCount":5}, ...]; several entries of one kind add up.
std::optional<ByModality> by_modality(const std::optional<Json>& list, std::string_view count_key,
                                      Counts& counts) {
  constexpr std::size_t kMost = 64;
  simdjson::dom::array entries;
  if (!list || list->get(entries) != simdjson::SUCCESS) return std::nullopt;
  ByModality found;
  std::size_t seen = 0;
  for (const Json entry : entries) {
    if (++seen > kMost) break;
    const std::optional<Modality> modality = modality_of(entry);
    const Count tokens = counts.get(entry, count_key);
    if (modality && tokens) found[*modality] = found[*modality].value_or(0) + *tokens;
  }
  return found;
}

template <typename Value>
void replace(std::optional<Value>& kept, const std::optional<Value>& news) {
  if (news) kept = news;
}

void merge(const std::optional<Json>& object, GeminiFigures& kept, Counts& counts) {
  replace(kept.prompt, counts.get(object, "promptTokenCount"));
  replace(kept.cached, counts.get(object, "cachedContentTokenCount"));
  replace(kept.candidates, counts.get(object, "candidatesTokenCount"));
  replace(kept.candidates, counts.get(object, "responseTokenCount"));
  replace(kept.thoughts, counts.get(object, "thoughtsTokenCount"));
  replace(kept.tool, counts.get(object, "toolUsePromptTokenCount"));
  replace(kept.total, counts.get(object, "totalTokenCount"));
  replace(kept.prompt_by, by_modality(member(object, "promptTokensDetails"), "tokenCount", counts));
  replace(kept.cached_by, by_modality(member(object, "cacheTokensDetails"), "tokenCount", counts));
  replace(kept.candidates_by,
          by_modality(member(object, "candidatesTokensDetails"), "tokenCount", counts));
  replace(kept.candidates_by,
          by_modality(member(object, "responseTokensDetails"), "tokenCount", counts));
  for (const std::string_view key : {"serviceTier", "trafficType"}) {
    if (std::string tier = text_member(object, key); !tier.empty()) kept.tier = std::move(tier);
  }
}

// The total is the sum of its parts, so one missing part follows from it.
void complete_by_total(GeminiFigures& f, Counts& counts) {
  if (!f.total) return;
  const std::uint64_t told =
      f.prompt.value_or(0) + f.candidates.value_or(0) + f.thoughts.value_or(0) + f.tool.value_or(0);
  const bool one_missing = f.prompt.has_value() != f.candidates.has_value();
  if (one_missing && *f.total >= told) {
    (f.prompt ? f.candidates : f.prompt) = *f.total - told;
  } else if (*f.total != told) {
    counts.note_anomaly();
  }
}

void split_gemini_input(const GeminiFigures& f, Usage& usage, Counts& counts) {
  if (f.tool) usage[TokenClass::tool_input] = f.tool;
  if (!f.prompt) {
    usage[TokenClass::cache_read] = f.cached;
    return;
  }
  std::uint64_t left = *f.prompt;
  std::uint64_t cached = counts.take(left, f.cached.value_or(0));
  for (std::size_t m = 0; m < kModalities; ++m) {
    const Count told = f.prompt_by ? (*f.prompt_by)[m] : std::nullopt;
    if (!told) continue;
    std::uint64_t fresh = *told;
    std::uint64_t from_cache = 0;
    if (const Count exact = f.cached_by ? (*f.cached_by)[m] : std::nullopt) {
      from_cache = std::min(counts.take(fresh, *exact), cached);
    } else if (fresh > left) {
      from_cache = std::min(fresh - left, cached);
      fresh -= from_cache;
    }
    usage[kFresh[m]] = counts.take(left, fresh);
    if (from_cache == 0 || (m != kAudio && m != kImage)) continue;
    cached -= from_cache;
    usage[m == kAudio ? TokenClass::audio_cache_read : TokenClass::image_cache_read] = from_cache;
  }
  if (f.cached) usage[TokenClass::cache_read] = cached;
  usage[TokenClass::input] = left;
}

void split_output(const GeminiFigures& f, Usage& usage, Counts& counts) {
  usage[TokenClass::reasoning] = f.thoughts;
  if (!f.candidates) return;
  std::uint64_t left = *f.candidates;
  const auto take = [&](Modality m, TokenClass where) {
    const Count told = f.candidates_by ? (*f.candidates_by)[m] : std::nullopt;
    if (told) usage[where] = counts.take(left, *told);
  };
  take(kAudio, TokenClass::audio_output);
  take(kImage, TokenClass::image_output);
  usage[TokenClass::output] = left;
}

}  // namespace

UsageReading gemini_usage(std::span<const std::string> pieces, bool ended) {
  UsageReading reading;
  GeminiFigures figures;
  Counts counts;
  for (const std::string& piece : pieces) {
    const std::optional<Json> object = parse_json(piece);
    if (!object || !object->is_object()) {
      counts.note_anomaly();
      continue;
    }
    reading.readable = true;
    merge(object, figures, counts);
  }
  if (ended) complete_by_total(figures, counts);
  split_gemini_input(figures, reading.usage, counts);
  split_output(figures, reading.usage, counts);
  reading.service_tier = figures.tier;
  reading.anomaly = counts.anomaly();
  return reading;
}

UsageReading interactions_usage(std::string_view raw, int generation) {
  UsageReading reading;
  Counts counts;
  const std::optional<Json> object = parse_json(raw);
  if (!object || !object->is_object()) {
    reading.anomaly = true;
    return reading;
  }
  reading.readable = true;
  GeminiFigures figures;
  figures.prompt = counts.get(object, "total_input_tokens");
  figures.cached = counts.get(object, "total_cached_tokens");
  figures.candidates = counts.get(object, "total_output_tokens");
  figures.thoughts = counts.get(object, "total_thought_tokens");
  figures.tool = counts.get(object, "total_tool_use_tokens");
  figures.prompt_by = by_modality(member(object, "input_tokens_by_modality"), "tokens", counts);
  figures.cached_by = by_modality(member(object, "cached_tokens_by_modality"), "tokens", counts);
  figures.candidates_by =
      by_modality(member(object, "output_tokens_by_modality"), "tokens", counts);
  split_gemini_input(figures, reading.usage, counts);
  split_output(figures, reading.usage, counts);

  simdjson::dom::array tools;
  const std::optional<Json> list = member(object, "grounding_tool_count");
  if (list && list->get(tools) == simdjson::SUCCESS) {
    for (const Json tool : tools) {
      const Count calls = counts.get(tool, "count");
      const std::string type = text_member(tool, "type");
      if (calls.value_or(0) == 0) continue;
      if (type == "google_maps") {
        reading.usage[CallClass::maps] = calls;
      } else if (type == "google_search" && generation >= 3) {
        reading.usage[CallClass::search_query] = calls;
      } else if (type == "google_search") {
        reading.usage[CallClass::grounded_prompt] = 1;
      }
    }
  }
  reading.anomaly = counts.anomaly();
  return reading;
}

int gemini_generation(std::string_view model) {
  constexpr std::string_view kName = "gemini-";
  const std::size_t at = model.find(kName);
  if (at == std::string_view::npos) return 0;
  model.remove_prefix(at + kName.size());
  int generation = 0;
  const auto [end, error] = std::from_chars(model.data(), model.data() + model.size(), generation);
  return error == std::errc() && generation > 0 && generation < 100 ? generation : 0;
}

}  // namespace tokenweir::provider

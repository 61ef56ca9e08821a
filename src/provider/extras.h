// What a request body asks for beyond text: everything that can make it dearer than its bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace tokenweir::provider {

// Which prompt-cache writes the provider may charge for. Unknown counts as any.
enum class CacheWrites : std::uint8_t { none, five_minutes, any };

// What the body says beyond text, as its reader found it. A body that could not be read has remote
// input and tools without a limit.
struct Extras {
  std::int64_t images = 0;    // each at most kImageTokens, unless counted
  bool documents = false;     // files by value: bounded by their bytes
  bool tools = false;         // declared tools: the provider adds instructions of its own
  bool remote_input = false;  // file ids, URLs, stored conversations: size unknown
  bool audio_input = false;
  bool audio_output = false;
  bool image_output = false;
  CacheWrites cache_writes = CacheWrites::any;
  std::int64_t tool_calls_max = 0;  // charged calls of the provider's own tools (max_uses)
  bool unbounded_tools = false;     // such tools without a limit
  // Inferences over the whole context besides the one that was asked for and those that follow
  // tool calls: compaction, fallback attempts.
  std::int64_t extra_inferences = 0;

  friend bool operator==(const Extras&, const Extras&) = default;
};

// What the body says about thinking before speaking.
struct Reasoning {
  std::optional<bool> enabled;                // no value: the model's own default
  std::optional<std::int64_t> budget_tokens;  // the largest that is written
  std::string effort;                         // low, medium, high, ...

  friend bool operator==(const Reasoning&, const Reasoning&) = default;
};

}  // namespace tokenweir::provider

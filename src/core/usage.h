// What one inference consumed, in disjoint classes: every token is in exactly one class, so sums
// are always right. Each dialect converts its vendor's convention at its own border (provider/).
// Absent is not zero: a class the provider said nothing about has no value.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tokenweir {

enum class TokenClass : std::uint8_t {
  input,           // uncached text input: total input minus every other input class
  cache_read,      // text served from the provider's cache
  cache_write_5m,  // written to the cache, by time to live
  cache_write_30m,
  cache_write_1h,
  cache_write_12h,
  cache_write_unknown,  // written, time to live not told
  audio_input,
  audio_cache_read,
  image_input,
  image_cache_read,
  video_input,
  document_input,
  tool_input,  // results of the provider's own tools fed back, when reported apart
  citation_input,
  output,  // visible text and tool calls: total output minus the other output classes
  reasoning,
  audio_output,
  image_output,
};
inline constexpr std::size_t kTokenClasses = 19;

// Things charged by the piece rather than by the token.
enum class CallClass : std::uint8_t {
  web_search,
  web_fetch,
  grounded_prompt,
  search_query,
  code_execution,
  file_search,
  x_search,
  maps,
  search_unit,
  classification,
  request,  // a flat fee of the request itself
  image,    // images made, where priced by the image
  page,
  second_input,  // audio seconds heard
  second_output,
  character_input,
};
inline constexpr std::size_t kCallClasses = 16;

[[nodiscard]] std::string_view name_of(TokenClass token_class);
[[nodiscard]] std::string_view name_of(CallClass call_class);
[[nodiscard]] bool is_input(TokenClass token_class);

struct Usage {
  std::array<std::optional<std::uint64_t>, kTokenClasses> tokens;
  // Seconds may be fractional at the provider; they are rounded up to a whole second here.
  std::array<std::optional<std::uint64_t>, kCallClasses> calls;

  [[nodiscard]] std::optional<std::uint64_t>& operator[](TokenClass c) {
    return tokens[static_cast<std::size_t>(c)];
  }
  [[nodiscard]] const std::optional<std::uint64_t>& operator[](TokenClass c) const {
    return tokens[static_cast<std::size_t>(c)];
  }
  [[nodiscard]] std::optional<std::uint64_t>& operator[](CallClass c) {
    return calls[static_cast<std::size_t>(c)];
  }
  [[nodiscard]] const std::optional<std::uint64_t>& operator[](CallClass c) const {
    return calls[static_cast<std::size_t>(c)];
  }

  // Sum of every input (output) class that has a value; no value when none has. Saturates.
  [[nodiscard]] std::optional<std::uint64_t> total_input() const;
  [[nodiscard]] std::optional<std::uint64_t> total_output() const;
  [[nodiscard]] bool empty() const;
  // Adds class by class; absent plus absent stays absent. Saturates.
  void add(const Usage& other);

  friend bool operator==(const Usage&, const Usage&) = default;
};

// One billable inference. An exchange usually has one; compactions, advisors, image tools and
// compound models add more (wire.md 1.5), each priced by its own model.
struct Inference {
  std::string model;  // empty: the exchange's own model
  Usage usage;

  friend bool operator==(const Inference&, const Inference&) = default;
};

// How a figure is known, strongest first.
enum class UsageSource : std::uint8_t { reported, counted, estimated, held, none };
[[nodiscard]] std::string_view name_of(UsageSource source);
[[nodiscard]] UsageSource weaker(UsageSource left, UsageSource right);

}  // namespace tokenweir

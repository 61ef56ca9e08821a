// How a vendor's file describes its endpoints: a table of path patterns and what each one means.
// Internal to provider/; everybody else calls recognise() and error_answer().
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "provider/dialect.h"

namespace tokenweir::provider {

// A path cut at its slashes, without empty segments; views into the path.
class Segments {
 public:
  static constexpr std::size_t kMost = 32;

  explicit Segments(std::string_view path);

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::string_view operator[](std::size_t index) const { return segments_[index]; }
  [[nodiscard]] std::string_view last() const { return size_ == 0 ? "" : segments_[size_ - 1]; }
  // The segment behind the first one of that name, in any case; empty when there is none.
  [[nodiscard]] std::string_view after(std::string_view name) const;
  // All of the path behind it, slashes and all.
  [[nodiscard]] std::string_view rest_after(std::string_view name) const;
  // Deeper than any API's path: such a path is not recognised.
  [[nodiscard]] bool too_deep() const { return too_deep_; }

 private:
  std::string_view segments_[kMost];
  std::size_t size_ = 0;
  bool too_deep_ = false;
};

enum Method : std::uint8_t { kGet = 1, kPost = 2, kDelete = 4, kAnyMethod = 7 };
[[nodiscard]] Method method_named(
    std::string_view method);  // what does not read or delete is kPost

enum Trait : std::uint8_t {
  kNone = 0,
  kCappable = 1,
  kMetered = 2,
  kFree = 4,
  kAsyncJob = 8,
  kStreamsByDefault = 16,
  kReadsStored = 32,
};
inline constexpr std::uint8_t kInference = kCappable | kMetered;

constexpr std::uint16_t bit(Family family) {
  return static_cast<std::uint16_t>(1U << static_cast<unsigned>(family));
}
inline constexpr std::uint16_t kEveryFamily = 0xFFFF;

struct Rule {
  // Matched against the path's last segments: "chat/completions". "*" is one segment; a final "**"
  // is any number of them, and then the pattern may begin anywhere in the path.
  std::string_view pattern;
  std::uint8_t methods;
  Dialect dialect;
  std::string_view name;
  std::uint8_t traits;
  std::uint16_t families = kEveryFamily;
};

// First rule that fits; null when none does.
[[nodiscard]] const Rule* first_match(std::span<const Rule> rules, Family family, Method method,
                                      const Segments& path);

// One row a vendor.
struct Vendor {
  std::uint16_t own;  // families whose paths this vendor is asked about first
  // Fills the endpoint and returns true when the path is one of this vendor's.
  bool (*recognise)(Family family, Method method, const Segments& path, std::string_view query,
                    Endpoint& endpoint);
};
bool recognise_openai(Family, Method, const Segments&, std::string_view query, Endpoint&);
bool recognise_anthropic(Family, Method, const Segments&, std::string_view query, Endpoint&);
bool recognise_gemini(Family, Method, const Segments&, std::string_view query, Endpoint&);
bool recognise_cohere(Family, Method, const Segments&, std::string_view query, Endpoint&);
bool recognise_ollama(Family, Method, const Segments&, std::string_view query, Endpoint&);

// Copies what the rule says into the endpoint.
void apply(const Rule& rule, Endpoint& endpoint);

// Whose words are spoken at an endpoint: the path's vendor before the provider's family.
[[nodiscard]] Family spoken_at(const Endpoint& endpoint, Family family);

ErrorAnswer openai_error(const Problem& problem);
ErrorAnswer anthropic_error(const Problem& problem);
ErrorAnswer gemini_error(const Problem& problem, bool in_array);
ErrorAnswer cohere_error(const Problem& problem);
ErrorAnswer ollama_error(const Problem& problem);

// Undoes percent-encoding once; a malformed escape stays as it is.
[[nodiscard]] std::string percent_decoded(std::string_view text);
// The value of a query parameter, not decoded; empty when absent.
[[nodiscard]] std::string_view query_value(std::string_view query, std::string_view name);
// Appends `,"name":value` for each detail; `as_text` turns numbers into strings.
void append_details(std::string& out, std::span<const Detail> details, bool as_text = false);
// Appends `,"details":{...}`, or nothing when there are none.
void append_details_object(std::string& out, std::span<const Detail> details);

}  // namespace tokenweir::provider

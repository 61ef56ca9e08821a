// Which request headers may say whose spend it is, in the order in which they are believed. The
// meanings of our own X-LLM-* fields are fixed; aliases of other products are configuration.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tokenweir::config {

// What a header may say. Only workflow, run, user and customer have aliases.
enum class Meaning : std::uint8_t {
  workflow,
  run,
  parent_run,
  user,
  customer,
  purpose,
  tags,
  outcome,
};
inline constexpr std::size_t kMeanings = 8;

struct AttributionSource {
  // How the value is found in the field.
  enum class Form : std::uint8_t {
    plain,     // the whole field
    json,      // a member of a JSON object: json:HEADER:key|key
    baggage,   // a member of W3C baggage: baggage:key|key
    tag_list,  // the rest of the first element starting with "key:": tags:HEADER:key
  };
  Meaning meaning = Meaning::workflow;
  Form form = Form::plain;
  std::string header;             // lower case
  std::vector<std::string> keys;  // tried in order; empty for plain
  bool ours = false;              // malformed: refused; an alias that is malformed is ignored
};

// The text of the configuration file as a source; no value when malformed.
[[nodiscard]] std::optional<AttributionSource> parse_source(Meaning meaning, std::string_view text);
[[nodiscard]] std::string to_text(const AttributionSource& source);

class AttributionHeaders {
 public:
  // Our own fields and the usual aliases (docs/configuration.md, `attribution`).
  AttributionHeaders();
  // Replaces the aliases of one meaning; our own field stays first.
  void set_aliases(Meaning meaning, std::vector<AttributionSource> sources);

  // Sorted by meaning, then by rank: the first that gives a value wins.
  [[nodiscard]] const std::vector<AttributionSource>& sources() const { return sources_; }
  // Calls `visit(index into sources())` for every source of that header name. Cheap for the names
  // that are none, which are most of those in a request.
  template <typename Visit>
  void for_each(std::string_view header, Visit visit) const {
    if (header.size() >= by_length_.size()) return;
    for (const std::uint16_t index : by_length_[header.size()]) {
      if (same_name(sources_[index].header, header)) visit(index);
    }
  }

 private:
  [[nodiscard]] static bool same_name(std::string_view lower, std::string_view name);
  void index();

  std::vector<AttributionSource> sources_;
  std::array<std::vector<std::uint16_t>, 64> by_length_;
};

}  // namespace tokenweir::config

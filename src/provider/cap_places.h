// Every place of a request body where a limit on its output is written, in any spelling that some
// server heeds, so that a cap can be put over all of them (wire.md 13).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace tokenweir::provider {

// The spelling, wherever it stands.
enum class CapField : std::uint8_t {
  max_completion_tokens,
  max_tokens,
  max_output_tokens,
  max_output_tokens_camel,
  num_predict,
  n_predict,
  max_new_tokens,
  max_tokens_to_sample,
  max_response_output_tokens,
  other,
  none,
};

// The object it stands in.
enum class CapScope : std::uint8_t {
  root,
  generation_config,        // generationConfig
  generation_config_snake,  // generation_config
  options,
  parameters,
  completion_args,
  session,
  alternative,  // an element of fallbacks[] or instances[], an advisor among tools[]
  elsewhere,    // objects other servers know
};

struct CapPlace {
  enum class Kind : std::uint8_t {
    output,           // a limit on output
    thinking,         // Anthropic's: at least 1,024 and below the output limit
    thinking_simple,  // any number up to the output limit
  };
  enum class Says : std::uint8_t {
    number,
    nothing,    // null
    unlimited,  // a negative number
    unclear,    // no number at all
  };
  Kind kind = Kind::output;
  CapScope scope = CapScope::root;
  CapField field = CapField::other;
  Says says = Says::nothing;
  bool exact = true;        // the keys are spelt exactly, not only but for their case
  std::int64_t tokens = 0;  // of a number; saturated, fractions rounded up
  std::uint64_t offset = 0;
  std::uint64_t size = 0;

  friend bool operator==(const CapPlace&, const CapPlace&) = default;
};

// One occurrence of an object that limits stand in.
struct CapContainer {
  enum class Form : std::uint8_t { object, empty_object, nothing, unclear };
  CapScope scope = CapScope::root;
  Form form = Form::object;
  bool exact = true;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;

  friend bool operator==(const CapContainer&, const CapContainer&) = default;
};

struct CapPlaces {
  // More places than this are nobody's request.
  static constexpr std::size_t kMost = 256;

  std::vector<CapPlace> places;          // in the order of their ends
  std::vector<CapContainer> containers;  // without the root
  std::uint64_t root_open_end = 0;       // offset just behind the root's "{"
  bool root_empty = false;
  bool too_many = false;

  friend bool operator==(const CapPlaces&, const CapPlaces&) = default;
};

}  // namespace tokenweir::provider

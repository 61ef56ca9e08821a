// What a file may contain, as a value: readers write it down while they are asked to describe
// themselves, so the published JSON Schema cannot drift from what is accepted.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tokenweir::yaml {

struct Shape {
  enum class Type : std::uint8_t {
    any,
    boolean,
    integer,
    text,
    decimal,
    duration,
    size,
    texts,
    choice,
    list,
    map,
    table
  };

  Type type = Type::any;
  std::string doc;       // one line for people
  std::string standard;  // the default, as text; empty: none
  bool required = false;
  std::optional<std::int64_t> least;  // of an integer
  std::optional<std::int64_t> most;
  std::vector<std::string> words;                                    // of a choice
  std::vector<std::pair<std::string, std::shared_ptr<Shape>>> keys;  // of a map, in order
  std::shared_ptr<Shape> item;  // of a list, or the values of a table with free keys
  bool alone = false;           // a list that may also be written as its only item
};

// A JSON Schema (draft 2020-12) document of the shape.
[[nodiscard]] std::string json_schema(const Shape& shape, std::string_view title,
                                      std::string_view identifier);
// Every key as a dotted path, lists as "[]": "listen[].tls.certificate". In the shape's order.
[[nodiscard]] std::vector<std::string> key_paths(const Shape& shape);

}  // namespace tokenweir::yaml

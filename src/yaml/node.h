// A YAML document as a tree of values that remember where they stand in the file. Made by parse.h,
// read by reader.h. Anchors, aliases and tags never reach it: they are refused while parsing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tokenweir::yaml {

// A place in a file, both counted from 1.
struct Mark {
  int line = 1;
  int column = 1;
};

enum class Kind : std::uint8_t { null, scalar, list, map };
[[nodiscard]] std::string_view name_of(Kind kind);  // "nothing", "a value", "a list", "a map"

struct Node {
  struct Entry;

  Kind kind = Kind::null;
  Mark mark;
  std::string text;            // of a scalar, exactly as written (escapes resolved)
  bool quoted = false;         // the author wrote quotes: never a number, a bool or null
  bool expanded = false;       // holds text from the environment or a file, so never print it
  std::vector<Node> items;     // of a list
  std::vector<Entry> entries;  // of a map, in the file's order, keys unique

  // The value of a map's key; null when absent.
  [[nodiscard]] const Node* find(std::string_view key) const;
};

struct Node::Entry {
  std::string key;
  Mark mark;  // of the key
  Node value;
};

}  // namespace tokenweir::yaml

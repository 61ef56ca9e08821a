// Streaming JSON, path-anchored: reports the raw text of the values at chosen paths and nothing
// else. Bytes may be cut anywhere; strings that nobody asked for are skipped without being kept, so
// memory does not grow with the document. Text inside strings never counts as structure, which is
// what makes a forged "usage" inside tool arguments harmless.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tokenweir::stream {

// The paths to look for, built once and shared. "usage", "response.usage", "choices[].finish_reason"
// ("[]" is any element of an array; "[]" first for a root array). Keys are compared unescaped.
class PathSet {
 public:
  PathSet() = default;
  // Returns the path's number: 0, 1, 2, ... in order of addition.
  int add(std::string_view path, std::size_t capture_limit = 64 * 1024);

 private:
  friend class JsonExtractor;
  struct Node {
    std::string key;               // empty for "[]"
    bool any_element = false;
    int path = -1;
    std::size_t capture_limit = 0;
    std::vector<int> children;
  };
  std::vector<Node> nodes_;
};

struct JsonValue {
  int path = -1;
  std::string_view raw;       // verbatim, without surrounding white space; a string keeps its quotes
  std::uint64_t offset = 0;   // of the first byte of the value in the document
  std::uint64_t size = 0;     // full length, also when `raw` was cut at the capture limit
  bool cut = false;           // raw holds only the first capture_limit bytes
};

class JsonSink {
 public:
  virtual ~JsonSink() = default;
  virtual void on_value(const JsonValue& value) = 0;  // after its last byte; views die on return
  // The array or object at a chosen path begins or a chosen path's array closes empty are not
  // reported apart: `raw` tells ("[]").
};

class JsonExtractor {
 public:
  explicit JsonExtractor(const PathSet& paths);   // borrowed

  // Consumes all bytes. After failed() the rest is ignored.
  void feed(std::string_view bytes, JsonSink& sink);
  // End of input: a root number may end here.
  void finish(JsonSink& sink);
  void reset();

  [[nodiscard]] bool complete() const;       // exactly one whole root value, white space around it
  [[nodiscard]] bool failed() const;         // not JSON, nested deeper than 1,000, or trailing text
  [[nodiscard]] bool root_is_object() const;
  // Offset just behind the root object's "{"; meaningful once root_is_object().
  [[nodiscard]] std::uint64_t root_open_end() const;
  [[nodiscard]] bool root_is_empty_object() const;
};

}  // namespace tokenweir::stream

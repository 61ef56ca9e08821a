// Streaming JSON, path-anchored: reports the raw text of the values at chosen paths and nothing
// else. Bytes may be cut anywhere; strings that nobody asked for are skipped without being kept, so
// memory does not grow with the document. Text inside strings never counts as structure, which is
// what makes a forged "usage" inside tool arguments harmless.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "stream/utf8.h"

namespace tokenweir::stream {

// Go's JSON decoder accepts MAX_TOKENS for max_tokens, so servers written in Go need `ignored`.
enum class KeyCase : std::uint8_t { exact, ignored };

// The paths to look for, built once and shared. "usage", "response.usage",
// "choices[].finish_reason"
// ("[]" is any element of an array; "[]" first for a root array; "" the root value itself). Keys
// are compared unescaped. A key may not contain a dot and is at most 128 bytes.
class PathSet {
 public:
  explicit PathSet(KeyCase key_case = KeyCase::exact) : key_case_(key_case) {}
  // Returns the path's number: 0, 1, 2, ... in order of addition; the same number when it is added
  // again. A `capture_limit` of 0 reports that the value was there, with an empty `raw`.
  int add(std::string_view path, std::size_t capture_limit = 64 * 1024);

 private:
  friend class JsonExtractor;
  static constexpr auto kNone = [] {
    std::array<std::int16_t, 64> none{};
    none.fill(-1);
    return none;
  }();
  struct Node {
    std::string key;     // empty for "[]"
    std::string folded;  // the key without its case
    bool any_element = false;
    int path = -1;
    std::size_t capture_limit = 0;
    std::vector<int> children;
    std::vector<std::uint16_t> signatures;  // of the children's keys: first letter and length
    // The first child of each kind of signature, and of each child the next one; -1: none.
    std::array<std::int16_t, 64> first_like = kNone;
    std::vector<std::int16_t> next_like;
    int element = -1;            // the child for any element
    bool has_keys = false;       // children with keys
    std::uint32_t initials = 0;  // of the children's keys, without case, by their low five bits
  };
  int child_for(int parent, std::string_view key, bool any_element);

  std::vector<Node> nodes_ = {Node{}};  // the first is the root value
  KeyCase key_case_ = KeyCase::exact;
  int paths_ = 0;
};

struct JsonValue {
  int path = -1;
  std::string_view raw;          // verbatim, without surrounding white space; strings keep quotes
  std::uint64_t offset = 0;      // of the first byte of the value in the document
  std::uint64_t size = 0;        // full length, also when `raw` was cut at the capture limit
  std::uint64_t key_offset = 0;  // of the member's opening quote; `offset` for elements and roots
  bool cut = false;              // raw holds only the first capture_limit bytes
  bool exact_keys = true;        // false where a key on the way differs in case (KeyCase::ignored)
};

class JsonSink {
 public:
  virtual ~JsonSink() = default;
  // After the value's last byte; inner values before outer ones, duplicates in their order. Views
  // die on return.
  virtual void on_value(const JsonValue& value) = 0;
  // At the value's first byte, for those who cannot wait for its end.
  virtual void on_begin(int /*path*/) {}
};

class JsonExtractor {
 public:
  static constexpr std::size_t kDepthMax = 1000;

  explicit JsonExtractor(const PathSet& paths);  // borrowed

  // Consumes all bytes. After failed() the rest is ignored.
  void feed(std::string_view bytes, JsonSink& sink);
  // End of input: a root number may end here.
  void finish(JsonSink& sink);
  // Ready for the next document; keeps its memory for reuse.
  void reset();

  [[nodiscard]] bool complete() const { return state_ == State::done; }
  // Not JSON (RFC 8259, white space around it allowed), nested deeper than 1,000, or trailing text.
  [[nodiscard]] bool failed() const { return state_ == State::failed; }
  // Whether every string so far was UTF-8. Does not make the document fail.
  [[nodiscard]] bool valid_utf8() const { return utf8_.valid(); }
  [[nodiscard]] bool root_is_object() const { return root_is_object_; }
  // Offset just behind the root object's "{"; meaningful once root_is_object().
  [[nodiscard]] std::uint64_t root_open_end() const { return root_open_end_; }
  // Meaningful once complete().
  [[nodiscard]] bool root_is_empty_object() const { return root_is_object_ && !root_has_members_; }

 private:
  enum class State : std::uint8_t {
    value,         // a value must follow
    array_start,   // a value or "]"
    object_start,  // a key or "}"
    key,           // a key must follow
    colon,
    after_value,  // a comma or the end of the container
    in_key,
    in_string,
    in_number,
    in_literal,
    done,
    failed,
  };
  // Where in RFC 8259's number grammar the last byte was.
  enum class Number : std::uint8_t { minus, zero, digits, point, fraction, e, e_sign, exponent };
  struct Frame {
    std::int32_t node;  // of the container in the path set, -1 where nothing below is wanted
    bool array;
    bool exact;  // every key on the way here was spelt as in the path set
  };
  struct Capture {
    int path = -1;
    std::size_t limit = 0;
    std::size_t depth = 0;
    std::uint64_t offset = 0;
    std::uint64_t key_offset = 0;
    bool exact = true;
    const char* from = nullptr;  // where the part inside the present chunk starts
    std::string kept;            // parts of earlier chunks
  };

  void read(const char* at, const char* end, JsonSink& sink);
  void begin_key(const char* at);
  void begin_value(const char* at, JsonSink& sink);
  const char* string_bytes(const char* at, const char* end, JsonSink& sink);
  const char* number_bytes(const char* at, const char* end, JsonSink& sink);
  const char* literal_bytes(const char* at, const char* end, JsonSink& sink);
  bool escape_byte(unsigned char byte);
  void open_container(const char* at, bool array);
  void close_container(const char* at, JsonSink& sink);
  void end_value(const char* end, JsonSink& sink);
  void end_key(const char* end);
  [[nodiscard]] int child_named(std::string_view raw_key);
  void keep_captures(const char* end);
  [[nodiscard]] std::uint64_t offset_of(const char* at) const {
    return chunk_offset_ + static_cast<std::uint64_t>(at - chunk_);
  }

  const PathSet* paths_;
  State state_ = State::value;
  Number number_ = Number::minus;
  std::uint8_t escape_ = 0;  // 0 outside, 1 behind a backslash, 2-5 hex digits still to come
  std::uint8_t literal_at_ = 0;
  bool root_is_object_ = false;
  bool root_has_members_ = false;
  bool key_wanted_ = false;
  bool exact_ = true;  // of the value that is expected or read
  std::string_view literal_;
  std::int32_t node_ = 0;  // of the value that is expected or read
  std::uint64_t root_open_end_ = 0;
  std::uint64_t key_offset_ = 0;
  Utf8Check utf8_;
  std::vector<Frame> frames_;
  std::vector<Capture> captures_;  // the first active_ are open, innermost last
  std::size_t active_ = 0;
  const char* key_from_ = nullptr;
  std::string key_kept_;
  const char* chunk_ = nullptr;
  std::uint64_t chunk_offset_ = 0;
};

// The text of a raw JSON string with its quotes: escapes resolved, at most `limit` bytes, unpaired
// surrogates become U+FFFD. Anything but a whole string gives an empty text.
[[nodiscard]] std::string string_value(std::string_view raw, std::size_t limit = 4096);

}  // namespace tokenweir::stream

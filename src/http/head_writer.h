// Builds a message head at the end of a string. Internal to this room.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "http/characters.h"

namespace tokenweir::http {

inline constexpr std::string_view kCrlf = "\r\n";

// Appends to a string through a pointer, so that a head costs one growth and not four checks a
// field. The string has its final size again when this goes out of scope.
class HeadWriter {
 public:
  HeadWriter(std::string& out, std::size_t expected) : out_(out), at_(out.size()) {
    out_.resize(at_ + expected);
  }
  ~HeadWriter() { out_.resize(at_); }
  HeadWriter(const HeadWriter&) = delete;
  HeadWriter& operator=(const HeadWriter&) = delete;

  void put(std::string_view text) { copy(room(text.size()), text); }
  void number(std::uint64_t value) {
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    put({digits, static_cast<std::size_t>(end - digits)});
  }
  // A field whose value is known to be well formed: one that was parsed.
  void copy_field(std::string_view name, std::string_view value) {
    char* const at = room(name.size() + value.size() + 4);
    copy(at, name);
    std::memcpy(at + name.size(), ": ", 2);
    copy(at + name.size() + 2, value);
    std::memcpy(at + name.size() + 2 + value.size(), "\r\n", 2);
  }
  // A value that could end its line is a bug or an attack on whoever gave it to us: the field is
  // left out.
  void field(std::string_view name, std::string_view value) {
    if (is_field_value(value)) copy_field(name, value);
  }

 private:
  static void copy(char* at, std::string_view text) {
    if (!text.empty()) std::memcpy(at, text.data(), text.size());
  }
  char* room(std::size_t size) {
    if (out_.size() - at_ < size) [[unlikely]] {
      out_.resize(at_ + size + 256);
    }
    char* const at = out_.data() + at_;
    at_ += size;
    return at;
  }

  std::string& out_;
  std::size_t at_;
};

}  // namespace tokenweir::http

// UTF-8 validity of bytes that arrive in pieces (RFC 3629: no surrogates, no overlong forms,
// nothing above U+10FFFF).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tokenweir::stream {

class Utf8Check {
 public:
  void feed(std::string_view bytes);
  // A character must not be open here; one that is makes the text invalid.
  void boundary() {
    if (pending_ != 0) valid_ = false;
    pending_ = 0;
  }
  [[nodiscard]] bool valid() const { return valid_; }
  [[nodiscard]] bool open() const { return pending_ != 0; }

 private:
  std::uint8_t pending_ = 0;  // continuation bytes still to come
  std::uint8_t low_ = 0x80;   // bounds of the next one
  std::uint8_t high_ = 0xBF;
  bool valid_ = true;
};

// Appends one code point; surrogates and values above U+10FFFF become U+FFFD.
void append_utf8(std::uint32_t code_point, std::string& out);

}  // namespace tokenweir::stream

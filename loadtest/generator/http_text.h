// The little HTTP/1.1 the two ends need: both know their peer, so this is no general parser.
#pragma once

#include <strings.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace loadtest {

// Bytes of the head including its empty line; nothing while it is incomplete.
inline std::optional<std::size_t> head_size(std::string_view text) {
  const std::size_t end = text.find("\r\n\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  return end + 4;
}

// The value of the first field called `name` (lower case), without surrounding spaces.
inline std::optional<std::string_view> field_value(std::string_view head, std::string_view name) {
  std::size_t line = head.find("\r\n");
  while (line != std::string_view::npos && line + 2 + name.size() < head.size()) {
    const std::string_view rest = head.substr(line + 2);
    if (rest[name.size()] == ':' && (rest[0] | 0x20) == name[0] &&
        strncasecmp(rest.data(), name.data(), name.size()) == 0) {
      std::string_view value = rest.substr(name.size() + 1, rest.find("\r\n") - name.size() - 1);
      while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
      while (!value.empty() && value.back() == ' ') value.remove_suffix(1);
      return value;
    }
    line = head.find("\r\n", line + 2);
  }
  return std::nullopt;
}

inline std::optional<std::uint64_t> number_field(std::string_view head, std::string_view name) {
  const auto value = field_value(head, name);
  if (!value) return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), number);
  if (error != std::errc{} || end != value->data() + value->size()) return std::nullopt;
  return number;
}

// Removes chunked framing incrementally; appends the payload to a string.
class Dechunker {
 public:
  // False when the framing is broken. Trailers are not expected and count as broken.
  bool feed(std::string_view data, std::string& payload) {
    while (!data.empty() && !finished_) {
      if (left_ > 0) {
        const std::size_t part = std::min<std::size_t>(left_, data.size());
        payload.append(data.substr(0, part));
        data.remove_prefix(part);
        left_ -= part;
        continue;
      }
      const std::size_t end = data.find('\n');
      line_.append(data.substr(0, end == std::string_view::npos ? data.size() : end + 1));
      if (end == std::string_view::npos) return line_.size() < 64;
      data.remove_prefix(end + 1);
      if (!take_line()) return false;
    }
    return data.empty();
  }
  bool finished() const { return finished_; }

 private:
  bool take_line() {
    const std::string line = std::exchange(line_, {});
    if (!line.ends_with("\r\n")) return false;
    if (line.size() == 2) {  // the line end after a chunk, or the message's last line
      finished_ = last_seen_;
      return expect_empty_;
    }
    std::uint64_t size = 0;
    const char* last = line.data() + line.size() - 2;
    const auto [stop, error] = std::from_chars(line.data(), last, size, 16);
    if (error != std::errc{} || stop != last) return false;
    left_ = size;
    last_seen_ = size == 0;
    expect_empty_ = true;
    return true;
  }

  std::string line_;
  std::uint64_t left_ = 0;
  bool last_seen_ = false;
  bool expect_empty_ = false;
  bool finished_ = false;
};

}  // namespace loadtest

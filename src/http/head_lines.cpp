#include "http/head_lines.h"

#include <algorithm>
#include <cstring>

#include "http/characters.h"

namespace tokenweir::http {
namespace {

bool reject(HeadError& error, int status, std::string_view reason) {
  error = HeadError{status, reason};
  return false;
}

Progress fail(HeadError& error, int status, std::string_view reason) {
  error = HeadError{status, reason};
  return Progress::failed;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// Calls `visit` with each element of a comma list, blanks trimmed.
template <typename Visit>
void for_each_element(std::string_view list, Visit visit) {
  while (true) {
    const std::size_t comma = list.find(',');
    visit(trim(list.substr(0, comma)));
    if (comma == std::string_view::npos) return;
    list.remove_prefix(comma + 1);
  }
}

// RFC 9110 §8.6 allows a list of equal numbers to be repaired; we take one number only.
bool parse_length(std::string_view value, std::uint64_t& length) {
  if (value.empty() || value.size() > 19) return false;
  length = 0;
  for (const char c : value) {
    if (!is(c, kDigit)) return false;
    length = length * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return true;
}

// "Content_Length", "Transfer--Encoding" and the like: some servers read them as the real name, so
// the end of the message would depend on who is asked.
bool resembles_framing(std::string_view name) {
  if (name.size() < 13 || name.size() > 24) return false;
  // Nearly every real name fails one of these at once.
  const char first = lower(name.front());
  const char last = lower(name.back());
  if (first != 'c' && first != 't' && is(first, kAlphanumeric)) return false;
  if (last != 'h' && last != 'g' && is(last, kAlphanumeric)) return false;
  char letters[24];
  std::size_t count = 0;
  for (const char c : name) {
    const char small = lower(c);
    if (small >= 'a' && small <= 'z') letters[count++] = small;
  }
  const std::string_view skeleton(letters, count);
  return skeleton == "contentlength" || skeleton == "transferencoding";
}

bool note(const Field& field, FieldFacts& facts, HeadError& error) {
  switch (field.name.size()) {
    case 4:
      if (equals_ignoring_case(field.name, "host")) {
        ++facts.hosts;
        facts.host = field.value;
      }
      return true;
    case 6:
      if (equals_ignoring_case(field.name, "expect")) {
        const bool known = equals_ignoring_case(field.value, "100-continue");
        facts.expects_continue |= known;
        facts.expects_other |= !known;
      }
      return true;
    case 7:
      if (equals_ignoring_case(field.name, "upgrade")) {
        ++facts.upgrades;
        facts.upgrade = field.value;
      }
      return true;
    case 10:
      if (equals_ignoring_case(field.name, "connection")) {
        for_each_element(field.value, [&facts](std::string_view option) {
          facts.connection_close |= equals_ignoring_case(option, "close");
          facts.connection_keep_alive |= equals_ignoring_case(option, "keep-alive");
          facts.connection_upgrade |= equals_ignoring_case(option, "upgrade");
        });
      }
      return true;
    case 14:
      if (equals_ignoring_case(field.name, "content-length")) {
        ++facts.lengths;
        if (!parse_length(field.value, facts.length)) {
          return reject(error, 400, "Content-Length is not one decimal number");
        }
        return true;
      }
      break;
    case 17:
      if (equals_ignoring_case(field.name, "transfer-encoding")) {
        ++facts.transfer_encodings;
        facts.transfer_encoding = field.value;
        return true;
      }
      break;
    default:
      break;
  }
  if (resembles_framing(field.name)) {
    return reject(error, 400, "field name resembles a framing field");
  }
  return true;
}

}  // namespace

Progress find_head_end(std::string_view bytes, std::size_t start, const Limits& limits,
                       std::size_t& scanned, HeadError& error) {
  const char* const data = bytes.data();
  std::size_t position = std::max(scanned, start);
  while (position < bytes.size()) {
    const void* found = std::memchr(data + position, '\n', bytes.size() - position);
    if (found == nullptr) break;
    const auto line_feed = static_cast<std::size_t>(static_cast<const char*>(found) - data);
    if (line_feed == start || data[line_feed - 1] != '\r') {
      return fail(error, 400, "line does not end in CRLF");
    }
    if (line_feed == start + 1) return fail(error, 400, "empty line in place of the first line");
    if (data[line_feed - 2] == '\n') return Progress::complete;
    position = line_feed + 1;
  }
  scanned = bytes.size();
  const std::string_view head = bytes.substr(std::min(start, bytes.size()));
  if (head.size() > limits.line_bytes) {
    if (head.find('\n') == std::string_view::npos) {
      return fail(error, 414, "first line too long");
    }
    const std::string_view tail = head.substr(head.size() - limits.line_bytes);
    if (tail.find('\n') == std::string_view::npos) return fail(error, 431, "field line too long");
  }
  if (head.size() > limits.head_bytes) return fail(error, 431, "head too large");
  return Progress::need_more;
}

Progress parse_fields(std::string_view bytes, const Limits& limits, std::vector<Field>& fields,
                      FieldFacts& facts, std::size_t& size, HeadError& error) {
  constexpr std::size_t kUsualFields = 24;
  fields.reserve(kUsualFields);
  const char* cursor = bytes.data();
  const char* const end = bytes.data() + bytes.size();
  while (true) {
    const char* const line = cursor;
    cursor = find_token_end(cursor, end);
    if (cursor == end) return Progress::need_more;
    const std::string_view name(line, static_cast<std::size_t>(cursor - line));
    if (*cursor != ':' || name.empty()) {
      if (*cursor == '\r' && name.empty()) {
        if (end - cursor < 2) return Progress::need_more;
        if (cursor[1] != '\n') return fail(error, 400, "line does not end in CRLF");
        size = static_cast<std::size_t>(cursor + 2 - bytes.data());
        return Progress::complete;
      }
      return fail(error, 400, is_blank(*line) ? "folded field line" : "malformed field name");
    }
    ++cursor;
    while (cursor != end && is_blank(*cursor)) ++cursor;
    const char* const value = cursor;
    cursor = find_control(cursor, end);
    if (end - cursor < 2) return Progress::need_more;
    if (cursor[0] != '\r' || cursor[1] != '\n') {
      return fail(error, 400, "control character in a field value");
    }
    if (static_cast<std::size_t>(cursor - line) > limits.line_bytes) {
      return fail(error, 431, "field line too long");
    }
    const char* value_end = cursor;
    while (value_end != value && is_blank(value_end[-1])) --value_end;
    if (fields.size() == limits.fields) return fail(error, 431, "too many fields");
    const Field& field = fields.emplace_back(
        Field{name, std::string_view(value, static_cast<std::size_t>(value_end - value))});
    if (!note(field, facts, error)) return Progress::failed;
    cursor += 2;
  }
}

bool decide_framing(const FieldFacts& facts, int minor_version, Framing& framing,
                    HeadError& error) {
  if (facts.transfer_encodings > 0) {
    if (facts.lengths > 0) {
      return reject(error, 400, "both Content-Length and Transfer-Encoding");
    }
    if (minor_version == 0) return reject(error, 400, "Transfer-Encoding in HTTP/1.0");
    if (facts.transfer_encodings > 1) return reject(error, 400, "several Transfer-Encoding fields");
    if (!equals_ignoring_case(facts.transfer_encoding, "chunked")) {
      return reject(error, 501, "Transfer-Encoding other than chunked");
    }
    framing = {FramingKind::chunked, 0};
    return true;
  }
  if (facts.lengths > 1) return reject(error, 400, "several Content-Length fields");
  framing = facts.lengths == 1 ? Framing{FramingKind::length, facts.length} : Framing{};
  return true;
}

}  // namespace tokenweir::http

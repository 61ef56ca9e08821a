#include "http/message.h"

#include <cstring>

#include "http/characters.h"
#include "http/head_lines.h"
#include "http/target.h"

namespace tokenweir::http {
namespace {

constexpr std::size_t kMethodBytes = 64;

Progress refuse(HeadError& error, int status, std::string_view reason) {
  error = HeadError{status, reason};
  return Progress::failed;
}

// "HTTP/1.0" or "HTTP/1.1"; a well-formed other version is told apart from garbage.
bool parse_version(std::string_view text, int& minor_version, HeadError& error) {
  const bool well_formed = text.size() == 8 && text.substr(0, 5) == "HTTP/" &&
                           is(text[5], kDigit) && text[6] == '.' && is(text[7], kDigit);
  if (!well_formed) {
    error = {400, "malformed HTTP version"};
    return false;
  }
  if (text[5] != '1' || text[7] > '1') {
    error = {505, "HTTP version not supported"};
    return false;
  }
  minor_version = text[7] - '0';
  return true;
}

bool stays_open(const FieldFacts& facts, int minor_version) {
  if (facts.connection_close) return false;
  return minor_version == 1 || facts.connection_keep_alive;
}

bool parse_request_line(std::string_view line, RequestHead& head, HeadError& error) {
  const char* const method_end = find_token_end(line.data(), line.data() + line.size());
  const auto method_size = static_cast<std::size_t>(method_end - line.data());
  if (method_size == 0 || method_size == line.size() || line[method_size] != ' ') {
    error = {400, "malformed request line"};
    return false;
  }
  if (method_size > kMethodBytes) {
    error = {501, "method not implemented"};
    return false;
  }
  head.method = line.substr(0, method_size);
  const std::string_view rest = line.substr(method_size + 1);
  const std::size_t space = rest.find(' ');
  if (space == 0 || space == std::string_view::npos) {
    error = {400, "malformed request line"};
    return false;
  }
  head.target = rest.substr(0, space);
  return parse_version(rest.substr(space + 1), head.minor_version, error);
}

bool parse_status_line(std::string_view line, ResponseHead& head, HeadError& error) {
  if (!parse_version(line.substr(0, 8), head.minor_version, error)) return false;
  line.remove_prefix(8);
  // RFC 9112 §4 wants the space even before an absent reason, but many servers leave it out, and
  // nothing can be misread without it.
  const bool well_formed = line.size() >= 4 && line[0] == ' ' && line[1] != '0' &&
                           all_are(line.substr(1, 3), kDigit) &&
                           (line.size() == 4 || line[4] == ' ');
  if (!well_formed || !is_field_value(line)) {
    error = {400, "malformed status line"};
    return false;
  }
  head.status = (line[1] - '0') * 100 + (line[2] - '0') * 10 + (line[3] - '0');
  head.reason = line.size() > 5 ? line.substr(5) : std::string_view();
  return true;
}

// Reads first line and fields at once when the head is all there, which is the usual case. Only a
// head that comes in pieces is searched for its end first, so that each byte is parsed once.
template <typename ReadLine>
Progress parse_lines(std::string_view bytes, std::size_t start, const Limits& limits,
                     std::size_t& scanned, ReadLine read_line, std::vector<Field>& fields,
                     FieldFacts& facts, std::size_t& size, HeadError& error) {
  if (scanned > start) {
    const Progress found = find_head_end(bytes, start, limits, scanned, error);
    if (found != Progress::complete) return found;
  }
  const std::string_view message = bytes.substr(start);
  const std::size_t line_feed = message.find('\n');
  if (line_feed != std::string_view::npos) {
    if (line_feed == 0 || message[line_feed - 1] != '\r') {
      return refuse(error, 400, "line does not end in CRLF");
    }
    if (line_feed > limits.line_bytes) return refuse(error, 414, "first line too long");
    if (!read_line(message.substr(0, line_feed - 1))) return Progress::failed;
    fields.clear();
    const std::size_t line_size = line_feed + 1;
    const Progress parsed =
        parse_fields(message.substr(line_size), limits, fields, facts, size, error);
    if (parsed == Progress::failed) return parsed;
    if (parsed == Progress::complete) {
      size += start + line_size;
      if (size - start > limits.head_bytes) return refuse(error, 431, "head too large");
      return parsed;
    }
  }
  return find_head_end(bytes, start, limits, scanned, error);
}

template <typename Word>
Word load(std::string_view text, std::size_t at) {
  Word word = 0;
  std::memcpy(&word, text.data() + at, sizeof word);
  return word;
}

// Equal but for the case of letters, all bytes of a word at once: the bytes may differ in the case
// bit only, and where they do they must be letters. No sum carries into the next byte.
bool same_ignoring_case(std::uint64_t left, std::uint64_t right) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  const std::uint64_t different = left ^ right;
  if (different == 0) return true;
  if ((different & ~(kOnes * 0x20)) != 0) return false;
  const std::uint64_t low = (left | kOnes * 0x20) & (kOnes * 0x7f);
  const std::uint64_t from_a = low + kOnes * (0x80 - 'a');
  const std::uint64_t past_z = low + kOnes * (0x80 - 'z' - 1);
  const std::uint64_t letters = from_a & ~past_z & ~left;
  return ((different << 2) & ~letters & (kOnes * 0x80)) == 0;
}

bool has_no_body(int status, std::string_view request_method) {
  return status < 200 || status == 204 || status == 304 || request_method == "HEAD" ||
         (request_method == "CONNECT" && status < 300);
}

}  // namespace

Progress parse_request_head(std::string_view bytes, const Limits& limits, std::size_t& scanned,
                            RequestHead& head, HeadError& error) {
  // One empty line left over from an old client's previous body is forgiven (RFC 9112 §2.2).
  const std::size_t start = bytes.substr(0, 2) == "\r\n" ? 2 : 0;
  const std::string_view message = bytes.substr(start);
  if (message.empty() || message == "\r") return Progress::need_more;
  if (!is(message.front(), kTokenCharacter)) return refuse(error, 400, "malformed request line");

  FieldFacts facts;
  std::size_t size = 0;
  const auto read_line = [&](std::string_view line) {
    return parse_request_line(line, head, error);
  };
  const Progress progress =
      parse_lines(bytes, start, limits, scanned, read_line, head.fields, facts, size, error);
  if (progress != Progress::complete) return progress;

  if (facts.hosts != 1 || !is_host(facts.host)) {
    return refuse(error, 400, "Host is missing, repeated or malformed");
  }
  head.host = facts.host;
  if (!parse_target(head, error)) return Progress::failed;
  if (!decide_framing(facts, head.minor_version, head.framing, error)) return Progress::failed;
  if (facts.expects_other && head.minor_version == 1) {
    return refuse(error, 417, "unknown expectation");
  }
  // Expect and Upgrade mean nothing in HTTP/1.0 (RFC 9110 §10.1.1, §7.8). An upgrade to HTTP/2
  // would carry further requests past us; without it the request is an ordinary one.
  head.expects_continue = facts.expects_continue && head.minor_version == 1;
  const bool upgrade = facts.connection_upgrade && facts.upgrades == 1 && head.minor_version == 1 &&
                       !lists_token(facts.upgrade, "h2c");
  head.upgrade = upgrade ? facts.upgrade : std::string_view();
  head.keep_alive = stays_open(facts, head.minor_version);
  head.size = size;
  return Progress::complete;
}

Progress parse_response_head(std::string_view bytes, const Limits& limits,
                             std::string_view request_method, std::size_t& scanned,
                             ResponseHead& head, HeadError& error) {
  if (bytes.empty()) return Progress::need_more;
  if (bytes.front() != 'H') return refuse(error, 400, "malformed status line");

  FieldFacts facts;
  std::size_t size = 0;
  const auto read_line = [&](std::string_view line) {
    return parse_status_line(line, head, error);
  };
  const Progress progress =
      parse_lines(bytes, 0, limits, scanned, read_line, head.fields, facts, size, error);
  if (progress != Progress::complete) return progress;

  if (!decide_framing(facts, head.minor_version, head.framing, error)) return Progress::failed;
  // An interim answer has no body, but one that claims to is read as two answers by somebody.
  const bool claims_body = head.framing.kind == FramingKind::chunked || head.framing.length > 0;
  if (head.status < 200 && claims_body) return refuse(error, 400, "interim answer with a body");
  head.keep_alive = stays_open(facts, head.minor_version);
  if (has_no_body(head.status, request_method)) {
    head.framing = {};
  } else if (head.framing.kind == FramingKind::none) {
    head.framing = {FramingKind::until_close, 0};
    head.keep_alive = false;
  }
  head.size = size;
  return Progress::complete;
}

bool equals_ignoring_case(std::string_view left, std::string_view right) {
  const std::size_t size = left.size();
  if (size != right.size()) return false;
  if (size < 4) {
    for (std::size_t i = 0; i < size; ++i) {
      if (lower(left[i]) != lower(right[i])) return false;
    }
    return true;
  }
  // Words may overlap at the end: comparing some bytes twice is cheaper than one by one.
  if (size < 8) {
    return same_ignoring_case(load<std::uint32_t>(left, 0), load<std::uint32_t>(right, 0)) &&
           same_ignoring_case(load<std::uint32_t>(left, size - 4),
                              load<std::uint32_t>(right, size - 4));
  }
  for (std::size_t i = 0; i + 8 < size; i += 8) {
    if (!same_ignoring_case(load<std::uint64_t>(left, i), load<std::uint64_t>(right, i))) {
      return false;
    }
  }
  return same_ignoring_case(load<std::uint64_t>(left, size - 8),
                            load<std::uint64_t>(right, size - 8));
}

const Field* find(std::span<const Field> fields, std::string_view name) {
  for (const Field& field : fields) {
    if (field.name.size() == name.size() && equals_ignoring_case(field.name, name)) return &field;
  }
  return nullptr;
}

std::string_view value_of(std::span<const Field> fields, std::string_view name) {
  const Field* const field = find(fields, name);
  return field == nullptr ? std::string_view() : field->value;
}

bool lists_token(std::string_view value, std::string_view token) {
  while (true) {
    const std::size_t comma = value.find(',');
    std::string_view element = value.substr(0, comma);
    while (!element.empty() && is_blank(element.front())) element.remove_prefix(1);
    while (!element.empty() && is_blank(element.back())) element.remove_suffix(1);
    if (equals_ignoring_case(element, token)) return true;
    if (comma == std::string_view::npos) return false;
    value.remove_prefix(comma + 1);
  }
}

}  // namespace tokenweir::http

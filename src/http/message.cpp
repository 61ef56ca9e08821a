#include "http/message.h"

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

// The first line without its CRLF; `rest` gets the field lines, without the empty line.
std::string_view split_first_line(std::string_view head, std::string_view& rest) {
  const std::size_t line_feed = head.find('\n');
  rest = head.substr(line_feed + 1, head.size() - line_feed - 3);
  return head.substr(0, line_feed - 1);
}

bool stays_open(const FieldFacts& facts, int minor_version) {
  if (facts.connection_close) return false;
  return minor_version == 1 || facts.connection_keep_alive;
}

bool parse_request_line(std::string_view line, RequestHead& head, HeadError& error) {
  std::size_t method_size = 0;
  while (method_size < line.size() && is(line[method_size], kTokenCharacter)) ++method_size;
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

bool has_no_body(int status, std::string_view request_method) {
  return status < 200 || status == 204 || status == 304 || request_method == "HEAD" ||
         (request_method == "CONNECT" && status < 300);
}

}  // namespace

Progress parse_request_head(std::string_view bytes, const Limits& limits, std::size_t& scanned,
                            RequestHead& head, HeadError& error) {
  if (bytes.empty() || bytes == "\r") return Progress::need_more;
  // One empty line left over from an old client's previous body is forgiven (RFC 9112 §2.2).
  const std::size_t start = bytes.substr(0, 2) == "\r\n" ? 2 : 0;
  if (start < bytes.size() && !is(bytes[start], kTokenCharacter)) {
    const bool may_become_empty_line = bytes[start] == '\r' && start + 1 == bytes.size();
    if (may_become_empty_line) return Progress::need_more;
    return refuse(error, 400, "malformed request line");
  }
  std::size_t size = 0;
  const Progress progress = find_head_end(bytes, start, limits, scanned, size, error);
  if (progress != Progress::complete) return progress;

  std::string_view field_lines;
  const std::string_view line = split_first_line(bytes.substr(start, size - start), field_lines);
  if (line.size() > limits.line_bytes) return refuse(error, 414, "request line too long");
  if (!parse_request_line(line, head, error)) return Progress::failed;

  FieldFacts facts;
  head.fields.clear();
  if (!parse_fields(field_lines, limits, head.fields, facts, error)) return Progress::failed;
  if (facts.hosts != 1 || !is_host(facts.host)) {
    return refuse(error, 400, "Host is missing, repeated or malformed");
  }
  head.host = facts.host;
  if (!parse_target(head, error)) return Progress::failed;
  if (!decide_framing(facts, head.minor_version, head.framing, error)) return Progress::failed;
  if (facts.expects_other && head.minor_version == 1) {
    return refuse(error, 417, "unknown expectation");
  }
  // Expect and Upgrade mean nothing in HTTP/1.0 (RFC 9110 §10.1.1, §7.8).
  head.expects_continue = facts.expects_continue && head.minor_version == 1;
  const bool upgrade = facts.connection_upgrade && facts.upgrades == 1 && head.minor_version == 1;
  head.upgrade = upgrade ? facts.upgrade : std::string_view();
  head.keep_alive = stays_open(facts, head.minor_version);
  head.size = size;
  return Progress::complete;
}

Progress parse_response_head(std::string_view bytes, const Limits& limits,
                             std::string_view request_method, std::size_t& scanned,
                             ResponseHead& head, HeadError& error) {
  if (!bytes.empty() && bytes.front() != 'H') {
    return refuse(error, 400, "malformed status line");
  }
  std::size_t size = 0;
  const Progress progress = find_head_end(bytes, 0, limits, scanned, size, error);
  if (progress != Progress::complete) return progress;

  std::string_view field_lines;
  const std::string_view line = split_first_line(bytes.substr(0, size), field_lines);
  if (line.size() > limits.line_bytes) return refuse(error, 400, "status line too long");
  if (!parse_status_line(line, head, error)) return Progress::failed;

  FieldFacts facts;
  head.fields.clear();
  if (!parse_fields(field_lines, limits, head.fields, facts, error)) return Progress::failed;
  if (!decide_framing(facts, head.minor_version, head.framing, error)) return Progress::failed;
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
  if (left.size() != right.size()) return false;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (left[i] != right[i] && lower(left[i]) != lower(right[i])) return false;
  }
  return true;
}

const Field* find(std::span<const Field> fields, std::string_view name) {
  for (const Field& field : fields) {
    if (equals_ignoring_case(field.name, name)) return &field;
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

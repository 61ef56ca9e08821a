#include "identify/path.h"

#include "config/names.h"

namespace tokenweir::identify {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The byte an escape at the front of `text` stands for, or -1.
int escaped(std::string_view text) {
  if (text.size() < 3 || text[0] != '%') return -1;
  const int high = hex_value(text[1]);
  const int low = hex_value(text[2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

// RFC 3986, 3.3: what may stand in a path segment without an escape.
bool is_segment_character(unsigned char c) {
  constexpr std::string_view kMarks = "-._~!$&'()*+,;=:@";
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c != 0 && kMarks.find(static_cast<char>(c)) != std::string_view::npos);
}

// One unit of the raw path and what it becomes: up to three bytes of the normal form.
struct Unit {
  std::size_t raw = 0;
  std::size_t normal = 0;
  char bytes[3] = {};
};

// The next unit of a path that is known to be well-formed; `after_slash` tells whether the normal
// form ends in a slash, which swallows another one.
Unit next_unit(std::string_view raw, bool after_slash) {
  constexpr char kHex[] = "0123456789ABCDEF";
  if (raw[0] == '/') return after_slash ? Unit{1, 0, {}} : Unit{1, 1, {'/'}};
  if (raw[0] != '%') return {1, 1, {raw[0]}};
  const auto byte = static_cast<unsigned char>(escaped(raw));
  if (is_segment_character(byte)) return {3, 1, {static_cast<char>(byte)}};
  return {3, 3, {'%', kHex[byte >> 4], kHex[byte & 15]}};
}

bool is_well_formed(std::string_view raw) {
  if (raw.empty() || raw.front() != '/') return false;
  bool has_escape = false;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const char c = raw[i];
    if (c == '/') continue;
    if (c == '%') {
      const int byte = escaped(raw.substr(i));
      if (byte < 0x20 || byte == 0x7F || byte == '\\') return false;
      has_escape = true;
      i += 2;
    } else if (!is_segment_character(static_cast<unsigned char>(c)) &&
               std::string_view("\"<>[]^`{|}").find(c) == std::string_view::npos) {
      return false;
    }
  }
  if (!has_escape) return true;
  const auto decoded = percent_decode(raw);
  return decoded && config::is_good_text(*decoded, decoded->size());
}

// Some servers cut path parameters off before they resolve dots.
bool has_dot_segment(std::string_view normal) {
  while (!normal.empty()) {
    normal.remove_prefix(1);
    const std::size_t slash = normal.find('/');
    const std::string_view segment = normal.substr(0, slash);
    const std::string_view name = segment.substr(0, segment.find(';'));
    if (name == "." || name == "..") return true;
    normal = slash == std::string_view::npos ? std::string_view() : normal.substr(slash);
  }
  return false;
}

// An escaped slash stays escaped, yet a server that decodes it would see the dots around it.
bool has_hidden_dot_segment(std::string_view normal) {
  if (normal.find("%2F") == std::string_view::npos) return false;
  std::string opened;
  for (std::size_t i = 0; i < normal.size(); ++i) {
    const bool slash = normal.substr(i, 3) == "%2F";
    opened += slash ? '/' : normal[i];
    if (slash) i += 2;
  }
  return has_dot_segment(opened);
}

}  // namespace

SplitTarget split_target(std::string_view path_and_query) {
  const std::size_t mark = path_and_query.find('?');
  if (mark == std::string_view::npos) return {path_and_query, {}, false};
  return {path_and_query.substr(0, mark), path_and_query.substr(mark + 1), true};
}

std::optional<std::string> normal_form(std::string_view raw_path) {
  if (!is_well_formed(raw_path)) return std::nullopt;
  std::string normal;
  normal.reserve(raw_path.size());
  for (std::size_t i = 0; i < raw_path.size();) {
    const Unit unit = next_unit(raw_path.substr(i), normal.ends_with('/'));
    normal.append(unit.bytes, unit.normal);
    i += unit.raw;
  }
  if (normal.size() > 1 && normal.ends_with('/')) normal.pop_back();
  if (has_dot_segment(normal) || has_hidden_dot_segment(normal)) return std::nullopt;
  return normal;
}

std::size_t raw_length(std::string_view raw_path, std::size_t length) {
  std::size_t raw = 0;
  std::size_t normal = 0;
  bool after_slash = false;
  while (raw < raw_path.size() && normal < length) {
    const Unit unit = next_unit(raw_path.substr(raw), after_slash);
    if (unit.normal > 0) after_slash = unit.bytes[0] == '/';
    raw += unit.raw;
    normal += unit.normal;
  }
  return raw;
}

bool has_path_prefix(std::string_view path, std::string_view prefix) {
  return path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/');
}

std::optional<std::string> percent_decode(std::string_view text, bool plus) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      const int byte = escaped(text.substr(i));
      if (byte < 0) return std::nullopt;
      out += static_cast<char>(byte);
      i += 2;
    } else {
      out += plus && text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

}  // namespace tokenweir::identify

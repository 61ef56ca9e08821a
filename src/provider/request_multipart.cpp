#include "provider/request_multipart.h"

#include <algorithm>
#include <array>

#include "provider/request_facts.h"

namespace tokenweir::provider {

namespace {

constexpr std::size_t kBoundaryMax = 70;  // RFC 2046 section 5.1.1
constexpr std::size_t kHeadersMax = 16 * 1024;
constexpr std::size_t kValueMax = 1024;
constexpr std::size_t kSlice = 16 * 1024;
constexpr std::array<std::string_view, 4> kWanted = {"model", "stream", "n", "user"};

char lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

std::size_t find_lower(std::string_view text, std::string_view wanted, std::size_t from = 0) {
  const auto found =
      std::search(text.begin() + static_cast<std::ptrdiff_t>(from), text.end(), wanted.begin(),
                  wanted.end(), [](char a, char b) { return lower(a) == b; });
  return found == text.end() ? std::string_view::npos
                             : static_cast<std::size_t>(found - text.begin());
}

// The value of `; key=value` or `; key="value"`, wherever it stands in the field.
std::optional<std::string_view> parameter(std::string_view field, std::string_view key) {
  const std::string wanted = std::string(key) + "=";
  for (std::size_t at = find_lower(field, wanted); at != std::string_view::npos;
       at = find_lower(field, wanted, at + 1)) {
    // "filename=" must not pass for "name=".
    if (at == 0 || std::string_view("; \t").find(field[at - 1]) == std::string_view::npos) continue;
    std::string_view value = field.substr(at + wanted.size());
    if (!value.starts_with('"')) return value.substr(0, value.find_first_of("; \t\r\n"));
    value.remove_prefix(1);
    const std::size_t quote = value.find('"');
    if (quote == std::string_view::npos) return std::nullopt;
    return value.substr(0, quote);
  }
  return std::nullopt;
}

}  // namespace

bool has_plain_charset(std::string_view content_type) {
  constexpr std::array<std::string_view, 5> kPlain = {"", "utf8", "ascii", "usascii", "latin1"};
  constexpr std::string_view kCharset = "charset";
  for (std::size_t at = find_lower(content_type, kCharset); at != std::string_view::npos;
       at = find_lower(content_type, kCharset, at + 1)) {
    std::string name;
    for (const char letter : content_type.substr(at + kCharset.size())) {
      if (letter == ';' || letter == ',') break;
      if (std::string_view("=\"-_ \t").find(letter) == std::string_view::npos) {
        name.push_back(lower(letter));
      }
    }
    const bool plain = std::ranges::find(kPlain, name) != kPlain.end() ||
                       name.starts_with("iso8859") || name.starts_with("windows125");
    if (!plain) return false;
  }
  return true;
}

std::optional<std::string> multipart_boundary(std::string_view content_type) {
  if (find_lower(content_type, "multipart/form-data") != 0) return std::nullopt;
  const std::optional<std::string_view> boundary = parameter(content_type, "boundary");
  if (!boundary || boundary->empty() || boundary->size() > kBoundaryMax) return std::nullopt;
  return std::string(*boundary);
}

MultipartReader::MultipartReader(std::string_view boundary)
    : delimiter_("\r\n--" + std::string(boundary)), window_("\r\n") {
  // The first delimiter may stand at the very start; the CRLF put before it lets one search find
  // all.
}

void MultipartReader::feed(std::string_view bytes, RequestFacts& facts) {
  if (state_ == State::done) return;
  // Small slices keep the window, and with it the moving of its rest, small.
  while (!bytes.empty()) {
    window_.append(bytes.substr(0, kSlice));
    bytes.remove_prefix(std::min(kSlice, bytes.size()));
    while (step(facts)) {
    }
  }
}

// False when more bytes are needed, or none.
bool MultipartReader::step(RequestFacts& facts) {
  switch (state_) {
    case State::preamble:
    case State::body:
      return step_body(facts);
    case State::delimiter:
      return step_delimiter();
    case State::headers:
      return step_headers(facts);
    case State::done:
      window_.clear();
      return false;
  }
  return false;
}

bool MultipartReader::step_body(RequestFacts& facts) {
  const std::size_t found = window_.find(delimiter_);
  const std::size_t keep = delimiter_.size() - 1;
  const std::size_t part =
      found != std::string::npos ? found : window_.size() - std::min(keep, window_.size());
  if (!name_.empty() && value_.size() <= kValueMax) {
    value_.append(window_, 0, std::min(part, kValueMax + 1 - value_.size()));
  }
  window_.erase(0, part);
  if (found == std::string::npos) return false;
  if (state_ == State::body && !name_.empty() && value_.size() <= kValueMax) {
    facts.on_form_field(name_, value_);
  }
  window_.erase(0, delimiter_.size());
  name_.clear();
  value_.clear();
  state_ = State::delimiter;
  return true;
}

// Behind the boundary: two hyphens end the body, white space and CRLF lead to the part's headers.
bool MultipartReader::step_delimiter() {
  const std::size_t line_end = window_.find("\r\n");
  if (window_.starts_with("--")) {
    state_ = State::done;
    return true;
  }
  if (line_end == std::string::npos) {
    if (window_.size() > kHeadersMax) state_ = State::done;
    return state_ == State::done;
  }
  // The line end stays: with it a part without headers starts with a blank line, too.
  window_.erase(0, line_end);
  state_ = State::headers;
  return true;
}

bool MultipartReader::step_headers(RequestFacts& facts) {
  const std::size_t end = window_.find("\r\n\r\n");
  if (end == std::string::npos) {
    if (window_.size() > kHeadersMax) state_ = State::done;
    return state_ == State::done;
  }
  const std::string_view headers(window_.data(), end);
  const std::size_t at = find_lower(headers, "\r\ncontent-disposition:");
  if (at != std::string_view::npos) {
    std::string_view line = headers.substr(at + 2);
    line = line.substr(0, line.find("\r\n"));
    const std::optional<std::string_view> name = parameter(line, "name");
    const bool wanted = name && std::find(kWanted.begin(), kWanted.end(), *name) != kWanted.end();
    const bool file = parameter(line, "filename") || find_lower(line, "filename*=") != line.npos;
    if (file) facts.on_form_file();
    if (wanted && !file) name_ = *name;
  }
  window_.erase(0, end + 4);
  state_ = State::body;
  return true;
}

}  // namespace tokenweir::provider

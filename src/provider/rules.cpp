#include "provider/rules.h"

#include <algorithm>

#include "core/text.h"
#include "http/message.h"

namespace tokenweir::provider {
namespace {

constexpr std::string_view kRest = "/**";

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Does the pattern fit the segments from `start`, and where does it end?
bool fits_at(std::string_view pattern, const Segments& path, std::size_t start, std::size_t& end) {
  std::size_t at = start;
  while (!pattern.empty()) {
    const std::size_t slash = std::min(pattern.find('/'), pattern.size());
    const std::string_view wanted = pattern.substr(0, slash);
    if (at == path.size() || (wanted != "*" && wanted != path[at])) return false;
    ++at;
    pattern.remove_prefix(std::min(slash + 1, pattern.size()));
  }
  end = at;
  return true;
}

bool fits(std::string_view pattern, const Segments& path) {
  std::size_t end = 0;
  if (pattern.ends_with(kRest)) {
    pattern.remove_suffix(kRest.size());
    for (std::size_t start = 0; start < path.size(); ++start) {
      if (pattern.front() != '*' && pattern.front() != path[start].front()) continue;
      if (fits_at(pattern, path, start, end)) return true;
    }
    return false;
  }
  // Most rules fail by their last segment already.
  if (pattern.back() != '*' && !pattern.ends_with(path.last())) return false;
  const auto count = static_cast<std::size_t>(std::ranges::count(pattern, '/')) + 1;
  return count <= path.size() && fits_at(pattern, path, path.size() - count, end);
}

}  // namespace

Segments::Segments(std::string_view path) {
  while (!path.empty()) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    if (slash > 0) {
      if (size_ == kMost) {
        too_deep_ = true;
        return;
      }
      segments_[size_++] = path.substr(0, slash);
    }
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
}

std::string_view Segments::after(std::string_view name) const {
  for (std::size_t i = 0; i + 1 < size_; ++i) {
    if (http::equals_ignoring_case(segments_[i], name)) return segments_[i + 1];
  }
  return {};
}

std::string_view Segments::rest_after(std::string_view name) const {
  const std::string_view first = after(name);
  if (first.empty()) return {};
  // All segments are views into one path.
  const char* const end = last().data() + last().size();
  return {first.data(), static_cast<std::size_t>(end - first.data())};
}

Method method_named(std::string_view method) {
  for (const std::string_view reading : {"GET", "HEAD", "OPTIONS"}) {
    if (method == reading) return kGet;
  }
  // Some servers do not mind "post".
  return method == "DELETE" ? kDelete : kPost;
}

const Rule* first_match(std::span<const Rule> rules, Family family, Method method,
                        const Segments& path) {
  for (const Rule& rule : rules) {
    if ((rule.methods & method) == 0 || (rule.families & bit(family)) == 0) continue;
    if (fits(rule.pattern, path)) return &rule;
  }
  return nullptr;
}

void apply(const Rule& rule, Endpoint& endpoint) {
  endpoint.dialect = rule.dialect;
  endpoint.name = rule.name;
  endpoint.cappable = (rule.traits & kCappable) != 0;
  endpoint.metered = (rule.traits & kMetered) != 0;
  endpoint.free = (rule.traits & kFree) != 0;
  endpoint.async_job = (rule.traits & kAsyncJob) != 0;
  endpoint.streams_by_default = (rule.traits & kStreamsByDefault) != 0;
  endpoint.reads_stored = (rule.traits & kReadsStored) != 0;
}

std::string percent_decoded(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high >= 0 && low >= 0) {
        decoded += static_cast<char>(high * 16 + low);
        i += 2;
        continue;
      }
    }
    decoded += text[i];
  }
  return decoded;
}

std::string_view query_value(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    const std::size_t equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == name) {
      return pair.substr(equals + 1);
    }
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return {};
}

void append_details(std::string& out, std::span<const Detail> details, bool as_text) {
  for (const Detail& detail : details) {
    out += ',';
    append_json_string(out, detail.name);
    out += ':';
    const auto* number = std::get_if<std::int64_t>(&detail.value);
    if (number == nullptr) {
      append_json_string(out, std::get<std::string>(detail.value));
    } else if (as_text) {
      append_json_string(out, std::to_string(*number));
    } else {
      out += std::to_string(*number);
    }
  }
}

void append_details_object(std::string& out, std::span<const Detail> details) {
  if (details.empty()) return;
  std::string members;
  append_details(members, details);
  out += R"(,"details":{)";
  out += std::string_view(members).substr(1);
  out += '}';
}

}  // namespace tokenweir::provider

#include "meter/null_usage_filter.h"

namespace tokenweir::meter {
namespace {

// The chunk's other members come first, so the member has a comma of its own.
constexpr std::string_view kMember = R"(,"usage":null)";

// JSON allows spaces around the name and the colon, nowhere else in the member.
bool may_be_spaced(std::size_t matched) {
  return matched == 1 || kMember[matched] == ':' || kMember[matched - 1] == ':';
}

}  // namespace

// Keeps track of where in the line's JSON the next byte stands.
void NullUsageFilter::follow(char byte) {
  if (byte == '\n' || byte == '\r') {
    depth_ = 0;
    in_string_ = escaped_ = false;
  } else if (in_string_) {
    if (!escaped_ && byte == '"') in_string_ = false;
    escaped_ = !escaped_ && byte == '\\';
  } else if (byte == '"') {
    in_string_ = true;
  } else if (byte == '{' || byte == '[') {
    ++depth_;
  } else if (byte == '}' || byte == ']') {
    --depth_;
  }
}

void NullUsageFilter::feed(std::string_view bytes, std::string& out) {
  std::size_t passed = 0;  // bytes before this one are in `out`, held or removed
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    const char byte = bytes[at];
    if (matched_ > 0) {
      if (byte == kMember[matched_]) {
        ++matched_;
        held_.push_back(byte);
        passed = at + 1;
      } else if (byte == ' ' && may_be_spaced(matched_)) {
        held_.push_back(byte);
        passed = at + 1;
      } else {
        finish(out);
      }
      if (matched_ == kMember.size()) {
        held_.clear();
        matched_ = 0;
      }
    }
    if (matched_ == 0 && byte == ',' && !in_string_ && depth_ == 1) {
      out.append(bytes.substr(passed, at - passed));
      held_.assign(1, byte);
      matched_ = 1;
      passed = at + 1;
    }
    follow(byte);
  }
  out.append(bytes.substr(passed));
}

void NullUsageFilter::finish(std::string& out) {
  out.append(held_);
  held_.clear();
  matched_ = 0;
}

}  // namespace tokenweir::meter

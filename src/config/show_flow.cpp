#include "config/show_flow.h"

#include "yaml/values.h"

namespace tokenweir::config {

std::string quoted_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    // A dollar would be expanded when the text is read again.
    if (c == '$') out += '$';
    switch (c) {
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        out += c;
    }
  }
  return out + '"';
}

std::string flow_list(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : ", ") + quoted_text(text);
  return "[" + out + "]";
}

std::string show_duration(std::chrono::milliseconds time) { return yaml::format_duration(time); }

std::string_view word(Enforcement e) { return e == Enforcement::enforce ? "enforce" : "observe"; }

}  // namespace tokenweir::config

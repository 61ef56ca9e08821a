#include "config/names.h"

#include "yaml/utf8.h"

namespace tokenweir::config {

bool is_good_text(std::string_view text, std::size_t most) {
  return !text.empty() && text.size() <= most &&
         text.find_first_of("\t\r\n") == std::string_view::npos &&
         yaml::first_unprintable(text) == std::string_view::npos;
}

bool is_good_name(std::string_view text) { return is_good_text(text) && text.front() != '_'; }

bool glob_matches(std::string_view glob, std::string_view text) {
  // On a mismatch only the latest star can take one byte more, so no recursion is needed.
  std::size_t g = 0, t = 0;
  std::size_t star = std::string_view::npos, star_text = 0;
  while (t < text.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      star_text = t;
    } else if (g < glob.size() && (glob[g] == '?' || glob[g] == text[t])) {
      ++g;
      ++t;
    } else if (star != std::string_view::npos) {
      g = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') ++g;
  return g == glob.size();
}

}  // namespace tokenweir::config

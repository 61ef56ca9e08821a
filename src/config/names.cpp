#include "config/names.h"

#include "yaml/utf8.h"

namespace tokenweir::config {

bool is_good_text(std::string_view text, std::size_t most) {
  return !text.empty() && text.size() <= most &&
         text.find_first_of("\t\r\n") == std::string_view::npos &&
         yaml::first_unprintable(text) == std::string_view::npos;
}

bool is_good_name(std::string_view text) { return is_good_text(text) && text.front() != '_'; }

}  // namespace tokenweir::config

// Any bytes as a request path: the normal form is its own normal form, never holds a dot segment, a
// backslash or a control byte, and cutting a prefix off the raw path leaves the same rest.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "identify/labels.h"
#include "identify/path.h"

namespace {

using namespace tokenweir::identify;

void demand(bool holds) {
  if (!holds) std::abort();
}

bool is_clean(std::string_view normal) {
  for (const char c : normal) {
    if (static_cast<unsigned char>(c) < 0x21 || static_cast<unsigned char>(c) > 0x7E) return false;
    if (c == '\\' || c == '?' || c == '#') return false;
  }
  const std::string closed = std::string(normal) + "/";
  return closed.find("/../") == std::string::npos && closed.find("/./") == std::string::npos;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)parse_tags(text);
  (void)parse_outcome(text);
  (void)trace_id(text);

  const SplitTarget split = split_target(text);
  const auto normal = normal_form(split.path);
  if (!normal) return 0;
  demand(normal->size() <= split.path.size());
  demand(is_clean(*normal));
  demand(normal_form(*normal) == normal);
  for (std::size_t i = 1; i < normal->size(); ++i) {
    if ((*normal)[i] != '/') continue;
    const std::string_view rest = split.path.substr(raw_length(split.path, i));
    demand(normal_form(rest) == normal->substr(i));
  }
  demand(raw_length(split.path, normal->size()) <= split.path.size());
  return 0;
}

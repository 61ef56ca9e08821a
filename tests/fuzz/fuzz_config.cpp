// Any bytes as a configuration file: no crash, no exception, and what is accepted can be shown and
// loads again as the same configuration.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "config/load.h"
#include "config/show.h"

namespace {

using namespace tokenweir;

// No file exists except a time zone and a token; no variable except one.
class Nothing final : public yaml::Environment {
 public:
  std::optional<std::string> variable(const std::string& name) const override {
    if (name == "A") return "a";
    return std::nullopt;
  }
  std::optional<std::string> file(const std::string& path, std::string& why) const override {
    if (path.starts_with("/usr/share/zoneinfo/E")) return "TZif2";
    if (path.ends_with("token")) return "0123456789abcdef\n";
    why = "is absent";
    return std::nullopt;
  }
  bool readable_by_all(const std::string&) const override { return false; }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Nothing environment;
  yaml::Problems problems;
  const auto config = config::load_text(text, "x.yaml", environment, problems);
  if (config.has_value() != problems.empty()) std::abort();
  if (!config) return 0;

  // Secrets are hidden when shown; one that is too short to load again is put back.
  std::string shown = config::show(*config);
  constexpr std::string_view kHidden = "user_hash_key: \"***\"";
  const std::size_t place = shown.rfind(kHidden);
  if (place == std::string::npos) std::abort();
  shown.replace(place, kHidden.size(), "user_hash_key: \"0123456789abcdef\"");
  const auto again = config::load_text(shown, "x.yaml", environment, problems);
  if (!again || config::show(*again) != config::show(*config)) std::abort();
  return 0;
}

#include "admit/model_names.h"

#include <algorithm>
#include <array>

#include "pricing/model_id.h"

namespace tokenweir::admit {
namespace {

// No name leads to so many others.
constexpr std::size_t kMost = 64;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

// "-2024-08-06", "-20250929", "-08-2024", "-05-20", "-0613", "-001", "-latest", and the "-0" of
// "claude-opus-4-0".
std::string_view without_version(std::string_view id) {
  constexpr std::array<std::string_view, 6> kShapes = {"-0000-00-00", "-00000000", "-00-0000",
                                                       "-00-00",      "-0000",     "-000"};
  constexpr std::string_view kLatest = "-latest";
  if (id.size() > kLatest.size() && id.ends_with(kLatest)) {
    return id.substr(0, id.size() - kLatest.size());
  }
  for (const std::string_view shape : kShapes) {
    if (id.size() <= shape.size()) continue;
    const std::string_view tail = id.substr(id.size() - shape.size());
    const bool same = std::ranges::equal(
        shape, tail, [](char wanted, char c) { return wanted == '0' ? is_digit(c) : wanted == c; });
    if (same) return id.substr(0, id.size() - shape.size());
  }
  const bool zero = id.size() > 3 && id.ends_with("-0") && is_digit(id[id.size() - 3]);
  return zero ? id.substr(0, id.size() - 2) : id;
}

class Names {
 public:
  void add(std::string_view name) {
    if (name.empty() || names_.size() == kMost) return;
    if (std::ranges::find(names_, name) == names_.end()) names_.emplace_back(name);
  }
  // What each name leads to leads on.
  void close(const pricing::PriceBook& prices, std::string_view list, Time at) {
    for (std::size_t i = 0; i < names_.size(); ++i) {
      const std::string name = names_[i];
      for (const std::string& simpler : pricing::simpler_model_ids(name)) add(simpler);
      for (std::size_t slash = name.find('/'); slash != name.npos;
           slash = name.find('/', slash + 1)) {
        add(std::string_view(name).substr(slash + 1));
      }
      constexpr std::string_view kTuned = "ft:";
      if (name.starts_with(kTuned)) {
        add(std::string_view(name).substr(kTuned.size()));
      } else {
        add(std::string_view(name).substr(0, name.find(':')));
      }
      add(std::string_view(name).substr(0, name.find('@')));
      add(without_version(name));
      add(prices.canonical_model(list, name, at));
    }
  }
  std::vector<std::string> folded() {
    for (std::string& name : names_) name = folded_model(name);
    return std::move(names_);
  }

 private:
  std::vector<std::string> names_;
};

}  // namespace

std::string folded_model(std::string_view name) {
  std::string folded(name);
  for (char& c : folded) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == '.') c = '-';
  }
  return folded;
}

std::vector<std::string> names_of_model(const pricing::PriceBook& prices, std::string_view list,
                                        std::string_view model, Time at) {
  Names names;
  const std::string id = pricing::normal_model_id(trimmed(model));
  names.add(id);
  // Ollama's name for a model without a tag.
  if (!id.empty() && id.find(':') == id.npos) names.add(id + ":latest");
  names.close(prices, list, at);
  return names.folded();
}

}  // namespace tokenweir::admit

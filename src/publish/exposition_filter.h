// What the operator does not want in /metrics: whole families, and labels whose series are then
// added up. Works on the text format, so that every family obeys whoever writes it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tokenweir::publish {

class ExpositionFilter {
 public:
  ExpositionFilter() = default;  // lets everything pass
  // Families by name, with or without the prefix tokenweir_; labels by name.
  ExpositionFilter(std::vector<std::string> disable, std::vector<std::string> drop_labels)
      : disable_(std::move(disable)), drop_labels_(std::move(drop_labels)) {}

  [[nodiscard]] bool passes_everything() const { return disable_.empty() && drop_labels_.empty(); }
  // `text` is an exposition in the text format 0.0.4. Series that a dropped label told apart become
  // one: their sum; of a ratio or a time the largest; of an _info series the 1 it always is. Sums
  // of decimals are exact.
  [[nodiscard]] std::string apply(std::string_view text) const;

 private:
  [[nodiscard]] bool is_disabled(std::string_view family) const;
  [[nodiscard]] bool is_dropped(std::string_view label) const;
  [[nodiscard]] std::string series_without_labels(std::string_view series) const;

  std::vector<std::string> disable_;
  std::vector<std::string> drop_labels_;
};

}  // namespace tokenweir::publish

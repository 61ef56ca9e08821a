// How our counts compare with what providers report, learned where both are known: published per
// provider and kind of request, and used as a bounded correction per model, for estimates only.
// Counts of a model's own vocabulary are never corrected. Pure; safe to share between threads.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.h"
#include "count/request_count.h"

namespace tokenweir::count {

class Calibration {
 public:
  // Beyond so many models the one heard of longest ago is forgotten.
  static constexpr std::size_t kMostModels = 4'096;
  // Comparisons before a correction is believed, and how many the memory reaches back.
  static constexpr double kLeastSamples = 8;
  static constexpr double kMemory = 256;
  // A correction never more than halves or doubles a count, nor adds more than this to it.
  static constexpr double kMostFactor = 2;
  static constexpr double kMostTokens = 4'096;

  // One exchange that ended with both figures. `reported` is the provider's total input. Counts of
  // contexts the provider holds part of should not be given.
  void add(std::string_view provider, std::string_view model, RequestKind kind, Grade grade,
           std::int64_t counted, std::int64_t reported, Time now);

  // The count as experience corrects it; unchanged for exact vocabularies and unknown models.
  [[nodiscard]] std::int64_t corrected(std::string_view provider, std::string_view model,
                                       RequestKind kind, Grade grade, std::int64_t counted) const;

  // For metrics: sums since the beginning, so that quotients of their increases are true averages.
  struct Ratio {
    std::string provider;
    RequestKind kind = RequestKind::text;
    std::uint64_t samples = 0;
    std::uint64_t equal = 0;  // to the token
    std::uint64_t counted = 0;
    std::uint64_t reported = 0;
  };
  [[nodiscard]] std::vector<Ratio> ratios() const;

  // What was learned of one model, for operators.
  struct Learned {
    std::string provider;
    std::string model;
    RequestKind kind = RequestKind::text;
    double samples = 0;  // fading
    double factor = 1;
    double tokens = 0;  // reported is about tokens + factor * counted
    bool applied = false;
    bool exact = false;  // of the model's own vocabulary: compared, never corrected
    Time last{};
  };
  [[nodiscard]] std::vector<Learned> learned() const;

  // Forgets what was learned of a model, or with an empty name of all models, of a provider, or
  // with an empty one of all. Returns how many were forgotten. The sums of ratios() stay.
  std::size_t reset(std::string_view provider, std::string_view model);

  // Lines of text, for a file; `restore` replaces everything and ignores lines it cannot read.
  [[nodiscard]] std::string save() const;
  void restore(std::string_view text);

 private:
  struct Key {
    std::string provider;
    std::string model;
    RequestKind kind = RequestKind::text;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  // Fading sums of a line through (counted, reported).
  struct Fit {
    double n = 0, x = 0, y = 0, xx = 0, xy = 0;
    bool exact = false;
    Time last{};
  };
  struct Line {
    double factor = 1;
    double tokens = 0;
  };
  [[nodiscard]] static Line line_of(const Fit& fit);
  [[nodiscard]] static Key key_of(std::string_view provider, std::string_view model,
                                  RequestKind kind);
  void forget_oldest();

  mutable std::mutex mutex_;
  std::map<Key, Fit> fits_;
  std::map<std::pair<std::string, RequestKind>, Ratio> ratios_;
};

}  // namespace tokenweir::count

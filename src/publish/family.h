// One metric family: what it is called, how a record moves it, and its series. Every value is an
// exact integer in a small unit and is divided only when printed, so sums never lose a picodollar.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/money.h"
#include "publish/figures.h"
#include "publish/labels.h"

namespace tokenweir::publish {

class Family;

enum class MetricType : std::uint8_t { counter, gauge, histogram };

// How many decimals the integer carries: the exposed value is integer / 10^decimals.
enum class Unit : std::uint8_t { count = 0, millionth = 6, picodollar = 12 };

// One record, with the numbers of the labels that most families share.
struct Seen {
  const Record& record;
  const Figures& figures;
  Labels& labels;
  LabelId workflow = kOther;
  LabelId provider = kOther;
  LabelId model = kOther;
};

// What is known before the first request: label sets that start at zero.
struct Known {
  Labels& labels;
  std::vector<LabelId> workflows;
  std::vector<LabelId> providers;
};

class LabelNames {
 public:
  constexpr LabelNames() = default;
  constexpr LabelNames(std::initializer_list<Label> labels) {
    for (const Label label : labels) labels_[count_++] = label;
  }
  [[nodiscard]] constexpr std::size_t size() const { return count_; }
  [[nodiscard]] constexpr Label operator[](std::size_t i) const { return labels_[i]; }

 private:
  std::array<Label, 4> labels_{};
  std::size_t count_ = 0;
};

// A row of the catalogue.
struct Definition {
  std::string_view name = {};  // after the prefix tokenweir_
  MetricType type = MetricType::counter;
  LabelNames labels = {};
  Unit unit = Unit::count;
  std::string_view bounds = {};  // of a histogram, as exposed, separated by spaces
  std::string_view help = {};
  // The counter is made of what the ledger keeps, so it is restored from there at the start.
  bool restored = false;
  // What a record adds. Null: fed by the running process.
  void (*count)(const Seen&, Family&) = nullptr;
  // Children of a label set first seen now, and of what is configured: both begin at zero.
  void (*begin)(const Seen&, Family&) = nullptr;
  void (*configured)(const Known&, Family&) = nullptr;
};

using LabelSet = std::array<LabelId, 4>;

// Series of all families together, bounded.
struct SeriesBudget {
  std::size_t limit = 50'000;
  std::size_t used = 0;
  std::uint64_t refused = 0;
};

class Family {
 public:
  Family(const Definition& definition, const Labels& labels, SeriesBudget& budget);

  // Adds to a counter; adding zero makes the series appear.
  void add(const LabelSet& ids, Int128 amount);
  void observe(const LabelSet& ids, Int128 value);
  // Of a gauge.
  void set(const LabelSet& ids, Int128 value) { series(ids).value = value; }

  [[nodiscard]] const Definition& definition() const { return *definition_; }
  // Appends HELP, TYPE and all samples in the text format 0.0.4; nothing when there are none.
  void expose(std::string& out) const;

  // Exact values of a restored counter that moved since the last call: label values joined by
  // U+001F, and the value.
  struct Moved {
    std::string labels;
    Int128 value = 0;
  };
  void take_moved(std::vector<Moved>& out);
  void set_all_moved();

 private:
  struct Series {
    LabelSet ids;
    std::string labels;                  // as exposed, without braces
    Int128 value = 0;                    // of a counter; the sum of a histogram
    std::vector<std::uint64_t> buckets;  // not cumulative; the last is +Inf
    bool moved = true;
  };
  Series& series(LabelSet ids);
  void expose_histogram(std::string& out, const Series& series) const;

  const Definition* definition_;
  const Labels* labels_;
  SeriesBudget* budget_;
  std::vector<std::string> bound_texts_;
  std::vector<Int128> bounds_;
  std::unordered_map<std::uint64_t, std::size_t> index_;
  std::vector<Series> series_;
};

inline constexpr std::string_view kMetricPrefix = "tokenweir_";

void append_header(std::string& out, std::string_view full_name, MetricType type,
                   std::string_view help);
// Appends a label value with \, " and newline escaped.
void append_label_value(std::string& out, std::string_view value);
// Shortest form of a double that reads back the same; NaN and infinities as Prometheus spells them.
void append_double(std::string& out, double value);

}  // namespace tokenweir::publish

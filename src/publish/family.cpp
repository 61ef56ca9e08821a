#include "publish/family.h"

#include <charconv>
#include <cmath>

#include "publish/text.h"

namespace tokenweir::publish {
namespace {

std::uint64_t key_of(const LabelSet& ids) {
  return std::uint64_t{ids[0]} | std::uint64_t{ids[1]} << 16 | std::uint64_t{ids[2]} << 32 |
         std::uint64_t{ids[3]} << 48;
}

Int128 scale_of(Unit unit) {
  Int128 scale = 1;
  for (int i = 0; i < static_cast<int>(unit); ++i) scale *= 10;
  return scale;
}

// A label whose values come from outside is folded first when series run out.
bool is_open_ended(Label label) {
  return label == Label::workflow || label == Label::model || label == Label::raw_model ||
         label == Label::credential;
}

}  // namespace

void append_header(std::string& out, std::string_view full_name, MetricType type,
                   std::string_view help) {
  constexpr std::array<std::string_view, 3> kTypes = {"counter", "gauge", "histogram"};
  out.append("# HELP ").append(full_name).append(" ").append(help);
  out.append("\n# TYPE ").append(full_name).append(" ");
  out.append(kTypes[static_cast<std::size_t>(type)]).append("\n");
}

void append_label_value(std::string& out, std::string_view value) {
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
}

void append_double(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else {
    char digits[32];
    out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
  }
}

Family::Family(const Definition& definition, const Labels& labels, SeriesBudget& budget)
    : definition_(&definition), labels_(&labels), budget_(&budget) {
  std::string_view left = definition.bounds;
  while (!left.empty()) {
    const std::string_view text = left.substr(0, left.find(' '));
    left.remove_prefix(std::min(left.size(), text.size() + 1));
    double bound = 0;
    std::from_chars(text.data(), text.data() + text.size(), bound);
    bound_texts_.emplace_back(text);
    bounds_.push_back(
        static_cast<Int128>(std::llround(bound * static_cast<double>(scale_of(definition.unit)))));
  }
}

Family::Series& Family::series(LabelSet ids) {
  if (const auto known = index_.find(key_of(ids)); known != index_.end()) {
    return series_[known->second];
  }
  const LabelNames& names = definition_->labels;
  const std::size_t lines = definition_->type == MetricType::histogram ? bounds_.size() + 3 : 1;
  if (budget_->used + lines > budget_->limit) {
    bool folded = false;
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (!is_open_ended(names[i]) || ids[i] == kOther) continue;
      ids[i] = kOther;
      folded = true;
    }
    if (folded) {
      ++budget_->refused;
      return series(ids);
    }
  }
  budget_->used += lines;
  Series made{.ids = ids, .labels = {}, .value = 0, .buckets = {}, .moved = true};
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) made.labels += ',';
    made.labels.append(name_of(names[i])).append("=\"");
    append_label_value(made.labels, labels_->text(names[i], ids[i]));
    made.labels += '"';
  }
  if (definition_->type == MetricType::histogram) made.buckets.resize(bounds_.size() + 1);
  index_.emplace(key_of(ids), series_.size());
  return series_.emplace_back(std::move(made));
}

void Family::add(const LabelSet& ids, Int128 amount) {
  Series& counter = series(ids);
  counter.value += amount;
  counter.moved = true;
}

void Family::observe(const LabelSet& ids, Int128 value) {
  Series& histogram = series(ids);
  std::size_t bucket = 0;
  while (bucket < bounds_.size() && value > bounds_[bucket]) ++bucket;
  ++histogram.buckets[bucket];
  histogram.value += value;
}

void Family::expose_histogram(std::string& out, const Series& series) const {
  const auto sample = [&](std::string_view suffix, std::string_view bound) {
    out.append(kMetricPrefix).append(definition_->name).append(suffix);
    if (series.labels.empty() && bound.empty()) {
      out += ' ';
      return;
    }
    out.append("{").append(series.labels);
    if (!bound.empty()) {
      if (!series.labels.empty()) out += ',';
      out.append("le=\"").append(bound).append("\"");
    }
    out += "} ";
  };
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < series.buckets.size(); ++i) {
    cumulative += series.buckets[i];
    sample("_bucket", i < bound_texts_.size() ? std::string_view(bound_texts_[i]) : "+Inf");
    append_integer(out, cumulative);
    out += '\n';
  }
  sample("_sum", {});
  append_decimal(out, series.value, static_cast<int>(definition_->unit));
  out += '\n';
  sample("_count", {});
  append_integer(out, cumulative);
  out += '\n';
}

void Family::expose(std::string& out) const {
  if (series_.empty()) return;
  const std::string name = std::string(kMetricPrefix).append(definition_->name);
  append_header(out, name, definition_->type, definition_->help);
  for (const Series& series : series_) {
    if (definition_->type == MetricType::histogram) {
      expose_histogram(out, series);
      continue;
    }
    out += name;
    if (!series.labels.empty()) out.append("{").append(series.labels).append("}");
    out += ' ';
    append_decimal(out, series.value, static_cast<int>(definition_->unit));
    out += '\n';
  }
}

void Family::take_moved(std::vector<Moved>& out) {
  for (Series& series : series_) {
    if (!std::exchange(series.moved, false)) continue;
    Moved& moved = out.emplace_back();
    moved.value = series.value;
    for (std::size_t i = 0; i < definition_->labels.size(); ++i) {
      if (i > 0) moved.labels += '\x1F';
      moved.labels += labels_->text(definition_->labels[i], series.ids[i]);
    }
  }
}

void Family::set_all_moved() {
  for (Series& series : series_) series.moved = true;
}

}  // namespace tokenweir::publish

#include "publish/figures.h"

#include <algorithm>

namespace tokenweir::publish {

std::optional<std::int64_t> saturated(std::optional<std::uint64_t> count) {
  if (!count) return std::nullopt;
  return static_cast<std::int64_t>(std::min<std::uint64_t>(*count, INT64_MAX));
}

bool is_input_kind(CostKind kind) {
  return kind == CostKind::input || kind == CostKind::cache_read || kind == CostKind::cache_write ||
         kind == CostKind::input_audio || kind == CostKind::input_image;
}

UsageSource usage_source_of(const Record& record) {
  return weaker(record.input_source, record.output_source);
}

Figures figures_of(const Usage& usage) {
  Figures figures;
  figures.usage = usage;
  const auto add = [](std::optional<std::int64_t>& total, std::int64_t part) {
    std::int64_t sum = 0;
    const bool overflow = __builtin_add_overflow(total.value_or(0), part, &sum);
    total = overflow ? INT64_MAX : sum;
  };
  for (std::size_t i = 0; i < kTokenClasses; ++i) {
    const std::optional<std::int64_t> part = saturated(usage.tokens[i]);
    if (!part) continue;
    const auto token_class = static_cast<TokenClass>(i);
    add(figures.tokens[static_cast<std::size_t>(kind_of(token_class))], *part);
    add(is_input(token_class) ? figures.total_input : figures.total_output, *part);
  }
  return figures;
}

Figures figures_of(const Record& record) {
  if (record.answer.inferences.size() == 1) return figures_of(record.answer.inferences[0].usage);
  Usage usage;
  for (const Inference& inference : record.answer.inferences) usage.add(inference.usage);
  return figures_of(usage);
}

}  // namespace tokenweir::publish

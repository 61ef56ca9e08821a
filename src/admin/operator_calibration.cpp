// What counting learned from reported usage: seen and forgotten by operators.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cmath>

#include "admin/json_text.h"
#include "admin/operators.h"
#include "admin/order_checks.h"
#include "publish/text.h"

namespace tokenweir::admin {
namespace {

using count::Calibration;

constexpr std::size_t kNameMax = 256;  // bytes

bool matches(std::string_view wanted, std::string_view name) {
  return wanted.empty() || wanted == name;
}

std::string decimal(double value) { return fmt::format("{:.4f}", value); }
// To a tenth, and never "-0.0".
std::string tenths(double value) {
  return fmt::format("{:.1f}", std::round(value * 10) / 10 + 0.0);
}

void append_ratio(JsonText& out, const Calibration::Ratio& ratio) {
  out.open_object().member("provider", ratio.provider).member("kind", name_of(ratio.kind));
  out.member("requests", ratio.samples).member("equal", ratio.equal);
  out.member("counted_tokens", ratio.counted).member("reported_tokens", ratio.reported);
  out.name("ratio");
  if (ratio.counted > 0) {
    out.raw(decimal(static_cast<double>(ratio.reported) / static_cast<double>(ratio.counted)));
  } else {
    out.null();
  }
  out.close();
}

void append_learned(JsonText& out, const Calibration::Learned& learned) {
  out.open_object().member("provider", learned.provider).member("model", learned.model);
  out.member("kind", name_of(learned.kind));
  out.name("samples").raw(tenths(learned.samples));
  out.name("factor").raw(decimal(learned.factor));
  out.name("tokens").raw(tenths(learned.tokens));
  out.member("applied", learned.applied).member("exact", learned.exact);
  out.member("last", learned.last).close();
}

std::string target_of(std::string_view provider, std::string_view model) {
  std::string target = "calibration";
  if (!provider.empty()) target.append(" provider=").append(provider);
  if (!model.empty()) target.append(" model=").append(model);
  return target;
}

}  // namespace

Reply Operators::calibration(std::string_view provider, std::string_view model,
                             std::size_t most) const {
  JsonText out;
  out.open_object().name("ratios").open_array();
  for (const Calibration::Ratio& ratio : house_.calibration.ratios()) {
    if (matches(provider, ratio.provider)) append_ratio(out, ratio);
  }
  out.close().name("learned").open_array();
  std::size_t shown = 0;
  for (const Calibration::Learned& learned : house_.calibration.learned()) {
    if (!matches(provider, learned.provider) || !matches(model, learned.model)) continue;
    if (++shown > most) break;
    append_learned(out, learned);
  }
  out.close().close();
  return {200, "application/json", out.take()};
}

Reply Operators::reset_calibration(std::string_view provider, std::string_view model,
                                   const Order& order) {
  if (auto poor = poor_reason(order, false)) return *poor;
  if (provider.size() > kNameMax || model.size() > kNameMax || !publish::is_storable(provider) ||
      !publish::is_storable(model)) {
    return problem(400, "the name is longer than 256 bytes or no valid UTF-8");
  }
  const std::lock_guard lock(mutex_);
  const auto entry = line("calibration.reset", target_of(provider, model), order);
  if (auto failed = stored(house_.store.note(entry), "calibration.reset")) return *failed;
  const std::size_t forgotten = house_.calibration.reset(provider, model);
  if (const auto kept = house_.keep_calibration(); !kept) {
    return problem(503, "forgotten now, but a restart would remember it: give the order again. " +
                            kept.error());
  }
  spdlog::warn("operators: {} correction(s) forgotten by {}", forgotten, order.actor);
  JsonText out;
  out.open_object().member("forgotten", forgotten).close();
  return {200, "application/json", out.take()};
}

}  // namespace tokenweir::admin

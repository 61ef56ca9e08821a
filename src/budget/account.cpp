#include "budget/account.h"

#include <algorithm>

namespace tokenweir::budget {
namespace {

// Enough closed periods that a clock put back by two hours finds the one it had left.
std::size_t kept_periods(WindowKind kind) {
  switch (kind) {
    case WindowKind::minute:
      return 128;
    case WindowKind::hour:
      return 4;
    default:
      return 3;
  }
}

bool is_zero(const Amounts& amounts) { return amounts == Amounts{}; }

}  // namespace

Account::Account(std::shared_ptr<const AccountName> name, const Window& window)
    : name_(std::move(name)), kept_(kept_periods(window.kind)) {
  if (window.kind == WindowKind::rolling) {
    slices_ = std::make_unique<Slices>();
    const std::int64_t length = std::max<std::int64_t>(window.length.count(), 1);
    slices_->length = std::chrono::microseconds{(length + kSlices - 1) / kSlices};
  }
  if (!window.is_calendar()) entries_.push_back({});
}

Amounts& Account::Slices::at(std::int64_t number) {
  constexpr std::int64_t kRing = kSlices + 1;
  return ring[static_cast<std::size_t>((number % kRing + kRing) % kRing)];
}
const Amounts& Account::Slices::at(std::int64_t number) const {
  return const_cast<Slices*>(this)->at(number);
}

void Account::advance(Instant now) {
  const auto since = std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch());
  const std::int64_t number = since / slices_->length;
  Amounts& spent = entries_.front().spent;
  if (slices_->latest == INT64_MIN) slices_->latest = number;
  if (number - slices_->latest > kSlices) {
    slices_->ring.fill({});
    spent = {};
    slices_->latest = number;
  }
  while (slices_->latest < number) {
    Amounts& slice = slices_->at(++slices_->latest);
    spent.subtract(slice);
    slice = {};
  }
}

void Account::post_slice(std::int64_t slice, const Amounts& amounts) {
  if (slice + kSlices < slices_->latest) return;  // has left the window meanwhile
  slices_->at(slice).add(amounts);
  entries_.front().spent.add(amounts);
}

void Account::turn_to(const Window& window, Now now) {
  if (slices_ != nullptr) return advance(now.monotonic);
  if (!entries_.empty()) {
    const Period& period = current().period;
    if (period.begin <= now.wall && now.wall < period.end) return;
  }
  const Period period = period_at(window, now.wall);
  current_ = period.begin < forgotten_ ? 0 : open(period);
}

// Finds the period, or opens it in its place among those that are kept.
std::size_t Account::open(const Period& period) {
  const auto place = std::ranges::lower_bound(entries_, period.begin, {},
                                              [](const Entry& e) { return e.period.begin; });
  if (place != entries_.end() && place->period.begin == period.begin) {
    return static_cast<std::size_t>(place - entries_.begin());
  }
  auto opened = static_cast<std::size_t>(place - entries_.begin());
  if (opened <= current_ && !entries_.empty()) ++current_;
  entries_.insert(place, Entry{period, {}, {}, {}});
  while (entries_.size() > kept_ && opened > 0 && current_ > 0 && is_zero(entries_.front().held)) {
    forgotten_ = entries_.front().period.end;
    entries_.erase(entries_.begin());
    --opened;
    --current_;
  }
  return opened;
}

Account::Entry* Account::find(const Place& place) {
  return const_cast<Entry*>(static_cast<const Account*>(this)->entry_at(place));
}

const Account::Entry* Account::entry_at(const Place& place) const {
  if (slices_ != nullptr) return &entries_.front();
  for (const Entry& entry : entries_) {
    if (entry.period.begin == place.period_begin) return &entry;
  }
  return nullptr;
}

bool Account::holds_anything() const {
  return std::ranges::any_of(entries_, [](const Entry& entry) { return !is_zero(entry.held); });
}

Place Account::here(Time wall) const {
  if (slices_ == nullptr) return {current().period.begin, 0};
  const auto into = wall.time_since_epoch() % slices_->length;
  return {wall - into, slices_->latest};
}

std::chrono::microseconds Account::until_free(Measure measure, std::int64_t limit,
                                              std::int64_t needed, Instant now) const {
  if (slices_ == nullptr) return {};
  std::int64_t left = current().spent[measure];
  const auto since = std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch());
  for (std::int64_t slice = slices_->latest - kSlices; slice <= slices_->latest; ++slice) {
    left = saturating_subtract(left, slices_->at(slice)[measure]);
    if (saturating_add(left, needed) > limit) continue;
    return slices_->length * (slice + kSlices + 1) - since;
  }
  return slices_->length * (kSlices + 1);
}

void Account::hold(const Place& place, const Amounts& amounts) {
  if (Entry* entry = find(place)) entry->held.add(amounts);
}

void Account::settle(const Place& place, const Amounts& held, const Amounts& consumed) {
  Entry* entry = find(place);
  if (entry == nullptr) return;
  entry->held.subtract(held);
  if (slices_ != nullptr) {
    post_slice(place.slice, consumed);
  } else {
    entry->spent.add(consumed);
  }
}

void Account::forego(const Place& place, const Amounts& consumed) {
  Entry* entry = slices_ == nullptr ? find(place) : nullptr;
  if (entry != nullptr) entry->foregone.add(consumed);
}

Place Account::post(const Window& window, Time at, Now now, const Amounts& consumed) {
  if (slices_ != nullptr) {
    advance(now.monotonic);
    const auto age = std::max(now.wall - at, std::chrono::microseconds{0});
    // One slice younger than its age, as slices of a former process need not begin with ours.
    const std::int64_t slices = age / slices_->length;
    const std::int64_t slice = slices_->latest - std::max<std::int64_t>(slices - 1, 0);
    post_slice(slice, consumed);
    return {at - at.time_since_epoch() % slices_->length, slice};
  }
  const Period period = period_at(window, at);
  if (period.begin >= forgotten_) entries_[open(period)].spent.add(consumed);
  return {period.begin, 0};
}

void Account::set_spent(const Amounts& spent) {
  if (slices_ != nullptr) {
    slices_->ring.fill({});
    slices_->at(slices_->latest) = spent;
  }
  entries_[current_].spent = spent;
  entries_[current_].foregone = {};
}

}  // namespace tokenweir::budget

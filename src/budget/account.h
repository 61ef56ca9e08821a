// One account: what is spent and held in each of its periods. Value logic without locks; the book
// owns accounts and guards them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "budget/amounts.h"
#include "budget/rule.h"
#include "budget/window.h"

namespace tokenweir::budget {

// Where an account stands in the books of record.
struct AccountName {
  std::string budget;
  std::string key;  // the values of `per`, joined by U+001F
  friend bool operator==(const AccountName&, const AccountName&) = default;
};

// Where one hold was booked, so that it is settled exactly there.
struct Place {
  Time period_begin{};
  std::int64_t slice = 0;  // of a rolling window
};

class Account {
 public:
  // A rolling window is kept in so many slices; what leaves it does so a slice late, never early.
  static constexpr std::int64_t kSlices = 60;

  Account(std::shared_ptr<const AccountName> name, const Window& window);

  // Chooses the period of `now`. A period that was open before is found again with its figures, so
  // clocks that step back never start one twice.
  void turn_to(const Window& window, Now now);
  [[nodiscard]] const Period& period() const { return periods_[current_].period; }
  [[nodiscard]] const Amounts& spent() const { return periods_[current_].spent; }
  [[nodiscard]] const Amounts& held() const { return periods_[current_].held; }
  // Over all periods.
  [[nodiscard]] bool holds_anything() const;
  [[nodiscard]] Place here() const;
  // When so much of a rolling window will have passed that `needed` fits under `limit`.
  [[nodiscard]] std::chrono::microseconds until_free(Measure measure, std::int64_t limit,
                                                     std::int64_t needed, Instant now) const;

  void hold(const Amounts& amounts);                      // in the current period
  void grow(const Place& place, const Amounts& amounts);  // of a hold made at `place`
  void settle(const Place& place, const Amounts& held, const Amounts& consumed);
  // Spend without a hold. A period that is no longer kept leaves the account as it is.
  void post(const Window& window, Time at, Now now, const Amounts& consumed, Place& place);
  void set_spent(const Amounts& spent);

  [[nodiscard]] const std::shared_ptr<const AccountName>& name() const { return name_; }

  std::optional<Limits> override_limits;
  Time override_until = Time::min();
  bool confirmed = false;  // an operator set the spend of an account that was unknown
  Instant used_at{};

 private:
  struct Entry {
    Period period;
    Amounts spent;
    Amounts held;
  };
  struct Slices {
    std::chrono::microseconds length{};  // of one slice
    std::int64_t latest = INT64_MIN;
    std::vector<Amounts> ring;  // kSlices + 1, by number modulo
  };
  Entry* find(Time begin);
  std::size_t open(const Period& period);
  void advance(Instant now);
  void post_slice(std::int64_t slice, const Amounts& amounts);

  std::shared_ptr<const AccountName> name_;
  std::vector<Entry> periods_;  // ascending, never empty after turn_to()
  std::size_t current_ = 0;
  std::size_t kept_ = 3;
  Time forgotten_ = Time::min();  // periods that begin before are no longer kept
  std::unique_ptr<Slices> slices_;
};

}  // namespace tokenweir::budget

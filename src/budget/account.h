// One account: what is spent and held in each of its periods. Value logic without locks; the book
// owns accounts and guards them.
#pragma once

#include <array>
#include <chrono>
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

  struct Entry {
    Period period;
    Amounts spent;
    Amounts held;
    Amounts
        foregone;  // of `spent`, what enforcing rules would have refused; not of rolling windows
  };

  Account(std::shared_ptr<const AccountName> name, const Window& window);

  // Chooses the period of `now`. A period that was open before is found again with its figures, so
  // clocks that step back never start one twice.
  void turn_to(const Window& window, Now now);
  [[nodiscard]] const Entry& current() const { return entries_[current_]; }
  // The period a hold was made in; null when it is no longer kept, which is never so while the hold
  // lasts.
  [[nodiscard]] const Entry* entry_at(const Place& place) const;
  // Over all periods.
  [[nodiscard]] bool holds_anything() const;
  [[nodiscard]] Place here(Time wall) const;
  // How long until so much has left a rolling window that `needed` fits under `limit`.
  [[nodiscard]] std::chrono::microseconds until_free(Measure measure, std::int64_t limit,
                                                     std::int64_t needed, Instant now) const;

  // Adds to (or with `settle` replaces) what is held at `place`.
  void hold(const Place& place, const Amounts& amounts);
  void settle(const Place& place, const Amounts& held, const Amounts& consumed);
  // What was posted there would not have been spent had the rules been enforced.
  void forego(const Place& place, const Amounts& consumed);
  // Spend without a hold; returns where it was booked. A period that is no longer kept leaves the
  // account as it is.
  Place post(const Window& window, Time at, Now now, const Amounts& consumed);
  // Replaces what the current period has spent.
  void set_spent(const Amounts& spent);

  [[nodiscard]] const std::shared_ptr<const AccountName>& name() const { return name_; }

 private:
  struct Slices {
    std::chrono::microseconds length{};  // of one slice
    std::int64_t latest = INT64_MIN;
    std::array<Amounts, kSlices + 1> ring{};  // by number modulo
    [[nodiscard]] Amounts& at(std::int64_t number);
    [[nodiscard]] const Amounts& at(std::int64_t number) const;
  };
  Entry* find(const Place& place);
  std::size_t open(const Period& period);
  void advance(Instant now);
  void post_slice(std::int64_t slice, const Amounts& amounts);

  std::shared_ptr<const AccountName> name_;
  std::vector<Entry> entries_;  // ascending; never empty after turn_to()
  std::size_t current_ = 0;
  std::size_t kept_ = 3;
  Time forgotten_ = Time::min();  // periods that begin before this are no longer kept
  std::unique_ptr<Slices> slices_;
};

}  // namespace tokenweir::budget

// A time zone read from the bytes of a zone file (RFC 8536), because windows follow local midnight
// and g++ 12 has no zone database. Immutable; several zones may be in use at once.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/time.h"

namespace tokenweir::budget {

class TimeZone {
 public:
  TimeZone() = default;  // UTC
  // No value for bytes that are no zone file of version 2 or later, or that exceed its bounds.
  [[nodiscard]] static std::optional<TimeZone> parse(std::string_view file);

  // Local time minus UTC at that moment.
  [[nodiscard]] std::chrono::seconds offset_at(Time at) const;
  // The last change of offset at or before `at`, and the first after it.
  [[nodiscard]] Time change_before(Time at) const;
  [[nodiscard]] Time change_after(Time at) const;
  // The first moment at which local clocks show `local` or later. A local midnight that summer time
  // skips begins with the skip; one that comes twice begins with its first occurrence.
  [[nodiscard]] Time first_moment(std::chrono::local_seconds local) const;

 private:
  struct Change {
    std::int64_t at = 0;  // seconds since 1970, UTC
    std::int32_t offset = 0;
  };
  [[nodiscard]] std::size_t index_at(std::int64_t seconds) const;

  std::int32_t first_offset_ = 0;
  std::vector<Change> changes_;  // ascending; only real changes of the offset
};

}  // namespace tokenweir::budget

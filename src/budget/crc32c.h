// CRC-32C (Castagnoli), as iSCSI (RFC 3720) and SSE 4.2 have it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace tokenweir::budget {

// `seed` is the checksum of what came before, or anything that tells two uses apart.
[[nodiscard]] std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t seed = 0);
// The same on processors without an instruction for it.
[[nodiscard]] std::uint32_t crc32c_by_table(std::span<const std::byte> bytes, std::uint32_t seed);

}  // namespace tokenweir::budget

#include "budget/journal.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>

#include "budget/crc32c.h"

namespace tokenweir::budget {
namespace {

// Where things lie in a slot. Checksums are seeded with the generation, so that what an earlier use
// of the slot left behind is never taken for its own.
constexpr std::size_t kState = 0;
constexpr std::size_t kCells = 16;  // two, written in turn
constexpr std::size_t kCellSize = 64;
constexpr std::size_t kSettled = 144;
constexpr std::size_t kBody = 200;
constexpr std::size_t kLongestId = 64;
constexpr std::string_view kMagic = "TWHOLDS1";

template <typename Number>
void put(std::span<std::byte> bytes, std::size_t at, Number value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);
}
template <typename Number>
Number get(std::span<const std::byte> bytes, std::size_t at) {
  Number value{};
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

void put_amounts(std::span<std::byte> bytes, std::size_t at, const Amounts& amounts) {
  for (std::size_t i = 0; i < kMeasures; ++i) put(bytes, at + 8 * i, amounts.of[i]);
}
Amounts get_amounts(std::span<const std::byte> bytes, std::size_t at) {
  Amounts amounts;
  for (std::size_t i = 0; i < kMeasures; ++i) amounts.of[i] = get<std::int64_t>(bytes, at + 8 * i);
  return amounts;
}

// Phase, generation and a check of both in one word, so that one store changes all of it.
std::uint64_t state_word(HoldPhase phase, std::uint32_t generation) {
  std::array<std::byte, 5> covered{};
  covered[0] = static_cast<std::byte>(phase);
  std::memcpy(covered.data() + 1, &generation, sizeof generation);
  const std::uint64_t check = crc32c(covered) & 0xFFFFFF;
  return static_cast<std::uint64_t>(phase) | static_cast<std::uint64_t>(generation) << 8 |
         check << 40;
}
std::uint64_t load_state(ConstSlot slot) { return get<std::uint64_t>(slot, kState); }
std::uint32_t generation_of(std::uint64_t word) { return static_cast<std::uint32_t>(word >> 8); }

void store_state(Slot slot, HoldPhase phase, std::uint32_t generation) {
  auto& word = *reinterpret_cast<std::uint64_t*>(slot.data() + kState);
  // Nothing that was written before may become visible after this word.
  std::atomic_ref<std::uint64_t>(word).store(state_word(phase, generation),
                                             std::memory_order_release);
}

// Appends to the body while there is room.
class Writer {
 public:
  explicit Writer(std::span<std::byte> room) : room_(room) {}
  bool number(std::uint64_t value, std::size_t size) {
    if (used_ + size > room_.size()) return false;
    std::memcpy(room_.data() + used_, &value, size);
    used_ += size;
    return true;
  }
  bool text(std::string_view value) {
    if (used_ + value.size() > room_.size()) return false;
    std::memcpy(room_.data() + used_, value.data(), value.size());
    used_ += value.size();
    return true;
  }
  bool amounts(const Amounts& value) {
    return std::ranges::all_of(
        value.of, [&](std::int64_t part) { return number(static_cast<std::uint64_t>(part), 8); });
  }
  [[nodiscard]] std::size_t used() const { return used_; }
  [[nodiscard]] std::size_t left() const { return room_.size() - used_; }

 private:
  std::span<std::byte> room_;
  std::size_t used_ = 0;
};

class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : bytes_(bytes) {}
  bool number(std::uint64_t& value, std::size_t size) {
    value = 0;
    if (at_ + size > bytes_.size()) return false;
    std::memcpy(&value, bytes_.data() + at_, size);
    at_ += size;
    return true;
  }
  bool text(std::string& value, std::size_t size) {
    if (at_ + size > bytes_.size()) return false;
    value.assign(reinterpret_cast<const char*>(bytes_.data()) + at_, size);
    at_ += size;
    return true;
  }
  bool amounts(Amounts& value) {
    for (std::int64_t& part : value.of) {
      std::uint64_t bits = 0;
      if (!number(bits, 8)) return false;
      part = static_cast<std::int64_t>(bits);
    }
    return true;
  }

 private:
  std::span<const std::byte> bytes_;
  std::size_t at_ = 0;
};

bool write_body(Writer& writer, const JournalEntry& entry, const EntryFacts& facts) {
  if (entry.id.size() > kLongestId) return false;
  const auto held_at = static_cast<std::uint64_t>(entry.held_at.time_since_epoch().count());
  const bool figures = writer.number(entry.id.size(), 1) && writer.text(entry.id) &&
                       writer.number(held_at, 8) && writer.amounts(entry.held) &&
                       writer.amounts(entry.fixed) &&
                       writer.number(static_cast<std::uint64_t>(entry.usd_per_output_token), 8);
  if (!figures) return false;
  for (const auto& [name, value] : facts.views()) {
    if (name.size() > 255 || value.size() > kJournalFactMost) continue;
    if (writer.left() < 3 + name.size() + value.size()) continue;
    (void)(writer.number(name.size(), 1) && writer.number(value.size(), 2) && writer.text(name) &&
           writer.text(value));
  }
  return true;
}

bool read_body(std::span<const std::byte> bytes, JournalEntry& entry) {
  Reader reader(bytes);
  std::uint64_t size = 0, held_at = 0, price = 0;
  const bool figures = reader.number(size, 1) && size <= kLongestId &&
                       reader.text(entry.id, size) && reader.number(held_at, 8) &&
                       reader.amounts(entry.held) && reader.amounts(entry.fixed) &&
                       reader.number(price, 8);
  if (!figures) return false;
  entry.held_at = Time{std::chrono::microseconds{static_cast<std::int64_t>(held_at)}};
  entry.usd_per_output_token = static_cast<std::int64_t>(price);
  std::uint64_t name_size = 0, value_size = 0;
  while (reader.number(name_size, 1)) {
    std::string name, value;
    if (!reader.number(value_size, 2) || !reader.text(name, name_size) ||
        !reader.text(value, value_size)) {
      return false;
    }
    entry.facts.emplace_back(std::move(name), std::move(value));
  }
  return true;
}

struct Cell {
  std::uint32_t number = 0;  // 0: never written
  std::int64_t delivered = 0;
  Amounts held;
};

Cell read_cell(ConstSlot slot, std::size_t index, std::uint32_t generation) {
  const auto bytes = slot.subspan(kCells + index * kCellSize, kCellSize);
  if (get<std::uint32_t>(bytes, 0) != crc32c(bytes.subspan(4), generation)) return {};
  return {get<std::uint32_t>(bytes, 4), get<std::int64_t>(bytes, 8), get_amounts(bytes, 16)};
}

}  // namespace

bool write_held(Slot slot, const JournalEntry& entry, const EntryFacts& facts,
                std::uint32_t generation) {
  std::memset(slot.data() + kCells, 0, kBody - kCells);
  const auto body = std::span<std::byte>(slot).subspan(kBody);
  Writer writer(body.subspan(8));
  if (!write_body(writer, entry, facts)) return false;
  put(body, 4, static_cast<std::uint32_t>(writer.used()));
  put(body, 0, crc32c(body.subspan(4, 4 + writer.used()), generation));
  store_state(slot, HoldPhase::held, generation);
  return true;
}

void write_sent(Slot slot) { store_state(slot, HoldPhase::sent, generation_of(load_state(slot))); }

void write_progress(Slot slot, const Amounts& held, std::int64_t output_delivered) {
  const std::uint32_t generation = generation_of(load_state(slot));
  const Cell first = read_cell(slot, 0, generation);
  const Cell second = read_cell(slot, 1, generation);
  const std::size_t older = first.number <= second.number ? 0 : 1;
  const auto bytes = std::span<std::byte>(slot).subspan(kCells + older * kCellSize, kCellSize);
  put(bytes, 4, std::max(first.number, second.number) + 1);
  put(bytes, 8, output_delivered);
  put_amounts(bytes, 16, held);
  // The compiler may not move the check before what it covers; a processor that is killed has
  // executed a prefix of the program.
  std::atomic_signal_fence(std::memory_order_seq_cst);
  put(bytes, 0, crc32c(bytes.subspan(4), generation));
}

void write_settled(Slot slot, const Amounts& settled) {
  const std::uint32_t generation = generation_of(load_state(slot));
  const auto bytes = std::span<std::byte>(slot).subspan(kSettled, kBody - kSettled);
  put_amounts(bytes, 8, settled);
  put(bytes, 0, crc32c(bytes.subspan(8), generation));
  store_state(slot, HoldPhase::settled, generation);
}

void write_free(Slot slot) { store_state(slot, HoldPhase::free, generation_of(load_state(slot))); }

ReadSlot read_slot(ConstSlot slot) {
  ReadSlot read;
  const std::uint64_t word = load_state(slot);
  if (word == 0) return read;
  read.generation = generation_of(word);
  const auto phase = static_cast<HoldPhase>(word & 0xFF);
  const bool sound = phase <= HoldPhase::settled && word == state_word(phase, read.generation);
  if (sound && phase == HoldPhase::free) return read;

  const auto body = std::span<const std::byte>(slot).subspan(kBody);
  const auto size = get<std::uint32_t>(body, 4);
  const bool whole =
      size <= body.size() - 8 &&
      get<std::uint32_t>(body, 0) == crc32c(body.subspan(4, 4 + size), read.generation);
  if (!whole || !read_body(body.subspan(8, size), read.entry)) {
    read.entry = {};
    read.fault = sound ? SlotFault::torn_body : SlotFault::torn_state;
    return read;
  }
  // Whose phase is unreadable may have left: it counts as sent.
  read.entry.phase = sound ? phase : HoldPhase::sent;
  read.fault = sound ? SlotFault::none : SlotFault::torn_state;

  const Cell first = read_cell(slot, 0, read.generation);
  const Cell second = read_cell(slot, 1, read.generation);
  const Cell& latest = first.number >= second.number ? first : second;
  if (latest.number > 0) {
    read.entry.held = latest.held;
    read.entry.output_delivered = latest.delivered;
  }
  if (read.entry.phase == HoldPhase::settled) {
    const auto settled = std::span<const std::byte>(slot).subspan(kSettled, kBody - kSettled);
    if (get<std::uint32_t>(settled, 0) == crc32c(settled.subspan(8), read.generation)) {
      read.entry.settled = get_amounts(settled, 8);
    } else {
      read.entry.phase = HoldPhase::sent;
    }
  }
  return read;
}

namespace {
constexpr std::size_t kCommitsAt = 40;
}

void write_header(std::span<std::byte, kJournalHeaderSize> bytes, const JournalHeader& header) {
  std::memset(bytes.data(), 0, bytes.size());
  std::memcpy(bytes.data(), kMagic.data(), kMagic.size());
  put(bytes, 8, kJournalVersion);
  put(bytes, 12, static_cast<std::uint32_t>(kJournalSlotSize));
  put(bytes, 16, header.slots);
  put(bytes, 24, header.ledger);
  put(bytes, 32, crc32c(std::span<const std::byte>(bytes).first(32)));
}

std::optional<JournalHeader> read_header(std::span<const std::byte, kJournalHeaderSize> bytes) {
  if (std::memcmp(bytes.data(), kMagic.data(), kMagic.size()) != 0) return std::nullopt;
  if (get<std::uint32_t>(bytes, 32) != crc32c(bytes.first(32))) return std::nullopt;
  if (get<std::uint32_t>(bytes, 8) != kJournalVersion) return std::nullopt;
  if (get<std::uint32_t>(bytes, 12) != kJournalSlotSize) return std::nullopt;
  return JournalHeader{get<std::uint64_t>(bytes, 16), get<std::uint64_t>(bytes, 24)};
}

void write_commits(std::span<std::byte, kJournalHeaderSize> bytes, std::int64_t commits) {
  auto* const at = reinterpret_cast<std::int64_t*>(bytes.data() + kCommitsAt);
  std::atomic_ref(*at).store(commits, std::memory_order_relaxed);
}

std::int64_t read_commits(std::span<const std::byte, kJournalHeaderSize> bytes) {
  return get<std::int64_t>(bytes, kCommitsAt);
}

}  // namespace tokenweir::budget

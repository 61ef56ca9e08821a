#include "tokenizer/automaton.h"

namespace tokenweir::tokenizer {

namespace {

template <std::size_t kCapacity>
std::size_t count_with(const Automaton& automaton, std::string_view piece) {
  Automaton::Ring<kCapacity> ring;  // not initialised: step() writes each place before it is read
  ring.tokens[0] = 0;
  Automaton::State state = Automaton::kRoot;
  for (std::size_t i = 0; i < piece.size(); ++i) {
    automaton.step(state, ring, i + 1, static_cast<std::uint8_t>(piece[i]));
    // The count of a ring's place is 32 bits wide, enough for pieces of 4 GiB.
  }
  return ring.tokens[piece.size() & (kCapacity - 1)];
}

}  // namespace

std::size_t Automaton::count(std::string_view piece) const {
  return longest_ < 256 ? count_with<256>(*this, piece) : count_with<2048>(*this, piece);
}

std::size_t Automaton::memory() const {
  return slots_.size() * sizeof(Slot) + records_.size() * sizeof(Record) +
         first_child_.size() * sizeof(std::uint32_t) + children_.size() * sizeof(Child);
}

}  // namespace tokenweir::tokenizer

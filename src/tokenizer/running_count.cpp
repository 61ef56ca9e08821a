#include <optional>

#include "tokenizer/counter.h"
#include "tokenizer/long_piece.h"

namespace tokenweir::tokenizer {

namespace {

// An open piece longer than this is read byte by byte; shorter ones are read again as they grow,
// which is faster.
constexpr std::size_t kLongTail = 64;
constexpr std::size_t kSlice = 4096;

}  // namespace

struct RunningCount::State {
  explicit State(SharedVocabulary shared) : vocabulary(std::move(shared)) {}

  SharedVocabulary vocabulary;
  std::uint64_t closed = 0;  // tokens of pieces that nothing can change any more
  std::string tail;          // the text after them, unless `piece` has it
  std::optional<LongPiece> piece;
  bool in_piece = false;
  mutable std::optional<std::uint64_t> tail_tokens;

  void append(std::string_view delta) {
    tail_tokens.reset();
    while (!delta.empty()) {
      if (in_piece) {
        delta.remove_prefix(piece->append(delta));
        if (piece->over()) leave_piece();
        continue;
      }
      const std::size_t size = std::min(delta.size(), kSlice);
      tail.append(delta.substr(0, size));
      delta.remove_prefix(size);
      settle_tail();
    }
  }

  void settle_tail() {
    const Closed done = count_normal(*vocabulary, tail, false);
    closed += done.tokens;
    tail.erase(0, static_cast<std::size_t>(done.stop - tail.data()));
    if (tail.size() <= kLongTail) return;
    if (!piece) piece.emplace(*vocabulary, grammar_of(vocabulary->name()));
    if (!piece->start(tail)) return;
    in_piece = true;
    if (piece->over()) {
      leave_piece();
    } else {
      tail.clear();
    }
  }

  void leave_piece() {
    closed += piece->settled();
    tail = piece->remainder();
    in_piece = false;
  }
};

RunningCount::RunningCount(SharedVocabulary vocabulary)
    : state_(std::make_unique<State>(std::move(vocabulary))) {}
RunningCount::~RunningCount() = default;
RunningCount::RunningCount(RunningCount&&) noexcept = default;
RunningCount& RunningCount::operator=(RunningCount&&) noexcept = default;

void RunningCount::append(std::string_view delta) { state_->append(delta); }

std::uint64_t RunningCount::count() const {
  if (!state_->tail_tokens) {
    state_->tail_tokens = state_->in_piece
                              ? state_->piece->tokens()
                              : count_normal(*state_->vocabulary, state_->tail, true).tokens;
  }
  return state_->closed + *state_->tail_tokens;
}

}  // namespace tokenweir::tokenizer

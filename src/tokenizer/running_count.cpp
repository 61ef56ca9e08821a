#include <algorithm>
#include <optional>
#include <utility>

#include "tokenizer/counter.h"
#include "tokenizer/long_piece.h"
#include "tokenizer/normal_form.h"

namespace tokenweir::tokenizer {

namespace {

// An open piece longer than this is read byte by byte; shorter ones are read again as they grow,
// which is faster.
constexpr std::size_t kLongTail = 64;
constexpr std::size_t kSlice = 4096;

// Counts text that is in normal form already.
class Pieces {
 public:
  explicit Pieces(const Vocabulary& vocabulary) : vocabulary_(vocabulary) {}

  void append(std::string_view delta) {
    while (!delta.empty()) {
      if (in_piece_) {
        delta.remove_prefix(piece_->append(delta));
        if (piece_->over()) leave_piece();
        continue;
      }
      const std::size_t size = std::min(delta.size(), kSlice);
      tail_.append(delta.substr(0, size));
      delta.remove_prefix(size);
      settle_tail();
    }
  }

  // The count if `extra` followed and ended the text.
  [[nodiscard]] std::uint64_t tokens_with(std::string_view extra) const {
    if (in_piece_) return closed_ + (extra.empty() ? piece_->tokens() : piece_->tokens_with(extra));
    if (extra.empty()) return closed_ + count_normal(vocabulary_, tail_, true).tokens;
    return closed_ + count_normal(vocabulary_, std::string(tail_).append(extra), true).tokens;
  }

 private:
  void settle_tail() {
    const Closed done = count_normal(vocabulary_, tail_, false);
    closed_ += done.tokens;
    tail_.erase(0, static_cast<std::size_t>(done.stop - tail_.data()));
    if (tail_.size() <= kLongTail) return;
    if (!piece_) piece_.emplace(vocabulary_, grammar_of(vocabulary_.name()));
    if (!piece_->start(tail_)) return;
    in_piece_ = true;
    if (piece_->over()) {
      leave_piece();
    } else {
      tail_.clear();
    }
  }

  void leave_piece() {
    closed_ += piece_->settled();
    tail_ = piece_->remainder();
    in_piece_ = false;
  }

  const Vocabulary& vocabulary_;
  std::uint64_t closed_ = 0;  // tokens of pieces that nothing can change any more
  std::string tail_;          // the text after them, unless `piece_` has it
  std::optional<LongPiece> piece_;
  bool in_piece_ = false;
};

}  // namespace

struct RunningCount::State {
  explicit State(SharedVocabulary shared)
      : vocabulary(std::move(shared)),
        form(normal_form_of(vocabulary->name())),
        pieces(*vocabulary) {}

  void append(std::string_view delta) {
    tokens.reset();
    if (form == NormalForm::none) {
      pieces.append(delta);
      return;
    }
    held.append(delta);
    std::string_view rest = held;
    if (in_long_cluster) {
      const std::size_t more = cluster_end(form, rest);
      pieces.append(rest.substr(0, more));
      rest.remove_prefix(more);
      if (rest.size() > cut_bytes(rest)) in_long_cluster = false;
    }
    if (!in_long_cluster) {
      const std::size_t settled = last_cluster(form, rest);
      std::string normal;
      append_normal(form, rest.substr(0, settled), normal);
      pieces.append(normal);
      rest.remove_prefix(settled);
      if (const std::size_t whole = rest.size() - cut_bytes(rest); whole > kLongestCluster) {
        pieces.append(rest.substr(0, whole));
        rest.remove_prefix(whole);
        in_long_cluster = true;
      }
    }
    held.erase(0, held.size() - rest.size());
  }

  [[nodiscard]] std::uint64_t count() const {
    if (held.empty()) return pieces.tokens_with({});
    std::string normal;
    append_normal(form, held, normal);
    return pieces.tokens_with(normal);
  }

  SharedVocabulary vocabulary;
  NormalForm form;
  Pieces pieces;
  std::string held;              // the last cluster, which marks may still join
  bool in_long_cluster = false;  // it was too long and is passed on as it is
  mutable std::optional<std::uint64_t> tokens;
};

RunningCount::RunningCount(SharedVocabulary vocabulary)
    : state_(std::make_unique<State>(std::move(vocabulary))) {}
RunningCount::~RunningCount() = default;
RunningCount::RunningCount(RunningCount&&) noexcept = default;
RunningCount& RunningCount::operator=(RunningCount&&) noexcept = default;

void RunningCount::append(std::string_view delta) { state_->append(delta); }

std::uint64_t RunningCount::count() const {
  if (!state_->tokens) state_->tokens = state_->count();
  return *state_->tokens;
}

}  // namespace tokenweir::tokenizer

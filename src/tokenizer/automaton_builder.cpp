// Builds the automaton of a token list: trie, double array, failure links, merge tree, intervals.
// Written for speed (a vocabulary is built when it is first used), hence arrays and one pass each.
#include <algorithm>
#include <bit>
#include <bitset>
#include <numeric>

#include "tokenizer/automaton.h"

namespace tokenweir::tokenizer {

namespace {

constexpr std::uint32_t kNone = UINT32_MAX;

// Nodes in the order of their strings, so that a node's parent and left brothers come before it.
struct Trie {
  std::vector<std::uint32_t> parent;
  std::vector<std::uint8_t> byte;
  std::vector<std::uint32_t> token;  // index into `tokens`, or kNone
  std::vector<std::uint16_t> depth;
  std::vector<std::uint32_t> first_child;  // into `children`; one more entry than nodes
  std::vector<std::uint32_t> children;
};

// The tokens merges can reach, with what the trie tells about them.
struct Tokens {
  std::vector<std::uint32_t> rank, node, left, right;
  std::vector<std::uint16_t> length, left_length;
};

// Assigns the double array's slots: blocks of 256, in each a set of free places.
class Slots {
 public:
  // The base under which every byte of `bytes` leads to a free slot; takes those slots.
  std::uint32_t place(const std::uint8_t* bytes, std::size_t count) {
    for (std::size_t block = open_; block < free_.size(); ++block) {
      if (count > 1 && block + kWindow < free_.size()) block = free_.size() - kWindow;
      const std::uint32_t base = place_in(block, bytes, count);
      if (base != kNone) return base;
    }
    free_.emplace_back().set();
    return place_in(free_.size() - 1, bytes, count);
  }
  void reserve_root() {
    free_.resize(2);
    free_[1].set();
    free_[1].reset(0);
    open_ = 1;
  }
  [[nodiscard]] std::size_t size() const { return free_.size() * 256; }

 private:
  // Sets of several bytes look only at the newest blocks; single bytes fill what they leave.
  static constexpr std::size_t kWindow = 6;

  std::uint32_t place_in(std::size_t block, const std::uint8_t* bytes, std::size_t count) {
    std::bitset<256>& free = free_[block];
    for (std::size_t slot = free._Find_first(); slot < 256; slot = free._Find_next(slot)) {
      const std::size_t low = slot ^ bytes[0];
      bool fits = true;
      for (std::size_t i = 1; i < count && fits; ++i) fits = free[low ^ bytes[i]];
      if (!fits) continue;
      for (std::size_t i = 0; i < count; ++i) free.reset(low ^ bytes[i]);
      while (open_ < free_.size() && free_[open_].none()) ++open_;
      return static_cast<std::uint32_t>(block * 256 + low);
    }
    return kNone;
  }

  std::vector<std::bitset<256>> free_;
  std::size_t open_ = 0;
};

}  // namespace

class AutomatonBuilder {
 public:
  explicit AutomatonBuilder(const TokenList& list) : list_(list) {}

  Result<Automaton, std::string> build() {
    make_trie();
    count_children();
    place_nodes();
    link_failures();
    if (!find_parts()) return failure(std::string("the vocabulary's merges are inconsistent"));
    if (!number_tokens()) return failure(std::string("a single byte is missing"));
    fill_records();
    if (!fill_children()) return failure(std::string("the vocabulary's merges are ambiguous"));
    return std::move(automaton_);
  }

 private:
  void add_node(std::uint32_t parent, std::uint8_t byte, std::uint16_t depth) {
    trie_.parent.push_back(parent);
    trie_.byte.push_back(byte);
    trie_.token.push_back(kNone);
    trie_.depth.push_back(depth);
  }

  void make_trie() {
    const std::size_t guess = list_.bytes.size() + 1;
    trie_.parent.reserve(guess);
    trie_.byte.reserve(guess);
    trie_.token.reserve(guess);
    trie_.depth.reserve(guess);
    add_node(kNone, 0, 0);
    std::vector<std::uint32_t> path(list_.longest + 1, 0);  // node at each depth
    std::size_t known = 0;                                  // depth up to which `path` is right
    std::string text;
    for (const TokenList::Token& token : list_.tokens) {
      text.resize(token.shared);
      text.append(list_.bytes, token.offset, token.length - token.shared);
      known = std::min<std::size_t>(known, token.shared);
      if (TokenList::is_unreachable(token)) continue;
      for (; known < token.length; ++known) {
        const auto index = static_cast<std::uint32_t>(trie_.parent.size());
        add_node(path[known], static_cast<std::uint8_t>(text[known]),
                 static_cast<std::uint16_t>(known + 1));
        path[known + 1] = index;
      }
      trie_.token[path[token.length]] = static_cast<std::uint32_t>(tokens_.rank.size());
      tokens_.rank.push_back(token.rank);
      tokens_.node.push_back(path[token.length]);
      tokens_.length.push_back(token.length);
      tokens_.left_length.push_back(token.left);
      tokens_.left.push_back(token.left > 0 ? trie_.token[path[token.left]] : kNone);
    }
    tokens_.right.assign(tokens_.rank.size(), kNone);
    automaton_.longest_ = list_.longest;
  }

  void count_children() {
    const std::size_t nodes = trie_.parent.size();
    trie_.first_child.assign(nodes + 1, 0);
    for (std::size_t i = 1; i < nodes; ++i) ++trie_.first_child[trie_.parent[i] + 1];
    std::partial_sum(trie_.first_child.begin(), trie_.first_child.end(), trie_.first_child.begin());
    std::vector<std::uint32_t> next(trie_.first_child.begin(), trie_.first_child.end() - 1);
    trie_.children.resize(nodes - 1);
    for (std::uint32_t i = 1; i < nodes; ++i) trie_.children[next[trie_.parent[i]]++] = i;
  }

  void place_nodes() {
    const std::size_t nodes = trie_.parent.size();
    Slots slots;
    slots.reserve_root();
    slot_of_.assign(nodes, 0);
    slot_of_[0] = Automaton::kRoot;
    std::vector<std::uint32_t> base(nodes, 0);
    std::uint8_t bytes[256];
    // The root's children are the slots 0 to 255, which no other state may use.
    for (std::uint32_t node = 0; node < nodes; ++node) {
      const std::uint32_t first = trie_.first_child[node];
      const std::uint32_t count = trie_.first_child[node + 1] - first;
      if (count == 0) continue;
      for (std::uint32_t i = 0; i < count; ++i) bytes[i] = trie_.byte[trie_.children[first + i]];
      if (node > 0) base[node] = slots.place(bytes, count);
      for (std::uint32_t i = 0; i < count; ++i) {
        slot_of_[trie_.children[first + i]] = base[node] ^ bytes[i];
      }
    }
    automaton_.slots_.resize(std::max<std::size_t>(slots.size(), 512));
    for (std::uint32_t node = 0; node < nodes; ++node) {
      Automaton::Slot& slot = automaton_.slots_[slot_of_[node]];
      slot.base = base[node];
      if (node > 0) slot.parent = slot_of_[trie_.parent[node]];
    }
  }

  // Breadth first, because a failure link leads to a shorter string.
  void link_failures() {
    const std::size_t nodes = trie_.parent.size();
    std::vector<std::uint32_t> order(nodes), start(list_.longest + 2, 0);
    for (std::size_t i = 0; i < nodes; ++i) ++start[trie_.depth[i] + 1u];
    std::partial_sum(start.begin(), start.end(), start.begin());
    for (std::uint32_t i = 0; i < nodes; ++i) order[start[trie_.depth[i]]++] = i;
    auto& slots = automaton_.slots_;
    shorter_.assign(tokens_.rank.size(), kNone);
    for (std::size_t i = 1; i < nodes; ++i) {
      const std::uint32_t node = order[i];
      Automaton::Slot& slot = slots[slot_of_[node]];
      slot.failure = Automaton::kRoot;
      if (trie_.depth[node] > 1) {
        std::uint32_t at = slot.parent;
        std::uint32_t to = 0;
        do {
          at = slots[at].failure;
          to = slots[at].base ^ trie_.byte[node];
        } while (slots[to].parent != at && at != Automaton::kRoot);
        if (slots[to].parent == at) slot.failure = to;
      }
      const bool inner = slot.failure != Automaton::kRoot;
      const std::uint32_t token = trie_.token[node];
      const std::uint32_t below = inner ? slots[slot.failure].token : kNone;
      if (token != kNone) shorter_[token] = below;
      slot.token = token != kNone ? token : below;
    }
  }

  // The right part is the ending with the right length; its string is among the shorter tokens.
  bool find_parts() {
    for (std::size_t i = 0; i < tokens_.rank.size(); ++i) {
      if (tokens_.length[i] == 1) continue;
      const std::size_t wanted = tokens_.length[i] - tokens_.left_length[i];
      std::uint32_t token = shorter_[i];
      while (token != kNone && tokens_.length[token] > wanted) token = shorter_[token];
      if (token == kNone || tokens_.length[token] != wanted || tokens_.left[i] == kNone) {
        return false;
      }
      if (tokens_.rank[token] >= tokens_.rank[i] && tokens_.length[token] > 1) return false;
      tokens_.right[i] = token;
    }
    return true;
  }

  // A single byte takes part in merges whatever its own rank is.
  [[nodiscard]] std::int64_t merge_rank(std::uint32_t token) const {
    return tokens_.length[token] == 1 ? -1 : static_cast<std::int64_t>(tokens_.rank[token]);
  }

  // Numbers the forest "right part above whole" so that every subtree is one interval, brothers by
  // falling rank.
  bool number_tokens() {
    const auto count = static_cast<std::uint32_t>(tokens_.rank.size());
    falling_.resize(count);
    std::iota(falling_.begin(), falling_.end(), 0u);
    std::sort(falling_.begin(), falling_.end(),
              [this](std::uint32_t a, std::uint32_t b) { return merge_rank(a) > merge_rank(b); });
    size_.assign(count, 1);
    first_.assign(count + 1, 0);
    for (const std::uint32_t token : falling_) {
      if (tokens_.right[token] == kNone) continue;
      size_[tokens_.right[token]] += size_[token];
      ++first_[tokens_.right[token] + 1];
    }
    std::partial_sum(first_.begin(), first_.end(), first_.begin());
    below_.resize(first_.back());
    std::vector<std::uint32_t> next(first_.begin(), first_.end() - 1);
    for (const std::uint32_t token : falling_) {
      if (tokens_.right[token] != kNone) below_[next[tokens_.right[token]]++] = token;
    }
    number_.assign(count, 0);
    std::uint32_t at = 0;
    std::bitset<256> seen;
    for (std::uint32_t i = count; i-- > 0;) {
      const std::uint32_t token = falling_[i];
      if (tokens_.right[token] == kNone) {
        number_[token] = at;
        at += size_[token];
        seen.set(trie_.byte[tokens_.node[token]]);
        automaton_.atoms_[trie_.byte[tokens_.node[token]]] = number_[token];
      }
      std::uint32_t child_at = number_[token] + 1;
      for (std::uint32_t j = first_[token]; j < first_[token + 1]; ++j) {
        number_[below_[j]] = child_at;
        child_at += size_[below_[j]];
      }
    }
    return seen.all();
  }

  void fill_records() {
    automaton_.records_.resize(tokens_.rank.size());
    for (std::uint32_t token = 0; token < tokens_.rank.size(); ++token) {
      Automaton::Record& record = automaton_.records_[number_[token]];
      record.length = tokens_.length[token];
      record.shorter = shorter_[token] == kNone ? number_[token] : number_[shorter_[token]];
      if (tokens_.right[token] == kNone) continue;
      const std::uint32_t left = tokens_.left[token];
      // Brothers under `left` that merge later than this token leave it intact at its right end.
      auto* const begin = below_.data() + first_[left];
      auto* const end = below_.data() + first_[left + 1];
      auto* const stop = std::partition_point(
          begin, end, [&](std::uint32_t child) { return merge_rank(child) > merge_rank(token); });
      const std::uint32_t until = stop == end ? number_[left] + size_[left] : number_[*stop];
      record.low = number_[left];
      record.span = until - record.low - 1;
      record.right = static_cast<std::uint16_t>(tokens_.length[token] - tokens_.left_length[token]);
    }
    for (Automaton::Slot& slot : automaton_.slots_) {
      if (slot.parent != UINT32_MAX) slot.token = number_[slot.token];
    }
  }

  // By number and, within a parent, by interval; intervals of brothers must not overlap.
  bool fill_children() {
    const std::size_t count = tokens_.rank.size();
    automaton_.first_child_.assign(count + 1, 0);
    for (std::uint32_t token = 0; token < count; ++token) {
      automaton_.first_child_[number_[token] + 1] = first_[token + 1] - first_[token];
    }
    std::partial_sum(automaton_.first_child_.begin(), automaton_.first_child_.end(),
                     automaton_.first_child_.begin());
    automaton_.children_.resize(below_.size());
    for (std::uint32_t token = 0; token < count; ++token) {
      auto* const begin = automaton_.children_.data() + automaton_.first_child_[number_[token]];
      auto* at = begin;
      for (std::uint32_t j = first_[token]; j < first_[token + 1]; ++j) {
        const Automaton::Record& record = automaton_.records_[number_[below_[j]]];
        *at++ = {record.low, record.span, number_[below_[j]]};
      }
      std::sort(begin, at, [](const auto& a, const auto& b) { return a.low < b.low; });
      for (auto* child = begin; child != at && child + 1 != at; ++child) {
        if (child->low + child->span >= child[1].low) return false;
      }
    }
    return true;
  }

  const TokenList& list_;
  Automaton automaton_;
  Trie trie_;
  Tokens tokens_;
  std::vector<std::uint32_t> slot_of_;        // of trie nodes
  std::vector<std::uint32_t> shorter_;        // of tokens: the longest token that ends it
  std::vector<std::uint32_t> falling_;        // tokens by falling rank
  std::vector<std::uint32_t> size_;           // of merge subtrees
  std::vector<std::uint32_t> first_, below_;  // tokens by right part, falling rank
  std::vector<std::uint32_t> number_;         // the new names
};

Result<Automaton, std::string> Automaton::build(const TokenList& list) {
  return AutomatonBuilder(list).build();
}

}  // namespace tokenweir::tokenizer

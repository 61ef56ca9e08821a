#include "tokenizer/normal_form.h"

#include <algorithm>
#include <array>
#include <vector>

#include "tokenizer/normal_table.h"
#include "tokenizer/unicode.h"

namespace tokenweir::tokenizer {

namespace {

// Hangul syllables are composed by arithmetic (Unicode, chapter 3.12).
constexpr std::uint32_t kSyllables = 0xAC00, kLeads = 0x1100, kVowels = 0x1161, kTails = 0x11A7;
constexpr std::uint32_t kLeadCount = 19, kVowelCount = 21, kTailCount = 28;
constexpr std::uint32_t kSyllableCount = kLeadCount * kVowelCount * kTailCount;

struct Mark {
  std::uint32_t code;
  std::uint8_t order;  // combining class
};

std::uint8_t combining_class(std::uint32_t code) {
  const auto* end = kCombiningClasses + kCombiningClassesSize;
  const auto* found =
      std::lower_bound(kCombiningClasses, end, code,
                       [](const auto& entry, auto wanted) { return entry.code < wanted; });
  return found != end && found->code == code ? found->value : 0;
}

const Decomposition* look_up(const Decomposition* table, std::size_t size, std::uint32_t code) {
  const auto* found =
      std::lower_bound(table, table + size, code,
                       [](const auto& entry, auto wanted) { return entry.code < wanted; });
  return found != table + size && found->code == code ? found : nullptr;
}

// Whether the character is more than a start that nothing before it can join. One bit for each
// block of 128 says whether a search is worth it.
class Attention {
 public:
  Attention(const CodeRange* ranges, std::size_t size) : ranges_(ranges), size_(size) {
    for (std::size_t i = 0; i < size; ++i) {
      for (std::uint32_t block = ranges[i].low / 128; block <= (ranges[i].high - 1) / 128;
           ++block) {
        blocks_[block] = true;
      }
    }
  }
  [[nodiscard]] bool wants(std::uint32_t code) const {
    if (code >= kNotUnicode || !blocks_[code / 128]) return false;
    const auto* found =
        std::upper_bound(ranges_, ranges_ + size_, code,
                         [](auto wanted, const auto& range) { return wanted < range.high; });
    return found != ranges_ + size_ && found->low <= code;
  }

 private:
  const CodeRange* ranges_;
  std::size_t size_;
  std::array<bool, 0x110000 / 128> blocks_{};
};

const Attention& attention(NormalForm form) {
  static const Attention nfc(kNfcAttention, kNfcAttentionSize);
  static const Attention nfkc(kNfkcAttention, kNfkcAttentionSize);
  return form == NormalForm::nfc ? nfc : nfkc;
}

void append_utf8(std::uint32_t code, std::string& out) {
  const auto put = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

void decompose(NormalForm form, std::uint32_t code, std::vector<Mark>& out) {
  if (code - kSyllables < kSyllableCount) {
    const std::uint32_t index = code - kSyllables;
    out.push_back({kLeads + index / (kVowelCount * kTailCount), 0});
    out.push_back({kVowels + index % (kVowelCount * kTailCount) / kTailCount, 0});
    if (index % kTailCount != 0) out.push_back({kTails + index % kTailCount, 0});
    return;
  }
  const Decomposition* found =
      form == NormalForm::nfkc ? look_up(kCompatible, kCompatibleSize, code) : nullptr;
  if (found == nullptr) found = look_up(kCanonical, kCanonicalSize, code);
  if (found == nullptr) {
    out.push_back({code, combining_class(code)});
    return;
  }
  for (std::size_t i = 0; i < found->length; ++i) {
    const std::uint32_t part = kDecompositionPool[found->offset + i];
    out.push_back({part, combining_class(part)});
  }
}

// The character two join to, or 0.
std::uint32_t join(std::uint32_t first, std::uint32_t second) {
  if (first - kLeads < kLeadCount && second - kVowels < kVowelCount) {
    return kSyllables + ((first - kLeads) * kVowelCount + second - kVowels) * kTailCount;
  }
  const bool open = first - kSyllables < kSyllableCount && (first - kSyllables) % kTailCount == 0;
  if (open && second > kTails && second < kTails + kTailCount) return first + second - kTails;
  const auto* end = kCompositions + kCompositionsSize;
  const auto* found =
      std::lower_bound(kCompositions, end, first, [&](const auto& entry, auto wanted) {
        return entry.first < wanted || (entry.first == wanted && entry.second < second);
      });
  return found != end && found->first == first && found->second == second ? found->result : 0;
}

// Joins marks with the start before them unless one of the same or a higher class stands between.
void compose(std::vector<Mark>& marks) {
  std::size_t start = marks.size();
  std::size_t kept = 0;
  for (std::size_t i = 0; i < marks.size(); ++i) {
    const Mark mark = marks[i];
    if (start < kept) {
      const bool adjacent = kept == start + 1;
      const std::uint8_t before = marks[kept - 1].order;
      if (adjacent || (before != 0 && before < mark.order)) {
        if (const std::uint32_t joined = join(marks[start].code, mark.code)) {
          marks[start].code = joined;
          continue;
        }
      }
    }
    if (mark.order == 0) start = kept;
    marks[kept++] = mark;
  }
  marks.resize(kept);
}

void append_cluster(NormalForm form, std::string_view cluster, std::string& out) {
  if (cluster.size() > kLongestCluster) {
    out.append(cluster);
    return;
  }
  std::vector<Mark> marks;
  const char* const end = cluster.data() + cluster.size();
  for (const char* at = cluster.data(); at != end;) {
    const Character next = character_at(at, end);
    decompose(form, next.code, marks);
    at += next.length;
  }
  // Marks between two starts are put in the order of their classes.
  for (auto begin = marks.begin(); begin != marks.end();) {
    auto stop = begin + 1;
    if (begin->order != 0) {
      while (stop != marks.end() && stop->order != 0) ++stop;
      std::stable_sort(begin, stop, [](const Mark& a, const Mark& b) { return a.order < b.order; });
    }
    begin = stop;
  }
  compose(marks);
  for (const Mark& mark : marks) append_utf8(mark.code, out);
}

}  // namespace

NormalForm normal_form_of(VocabularyName name) {
  if (name == VocabularyName::qwen) return NormalForm::nfc;
  if (name == VocabularyName::claude_legacy) return NormalForm::nfkc;
  return NormalForm::none;
}

bool is_normal(NormalForm form, std::string_view text) {
  const Attention& wanted = attention(form);
  const char* const end = text.data() + text.size();
  for (const char* at = text.data(); at != end;) {
    if (static_cast<signed char>(*at) >= 0) {
      ++at;
      continue;
    }
    const Character next = character_at(at, end);
    if (wanted.wants(next.code)) return false;
    at += next.length;
  }
  return true;
}

namespace {

// Calls `visit(bytes, plain)` for each cluster of the text in turn; `plain` when normalising leaves
// it alone. Bytes that are no characters have no normal form and join nothing: clusters of their
// own. Returns where the last cluster started, before a cut character that might join it.
template <typename Visit>
const char* each_cluster(NormalForm form, std::string_view text, Visit visit) {
  const Attention& wanted = attention(form);
  const char* const end = text.data() + text.size();
  const char* cluster = text.data();
  const char* open = nullptr;
  bool plain = true;
  const auto finish = [&](const char* at) {
    if (at != cluster)
      visit(std::string_view(cluster, static_cast<std::size_t>(at - cluster)), plain);
    cluster = at;
    plain = true;
  };
  for (const char* at = text.data(); at != end;) {
    const Character next = character_at(at, end);
    if (next.cut && open == nullptr) open = cluster;
    if (next.code >= kNotUnicode) {
      finish(at);
      at += next.length;
      finish(at);
      continue;
    }
    if (wanted.wants(next.code)) {
      plain = false;
    } else {
      finish(at);
    }
    at += next.length;
  }
  if (open == nullptr) open = cluster;
  finish(end);
  return open;
}

}  // namespace

void append_normal(NormalForm form, std::string_view text, std::string& out) {
  each_cluster(form, text, [&](std::string_view bytes, bool plain) {
    if (plain) {
      out.append(bytes);
    } else {
      append_cluster(form, bytes, out);
    }
  });
}

std::size_t last_cluster(NormalForm form, std::string_view text) {
  const char* start = each_cluster(form, text, [](std::string_view, bool) {});
  return static_cast<std::size_t>(start - text.data());
}

std::size_t cut_bytes(std::string_view text) {
  const char* const end = text.data() + text.size();
  for (std::size_t bytes = std::min<std::size_t>(3, text.size()); bytes > 0; --bytes) {
    const Character next = character_at(end - bytes, end);
    if (next.cut) return bytes;
  }
  return 0;
}

std::size_t cluster_end(NormalForm form, std::string_view text) {
  const Attention& wanted = attention(form);
  const char* const end = text.data() + text.size();
  const char* at = text.data();
  while (at != end) {
    const Character next = character_at(at, end);
    if (next.cut || !wanted.wants(next.code)) break;
    at += next.length;
  }
  return static_cast<std::size_t>(at - text.data());
}

}  // namespace tokenweir::tokenizer

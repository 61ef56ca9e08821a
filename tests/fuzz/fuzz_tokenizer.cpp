// Any bytes as text: the fast count equals merging by hand, piece after piece, and a running count
// equals the whole at every cut. The first bytes choose vocabulary and cuts.
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tokenizer/counter.h"
#include "tokenizer/embedded.h"
#include "tokenizer/normal_form.h"
#include "tokenizer/spans.h"
#include "tokenizer/token_list.h"

namespace {

using namespace tokenweir::tokenizer;

void demand(bool holds) {
  if (!holds) std::abort();
}

// Merging as the definition has it: the lowest rank first, the leftmost of equals.
class ByHand {
 public:
  explicit ByHand(VocabularyName name) {
    const auto list = read_token_list(embedded_vocabulary(name));
    std::string text;
    for (const TokenList::Token& token : list->tokens) {
      text.resize(token.shared);
      text.append(list->bytes, token.offset, token.length - token.shared);
      ranks_.emplace(text, token.rank);
    }
  }

  [[nodiscard]] std::size_t count(std::string_view piece) const {
    std::vector<std::string> parts;
    for (const char c : piece) parts.emplace_back(1, c);
    while (true) {
      std::uint32_t best = UINT32_MAX;
      std::size_t where = 0;
      for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
        const auto found = ranks_.find(parts[i] + parts[i + 1]);
        if (found == ranks_.end() || found->second >= best) continue;
        best = found->second;
        where = i;
      }
      if (best == UINT32_MAX) return parts.size();
      parts[where] += parts[where + 1];
      parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(where) + 1);
    }
  }

 private:
  std::unordered_map<std::string, std::uint32_t> ranks_;
};

struct Subject {
  explicit Subject(VocabularyName name)
      : vocabulary(*Vocabulary::build(name, embedded_vocabulary(name))), by_hand(name) {}
  SharedVocabulary vocabulary;
  ByHand by_hand;
};

const Subject& subject(unsigned which) {
  static std::map<VocabularyName, Subject> subjects;
  constexpr VocabularyName kNames[] = {VocabularyName::o200k_base,   VocabularyName::cl100k_base,
                                       VocabularyName::r50k_base,    VocabularyName::tekken,
                                       VocabularyName::deepseek_v3,  VocabularyName::qwen,
                                       VocabularyName::claude_legacy};
  const VocabularyName name = kNames[which % std::size(kNames)];
  return subjects.try_emplace(name, name).first->second;
}

template <Grammar kGrammar>
std::size_t slowly(const ByHand& by_hand, std::string_view text) {
  std::size_t total = 0;
  bool open = false;
  for (const char *at = text.data(), *end = at + text.size(); at != end;) {
    const char* next = Scanner<kGrammar>(at, end).next(open);
    demand(next > at && next <= end);
    total += by_hand.count({at, static_cast<std::size_t>(next - at)});
    at = next;
  }
  return total;
}

std::size_t slowly(const Subject& subject, std::string_view text) {
  switch (subject.vocabulary->name()) {
    case VocabularyName::o200k_base:
      return slowly<kO200k>(subject.by_hand, text);
    case VocabularyName::cl100k_base:
      return slowly<kCl100k>(subject.by_hand, text);
    case VocabularyName::deepseek_v3:
      return slowly<kDeepSeek>(subject.by_hand, text);
    case VocabularyName::qwen:
      return slowly<kQwen>(subject.by_hand, text);
    case VocabularyName::tekken:
      return slowly<kTekken>(subject.by_hand, text);
    default:
      return slowly<kGpt2>(subject.by_hand, text);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3 || size > 2048) return 0;
  const Subject& chosen = subject(data[0]);
  std::uint32_t cuts = data[1] | static_cast<std::uint32_t>(data[2]) << 8;
  const std::string_view text(reinterpret_cast<const char*>(data) + 3, size - 3);
  std::string normal;
  const NormalForm form = normal_form_of(chosen.vocabulary->name());
  if (form == NormalForm::none) {
    normal = text;
  } else {
    append_normal(form, text, normal);
    std::string twice;
    append_normal(form, normal, twice);
    demand(twice == normal || text.size() > kLongestCluster / 4);
    demand(!is_normal(form, text) || normal == text);
  }
  demand(count(*chosen.vocabulary, text) == slowly(chosen, normal));

  RunningCount running(chosen.vocabulary);
  for (std::size_t at = 0; at < text.size();) {
    cuts = cuts * 1664525 + 1013904223;
    const std::size_t length = std::min<std::size_t>(text.size() - at, 1 + (cuts >> 26));
    running.append(text.substr(at, length));
    at += length;
    demand(running.count() == count(*chosen.vocabulary, text.substr(0, at)));
  }

  // A vocabulary file of any bytes is refused or understood, never misread.
  (void)read_token_list(text);
  return 0;
}

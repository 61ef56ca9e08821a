// Reads and counts arbitrary bytes as a request of every dialect, and as an answer: nothing may
// crash, parts must add up, and no bound may lie below its count. The first byte picks the dialect,
// the second the model.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <numeric>
#include <string_view>

#include "count/answer_text.h"
#include "count/request_count.h"

namespace {

using namespace tokenweir;

constexpr std::string_view kModels = R"(schema: 1
models:
- match: [gpt]
  vocabulary: o200k_base
  template: openai
- match: [claude]
  vocabulary: claude_legacy
  confidence: estimated
  per_thousand: 1300
  per_thousand_other_scripts: 1040
  template: anthropic
- match: [gemini]
  vocabulary: o200k_base
  confidence: estimated
  template: gemini
default: {vocabulary: cl100k_base}
)";
constexpr std::string_view kNames[] = {"gpt-x", "claude-x", "gemini-x", "other"};

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto map = *tokenizer::ModelMap::parse(kModels, "models");
  static tokenizer::Vocabularies shelf{std::filesystem::path{}};
  static const auto models = [] {
    std::array<count::ModelCounting, 4> all;
    for (std::size_t i = 0; i < all.size(); ++i)
      all[i] = count::counting_of(map, shelf, "", kNames[i]);
    return all;
  }();
  static count::Memories memories;
  if (size < 2) return 0;
  provider::Endpoint endpoint;
  endpoint.dialect =
      static_cast<provider::Dialect>(data[0] % (static_cast<int>(provider::Dialect::opaque) + 1));
  const count::ModelCounting& model = models[data[1] % models.size()];
  const std::string_view body(reinterpret_cast<const char*>(data) + 2, size - 2);

  const auto transcript = count::read_transcript(endpoint, body, count::HashKey{1, 2});
  require(transcript.body != 0);
  const auto plain = count::count_request({endpoint, model, "m", body, transcript}, nullptr, 0);
  const auto memoised =
      count::count_request({endpoint, model, "m", body, transcript}, &memories, 1);
  require(plain.tokens == memoised.tokens && plain.upper_bound == memoised.upper_bound);
  require(std::accumulate(plain.parts.begin(), plain.parts.end(), std::int64_t{0}) == plain.tokens);
  require(plain.upper_bound.value_or(plain.tokens) >= plain.tokens);
  require(memoised.repeated <= memoised.tokens);

  count::OutputCounter output(endpoint.dialect, model);
  count::count_answer_document(endpoint.dialect, data[0] >= 128, body, output);
  require(output.upper_bound() >= output.total());
  return 0;
}

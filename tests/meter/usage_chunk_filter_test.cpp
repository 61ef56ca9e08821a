#include "meter/usage_chunk_filter.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tokenweir::meter {
namespace {

struct Filtered {
  std::string out;
  bool removed = false;

  friend bool operator==(const Filtered&, const Filtered&) = default;
};

Filtered filter_in_pieces(std::string_view text, std::size_t first, std::size_t piece) {
  UsageChunkFilter filter;
  Filtered filtered;
  if (first > 0) filter.feed(text.substr(0, first), filtered.out);
  for (std::size_t at = first; at < text.size(); at += piece) {
    const std::string copy(text.substr(at, piece));
    filter.feed(copy, filtered.out);
  }
  filter.finish(filtered.out);
  filtered.removed = filter.removed_any();
  return filtered;
}

// Filters whole, cut once at every byte, and byte by byte: the output must be the same.
Filtered filter(std::string_view text) {
  const Filtered whole = filter_in_pieces(text, text.size(), 1);
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    EXPECT_EQ(filter_in_pieces(text, cut, text.size() + 1).out, whole.out) << "cut at " << cut;
  }
  EXPECT_EQ(filter_in_pieces(text, 0, 1).out, whole.out);
  return whole;
}

// What the client gets once `text` has passed, without an end of the stream.
std::string delivered(std::string_view text) {
  UsageChunkFilter filter;
  std::string out;
  filter.feed(text, out);
  return out;
}

const std::string kContent =
    R"(data: {"id":"c","choices":[{"index":0,"delta":{"content":"a"}}],"usage":null})"
    "\n\n";
const std::string kUsage =
    R"(data: {"id":"c","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}})"
    "\n\n";
const std::string kDone = "data: [DONE]\n\n";

TEST(UsageChunkFilter, AJsonDocumentPassesAtOnceWhateverItHolds) {
  const std::string document =
      "\n  \n{\"error\":{\"message\":\"no\"},\n\n\"choices\":[],\"usage\":{}}";
  EXPECT_EQ(filter(document), (Filtered{document, false}));
  EXPECT_EQ(delivered("\n[{\"id\""), "\n[{\"id\"");
}

TEST(UsageChunkFilter, TakesOutTheUsageChunkAndNothingElse) {
  EXPECT_EQ(filter(kContent + kContent + kUsage + kDone),
            (Filtered{kContent + kContent + kDone, true}));
}

TEST(UsageChunkFilter, TakesItOutUnderEveryLineEnd) {
  for (const std::string end : {"\n", "\r", "\r\n"}) {
    const auto with_end = [&end](std::string text) {
      for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += end.size()) {
        text.replace(at, 1, end);
      }
      return text;
    };
    EXPECT_EQ(filter(with_end(kContent + kUsage + kDone)).out, with_end(kContent + kDone));
  }
  EXPECT_EQ(filter("data: {\"choices\":[],\"usage\":{}}\r\n\rdata: x\r\n\r\n").out,
            "data: x\r\n\r\n");
}

TEST(UsageChunkFilter, TakesItOutWithItsOtherFields) {
  EXPECT_EQ(filter("event: message\nid: 7\n" + kUsage + kDone).out, kDone);
  EXPECT_EQ(
      filter("data: {\"usage\":{\"total_tokens\":1},\ndata: \"choices\":[ ]}\n\n" + kDone).out,
      kDone);
}

TEST(UsageChunkFilter, TakesOutALastChunkWithoutBlankLine) {
  EXPECT_EQ(filter(kContent + kUsage.substr(0, kUsage.size() - 2)).out, kContent);
  EXPECT_EQ(filter(kContent + kUsage.substr(0, kUsage.size() - 1)).out, kContent);
}

TEST(UsageChunkFilter, PassesEverythingElse) {
  for (const std::string_view stream :
       {// Azure's prompt filter results, and a moderation chunk: no choices, no usage.
        "data: {\"id\":\"\",\"model\":\"\",\"choices\":[],\"prompt_filter_results\":[{}]}\n\n",
        "data: {\"choices\":[],\"moderation\":{\"flagged\":false},\"usage\":null}\n\n",
        // Mistral and others report usage in the last chunk that carries content.
        "data: {\"choices\":[{\"delta\":{}}],\"usage\":{\"total_tokens\":3}}\n\n",
        "data: {\"usage\":{\"total_tokens\":3},\"choices\":[{\"delta\":{}}]}\n\n",
        "data: {\"usage\":{\"total_tokens\":3}}\n\n",
        "data: {\"choices\":null,\"usage\":{\"total_tokens\":3}}\n\n",
        "data: {\"choices\":[],\"usage\":null}\n\n",
        // An error must arrive, whatever else the chunk says.
        "data: {\"choices\":[],\"usage\":{},\"error\":{\"message\":\"x\"}}\n\n",
        // Lookalikes: nested, inside a string, not JSON, not an object, not whole.
        "data: {\"x\":{\"choices\":[],\"usage\":{}}}\n\n",
        "data: {\"text\":\"\\\"choices\\\":[],\\\"usage\\\":{}\"}\n\n",
        "data: [{\"choices\":[],\"usage\":{}}]\n\n", "data: {\"choices\":[],\"usage\":{}} {}\n\n",
        "data: {\"choices\":[],\"usage\":{}\n\n", "data: {\"choices\":[],\"usage\":{},}\n\n",
        ": {\"choices\":[],\"usage\":{}}\n\n", "dato: {\"choices\":[],\"usage\":{}}\n\n",
        // Framing without events.
        "", "\n\n\n", ": OPENROUTER PROCESSING\n\n", "event: x\n\n", "data\n\n", "data: [DONE]",
        "\xEF\xBB\xBF"
        "data: {}\n\n",
        "retry: 3\r\n\r\n: keep-alive\r\r",
        // Of duplicates the last counts, but any choice saves the chunk.
        "data: {\"choices\":[{}],\"choices\":[],\"usage\":{}}\n\n",
        "data: {\"choices\":[],\"usage\":{},\"usage\":null}\n\n"}) {
    EXPECT_EQ(filter(stream), (Filtered{std::string(stream), false}));
  }
}

TEST(UsageChunkFilter, KeepsCommentsAroundAndInsideTheChunk) {
  EXPECT_EQ(filter(": before\n" + kUsage + ": after\n\n" + kDone).out,
            ": before\n: after\n\n" + kDone);
  EXPECT_EQ(filter("data: {\"choices\":[],\r\n: inside\r\ndata: \"usage\":{}}\r\n\r\n" + kDone).out,
            ": inside\r\n" + kDone);
}

TEST(UsageChunkFilter, TakesOutEveryUsageChunk) {
  EXPECT_EQ(filter(kUsage + kUsage + kContent + kUsage).out, kContent);
}

TEST(UsageChunkFilter, ReleasesAChunkAtItsFirstChoice) {
  EXPECT_EQ(delivered(R"(data: {"id":"x","choices":)"), "");
  EXPECT_EQ(delivered(R"(data: {"id":"x","choices":[)"), "");
  EXPECT_EQ(delivered(R"(data: {"id":"x","choices":[{)"), R"(data: {"id":"x","choices":[{)");
}

TEST(UsageChunkFilter, HoldsNothingOfAWholeEvent) {
  EXPECT_EQ(delivered(kContent), kContent);
  EXPECT_EQ(delivered(kDone + ": ping\n\n"), kDone + ": ping\n\n");
  EXPECT_EQ(delivered(": a comment that is not"), ": a comment that is not");
}

TEST(UsageChunkFilter, ReleasesTextThatIsNotJsonAtOnce) {
  EXPECT_EQ(delivered("data: [DONE]"), "data: [DONE]");
  EXPECT_EQ(delivered("data: {oops"), "data: {oops");
}

TEST(UsageChunkFilter, HoldsAtMostSixtyFourKibibytes) {
  UsageChunkFilter filter;
  std::string out;
  const std::string head = "data: {\"padding\":\"";
  const std::string block(4096, 'x');
  filter.feed(head, out);
  std::size_t fed = head.size();
  for (int i = 0; i < 32; ++i) {
    filter.feed(block, out);
    fed += block.size();
    EXPECT_LE(fed - out.size(), 64u * 1024);
  }
  filter.feed("\",\"choices\":[],\"usage\":{}}\n\n", out);
  filter.finish(out);
  EXPECT_EQ(out.size(), fed + 28) << "what is released cannot be taken back";
  EXPECT_FALSE(filter.removed_any());
}

TEST(UsageChunkFilter, BoundsAnEndlessLineWithoutData) {
  UsageChunkFilter filter;
  std::string out;
  for (int i = 0; i < 64; ++i) filter.feed(std::string(4096, 'q'), out);
  EXPECT_EQ(out.size(), 64u * 4096);
}

TEST(UsageChunkFilter, StartsAfreshWithTheNextEvent) {
  const std::string big = "data: {\"padding\":\"" + std::string(70'000, 'x') + "\"}\n\n";
  EXPECT_EQ(filter_in_pieces(big + kUsage + kDone, 0, 1000).out, big + kDone);
}

}  // namespace
}  // namespace tokenweir::meter

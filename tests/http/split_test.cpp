// However a message is cut into pieces, it is read as the same thing; and a message cut short is
// never taken for a whole one.
#include <gtest/gtest.h>

#include <memory>

#include "mutate.h"
#include "parsing.h"

namespace tokenweir::http {
namespace {

struct Verdict {
  Progress progress = Progress::need_more;
  int status = 0;
  std::string what;

  bool operator==(const Verdict&) const = default;
};

std::string describe(const std::vector<Field>& fields, Framing framing, std::size_t size) {
  std::string text;
  for (const Field& field : fields) {
    text += std::string(field.name) + "=" + std::string(field.value) + "|";
  }
  return text + std::to_string(static_cast<int>(framing.kind)) + ":" +
         std::to_string(framing.length) + "@" + std::to_string(size);
}

// Feeds the head in pieces that end at the given places, copying the bytes anew each time so that
// reading past the end of a piece is seen by the address sanitizer.
Verdict read_request(std::string_view bytes, const std::vector<std::size_t>& ends) {
  RequestHead head;
  HeadError error;
  std::size_t scanned = 0;
  Verdict verdict;
  for (const std::size_t end : ends) {
    const auto piece = std::make_unique<char[]>(end);
    std::copy_n(bytes.data(), end, piece.get());
    const std::string_view view(piece.get(), end);
    verdict.progress = parse_request_head(view, {}, scanned, head, error);
    if (verdict.progress == Progress::failed) return {verdict.progress, error.status, ""};
    if (verdict.progress == Progress::complete) {
      verdict.what = std::string(head.method) + " " + std::string(head.target) + " " +
                     describe(head.fields, head.framing, head.size);
      return verdict;
    }
  }
  return verdict;
}

Verdict read_response(std::string_view bytes, const std::vector<std::size_t>& ends) {
  ResponseHead head;
  HeadError error;
  std::size_t scanned = 0;
  Verdict verdict;
  for (const std::size_t end : ends) {
    const auto piece = std::make_unique<char[]>(end);
    std::copy_n(bytes.data(), end, piece.get());
    verdict.progress =
        parse_response_head(std::string_view(piece.get(), end), {}, "GET", scanned, head, error);
    if (verdict.progress == Progress::failed) return {verdict.progress, 0, ""};
    if (verdict.progress == Progress::complete) {
      verdict.what = std::to_string(head.status) + std::string(head.reason) +
                     describe(head.fields, head.framing, head.size);
      return verdict;
    }
  }
  return verdict;
}

std::vector<std::size_t> every_byte(std::size_t size) {
  std::vector<std::size_t> ends;
  for (std::size_t i = 1; i <= size; ++i) ends.push_back(i);
  return ends;
}

TEST(Splitting, ARequestHeadCutAtAnyByteReadsTheSame) {
  for (const std::string_view seed : kRequestSeeds) {
    const Verdict whole = read_request(seed, {seed.size()});
    EXPECT_EQ(whole.progress, Progress::complete) << seed;
    EXPECT_EQ(read_request(seed, every_byte(seed.size())), whole) << seed;
    for (std::size_t cut = 1; cut < seed.size(); ++cut) {
      EXPECT_EQ(read_request(seed, {cut, seed.size()}), whole) << seed << " cut at " << cut;
    }
  }
}

TEST(Splitting, AResponseHeadCutAtAnyByteReadsTheSame) {
  for (const std::string_view seed : kResponseSeeds) {
    const Verdict whole = read_response(seed, {seed.size()});
    EXPECT_EQ(whole.progress, Progress::complete) << seed;
    EXPECT_EQ(read_response(seed, every_byte(seed.size())), whole) << seed;
    for (std::size_t cut = 1; cut < seed.size(); ++cut) {
      EXPECT_EQ(read_response(seed, {cut, seed.size()}), whole) << seed << " cut at " << cut;
    }
  }
}

// A head may be refused before or after its end is seen, so only the acceptance has to agree: what
// is complete in one reading is complete, and the same, in all.
TEST(Splitting, BentHeadsAreAcceptedAlikeInOnePieceAndByteByByte) {
  Mutator mutator(7);
  int accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    const std::string request =
        mutator.mutate(std::string(kRequestSeeds[mutator.below(kRequestSeeds.size())]));
    const Verdict whole = read_request(request, {request.size()});
    const Verdict bytewise = read_request(request, every_byte(request.size()));
    accepted += whole.progress == Progress::complete ? 1 : 0;
    const bool accepts = whole.progress == Progress::complete;
    ASSERT_EQ(accepts, bytewise.progress == Progress::complete) << testing::PrintToString(request);
    if (accepts) {
      ASSERT_EQ(whole, bytewise) << testing::PrintToString(request);
    }
  }
  EXPECT_GT(accepted, 1000);
}

TEST(Splitting, BentChunksDecodeAlikeInAnyPieces) {
  Mutator mutator(11);
  const Framing chunked{FramingKind::chunked, 0};
  int done = 0;
  for (int round = 0; round < 20'000; ++round) {
    const std::string bytes =
        mutator.mutate("5;a=\"b\\\"c\" ;d\r\nhello\r\n00a\r\n0123456789\r\n0\r\nX: y\r\n\r\nrest");
    const DecodedBody whole = decode(chunked, bytes);
    done += whole.done ? 1 : 0;
    for (const std::size_t piece : {std::size_t{1}, 1 + mutator.below(9)}) {
      const DecodedBody cut = decode(chunked, bytes, piece);
      ASSERT_EQ(cut.data, whole.data) << testing::PrintToString(bytes);
      ASSERT_EQ(cut.consumed, whole.consumed) << testing::PrintToString(bytes);
      ASSERT_EQ(cut.done, whole.done);
      ASSERT_EQ(cut.failed, whole.failed);
    }
  }
  EXPECT_GT(done, 500);
}

TEST(Splitting, APrefixOfAHeadIsNeverComplete) {
  for (const std::string_view seed : kRequestSeeds) {
    const std::size_t size = parse_request(seed).head.size;
    for (std::size_t cut = 0; cut < size; ++cut) {
      EXPECT_EQ(parse_request(seed.substr(0, cut)).progress, Progress::need_more) << seed << cut;
    }
  }
  for (const std::string_view seed : kResponseSeeds) {
    const std::size_t size = parse_response(seed).head.size;
    for (std::size_t cut = 0; cut < size; ++cut) {
      EXPECT_EQ(parse_response(seed.substr(0, cut)).progress, Progress::need_more) << seed << cut;
    }
  }
}

}  // namespace
}  // namespace tokenweir::http

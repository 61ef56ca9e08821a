#include "stream/sse_decoder.h"

#include <gtest/gtest.h>

#include "event_lines.h"

namespace tokenweir::stream {
namespace {

Events sse(std::string_view text) { return decode<SseDecoder>(text); }

// The next four streams and their meaning are the examples of the HTML standard, section 9.2.6.
TEST(SseDecoder, JoinsSeveralDataLines) {
  EXPECT_EQ(sse("data: YHOO\ndata: +2\ndata: 10\n\n"), Events{event("YHOO\n+2\n10")});
}

TEST(SseDecoder, IgnoresCommentsAndIds) {
  EXPECT_EQ(sse(": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\n"
                "data:  third event\n\n"),
            (Events{event("first event"), event("second event"), event(" third event")}));
}

TEST(SseDecoder, DispatchesEmptyData) {
  // The third block of the standard's example has no blank line; a meter still wants to see it.
  EXPECT_EQ(sse("data\n\ndata\ndata\n\ndata:"), (Events{event(""), event("\n"), event("")}));
}

TEST(SseDecoder, IgnoresOneSpaceBehindTheColon) {
  EXPECT_EQ(sse("data:test\n\ndata: test\n\n"), (Events{event("test"), event("test")}));
}

TEST(SseDecoder, TakesEveryLineEndEvenMixed) {
  EXPECT_EQ(sse("data: a\r\n\r\ndata: b\r\rdata: c\n\ndata: d\r\n\ndata: e\n\r\ndata: f\r\n\r"),
            (Events{event("a"), event("b"), event("c"), event("d"), event("e"), event("f")}));
}

TEST(SseDecoder, DropsAByteOrderMarkOnlyAtTheStart) {
  EXPECT_EQ(sse("\xEF\xBB\xBF"
                "data: a\n\n\xEF\xBB\xBF"
                "data: b\n\n"),
            Events{event("a")});
  EXPECT_EQ(sse("\xEF\xBB"
                "data: a\n\ndata: b\n\n"),
            Events{event("b")});
  EXPECT_EQ(sse("\xEF\n\ndata: b\n\n"), Events{event("b")});
}

TEST(SseDecoder, TellsTheEventNameWhereverItStands) {
  EXPECT_EQ(sse("event: ping\ndata: {}\n\ndata: x\nevent: late\n\ndata: y\n\n"),
            (Events{event("{}", "ping"), event("x", "late"), event("y")}));
}

TEST(SseDecoder, ForgetsTheNameOfABlockWithoutData) {
  EXPECT_EQ(sse("event: lost\n\ndata: x\n\n"), Events{event("x")});
}

TEST(SseDecoder, KnowsNoOtherFields) {
  EXPECT_EQ(sse("retry: 10\nDATA: a\ndatax: b\n data: c\nevents: d\n\ndata: ok\n\n"),
            Events{event("ok")});
}

TEST(SseDecoder, FlushesALastEventWithoutBlankLine) {
  EXPECT_EQ(sse("data: a\n\nevent: e\ndata: b"), (Events{event("a"), event("b", "e")}));
  EXPECT_EQ(sse("data: a\n"), Events{event("a")});
  EXPECT_EQ(sse("data: a\r"), Events{event("a")});
  EXPECT_EQ(sse(""), Events{});
  EXPECT_EQ(sse(": only a comment"), Events{});
}

TEST(SseDecoder, DoesNotSplitOnOtherLineSeparators) {
  EXPECT_EQ(sse("data: a\xE2\x80\xA8"
                "b\x0B"
                "c\xC2\x85"
                "d\n\n"),
            Events{event("a\xE2\x80\xA8"
                         "b\x0B"
                         "c\xC2\x85"
                         "d")});
}

TEST(SseDecoder, HandsALargeEventOnWithoutKeepingIt) {
  SseDecoder decoder;
  SeenEvents seen;
  const std::string block(64 * 1024, 'A');
  decoder.feed("data: ", seen);
  for (int i = 0; i < 32; ++i) decoder.feed(block, seen);
  decoder.feed("\n\n", seen);
  ASSERT_EQ(seen.events.size(), 1u);
  EXPECT_EQ(seen.events[0].data.size(), 32 * block.size());
  EXPECT_EQ(seen.largest_fragment, block.size());
}

TEST(SseDecoder, BoundsTheEventName) {
  const Events events =
      decode_in_pieces<SseDecoder>("event: " + std::string(100'000, 'n') + "\ndata: x\n\n", 0, 777);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].name, std::string(256, 'n'));
}

TEST(SseDecoder, SaysWhatEachLineWas) {
  using Line = SseDecoder::Line;
  const std::string text = ": c\nevent: e\r\ndata: x\r\r\n\n";
  SseDecoder decoder;
  SeenEvents seen;
  std::vector<Line> lines;
  std::vector<std::size_t> lengths;
  for (std::string_view rest = text; !rest.empty();) {
    const SseDecoder::Step step = decoder.feed_line(rest, seen);
    lines.push_back(step.line);
    lengths.push_back(step.consumed);
    rest.remove_prefix(step.consumed);
  }
  EXPECT_EQ(lines, (std::vector<Line>{Line::comment, Line::field, Line::field, Line::event_end,
                                      Line::blank}));
  EXPECT_EQ(lengths, (std::vector<std::size_t>{4, 10, 8, 2, 1}));
  EXPECT_EQ(decoder.feed_line("da", seen).line, Line::partial);
  EXPECT_EQ(decoder.feed_line("ta\r", seen).line, Line::field);
  EXPECT_EQ(decoder.feed_line("\n\n", seen).line, Line::line_feed);
}

}  // namespace
}  // namespace tokenweir::stream

#include "stream/line_decoder.h"

#include <gtest/gtest.h>

#include "event_lines.h"

namespace tokenweir::stream {
namespace {

Events lines(std::string_view text) { return decode<LineDecoder>(text); }

TEST(LineDecoder, MakesEveryLineAnEvent) {
  EXPECT_EQ(lines("{\"a\":1}\n{\"b\":\"\\n\"}\n"),
            (Events{event("{\"a\":1}"), event("{\"b\":\"\\n\"}")}));
}

TEST(LineDecoder, SkipsBlankLinesAndCarriageReturns) {
  EXPECT_EQ(lines("\n\r\n{}\r\n\r\n\n[]\n\n"), (Events{event("{}"), event("[]")}));
}

TEST(LineDecoder, EndsALastLineWithoutLineFeed) {
  EXPECT_EQ(lines("{}\n{\"done\":true}"), (Events{event("{}"), event("{\"done\":true}")}));
  EXPECT_EQ(lines(""), Events{});
}

}  // namespace
}  // namespace tokenweir::stream

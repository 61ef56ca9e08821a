#include "stream/array_decoder.h"

#include <gtest/gtest.h>

#include "event_lines.h"

namespace tokenweir::stream {
namespace {

Events elements(std::string_view text) { return decode<ArrayDecoder>(text); }

TEST(ArrayDecoder, MakesEveryElementAnEvent) {
  EXPECT_EQ(elements("[{\"a\":[1,{}]}\r\n,\r\n{\"b\":2}]"),
            (Events{event("{\"a\":[1,{}]}"), event("{\"b\":2}")}));
}

TEST(ArrayDecoder, IsNotFooledByBracketsInStrings) {
  EXPECT_EQ(elements(R"([{"text":"},{\"x\":1}]\\"},{"t":"["}])"),
            (Events{event(R"({"text":"},{\"x\":1}]\\"})"), event(R"({"t":"["})")}));
}

TEST(ArrayDecoder, TakesScalarsAndNestedArrays) {
  EXPECT_EQ(
      elements("[1, \"a,]\" ,null,[2,[3]],-4.5e1]"),
      (Events{event("1"), event("\"a,]\""), event("null"), event("[2,[3]]"), event("-4.5e1")}));
}

TEST(ArrayDecoder, TakesAnotherRootAsOneEvent) {
  EXPECT_EQ(elements("\n {\"error\":{\"code\":400}} \n"),
            Events{event("{\"error\":{\"code\":400}}")});
}

TEST(ArrayDecoder, EndsACutElementAtTheEnd) {
  EXPECT_EQ(elements("[{\"a\":1},{\"b\":\"x"), (Events{event("{\"a\":1}"), event("{\"b\":\"x")}));
  EXPECT_EQ(elements("[]"), Events{});
  EXPECT_EQ(elements(""), Events{});
}

TEST(ArrayDecoder, KnowsWhenTheArrayIsClosed) {
  ArrayDecoder decoder;
  SeenEvents seen;
  decoder.feed("[{},{}", seen);
  EXPECT_FALSE(decoder.complete());
  EXPECT_EQ(seen.events.size(), 2u);
  EXPECT_TRUE(seen.events.back().ended) << "an element ends with its own last byte";
  decoder.feed(" ]", seen);
  EXPECT_TRUE(decoder.complete());
  decoder.feed("{}", seen);
  EXPECT_EQ(seen.events.size(), 2u) << "nothing behind the array is an element";
}

}  // namespace
}  // namespace tokenweir::stream

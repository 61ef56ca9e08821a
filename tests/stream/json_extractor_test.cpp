#include "stream/json_extractor.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tokenweir::stream {
namespace {

// What a sink saw, one line a value: path, raw text, offset, size, key offset and whether it was
// cut.
class Recording final : public JsonSink {
 public:
  void on_value(const JsonValue& value) override {
    lines.push_back(std::to_string(value.path) + " " + std::string(value.raw) + " @" +
                    std::to_string(value.offset) + "+" + std::to_string(value.size) + " key " +
                    std::to_string(value.key_offset) + (value.cut ? " cut" : ""));
    raws.emplace_back(value.raw);
  }
  std::vector<std::string> lines;
  std::vector<std::string> raws;
};

struct Reading {
  std::vector<std::string> lines;
  std::vector<std::string> raws;
  bool complete = false;
  bool failed = false;
  bool valid_utf8 = false;
  bool root_is_object = false;
  bool root_is_empty_object = false;
  std::uint64_t root_open_end = 0;

  friend bool operator==(const Reading&, const Reading&) = default;
};

Reading read_in_pieces(const PathSet& paths, std::string_view text, std::size_t first,
                       std::size_t piece) {
  JsonExtractor extractor(paths);
  Recording sink;
  extractor.feed(text.substr(0, first), sink);
  for (std::size_t at = first; at < text.size(); at += piece) {
    // A copy of its own size lets the address sanitizer see reads past the piece.
    const std::string copy(text.substr(at, piece));
    extractor.feed(copy, sink);
  }
  extractor.finish(sink);
  Reading reading;
  reading.lines = sink.lines;
  reading.raws = sink.raws;
  reading.complete = extractor.complete();
  reading.failed = extractor.failed();
  reading.valid_utf8 = extractor.valid_utf8();
  reading.root_is_object = extractor.root_is_object();
  reading.root_open_end = extractor.root_open_end();
  reading.root_is_empty_object = extractor.complete() && extractor.root_is_empty_object();
  return reading;
}

// Reads whole, then cut once at every byte, then byte by byte: all must agree.
Reading read(const PathSet& paths, std::string_view text) {
  const Reading whole = read_in_pieces(paths, text, text.size(), 1);
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    EXPECT_EQ(read_in_pieces(paths, text, cut, text.size()).lines, whole.lines) << "cut " << cut;
  }
  const Reading bytes = read_in_pieces(paths, text, 0, 1);
  EXPECT_TRUE(bytes == whole) << text;
  return whole;
}

PathSet one(std::string_view path, std::size_t limit = 64 * 1024) {
  PathSet paths;
  paths.add(path, limit);
  return paths;
}

using Raws = std::vector<std::string>;

TEST(JsonExtractor, ReportsTheRawTextAndPlaceOfAWantedValue) {
  const Reading reading = read(one("usage"), R"( {"id":"x", "usage" : {"a": 1.50} } )");
  EXPECT_EQ(reading.lines, Raws{R"(0 {"a": 1.50} @22+11 key 12)"});
  EXPECT_TRUE(reading.complete);
  EXPECT_TRUE(reading.root_is_object);
  EXPECT_EQ(reading.root_open_end, 2u);
}

TEST(JsonExtractor, NumbersPathsInOrderOfAddition) {
  PathSet paths;
  EXPECT_EQ(paths.add("a"), 0);
  EXPECT_EQ(paths.add("b.c"), 1);
  EXPECT_EQ(paths.add("b"), 2);
  EXPECT_EQ(paths.add("a"), 0);
  const Reading reading = read(paths, R"({"b":{"c":true},"a":null})");
  EXPECT_EQ(reading.lines,
            (Raws{"1 true @10+4 key 6", R"(2 {"c":true} @5+10 key 1)", "0 null @20+4 key 16"}));
}

TEST(JsonExtractor, IgnoresUsageInsideStringsAndAtOtherDepths) {
  const Reading reading = read(
      one("usage"),
      R"({"content":[{"type":"tool_use","input":{"usage":{"output_tokens":0}}}],)"
      R"("text":"\"usage\":{\"output_tokens\":7}","usage":{"input_tokens":5,"output_tokens":50}})");
  EXPECT_EQ(reading.raws, Raws{R"({"input_tokens":5,"output_tokens":50})"});
}

TEST(JsonExtractor, ReadsTheElementsOfARootArray) {
  const Reading reading =
      read(one("[].usageMetadata"),
           "[{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"},{\\\"usageMetadata\\\":"
           "{\\\"totalTokenCount\\\":1}\"}]}}]}\r\n,\r\n{\"usageMetadata\":{\"promptTokenCount\":4,"
           "\"candidatesTokenCount\":2,\"totalTokenCount\":6}}]");
  EXPECT_EQ(reading.raws,
            Raws{R"({"promptTokenCount":4,"candidatesTokenCount":2,"totalTokenCount":6})"});
  EXPECT_TRUE(reading.complete);
  EXPECT_FALSE(reading.root_is_object);
}

TEST(JsonExtractor, MatchesAnyElementOfNestedArrays) {
  PathSet paths;
  paths.add("choices[].finish_reason");
  paths.add("m[][]");
  const Reading reading = read(
      paths,
      R"({"choices":[{"finish_reason":"stop"},{"x":[{"finish_reason":1}],"finish_reason":null}],)"
      R"("m":[[1,"b"],[],[{}]]})");
  EXPECT_EQ(reading.raws, (Raws{"\"stop\"", "null", "1", "\"b\"", "{}"}));
}

TEST(JsonExtractor, ComparesKeysAfterUnescaping) {
  const Reading reading =
      read(one("max_tokens"), R"({"max\u005ftokens":1,"m\u0061x_\u0074okens" :2,"max_token":3})");
  EXPECT_EQ(reading.raws, (Raws{"1", "2"}));
}

TEST(JsonExtractor, ComparesKeysInAnyCaseOnlyWhenAsked) {
  PathSet folding(KeyCase::ignored);
  folding.add("options.num_predict");
  const std::string text = R"({"OPTIONS":{"Num_Predict":7},"option\u017f":{"num_predict":8}})";
  EXPECT_EQ(read(folding, text).raws, (Raws{"7", "8"}));
  EXPECT_EQ(read(one("options.num_predict"), text).raws, Raws{});
}

TEST(JsonExtractor, ShowsEveryDuplicateInOrder) {
  EXPECT_EQ(read(one("model"), R"({"model":"a","model":"b"})").raws, (Raws{"\"a\"", "\"b\""}));
}

TEST(JsonExtractor, CutsLongCapturesAndStillTellsTheirSize) {
  const std::string text = R"({"a":")" + std::string(100, 'x') + R"("})";
  EXPECT_EQ(read(one("a", 8), text).lines, Raws{R"(0 "xxxxxxx @5+102 key 1 cut)"});
  EXPECT_EQ(read(one("a", 0), text).lines, Raws{"0  @5+102 key 1 cut"});
  EXPECT_EQ(read(one("a", 102), text).lines.front().find("cut"), std::string::npos);
}

TEST(JsonExtractor, ReportsARootNumberOnlyAtTheEnd) {
  EXPECT_EQ(read(one(""), " -12.5e+3").lines, Raws{"0 -12.5e+3 @1+8 key 1"});
  EXPECT_EQ(read(one(""), "0 ").raws, Raws{"0"});
  EXPECT_TRUE(read(one(""), "7").complete);
}

TEST(JsonExtractor, AllowsBlankLinesBeforeTheDocument) {
  EXPECT_TRUE(read(one("a"), "\n         \n\n{}\r\n").complete);
}

TEST(JsonExtractor, KnowsAnEmptyRootObject) {
  EXPECT_TRUE(read(one("a"), "{ }").root_is_empty_object);
  EXPECT_FALSE(read(one("a"), R"({"b":1})").root_is_empty_object);
  EXPECT_FALSE(read(one("a"), "[]").root_is_empty_object);
}

// The forms are those of RFC 8259; JSONTestSuite calls them n_* and y_*.
TEST(JsonExtractor, FailsOnTextThatIsNotJson) {
  for (const std::string_view text : {"{", "[", "{\"a\"", "{\"a\":", "{\"a\":1", "\"abc", "tru", "",
                                      "  ", "-", "1.", "1e", "1e+"}) {
    const Reading reading = read(one("a"), text);
    EXPECT_FALSE(reading.complete) << text;
  }
  for (const std::string_view text : {"{,}",
                                      "{\"a\"}",
                                      "{\"a\":}",
                                      "{\"a\":1,}",
                                      "{a:1}",
                                      "{'a':1}",
                                      "{\"a\":1 \"b\":2}",
                                      "[1,]",
                                      "[,1]",
                                      "[1 2]",
                                      "[1}",
                                      "{]",
                                      "]",
                                      "}",
                                      "01",
                                      "-01",
                                      "+1",
                                      ".5",
                                      "1.e1",
                                      "1e1.5",
                                      "--1",
                                      "1-",
                                      "truE",
                                      "nulll",
                                      "True",
                                      "NaN",
                                      "Infinity",
                                      "{} {}",
                                      "{}x",
                                      "1 2",
                                      "\"\\x\"",
                                      "\"\\u12g4\"",
                                      "\"a\nb\"",
                                      "\"\t\"",
                                      "\xEF\xBB\xBF{}",
                                      "// c\n{}",
                                      "{}//",
                                      "{\"a\":1;}",
                                      "\"\\",
                                      "\"\\u00",
                                      "[\"a\":1]",
                                      "{\"a\",1}",
                                      "{\"a\"::1}",
                                      "{1:1}",
                                      "\xFF\xFE{\0}\0"}) {
    EXPECT_FALSE(read(one("a"), text).complete) << text;
  }
}

TEST(JsonExtractor, AcceptsEveryFormOfJsonValue) {
  for (const std::string_view text :
       {"true", "false", "null", "0", "-0", "-0.0", "1E5", "1e-5", "12.34E+10", "\"\"",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"", "[]", "{}", "[[],{}]", " [ 1 , 2 ] ",
        "{\"\":\"\",\"a\":{\"b\":[null]}}", "\"\x7F\""}) {
    EXPECT_TRUE(read(one("a"), text).complete) << text;
  }
}

TEST(JsonExtractor, StopsAtAThousandLevels) {
  const auto nested = [](std::size_t levels) {
    return std::string(levels, '[') + std::string(levels, ']');
  };
  EXPECT_TRUE(read_in_pieces(one("a"), nested(1000), 0, 7).complete);
  EXPECT_TRUE(read_in_pieces(one("a"), nested(1001), 0, 7).failed);
  EXPECT_TRUE(read_in_pieces(one("a"), std::string(1'000'000, '['), 0, 4096).failed);
}

TEST(JsonExtractor, TracksUtf8WithoutFailing) {
  const auto valid = [](std::string_view inside) {
    const Reading reading = read(one("a"), "{\"a\":\"" + std::string(inside) + "\"}");
    EXPECT_TRUE(reading.complete);
    return reading.valid_utf8;
  };
  EXPECT_TRUE(valid("h\xC3\xA9llo \xE4\xBD\xA0 \xF0\x9F\x98\x80 and then plain text behind it"));
  EXPECT_FALSE(valid("\x80"));
  EXPECT_FALSE(valid("\xC0\xAF"));
  EXPECT_FALSE(valid("\xED\xA0\x80"));
  EXPECT_FALSE(valid("\xF4\x90\x80\x80"));
  EXPECT_FALSE(valid("\xE4\xBD"));
  EXPECT_FALSE(valid("\xE4\xBD\\n\xA0"));
  EXPECT_FALSE(valid("a long plain text goes first here \xFF"));
}

TEST(JsonExtractor, ReadsTheNextDocumentAfterReset) {
  const PathSet paths = one("a");
  JsonExtractor extractor(paths);
  Recording sink;
  extractor.feed(R"({"a":[)", sink);
  extractor.reset();
  extractor.feed(R"({"a":2})", sink);
  extractor.finish(sink);
  EXPECT_TRUE(extractor.complete());
  EXPECT_EQ(sink.lines, Raws{"0 2 @5+1 key 1"});
}

TEST(JsonExtractor, KeepsNothingOfStringsNobodyAskedFor) {
  const PathSet paths = one("usage");
  JsonExtractor extractor(paths);
  Recording sink;
  extractor.feed(R"({"data":")", sink);
  const std::string block(1 << 16, 'A');
  for (int i = 0; i < 64; ++i) extractor.feed(block, sink);
  extractor.feed(R"(","usage":{"total_tokens":3}})", sink);
  EXPECT_TRUE(extractor.complete());
  EXPECT_EQ(sink.raws, Raws{R"({"total_tokens":3})"});
}

TEST(PathSet, RefusesPathsItCannotMean) {
  PathSet paths;
  for (const std::string_view path : {"a..b", ".a", "a.", "a[0]", "a[]b", "["}) {
    EXPECT_THROW(paths.add(path), std::invalid_argument) << path;
  }
}

TEST(StringValue, ResolvesEscapes) {
  EXPECT_EQ(string_value(R"("a\"\\\/\b\f\n\r\té")"), "a\"\\/\b\f\n\r\t\xC3\xA9");
  EXPECT_EQ(string_value(R"("\u00e9\u4f60\ud83d\ude00")"), "\xC3\xA9\xE4\xBD\xA0\xF0\x9F\x98\x80");
  EXPECT_EQ(string_value(R"("\ud83dx\ude00")"), "\xEF\xBF\xBDx\xEF\xBF\xBD");
}

TEST(StringValue, GivesNothingForWhatIsNotAWholeString) {
  for (const std::string_view raw :
       {"", "\"", "12", "null", "\"abc", "abc\"", "\"\\\"", "\"\\u12\""}) {
    EXPECT_EQ(string_value(raw), "") << raw;
  }
}

TEST(StringValue, CutsAtACharacterBoundary) {
  EXPECT_EQ(string_value("\"ab\xE4\xBD\xA0\"", 4), "ab");
  EXPECT_EQ(string_value("\"abcdef\"", 4), "abcd");
}

}  // namespace
}  // namespace tokenweir::stream

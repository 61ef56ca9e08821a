#include "yaml/reader.h"

#include <gtest/gtest.h>

namespace tokenweir::yaml {
namespace {

using std::chrono::milliseconds;

enum class Colour { red, green };

struct Sample {
  bool on = false;
  int count = 3;
  std::optional<std::uint16_t> port;
  std::string name;
  Money price;
  std::int64_t share = 0;
  milliseconds wait{5000};
  std::uint64_t room = 4096;
  std::vector<std::string> globs;
  Colour colour = Colour::red;
  std::vector<std::string> inner;
};

void read_sample(MapReader& map, Sample& sample) {
  map.boolean({"on", "whether"}, sample.on);
  map.integer({"count", "how many"}, sample.count, 1, 10);
  map.integer({"port"}, sample.port, 1);
  map.text({"name", "the name", kRequired}, sample.name);
  map.money({"price"}, sample.price);
  map.millionths({"share"}, sample.share, 0, 1'000'000);
  map.duration({"wait"}, sample.wait, milliseconds{1}, milliseconds{3'600'000});
  map.size({"room"}, sample.room, 1, 1 << 30);
  map.texts({"globs"}, sample.globs);
  map.choice({"colour"}, sample.colour, {{"red", Colour::red}, {"green", Colour::green}});
  map.list({"inner"}, [&](MapReader& item, const Node&) {
    std::string key;
    item.text({"key", "", kRequired}, key);
    sample.inner.push_back(key);
  });
}

std::string problems_of(std::string_view text, Sample& sample) {
  Problems problems;
  const auto document = parse(text, "f", problems);
  if (document) {
    const Report report{"f", &problems};
    MapReader map(document->root, report);
    read_sample(map, sample);
    map.finish();
  }
  return problems.text();
}

std::string problems_of(std::string_view text) {
  Sample sample;
  return problems_of(text, sample);
}

TEST(Reader, ReadsEveryType) {
  Sample sample;
  EXPECT_EQ(problems_of("on: true\ncount: 7\nport: 8080\nname: a\nprice: \"12.50\"\nshare: 0.25\n"
                        "wait: 10m\nroom: 64MiB\nglobs: [a*, b]\ncolour: green\n"
                        "inner: [{key: x}, {key: y}]\n",
                        sample),
            "");
  EXPECT_TRUE(sample.on);
  EXPECT_EQ(sample.count, 7);
  EXPECT_EQ(sample.port, 8080);
  EXPECT_EQ(sample.name, "a");
  EXPECT_EQ(sample.price, Money::picodollars(12'500'000'000'000));
  EXPECT_EQ(sample.share, 250'000);
  EXPECT_EQ(sample.wait, milliseconds{600'000});
  EXPECT_EQ(sample.room, 67'108'864u);
  EXPECT_EQ(sample.globs, (std::vector<std::string>{"a*", "b"}));
  EXPECT_EQ(sample.colour, Colour::green);
  EXPECT_EQ(sample.inner, (std::vector<std::string>{"x", "y"}));
}

TEST(Reader, ReportsUnknownKeysWithASuggestion) {
  EXPECT_EQ(problems_of("name: a\ncuont: 2\n"),
            "f:2:1: error: unknown key \"cuont\"; did you mean \"count\"?\n");
  EXPECT_EQ(problems_of("name: a\nfrobnicate: 2\n"), "f:2:1: error: unknown key \"frobnicate\"\n");
}

TEST(Reader, ReportsAllMistakesOfOneFileInOrder) {
  EXPECT_EQ(problems_of("count: 11\non: yes\nwait: 5\nroom: 1XB\ncolour: gren\ninner: [{}]\n"),
            "f:1:1: error: missing key \"name\"\n"
            "f:1:8: error: \"11\" is out of range, allowed is 1 to 10\n"
            "f:2:5: error: expected true or false, found \"yes\"\n"
            "f:3:7: error: expected a duration like 250ms, 5s, 10m, 2h or 7d, found \"5\"\n"
            "f:4:7: error: expected a size like 4096, 64KiB or 64MiB, found \"1XB\"\n"
            "f:5:9: error: expected one of red, green, found \"gren\"; did you mean \"green\"?\n"
            "f:6:9: error: missing key \"key\"\n");
}

TEST(Reader, RefusesWrongShapes) {
  EXPECT_EQ(problems_of("name: [a]\n"), "f:1:7: error: expected text, found a list\n");
  EXPECT_EQ(problems_of("name: a\ninner: {key: x}\n"),
            "f:2:8: error: expected a list, found a map\n");
  EXPECT_EQ(problems_of("name: a\ninner: [x]\n"), "f:2:9: error: expected a map, found \"x\"\n");
  EXPECT_EQ(problems_of("- a\n"), "f:1:1: error: expected a map, found a list\n");
  EXPECT_EQ(problems_of("name: a\nglobs: []\n"),
            "f:2:8: error: expected text or a list of texts, found an empty list\n");
  EXPECT_EQ(problems_of("name:\n"), "f:1:1: error: \"name\" has no value\n");
}

TEST(Reader, TakesNoQuotedNumbersAndNoBareBooleans) {
  EXPECT_EQ(problems_of("name: a\ncount: \"7\"\n"),
            "f:2:8: error: expected a whole number, found \"7\" in quotes, which make it text\n");
  EXPECT_EQ(problems_of("name: true\n"),
            "f:1:7: error: expected text, found true; quote it if it is meant\n");
  EXPECT_EQ(problems_of("name: \"true\"\n"), "");
  EXPECT_EQ(problems_of("name: no\n"), "");  // only YAML 1.1 reads this as a bool
  EXPECT_NE(problems_of("name: a\ncount: 0x7\n"), "");
  EXPECT_NE(problems_of("name: a\ncount: 1e1\n"), "");
  EXPECT_NE(problems_of("name: a\ncount: +7\n"), "");
  EXPECT_NE(problems_of("name: a\ncount: 99999999999999999999\n"), "");
}

TEST(Reader, RefusesMoneyThatIsNotExact) {
  EXPECT_NE(problems_of("name: a\nprice: 1e3\n"), "");
  EXPECT_NE(problems_of("name: a\nprice: \"-1\"\n"), "");
  EXPECT_NE(problems_of("name: a\nprice: \"1,5\"\n"), "");
  EXPECT_NE(problems_of("name: a\nprice: \"99999999999\"\n"), "");
}

TEST(Reader, DescribesItselfAsAJsonSchema) {
  Shape shape;
  MapReader map(shape);
  Sample sample;
  read_sample(map, sample);
  EXPECT_EQ(key_paths(shape),
            (std::vector<std::string>{"on", "count", "port", "name", "price", "share", "wait",
                                      "room", "globs", "colour", "inner", "inner[].key"}));
  const std::string schema = json_schema(shape, "sample", "urn:sample");
  EXPECT_NE(schema.find("\"additionalProperties\": false"), std::string::npos);
  EXPECT_NE(schema.find("\"required\": [\"name\"]"), std::string::npos);
  EXPECT_NE(schema.find("\"enum\": [\"red\", \"green\"]"), std::string::npos);
}

TEST(Values, DurationsAndSizesPrintAsTheyAreRead) {
  for (const auto text : {"250ms", "5s", "10m", "2h", "7d", "0s", "90s"}) {
    EXPECT_EQ(format_duration(*parse_duration(text)), text);
  }
  EXPECT_FALSE(parse_duration("5"));
  EXPECT_FALSE(parse_duration("-5s"));
  EXPECT_FALSE(parse_duration("1h30m"));
  EXPECT_FALSE(parse_duration("5 s"));
  EXPECT_FALSE(parse_duration("99999999999999999999d"));
  EXPECT_FALSE(parse_duration("9223372036854775807d"));
  for (const auto text : {"64MiB", "4KiB", "1000", "4GiB", "0"}) {
    EXPECT_EQ(format_size(*parse_size(text)), text);
  }
  EXPECT_EQ(parse_size("1KB"), 1000u);
  EXPECT_EQ(parse_size("12B"), 12u);
  EXPECT_FALSE(parse_size("16777216TiB"));
  EXPECT_FALSE(parse_size("1.5MiB"));
  EXPECT_FALSE(parse_size(""));
  EXPECT_EQ(parse_millionths("0.5"), 500'000);
  EXPECT_EQ(parse_millionths("1"), 1'000'000);
  EXPECT_FALSE(parse_millionths("0.1234567"));
  EXPECT_FALSE(parse_millionths(".5"));
  EXPECT_FALSE(parse_millionths("5."));
  EXPECT_FALSE(parse_millionths("-1"));
  EXPECT_FALSE(parse_millionths("9223372036854775807"));
  EXPECT_EQ(format_millionths(500'000), "0.5");
  EXPECT_EQ(format_millionths(0), "0");
}

TEST(Problems, SuggestsTheNearestWordOnlyWhenItIsNear) {
  const std::vector<std::string_view> words{"listen", "limits", "ledger"};
  EXPECT_EQ(nearest("lisen", words), "listen");
  EXPECT_EQ(nearest("limist", words), "limits");
  EXPECT_EQ(nearest("zebra", words), "");
  EXPECT_EQ(nearest(std::string(10'000, 'l'), words), "");
}

TEST(Problems, ShowsHostileTextSafely) {
  EXPECT_EQ(in_quotes("a\nb"), "\"a?b\"");
  EXPECT_EQ(in_quotes(std::string(100, 'x')), '"' + std::string(60, 'x') + "...\"");
}

}  // namespace
}  // namespace tokenweir::yaml

#include "yaml/parse.h"

#include <gtest/gtest.h>

#include "yaml/reader.h"

namespace tokenweir::yaml {
namespace {

std::string parse_problems(std::string_view text) {
  Problems problems;
  (void)parse(text, "f.yaml", problems);
  return problems.text();
}

TEST(Parse, KeepsKindsTextsAndPlaces) {
  Problems problems;
  const auto document = parse("a: 1\nlist:\n  - x\n  - \"y z\"\nempty:\n", "f.yaml", problems);
  ASSERT_TRUE(document);
  EXPECT_TRUE(problems.empty()) << problems.text();
  const Node& root = document->root;
  ASSERT_EQ(root.kind, Kind::map);
  ASSERT_EQ(root.entries.size(), 3u);
  EXPECT_EQ(root.find("a")->text, "1");
  EXPECT_FALSE(root.find("a")->quoted);
  EXPECT_EQ(root.find("list")->items.at(1).text, "y z");
  EXPECT_TRUE(root.find("list")->items.at(1).quoted);
  EXPECT_EQ(root.find("list")->items.at(1).mark.line, 4);
  EXPECT_EQ(root.find("list")->items.at(1).mark.column, 5);
  EXPECT_EQ(root.find("empty")->kind, Kind::null);
  EXPECT_EQ(root.find("empty")->mark.line, 5);
}

TEST(Parse, ReportsEveryDuplicateKeyAtItsPlace) {
  EXPECT_EQ(parse_problems("a: 1\nb: {c: 1, c: 2}\na: 3\n"),
            "f.yaml:2:11: error: duplicate key \"c\", first given on line 2\n"
            "f.yaml:3:1: error: duplicate key \"a\", first given on line 1\n");
}

TEST(Parse, RefusesAnchorsAliasesAndTags) {
  EXPECT_EQ(parse_problems("a: &x 1\n"),
            "f.yaml:1:4: error: anchors and aliases are not supported; write the value out\n");
  EXPECT_NE(parse_problems("a: *x\n"), "");
  EXPECT_EQ(parse_problems("a: !!binary aGk=\n"), "f.yaml:1:4: error: tags are not supported\n");
  EXPECT_NE(parse_problems("a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n"), "");
}

TEST(Parse, RefusesASecondDocument) {
  EXPECT_NE(parse_problems("a: 1\n---\nb: 2\n").find("second document"), std::string::npos);
}

TEST(Parse, RefusesKeysThatAreNotText) {
  EXPECT_NE(parse_problems("[1]: 2\n").find("a key must be text"), std::string::npos);
  EXPECT_NE(parse_problems("? {a: b}\n: 2\n").find("a key must be text"), std::string::npos);
  EXPECT_NE(parse_problems("~: 2\n").find("a key must be text"), std::string::npos);
}

TEST(Parse, PlacesSyntaxErrors) {
  EXPECT_EQ(parse_problems("a: [1, 2\nb: 3\n").rfind("f.yaml:", 0), 0u);
  EXPECT_NE(parse_problems("a: \"unfinished\n").find("not valid YAML"), std::string::npos);
  EXPECT_NE(parse_problems("\ta: 1\n"), "");
}

TEST(Parse, RefusesWhatIsNotUtf8Text) {
  EXPECT_EQ(parse_problems("a: b\nc: \xC3\x28\n"),
            "f.yaml:2:4: error: not UTF-8 text, or a control character\n");
  EXPECT_NE(parse_problems(std::string_view("a: \0b\n", 6)), "");
  EXPECT_NE(parse_problems("\xFF\xFE"
                           "a"),
            "");
  EXPECT_EQ(parse_problems("a: \"Gr\xC3\xBC\xC3\x9F\x65\"\n"), "");
}

TEST(Parse, BoundsDepthAndSize) {
  EXPECT_NE(parse_problems(std::string(100, '[') + std::string(100, ']')).find("deeper"),
            std::string::npos);
  EXPECT_NE(parse_problems(std::string(100'000, '[')), "");
  EXPECT_NE(parse_problems("a: " + std::string(kMostBytes, 'x')).find("larger"), std::string::npos);
  std::string many = "[";
  for (std::size_t i = 0; i <= kMostNodes; ++i) many += "1,";
  EXPECT_NE(parse_problems(many + "]").find("too many values"), std::string::npos);
}

TEST(Parse, BoundsTheListOfProblems) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "a: 1\n";
  Problems problems;
  (void)parse(text, "f.yaml", problems);
  EXPECT_EQ(problems.size(), Problems::kMost + 1);
}

TEST(Parse, NamesAFileThatCannotBeRead) {
  Problems problems;
  EXPECT_FALSE(parse_file("/nowhere/x.yaml", problems));
  EXPECT_EQ(problems.text(),
            "/nowhere/x.yaml: error: cannot be opened: No such file or directory\n");
  Problems folder;
  EXPECT_FALSE(parse_file("/", folder));
  EXPECT_EQ(folder.text(), "/: error: is not a regular file\n");
}

}  // namespace
}  // namespace tokenweir::yaml

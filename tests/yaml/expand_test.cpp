#include "yaml/expand.h"

#include <gtest/gtest.h>

#include <map>

#include "yaml/values.h"

namespace tokenweir::yaml {
namespace {

class Fixed final : public Environment {
 public:
  std::map<std::string, std::string> variables;
  std::map<std::string, std::string> files;

  std::optional<std::string> variable(const std::string& name) const override {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  }
  std::optional<std::string> file(const std::string& path, std::string& why) const override {
    const auto found = files.find(path);
    if (found == files.end()) {
      why = "cannot be opened: No such file or directory";
      return std::nullopt;
    }
    return found->second;
  }
  bool readable_by_all(const std::string&) const override { return false; }
};

struct Outcome {
  Node node;
  std::string problems;
};

Outcome expand_value(const std::string& value) {
  Fixed environment;
  environment.variables = {{"NAME", "swan"},          {"EMPTY", ""},
                           {"PORT", "8080"},          {"LINES", "a\nb"},
                           {"TRAP", "x, extra: {y}"}, {"NESTED", "${env:NAME}"}};
  environment.files = {{"etc/token", "s3cret\n"}, {"/run/key", "abc\r\n"}, {"etc/two", "a\n\n"}};
  Problems problems;
  auto document = parse("v: '" + value + "'\n", "f", problems);
  const Report report{"f", &problems};
  expand(document->root, environment, "etc", report);
  return {*document->root.find("v"), problems.text()};
}

std::string text_of(const std::string& value) { return expand_value(value).node.text; }
std::string expand_problems(const std::string& value) { return expand_value(value).problems; }

TEST(Expand, TakesVariablesDefaultsAndFiles) {
  EXPECT_EQ(text_of("${env:NAME}"), "swan");
  EXPECT_EQ(text_of("a ${env:NAME}-${env:PORT} b"), "a swan-8080 b");
  EXPECT_EQ(text_of("${env:MISSING:-goose}"), "goose");
  EXPECT_EQ(text_of("${env:EMPTY:-goose}"), "goose");
  EXPECT_EQ(text_of("${env:EMPTY}"), "");
  EXPECT_EQ(text_of("${env:NAME:?must be set}"), "swan");
  EXPECT_EQ(text_of("${file:token}"), "s3cret");
  EXPECT_EQ(text_of("${file:/run/key}"), "abc");
  EXPECT_EQ(text_of("$$ and $5 and $${env:NAME}"), "$ and $5 and ${env:NAME}");
}

TEST(Expand, MarksForeignTextAsSecret) {
  EXPECT_TRUE(expand_value("${file:token}").node.expanded);
  EXPECT_FALSE(expand_value("$$x").node.expanded);
}

TEST(Expand, NeverAddsStructureAndNeverExpandsTwice) {
  const Outcome trap = expand_value("${env:TRAP}");
  EXPECT_EQ(trap.node.kind, Kind::scalar);
  EXPECT_EQ(trap.node.text, "x, extra: {y}");
  EXPECT_EQ(text_of("${env:NESTED}"), "${env:NAME}");
}

TEST(Expand, ReportsWhatCannotBeExpanded) {
  EXPECT_EQ(expand_problems("${env:MISSING}"),
            "f:1:4: error: environment variable MISSING is not set\n");
  EXPECT_EQ(expand_problems("${env:MISSING:?set it}"),
            "f:1:4: error: environment variable MISSING is not set: \"set it\"\n");
  EXPECT_NE(expand_problems("${file:absent}").find("No such file"), std::string::npos);
  EXPECT_NE(expand_problems("${env:NAME"), "");
  EXPECT_NE(expand_problems("${NAME}"), "");
  EXPECT_NE(expand_problems("${env:}"), "");
  EXPECT_NE(expand_problems("${env:9A}"), "");
  EXPECT_NE(expand_problems("${env:NAME:+x}"), "");
  EXPECT_NE(expand_problems("${file:}"), "");
}

TEST(Expand, RefusesLineEndsWithoutShowingTheValue) {
  EXPECT_NE(expand_problems("${env:LINES}").find("line end"), std::string::npos);
  EXPECT_NE(expand_problems("${file:two}"), "");
}

TEST(Expand, ReadsNumbersButNeverRepeatsTheirText) {
  Problems problems;
  const Report report{"f", &problems};
  EXPECT_EQ(read_integer(expand_value("${env:PORT}").node, report, 1, 65535), 8080);
  EXPECT_TRUE(problems.empty());
  EXPECT_FALSE(read_integer(expand_value("${file:token}").node, report, 1, 65535));
  EXPECT_FALSE(read_bool(expand_value("${file:token}").node, report));
  EXPECT_FALSE(read_money(expand_value("${file:token}").node, report));
  EXPECT_FALSE(read_duration(expand_value("${file:token}").node, report, {}, {}));
  EXPECT_FALSE(read_size(expand_value("${file:token}").node, report, 0, 1));
  EXPECT_FALSE(read_millionths(expand_value("${file:token}").node, report, 0, 1));
  EXPECT_FALSE((read_choice<int>(expand_value("${file:token}").node, report, {{"s3cre", 1}})));
  EXPECT_EQ(problems.size(), 7u);
  EXPECT_EQ(problems.text().find("s3cret"), std::string::npos);
}

TEST(Expand, ResolvesPathsAgainstTheFilesFolder) {
  EXPECT_EQ(resolve("/etc/tokenweir", "cert.pem"), "/etc/tokenweir/cert.pem");
  EXPECT_EQ(resolve("/etc/tokenweir", "/cert.pem"), "/cert.pem");
  EXPECT_EQ(resolve(".", "cert.pem"), "cert.pem");
  EXPECT_EQ(folder_of("/etc/x.yaml"), "/etc");
  EXPECT_EQ(folder_of("/x.yaml"), "/");
  EXPECT_EQ(folder_of("x.yaml"), ".");
}

}  // namespace
}  // namespace tokenweir::yaml

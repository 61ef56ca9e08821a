#include "pricing/price_file.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "books.h"

namespace tokenweir::pricing {
namespace {

using test::list;
using test::problems_of;

// The head has five lines, so the text under test begins at line 6.
std::string problem(const std::string& rest) { return problems_of(list(rest)); }

TEST(PriceFile, a_complete_file_has_no_problems) {
  EXPECT_EQ(problem(R"(comment: what is not modelled
modifiers:
  batch: {when: {service_tier: batch}, factor: "0.5"}
models:
- id: m
  match: [m-1, {prefix: m-1-}, {regex: 'm-2-\d+'}]
  periods:
  - from: 2026-01-01
    rates: {input: "0.435", cache_read: "0.003625", output: "0.87", cache_storage: "1"}
)"),
            "");
}

TEST(PriceFile, every_mistake_is_told_at_its_place_in_one_run) {
  EXPECT_EQ(
      problem(R"(models:
- id: one
  periods:
  - from: 2026-01-01
    rates: {input: "1.0000001", output: "-2", ouput: "3"}
  - from: never
    rate: {input: "1"}
- id: two
  match: {prefix: a, regex: b}
)"),
      "prices.yaml:7:3: error: model \"one\" has no rates; every period needs some\n"
      "prices.yaml:10:20: error: expected a decimal with at most six places, found \"1.0000001\"\n"
      "prices.yaml:10:41: error: expected a decimal with at most six places, found \"-2\"\n"
      "prices.yaml:10:47: error: unknown kind \"ouput\"; did you mean \"output\"?\n"
      "prices.yaml:11:11: error: expected a date like 2026-04-01 or a time like "
      "2026-04-01T12:00:00Z, found \"never\"\n"
      "prices.yaml:12:5: error: unknown key \"rate\"; did you mean \"rates\"?\n"
      "prices.yaml:13:3: error: model \"two\" has no rates; every period needs some\n"
      "prices.yaml:14:10: error: expected either `prefix` or `regex`\n");
}

TEST(PriceFile, the_head_is_needed) {
  const std::string text = problems_of("schema: 2\nmodels: []\n");
  EXPECT_NE(text.find("prices.yaml:1:9: error: \"2\" is out of range"), std::string::npos) << text;
  EXPECT_NE(text.find("expected either `list`"), std::string::npos) << text;
  EXPECT_NE(text.find("missing key \"provider\""), std::string::npos) << text;
}

TEST(PriceFile, periods_must_not_overlap) {
  const std::string text = problem(R"(models:
- id: m
  periods:
  - {from: 2026-01-01, to: 2026-03-01, rates: {input: "1", output: "2"}}
  - {from: 2026-02-01, rates: {input: "1", output: "2"}}
  - {from: 2026-02-01, rates: {input: "1", output: "2"}}
)");
  EXPECT_NE(text.find("prices.yaml:10:5: error: overlaps the period from 2026-01-01"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("prices.yaml:11:5: error: a period from 2026-02-01 is already there"),
            std::string::npos)
      << text;
}

TEST(PriceFile, tiers_must_increase) {
  const std::string text = problem(R"(models:
- id: m
  periods:
  - rates: {input: "1", output: "2"}
    tiers:
    - {min_input_tokens: 200001, rates: {input: "2"}}
    - {min_input_tokens: 200001, rates: {input: "3"}}
    - {min_input_tokens: 300000, scope: excess, rates: {input: "4"}}
)");
  EXPECT_NE(text.find("prices.yaml:12:7: error: min_input_tokens 200001 is not above"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("prices.yaml:13:41: error: expected \"request\""), std::string::npos) << text;
}

TEST(PriceFile, no_two_models_may_claim_one_name) {
  const std::string text = problem(R"(models:
- {id: a, match: [shared, {prefix: pre-}], periods: [{rates: {input: "1", output: "2"}}]}
- {id: b, match: [shared], periods: [{rates: {input: "1", output: "2"}}]}
- {id: c, match: {prefix: pre-}, periods: [{rates: {input: "1", output: "2"}}]}
- {id: d, match: {regex: 'a-\d+'}, periods: [{rates: {input: "1", output: "2"}}]}
- {id: e, match: {regex: 'a-2.*'}, periods: [{rates: {input: "1", output: "2"}}]}
)");
  EXPECT_NE(
      text.find("prices.yaml:8:19: error: name \"shared\" already belongs to model \"a\" (line 7)"),
      std::string::npos)
      << text;
  EXPECT_NE(text.find("prices.yaml:9:18: error: prefix \"pre-\" already belongs to model \"a\""),
            std::string::npos)
      << text;
  EXPECT_NE(
      text.find("prices.yaml:11:18: error: fits \"a-20260101\", as does a pattern of model \"d\""),
      std::string::npos)
      << text;
}

TEST(PriceFile, unlikely_figures_need_a_reason) {
  const std::string text = problem(R"(models:
- {id: a, periods: [{rates: {input: "10", output: "4"}}]}
- {id: b, periods: [{rates: {input: "1", cache_read: "1.5", output: "4"}}]}
- id: c
  periods:
  - {from: 2026-01-01, rates: {input: "1", output: "2"}}
  - {from: 2026-02-01, rates: {input: "11", output: "22"}}
- id: d
  periods:
  - {rates: {input: "10", cache_read: "11", output: "1"}, confirm: "the page says so"}
)");
  EXPECT_NE(text.find("prices.yaml:7:21: error: output costs less than half of input"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("prices.yaml:8:21: error: cache_read costs more than input"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("prices.yaml:12:5: error: input changes more than tenfold, from 1 to 11"),
            std::string::npos)
      << text;
  EXPECT_EQ(text.find("prices.yaml:15"), std::string::npos) << text;
}

TEST(PriceFile, calls_need_a_per_and_tokens_do_not) {
  const std::string text = problem(R"(models:
- {id: a, periods: [{rates: {input: "1", output: "4", web_search: "10"}}]}
- {id: b, periods: [{rates: {input: {per: 0, usd: "1"}, output: {usd: "x"}, page: {per: 10}}}]}
)");
  EXPECT_NE(text.find("prices.yaml:7:67: error: web_search is not counted in tokens"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("prices.yaml:8:43: error: \"0\" is out of range"), std::string::npos) << text;
  EXPECT_NE(text.find("prices.yaml:8:71"), std::string::npos) << text;
  EXPECT_NE(text.find("missing key \"usd\""), std::string::npos) << text;
}

TEST(PriceFile, modifiers_say_when_and_what) {
  const std::string text = problem(R"(modifiers:
  nothing: {when: {service_tier: batch}}
  both: {when: {speed: fast}, factor: "2", rates: {input: "1"}}
  always: {when: {}, factor: "2"}
  odd: {when: {moon: full}, factor: "2", kinds: [inputs]}
models:
- {id: a, periods: [{rates: {input: "1", output: "4"}}]}
)");
  EXPECT_NE(text.find("prices.yaml:7:12: error: expected either `factor` or `rates`"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("prices.yaml:8:9: error: expected either `factor` or `rates`"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("prices.yaml:9:3: error: `when` names no condition"), std::string::npos)
      << text;
  EXPECT_NE(text.find("prices.yaml:10:16: error: unknown key \"moon\""), std::string::npos) << text;
  EXPECT_NE(text.find("unknown kind \"inputs\"; did you mean \"input\"?"), std::string::npos)
      << text;
}

TEST(PriceFile, limits_are_tokens_above_zero) {
  EXPECT_EQ(problem(R"(models:
- id: m
  limits: {context: 128000, output: 16384}
  periods: [{rates: {input: "1", output: "2"}}]
)"),
            "");
  const std::string text = problem(R"(models:
- id: m
  limits: {context: 0, outputs: 5}
  periods: [{rates: {input: "1", output: "2"}}]
)");
  EXPECT_NE(text.find("prices.yaml:8:21: error: \"0\" is out of range"), std::string::npos) << text;
  EXPECT_NE(text.find("unknown key \"outputs\""), std::string::npos) << text;
}

TEST(PriceFile, windows_are_hours_that_do_not_overlap) {
  const std::string text = problem(R"(models:
- id: a
  periods:
  - rates: {input: "1", output: "4"}
    windows:
    - {utc: "01:00-04:00", factor: "2"}
    - {utc: "03:59-05:00", days: [sun], factor: "2"}
    - {utc: ["25:00-26:00", "1-2", "05:00-05:00"], factor: "2"}
    - {utc: "10:00-11:00", days: [someday], factor: "2"}
)");
  EXPECT_NE(text.find("prices.yaml:12:7: error: overlaps a window before it"), std::string::npos)
      << text;
  for (const char* const range : {"25:00-26:00", "1-2", "05:00-05:00"}) {
    EXPECT_NE(text.find(std::string("found \"") + range + "\""), std::string::npos) << text;
  }
  EXPECT_NE(text.find("found \"someday\""), std::string::npos) << text;
}

TEST(PriceFile, aliases_need_a_target_and_a_time_of_their_own) {
  const std::string text = problem(R"(aliases:
- {name: latest, model: a}
- {name: latest, model: a, from: 2026-01-01}
- {name: gone, model: missing}
- {name: a, model: a}
models:
- {id: a, periods: [{rates: {input: "1", output: "4"}}]}
)");
  EXPECT_NE(text.find("prices.yaml:8:3: error: overlaps the alias \"latest\" of line 7"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("prices.yaml:9:3: error: no model \"missing\" in this list"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("prices.yaml:10:3: error: \"a\" is also the name of a model"),
            std::string::npos)
      << text;
}

TEST(PriceFile, an_overlay_needs_its_list_its_models_and_its_tiers) {
  yaml::Problems problems;
  const auto book = read_prices(
      {{"list.yaml",
        list("models:\n- {id: a, periods: [{rates: {input: \"1\", output: \"4\"}}]}\n")},
       {"one.yaml",
        "schema: 1\noverlay: test\nmodels:\n- {id: b, discount: \"0.1\"}\n- {id: a, discount: "
        "\"0.1\"}\n"
        "- {id: a, periods: [{rates: {input: \"1\"}, tiers: [{min_input_tokens: 5, rates: {input: "
        "\"1\"}}]}]}\n"},
       {"two.yaml", "schema: 1\noverlay: nowhere\ndiscount: \"0.1\"\n"}},
      problems);
  EXPECT_FALSE(book.has_value());
  const std::string text = problems.text();
  EXPECT_NE(text.find("one.yaml:4:3: error: no model \"b\" in list \"test\""), std::string::npos)
      << text;
  EXPECT_NE(text.find("the list has no tier from 5 input tokens"), std::string::npos) << text;
  EXPECT_NE(text.find("overlaps the contract of one.yaml:5"), std::string::npos) << text;
  EXPECT_NE(text.find("two.yaml:2:10: error: no list \"nowhere\""), std::string::npos) << text;
}

TEST(PriceFile, one_list_in_two_files_is_a_mistake) {
  yaml::Problems problems;
  const std::string text =
      list("models:\n- {id: a, periods: [{rates: {input: \"1\", output: \"4\"}}]}\n");
  EXPECT_FALSE(read_prices({{"a.yaml", text}, {"b.yaml", text}}, problems).has_value());
  EXPECT_NE(problems.text().find("b.yaml:2:7: error: list \"test\" is already in a.yaml"),
            std::string::npos)
      << problems.text();
}

TEST(PriceFile, the_revision_is_the_texts_and_nothing_else) {
  const std::string text =
      list("models:\n- {id: a, periods: [{rates: {input: \"1\", output: \"4\"}}]}\n");
  const PriceBook one = test::book_of({{"here/a.yaml", text}});
  const PriceBook same = test::book_of({{"there/a.yaml", text}});
  const PriceBook other = test::book_of({{"here/a.yaml", text + "\n"}});
  EXPECT_EQ(one.revision().size(), 64u);
  EXPECT_EQ(one.revision(), same.revision());
  EXPECT_NE(one.revision(), other.revision());
}

TEST(PriceFile, broken_yaml_and_missing_files_are_problems_too) {
  EXPECT_NE(problems_of("schema: [1\n").find("prices.yaml:"), std::string::npos);
  EXPECT_NE(problems_of("- 1\n").find("expected a map"), std::string::npos);
  yaml::Problems problems;
  EXPECT_FALSE(load_prices({"no/such/file.yaml"}, problems).has_value());
  EXPECT_FALSE(problems.empty());
}

TEST(PriceFile, the_format_describes_itself) {
  const auto paths = yaml::key_paths(price_file_shape());
  for (const char* const path : {"schema", "list", "models[].id", "models[].periods[].rates",
                                 "models[].periods[].tiers[].min_input_tokens"}) {
    EXPECT_NE(std::ranges::find(paths, path), paths.end()) << path;
  }
}

}  // namespace
}  // namespace tokenweir::pricing

#include "meter/null_usage_filter.h"

#include <gtest/gtest.h>

namespace tokenweir::meter {
namespace {

std::string filtered(std::string_view stream, std::size_t piece) {
  NullUsageFilter filter;
  std::string out;
  for (std::size_t at = 0; at < stream.size(); at += piece) {
    filter.feed(stream.substr(at, piece), out);
  }
  filter.finish(out);
  return out;
}

struct Case {
  const char* name;
  const char* stream;
  const char* expected;
};

class NullUsage : public ::testing::TestWithParam<Case> {};

TEST_P(NullUsage, IsTakenOutOfChunksAndNowhereElseAtEveryCut) {
  for (const std::size_t piece : {1, 2, 3, 5, 7, 11, 1000}) {
    EXPECT_EQ(filtered(GetParam().stream, piece), GetParam().expected) << piece;
  }
}

// The first two are the shapes of recorded streams (OpenAI and DeepSeek with include_usage).
INSTANTIATE_TEST_SUITE_P(
    Streams, NullUsage,
    ::testing::Values(
        Case{"LastMember", "data: {\"id\":\"c\",\"choices\":[{\"index\":0}],\"usage\":null}\n\n",
             "data: {\"id\":\"c\",\"choices\":[{\"index\":0}]}\n\n"},
        Case{"MemberBeforeAnother",
             "data: {\"choices\":[],\"usage\":null,\"obfuscation\":\"x\"}\n\ndata: [DONE]\n\n",
             "data: {\"choices\":[],\"obfuscation\":\"x\"}\n\ndata: [DONE]\n\n"},
        Case{"Spaced", "data: {\"choices\": [], \"usage\" : null}\r\n\r\n",
             "data: {\"choices\": []}\r\n\r\n"},
        Case{"UsageWithAValueStays", "data: {\"choices\":[],\"usage\":{\"total_tokens\":1}}\n\n",
             "data: {\"choices\":[],\"usage\":{\"total_tokens\":1}}\n\n"},
        Case{"InsideAnotherObjectItStays",
             "data: {\"x\":{\"a\":1,\"usage\":null},\"usag\":null}\n\n",
             "data: {\"x\":{\"a\":1,\"usage\":null},\"usag\":null}\n\n"},
        Case{"InTextItStays",
             "data: {\"t\":\",\\\"usage\\\":null \\\\\",\"user\":1,,\"usage\":null}\n",
             "data: {\"t\":\",\\\"usage\\\":null \\\\\",\"user\":1,}\n"},
        Case{"UnfinishedItStays", "data: {\"a\":1,\"usage\":nul", "data: {\"a\":1,\"usage\":nul"}),
    [](const auto& one) { return std::string(one.param.name); });

}  // namespace
}  // namespace tokenweir::meter

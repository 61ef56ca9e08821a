// Every recorded event stream passes the filter: what a usage chunk adds on the way in is gone on
// the way out, and nothing else is.
#include <gtest/gtest.h>
#include <simdjson.h>
#include <zlib.h>

#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>

#include "meter/usage_chunk_filter.h"

namespace tokenweir::meter {
namespace {

std::string corpus_file() {
  const char* const set = std::getenv("TOKENWEIR_CORPUS");
  std::filesystem::path path =
      set != nullptr ? std::filesystem::path(set)
                     : std::filesystem::path(TOKENWEIR_SOURCE_DIR) / "../shared/corpus";
  if (std::filesystem::is_directory(path)) path /= "exchanges.jsonl.gz";
  return std::filesystem::exists(path) ? path.string() : std::string();
}

template <typename Line>
void each_line(const std::string& path, Line line) {
  const gzFile file = gzopen(path.c_str(), "rb");
  ASSERT_NE(file, nullptr);
  std::string rest;
  std::string block(1 << 20, '\0');
  for (int size = 0; (size = gzread(file, block.data(), 1 << 20)) > 0;) {
    rest.append(block, 0, static_cast<std::size_t>(size));
    std::size_t from = 0;
    for (std::size_t end = 0; (end = rest.find('\n', from)) != std::string::npos; from = end + 1) {
      line(std::string_view(rest).substr(from, end - from));
    }
    rest.erase(0, from);
  }
  gzclose(file);
}

std::string filtered(std::string_view text, std::mt19937& random, std::size_t piece_max) {
  UsageChunkFilter filter;
  std::string out;
  while (!text.empty()) {
    const std::size_t piece = std::min<std::size_t>(text.size(), 1 + random() % piece_max);
    filter.feed(text.substr(0, piece), out);
    text.remove_prefix(piece);
  }
  filter.finish(out);
  return out;
}

std::string_view text_of(simdjson::dom::element object, std::string_view key) {
  std::string_view text;
  return object.at_key(key).get(text) == simdjson::SUCCESS ? text : std::string_view();
}

TEST(UsageChunkFilter, GivesBackEveryRecordedStreamToTheByte) {
  const std::string path = corpus_file();
  if (path.empty()) GTEST_SKIP() << "the recorded traffic is not beside the checkout";
  simdjson::dom::parser parser;
  std::mt19937 random(20261121);
  int streams = 0;
  int inserted = 0;
  each_line(path, [&](std::string_view line) {
    simdjson::dom::element exchange;
    ASSERT_EQ(parser.parse(line.data(), line.size()).get(exchange), simdjson::SUCCESS);
    if (text_of(exchange, "body_kind") != "sse") return;
    const std::string body(text_of(exchange, "response_body"));
    ++streams;
    std::mt19937 whole_pieces(1);
    const std::string once = filtered(body, whole_pieces, body.size() + 1);
    EXPECT_TRUE(filtered(body, random, 100) == once) << text_of(exchange, "id");
    EXPECT_TRUE(filtered(once, random, 100) == once) << "a second pass finds nothing";
    // A chunk of our own, where a stream of this dialect has its [DONE].
    const std::size_t done = once.rfind("\n\ndata: [DONE]");
    if (done == std::string::npos) return;
    ++inserted;
    std::string with_usage = once;
    with_usage.insert(done + 2, "data: {\"choices\":[],\"usage\":{\"total_tokens\":1}}\n\n");
    EXPECT_TRUE(filtered(with_usage, random, 64) == once) << text_of(exchange, "id");
  });
  EXPECT_GT(streams, 100);
  EXPECT_GT(inserted, 100);
}

}  // namespace
}  // namespace tokenweir::meter

#include "provider/request_multipart.h"

#include <gtest/gtest.h>

#include <string>

#include "provider/request_reader.h"

namespace tokenweir::provider {
namespace {

Asked read_in_pieces(std::string_view content_type, std::string_view body, std::size_t piece) {
  Endpoint endpoint;
  endpoint.dialect = Dialect::openai_audio;
  RequestReader reader(endpoint, Family::openai, content_type, "");
  for (std::size_t at = 0; at < body.size(); at += piece) {
    const std::string copy(body.substr(at, piece));
    reader.feed(copy);
  }
  return reader.finish();
}

Asked read(std::string_view body,
           std::string_view content_type = "multipart/form-data; boundary=XX") {
  const Asked whole = read_in_pieces(content_type, body, body.size() + 1);
  for (std::size_t piece = 1; piece <= body.size(); piece += piece < 8 ? 1 : 13) {
    const Asked cut = read_in_pieces(content_type, body, piece);
    EXPECT_EQ(cut.model, whole.model) << piece;
    EXPECT_EQ(cut.stream, whole.stream) << piece;
    EXPECT_EQ(cut.choices, whole.choices) << piece;
    EXPECT_EQ(cut.user, whole.user) << piece;
    EXPECT_EQ(cut.duplicate_keys, whole.duplicate_keys) << piece;
  }
  return whole;
}

std::string part(const std::string& disposition, const std::string& value) {
  return "--XX\r\nContent-Disposition: form-data; " + disposition + "\r\n\r\n" + value + "\r\n";
}

TEST(MultipartReader, FindsTheBoundary) {
  EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=abc"), "abc");
  EXPECT_EQ(multipart_boundary("Multipart/Form-Data;charset=utf-8; Boundary=\"a b;c\""), "a b;c");
  EXPECT_FALSE(multipart_boundary("multipart/form-data"));
  EXPECT_FALSE(multipart_boundary("multipart/form-data; boundary="));
  EXPECT_FALSE(multipart_boundary("multipart/form-data; boundary=" + std::string(71, 'b')));
  EXPECT_FALSE(multipart_boundary("application/json; boundary=x"));
}

TEST(MultipartReader, ReadsTheModelBesideAFile) {
  const Asked asked = read(part("name=\"file\"; filename=\"model\"", "RIFF\r\n--X\r\n--XY model") +
                           part("name=\"model\"", "whisper-1") + part("name=stream", "true") +
                           part("name=\"n\"", "3") + part("name=\"user\"", "u") + "--XX--\r\n");
  EXPECT_EQ(asked.model, "whisper-1");
  EXPECT_EQ(asked.stream, true);
  EXPECT_EQ(asked.choices, 3);
  EXPECT_EQ(asked.user, "u");
  EXPECT_FALSE(asked.readable) << "it is no JSON object";
  EXPECT_FALSE(asked.ask_for_usage);
}

TEST(MultipartReader, SkipsAPreambleAndWhatFollowsTheEnd) {
  EXPECT_EQ(read("preamble\r\n" + part("name=\"model\"", "a") + "--XX--\r\n" +
                 part("name=\"model\"", "b"))
                .model,
            "a");
}

TEST(MultipartReader, TakesOtherHeadersInAnyOrderAndCase) {
  EXPECT_EQ(read("--XX\r\nContent-Type: text/plain\r\ncontent-disposition: form-data; "
                 "name=\"model\"\r\nX: y\r\n\r\ntts-1\r\n--XX--")
                .model,
            "tts-1");
}

TEST(MultipartReader, DoesNotTakeAFileNameForAName) {
  EXPECT_EQ(read(part("filename=\"model\"", "x") + "--XX--\r\n").model, "");
  EXPECT_EQ(read(part("name=\"file\"; filename=\"a; name=model\"", "x") + "--XX--\r\n").model, "");
}

TEST(MultipartReader, IgnoresAValueThatIsTooLongOrCut) {
  EXPECT_EQ(read(part("name=\"model\"", std::string(2000, 'm')) + "--XX--\r\n").model, "");
  EXPECT_EQ(read("--XX\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhis").model, "");
}

TEST(MultipartReader, FlagsDuplicates) {
  EXPECT_TRUE(
      read(part("name=\"model\"", "a") + part("name=\"model\"", "b") + "--XX--").duplicate_keys);
}

TEST(MultipartReader, GivesUpOnEndlessHeaders) {
  EXPECT_EQ(read_in_pieces("multipart/form-data; boundary=XX",
                           "--XX\r\nX: " + std::string(100'000, 'h') + "\r\n\r\n" +
                               part("name=\"model\"", "a") + "--XX--",
                           4096)
                .model,
            "");
}

}  // namespace
}  // namespace tokenweir::provider

// Reads the few small form fields the product wants out of a multipart/form-data body (RFC 7578)
// and skips its files without keeping them. Private to the request reader.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tokenweir::provider {

class RequestFacts;

// Whether a body of this type, read as UTF-8, has its structure where a server that goes by the
// type's charset has it. In Shift JIS a letter may end in a backslash.
[[nodiscard]] bool has_plain_charset(std::string_view content_type);

// The boundary parameter when the type is multipart/form-data and the boundary is a valid one.
[[nodiscard]] std::optional<std::string> multipart_boundary(std::string_view content_type);

class MultipartReader {
 public:
  explicit MultipartReader(std::string_view boundary);

  void feed(std::string_view bytes, RequestFacts& facts);

 private:
  enum class State { preamble, delimiter, headers, body, done };

  bool step(RequestFacts& facts);
  bool step_delimiter();
  bool step_headers(RequestFacts& facts);
  bool step_body(RequestFacts& facts);

  std::string delimiter_;  // CRLF, two hyphens, the boundary
  State state_ = State::preamble;
  std::string window_;  // unread bytes: never more than a chunk and a delimiter
  std::string name_;    // of a wanted part; empty for files and unwanted ones
  std::string value_;
};

}  // namespace tokenweir::provider

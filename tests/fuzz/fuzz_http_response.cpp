// Response heads, for any request method. Same oracles as for requests.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "http/write.h"

namespace {

using namespace tokenweir::http;

void require(bool truth) {
  if (!truth) std::abort();
}

Progress parse_exactly(std::string_view bytes, std::string_view method,
                       std::unique_ptr<char[]>& buffer, std::size_t& scanned, ResponseHead& head) {
  buffer = std::make_unique<char[]>(bytes.size());
  bytes.copy(buffer.get(), bytes.size());
  HeadError error;
  return parse_response_head(std::string_view(buffer.get(), bytes.size()), {}, method, scanned,
                             head, error);
}

void check_read_back(const ResponseHead& head, std::string_view method) {
  std::string out;
  append_response_head(out, head, head.framing, 1, false, {});
  ResponseHead again;
  HeadError error;
  std::size_t scanned = 0;
  Limits roomy;
  roomy.line_bytes *= 2;
  roomy.head_bytes *= 2;
  roomy.fields += 2;  // Connection and Content-Length may be new.
  require(parse_response_head(out, roomy, method, scanned, again, error) == Progress::complete);
  require(again.size == out.size());
  require(again.status == head.status && again.reason == head.reason);
  require(again.framing.kind == head.framing.kind);
  require(again.framing.length == head.framing.length);
  require(again.framing.kind != FramingKind::until_close || !again.keep_alive);
  require(again.fields.size() <= head.fields.size() + 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  constexpr std::string_view kMethods[] = {"GET", "POST", "HEAD", "CONNECT"};
  const std::string_view method = kMethods[data[0] % 4];
  const std::size_t split = data[1] % size;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  std::unique_ptr<char[]> buffer;
  ResponseHead head;
  std::size_t scanned = 0;
  const Progress whole = parse_exactly(bytes, method, buffer, scanned, head);

  std::unique_ptr<char[]> cut_buffer;
  ResponseHead cut;
  std::size_t cut_scanned = 0;
  Progress in_pieces = parse_exactly(bytes.substr(0, split), method, cut_buffer, cut_scanned, cut);
  if (in_pieces == Progress::need_more) {
    in_pieces = parse_exactly(bytes, method, cut_buffer, cut_scanned, cut);
  }
  require((whole == Progress::complete) == (in_pieces == Progress::complete));
  if (whole != Progress::complete) return 0;
  require(head.size == cut.size && head.status == cut.status);
  require(head.framing.kind == cut.framing.kind && head.framing.length == cut.framing.length);
  require(head.framing.kind != FramingKind::until_close || !head.keep_alive);
  check_read_back(head, method);
  return 0;
}

// Request heads. What is accepted is the same however it arrives, and what we write from it is read
// back as exactly one message with the same method, target and body framing.
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

// In a buffer of exactly that size, so that a read past the end is seen.
Progress parse_exactly(std::string_view bytes, std::unique_ptr<char[]>& buffer,
                       std::size_t& scanned, RequestHead& head) {
  buffer = std::make_unique<char[]>(bytes.size());
  bytes.copy(buffer.get(), bytes.size());
  HeadError error;
  const Progress progress =
      parse_request_head(std::string_view(buffer.get(), bytes.size()), {}, scanned, head, error);
  require(progress != Progress::failed || (error.status >= 400 && !error.reason.empty()));
  return progress;
}

void check_read_back(const RequestHead& head) {
  std::string out;
  const std::string_view target = head.path_and_query.empty() ? "*" : head.path_and_query;
  append_request_head(out, head, target, head.host, head.framing, {});
  RequestHead again;
  HeadError error;
  std::size_t scanned = 0;
  Limits roomy;  // Our spelling may be a little longer than what was received.
  roomy.line_bytes *= 2;
  roomy.head_bytes *= 2;
  roomy.fields += 2;  // Connection and Content-Length may be new.
  require(parse_request_head(out, roomy, scanned, again, error) == Progress::complete);
  require(again.size == out.size());
  require(again.method == head.method);
  require(again.target == target);
  require(again.host == head.host);
  require(again.framing.kind == head.framing.kind);
  require(again.framing.length == head.framing.length);
  require(again.fields.size() <= head.fields.size() + 1);
  require(again.upgrade.empty() && find(again.fields, "connection") == nullptr);
  for (const Field& field : again.fields) {
    if (equals_ignoring_case(field.name, "host")) continue;
    require(find(head.fields, field.name) != nullptr);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t split = (std::size_t{data[0]} << 8 | data[1]) % size;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  std::unique_ptr<char[]> buffer;
  RequestHead head;
  std::size_t scanned = 0;
  const Progress whole = parse_exactly(bytes, buffer, scanned, head);

  std::unique_ptr<char[]> cut_buffer;
  RequestHead cut;
  std::size_t cut_scanned = 0;
  Progress in_pieces = parse_exactly(bytes.substr(0, split), cut_buffer, cut_scanned, cut);
  if (in_pieces == Progress::need_more) {
    in_pieces = parse_exactly(bytes, cut_buffer, cut_scanned, cut);
  }
  require((whole == Progress::complete) == (in_pieces == Progress::complete));
  if (whole != Progress::complete) return 0;
  require(head.size == cut.size && head.fields.size() == cut.fields.size());
  require(head.target == cut.target && head.framing.length == cut.framing.length);
  check_read_back(head);
  return 0;
}

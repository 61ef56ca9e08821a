// Bodies. Any split decodes alike; what is decoded, written in chunks again, decodes to the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "http/body.h"
#include "http/write.h"

namespace {

using namespace tokenweir::http;

void require(bool truth) {
  if (!truth) std::abort();
}

struct Decoded {
  std::string data;
  std::size_t consumed = 0;
  bool done = false;
  bool failed = false;

  bool operator==(const Decoded&) const = default;
};

Decoded decode(Framing framing, std::string_view bytes, std::size_t piece_size) {
  BodyDecoder decoder(framing);
  Decoded decoded;
  while (decoded.consumed < bytes.size()) {
    const std::string_view piece = bytes.substr(decoded.consumed, piece_size);
    const auto buffer = std::make_unique<char[]>(piece.size());
    piece.copy(buffer.get(), piece.size());
    std::string_view rest(buffer.get(), piece.size());
    while (!rest.empty()) {
      const BodyDecoder::Step step = decoder.next(rest);
      require(step.consumed <= rest.size() && step.data.size() <= step.consumed);
      decoded.data += step.data;
      decoded.consumed += step.consumed;
      rest.remove_prefix(step.consumed);
      if (step.consumed == 0) break;
    }
    if (!rest.empty()) break;
  }
  decoded.done = decoder.done();
  decoded.failed = decoder.failed();
  require(decoded.done || decoded.failed || decoded.consumed == bytes.size());
  return decoded;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t piece = 1 + data[0] % 16;
  const FramingKind kind =
      data[1] % 8 == 0 ? FramingKind::length
                       : (data[1] % 8 == 1 ? FramingKind::until_close : FramingKind::chunked);
  const Framing framing{kind, data[1]};
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const Decoded whole = decode(framing, bytes, bytes.size() + 1);
  require(decode(framing, bytes, piece) == whole);

  std::string chunks;
  for (std::size_t at = 0; at < whole.data.size(); at += piece) {
    const std::string_view part = std::string_view(whole.data).substr(at, piece);
    append_chunk_size(chunks, part.size());
    chunks.append(part).append("\r\n");
  }
  chunks += "0\r\n\r\n";
  const Decoded again = decode({FramingKind::chunked, 0}, chunks, piece + 3);
  require(again.done && again.data == whole.data && again.consumed == chunks.size());
  return 0;
}

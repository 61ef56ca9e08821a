// Any bytes as an event stream: the decoder reads what a plain transcription of the WHATWG rules
// reads, however the bytes are cut, and the filters that hide what we asked for only ever take
// away.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "meter/null_usage_filter.h"
#include "meter/usage_chunk_filter.h"
#include "stream/sse_decoder.h"

namespace {

using Events = std::vector<std::pair<std::string, std::string>>;  // data and name

constexpr std::size_t kNameMax = 256;  // longer names are cut by the decoder

class Collector final : public tokenweir::stream::EventSink {
 public:
  void on_event_begin() override { data_.clear(); }
  void on_event_data(std::string_view fragment) override { data_ += fragment; }
  void on_event_end(std::string_view name) override {
    events.emplace_back(data_, std::string(name.substr(0, kNameMax)));
  }
  Events events;

 private:
  std::string data_;
};

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find_first_of("\r\n");
    lines.push_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + (text.substr(end, 2) == "\r\n" ? 2 : 1));
  }
  return lines;
}

Events transcribed(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  Events events;
  std::string data;
  std::string name;
  bool any = false;
  const auto dispatch = [&] {
    if (any) events.emplace_back(data.substr(0, data.size() - 1), name.substr(0, kNameMax));
    any = false;
    data.clear();
    name.clear();
  };
  for (const std::string_view line : lines_of(text)) {
    if (line.empty()) {
      dispatch();
      continue;
    }
    const std::size_t colon = line.find(':');
    const std::string_view field = line.substr(0, colon);
    std::string_view value = colon == std::string_view::npos ? "" : line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (field == "data") {
      any = true;
      data.append(value).push_back('\n');
    } else if (field == "event") {
      name = value;
    }
  }
  dispatch();
  return events;
}

template <typename Step>
void in_pieces(std::string_view text, std::size_t piece, Step step) {
  for (; !text.empty(); text.remove_prefix(std::min(piece, text.size()))) {
    const std::string bytes(text.substr(0, piece));
    step(bytes);
  }
}

Events decoded(std::string_view text, std::size_t piece) {
  tokenweir::stream::SseDecoder decoder;
  Collector collector;
  in_pieces(text, piece, [&](const std::string& bytes) { decoder.feed(bytes, collector); });
  decoder.finish(collector);
  return collector.events;
}

std::string filtered(std::string_view text, std::size_t piece) {
  tokenweir::meter::UsageChunkFilter chunks;
  tokenweir::meter::NullUsageFilter nulls;
  std::string kept;
  std::string out;
  in_pieces(text, piece, [&](const std::string& bytes) {
    kept.clear();
    chunks.feed(bytes, kept);
    nulls.feed(kept, out);
  });
  kept.clear();
  chunks.finish(kept);
  nulls.feed(kept, out);
  nulls.finish(out);
  return out;
}

bool is_subsequence(std::string_view part, std::string_view whole) {
  std::size_t at = 0;
  for (const char byte : whole) at += at < part.size() && part[at] == byte ? 1 : 0;
  return at == part.size();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::size_t piece = static_cast<std::size_t>(data[0] % 31) + 1;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Events expected = transcribed(text);
  if (decoded(text, text.size() + 1) != expected) std::abort();
  if (decoded(text, piece) != expected) std::abort();
  const std::string whole = filtered(text, text.size() + 1);
  if (filtered(text, piece) != whole) std::abort();
  if (!is_subsequence(whole, text)) std::abort();
  return 0;
}

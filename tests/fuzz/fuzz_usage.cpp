// Any bytes as an answer: the meter must not crash, must come to the same reading however the bytes
// are cut, and must never report a figure beyond what it accepts from a provider.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "meter/answer_meter.h"

namespace {

using namespace tokenweir;

struct Place {
  provider::Family family;
  std::string_view path;
  std::string_view query;
  std::string_view content_type;
};

constexpr Place kPlaces[] = {
    {provider::Family::openai, "/v1/chat/completions", "", "text/event-stream"},
    {provider::Family::openai, "/v1/chat/completions", "", "application/json"},
    {provider::Family::openai, "/v1/responses", "", "text/event-stream"},
    {provider::Family::openai, "/v1/responses", "", "application/json"},
    {provider::Family::openai, "/v1/embeddings", "", "application/json"},
    {provider::Family::openai, "/v1/images/generations", "", "application/json"},
    {provider::Family::openai, "/v1/audio/transcriptions", "", ""},
    {provider::Family::anthropic, "/v1/messages", "", "text/event-stream"},
    {provider::Family::anthropic, "/v1/messages", "", "application/json"},
    {provider::Family::gemini, "/v1/models/m:streamGenerateContent", "alt=sse",
     "text/event-stream"},
    {provider::Family::gemini, "/v1/models/m:streamGenerateContent", "", "application/json"},
    {provider::Family::vertex, "/v1/publishers/google/models/m:predict", "", "application/json"},
    {provider::Family::gemini, "/v1beta/interactions", "", "application/json"},
    {provider::Family::cohere, "/v2/chat", "", "text/event-stream"},
    {provider::Family::cohere, "/v1/chat", "", "application/stream+json"},
    {provider::Family::ollama, "/api/chat", "", "application/x-ndjson"},
};

// Sums of a few figures, each of which may be a million millions.
constexpr std::uint64_t kMost = 1'000'000'000'000ULL * 256;

Answer answer_to(const Place& place, bool packed, std::string_view body, std::size_t piece) {
  const provider::Endpoint endpoint =
      provider::recognise(place.family, "POST", place.path, place.query);
  meter::AnswerMeter meter(endpoint, {place.family, true, "gemini-2.5-pro", "api.example"});
  http::ResponseHead head;
  head.status = 200;
  if (!place.content_type.empty()) head.fields.push_back({"Content-Type", place.content_type});
  if (packed) head.fields.push_back({"Content-Encoding", "gzip"});
  meter.begin(head);
  while (!body.empty()) {
    const std::string bytes(body.substr(0, piece));
    meter.feed(bytes);
    body.remove_prefix(bytes.size());
  }
  meter.finish(true);
  return meter.take();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const Place& place = kPlaces[data[0] % std::size(kPlaces)];
  const bool packed = (data[0] & 0x80) != 0;
  const std::size_t piece = static_cast<std::size_t>(data[1] % 31) + 1;
  const std::string_view body(reinterpret_cast<const char*>(data) + 2, size - 2);

  const Answer whole = answer_to(place, packed, body, body.size());
  if (!(answer_to(place, packed, body, piece) == whole)) std::abort();
  for (const Inference& inference : whole.inferences) {
    if (inference.usage.empty()) std::abort();
    for (const auto& count : inference.usage.tokens) {
      if (count && *count > kMost) std::abort();
    }
  }
  if (whole.raw_usage.size() > 64 * 1024) std::abort();
  return 0;
}

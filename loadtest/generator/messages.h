// What the two ends say to each other, known to both so that the load generator can tell a changed
// byte. Shapes follow OpenAI's chat completions; sizes are those of the published figures (2 KB
// in, 1.5 KB out).
#pragma once

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace loadtest {

// The stamp travels in the field OpenAI itself pads its events with: a fixed number of digits of
// CLOCK_MONOTONIC nanoseconds after this marker.
inline constexpr std::string_view kStampMarker = "\"obfuscation\":\"";
inline constexpr std::size_t kStampDigits = 20;

// Lets a request choose how the mock provider answers. Proxies pass these fields on like any other.
inline constexpr std::string_view kEventsField = "x-mock-events";
inline constexpr std::string_view kIntervalField = "x-mock-interval-us";
inline constexpr std::string_view kBytesField = "x-mock-bytes";

// Text of exactly `size` bytes that looks like prose to a tokenizer or compressor.
inline std::string prose(std::size_t size) {
  constexpr std::string_view kSentence =
      "The customer writes that the parcel was promised for Tuesday, that nobody rang, and asks "
      "what "
      "happens next. ";
  std::string text;
  while (text.size() < size) text += kSentence;
  text.resize(size);
  return text;
}

// A JSON chat completion of 1.25 KB with its usage.
inline std::string completion_body(std::size_t content_size = 700) {
  return R"({"id":"chatcmpl-B9MHDbslfkBeAs8l4bebGdFOJ6PeG","object":"chat.completion","created":1741570283,)"
         R"("model":"gpt-4o-mini-2024-07-18","choices":[{"index":0,"message":{"role":"assistant","content":")" +
         prose(content_size) +
         R"(","refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],)"
         R"("usage":{"prompt_tokens":412,"completion_tokens":143,"total_tokens":555,)"
         R"("prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},)"
         R"("completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,)"
         R"("accepted_prediction_tokens":0,"rejected_prediction_tokens":0}},)"
         R"("service_tier":"default","system_fingerprint":"fp_fc9f1d7035"})";
}

// A chat request of 2.05 KB.
inline std::string request_body(bool stream) {
  return R"({"model":"gpt-4o-mini","messages":[{"role":"system","content":")" + prose(700) +
         R"("},{"role":"user","content":")" + prose(520) + R"("},{"role":"assistant","content":")" +
         prose(300) + R"("},{"role":"user","content":")" + prose(270) +
         R"("}],"temperature":0.2,"max_tokens":400,)" + (stream ? R"("stream":true,)" : "") +
         R"("user":"customer-4711"})";
}

// One whole request; `extra` is header lines, each ending in CRLF.
inline std::string request_message(std::string_view authority, std::string_view path, bool stream,
                                   std::string_view extra) {
  const std::string body = request_body(stream);
  std::string message = "POST ";
  message += path;
  message += " HTTP/1.1\r\nHost: ";
  message += authority;
  message +=
      "\r\nAccept: application/json\r\nContent-Type: application/json\r\n"
      "User-Agent: OpenAI/Python 1.66.3\r\nX-Stainless-Lang: python\r\n"
      "X-Stainless-Package-Version: 1.66.3\r\nX-Stainless-OS: Linux\r\nX-Stainless-Arch: x64\r\n"
      "X-Stainless-Runtime: CPython\r\nX-Stainless-Runtime-Version: 3.11.2\r\n"
      "X-LLM-Workflow: support-triage\r\n"
      "Authorization: Bearer sk-loadtest-0123456789abcdef0123456789\r\n";
  message += extra;
  message += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  return message;
}

// One streamed event with its stamp.
inline std::string event_text(std::int64_t stamp) {
  std::string digits(kStampDigits, '0');
  const std::string number = std::to_string(stamp);
  digits.replace(kStampDigits - number.size(), number.size(), number);
  return R"(data: {"id":"chatcmpl-B9MHDbslfkBeAs8l4bebGdFOJ6PeG","object":"chat.completion.chunk",)"
         R"("created":1741570283,"model":"gpt-4o-mini-2024-07-18","service_tier":"default",)"
         R"("system_fingerprint":"fp_fc9f1d7035","choices":[{"index":0,"delta":{"content":" parcel"},)"
         R"("logprobs":null,"finish_reason":null}],"obfuscation":")" +
         digits + "\"}\n\n";
}

}  // namespace loadtest

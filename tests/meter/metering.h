// Runs the meter over an answer's bytes, for the tests of this room.
#pragma once

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include "meter/answer_meter.h"

namespace tokenweir::meter {

struct Metered {
  provider::Family family = provider::Family::openai;
  std::string path = "/v1/chat/completions";
  std::string query;
  std::string content_type = "application/json";
  std::string content_encoding;
  std::string model = "asked-model";
  int status = 200;
  bool streaming = false;
  bool whole = true;
  std::string method = "POST";
};

// Feeds `body` in pieces of `size` bytes; `observe` sees the meter before the end.
template <typename Observe>
Answer meter_in_pieces(const Metered& how, std::string_view body, std::size_t size,
                       Observe observe) {
  const provider::Endpoint endpoint =
      provider::recognise(how.family, how.method, how.path, how.query);
  Question question;
  question.family = how.family;
  question.streaming = how.streaming;
  question.model = how.model;
  AnswerMeter meter(endpoint, question);
  http::ResponseHead head;
  head.status = how.status;
  if (!how.content_type.empty()) head.fields.push_back({"Content-Type", how.content_type});
  if (!how.content_encoding.empty()) {
    head.fields.push_back({"content-encoding", how.content_encoding});
  }
  meter.begin(head);
  while (!body.empty()) {
    const std::size_t piece = std::min(size, body.size());
    // A copy of its own, so that a view kept beyond the call is found by the sanitizer.
    const std::string bytes(body.substr(0, piece));
    meter.feed(bytes);
    body.remove_prefix(piece);
  }
  observe(meter);
  meter.finish(how.whole);
  return meter.take();
}

inline Answer meter_in_pieces(const Metered& how, std::string_view body, std::size_t size) {
  return meter_in_pieces(how, body, size, [](const AnswerMeter&) {});
}

inline Answer meter_whole(const Metered& how, std::string_view body) {
  return meter_in_pieces(how, body, std::max<std::size_t>(body.size(), 1));
}

inline Usage sum_of(const Answer& answer) {
  Usage sum;
  for (const Inference& inference : answer.inferences) sum.add(inference.usage);
  return sum;
}

inline std::string recorded(std::string_view name) {
  std::ifstream file(std::string(TOKENWEIR_SOURCE_DIR "/tests/recorded/") + std::string(name),
                     std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace tokenweir::meter

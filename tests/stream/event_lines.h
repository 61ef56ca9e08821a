// What an EventSink saw, and the three ways of cutting its bytes that every decoder test uses.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "stream/event_sink.h"

namespace tokenweir::stream {

struct SeenEvent {
  std::string name;
  std::string data;
  bool ended = false;

  friend bool operator==(const SeenEvent&, const SeenEvent&) = default;
};

// A whole event.
inline SeenEvent event(std::string data, std::string name = "") {
  return SeenEvent{std::move(name), std::move(data), true};
}

inline std::ostream& operator<<(std::ostream& out, const SeenEvent& event) {
  return out << "{" << event.name << "|" << event.data << (event.ended ? "}" : " (open)}");
}

class SeenEvents final : public EventSink {
 public:
  void on_event_begin() override {
    EXPECT_TRUE(events.empty() || events.back().ended) << "an event inside an event";
    events.emplace_back();
  }
  void on_event_data(std::string_view fragment) override {
    ASSERT_FALSE(events.empty());
    EXPECT_FALSE(events.back().ended);
    EXPECT_FALSE(fragment.empty());
    events.back().data += fragment;
    largest_fragment = std::max(largest_fragment, fragment.size());
  }
  void on_event_end(std::string_view name) override {
    ASSERT_FALSE(events.empty());
    events.back().name = name;
    events.back().ended = true;
  }

  std::vector<SeenEvent> events;
  std::size_t largest_fragment = 0;
};

using Events = std::vector<SeenEvent>;

template <typename Decoder>
Events decode_in_pieces(std::string_view text, std::size_t first, std::size_t piece) {
  Decoder decoder;
  SeenEvents seen;
  if (first > 0) decoder.feed(text.substr(0, first), seen);
  for (std::size_t at = first; at < text.size(); at += piece) {
    // A copy of its own size lets the address sanitizer see reads past the piece.
    const std::string copy(text.substr(at, piece));
    decoder.feed(copy, seen);
  }
  decoder.finish(seen);
  return seen.events;
}

// Reads whole, cut once at every byte, and byte by byte: all must agree.
template <typename Decoder>
Events decode(std::string_view text) {
  const Events whole = decode_in_pieces<Decoder>(text, text.size(), 1);
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    EXPECT_EQ(decode_in_pieces<Decoder>(text, cut, text.size() + 1), whole) << "cut at " << cut;
  }
  EXPECT_EQ(decode_in_pieces<Decoder>(text, 0, 1), whole);
  return whole;
}

}  // namespace tokenweir::stream

#include "meter/usage_chunk_filter.h"

#include <utility>

#include "stream/json_extractor.h"
#include "stream/sse_decoder.h"

namespace tokenweir::meter {

namespace {

// A usage chunk has a few hundred bytes. What is longer than this is something else.
constexpr std::size_t kHoldMax = 64 * 1024;

struct ChunkPaths {
  stream::PathSet set;
  int choices = set.add("choices", 1);
  int choice = set.add("choices[]", 0);
  int usage = set.add("usage", 4);
  int error = set.add("error", 4);
};

const ChunkPaths& chunk_paths() {
  static const ChunkPaths paths;
  return paths;
}

// Decides about one event, as early as its bytes allow.
class Judge final : public stream::EventSink, public stream::JsonSink {
 public:
  Judge() : chunk_(chunk_paths().set) {}

  // The event cannot be the usage chunk any more, or there is no event.
  [[nodiscard]] bool harmless() const { return !suspected_; }

  void on_event_begin() override {
    chunk_.reset();
    suspected_ = true;
    no_choices_ = false;
    usage_ = false;
  }
  void on_event_data(std::string_view fragment) override {
    if (!suspected_) return;
    chunk_.feed(fragment, *this);
    if (chunk_.failed()) suspected_ = false;
  }
  void on_event_end(std::string_view /*name*/) override {
    if (!suspected_) return;
    chunk_.finish(*this);
    suspected_ = chunk_.complete() && no_choices_ && usage_;
  }
  void on_begin(int path) override {
    if (path == chunk_paths().choice) suspected_ = false;
  }
  void on_value(const stream::JsonValue& value) override {
    const ChunkPaths& paths = chunk_paths();
    const bool null = value.raw == "null" && !value.cut;
    if (value.path == paths.choices) {
      no_choices_ = value.raw == "[";
      if (!no_choices_) suspected_ = false;
    } else if (value.path == paths.usage) {
      usage_ = !null;
    } else if (value.path == paths.error && !null) {
      suspected_ = false;
    }
  }
  void let_go() { suspected_ = false; }

 private:
  stream::JsonExtractor chunk_;
  bool suspected_ = false;
  bool no_choices_ = false;
  bool usage_ = false;
};

}  // namespace

struct UsageChunkFilter::State {
  using Line = stream::SseDecoder::Line;

  void feed(std::string_view bytes, std::string& out);
  void finish(std::string& out);

  stream::SseDecoder decoder;
  Judge judge;
  std::string held;      // the undecided event's bytes of earlier calls
  std::string comments;  // comment lines among them, which survive a removal
  bool in_event = false;             // a field line of an event has begun
  bool comment_ended = false;        // the line before was a comment inside an event
  bool removed_last = false;         // the line before ended the removed chunk
  bool removed_any = false;

 private:
  void release_held(std::string& out) {
    out.append(held);
    held.clear();
    comments.clear();
  }
};

// Bytes before `decided` are in `out` or removed for good; from `event` on they belong to the event
// that is not decided yet. Everything in between may go at once.
void UsageChunkFilter::State::feed(std::string_view bytes, std::string& out) {
  std::size_t at = 0;
  std::size_t decided = 0;
  std::size_t event = 0;
  while (at < bytes.size()) {
    const auto [consumed, line] = decoder.feed_line(bytes.substr(at), judge);
    const std::string_view text = bytes.substr(at, consumed);
    at += consumed;
    const bool after_removal = std::exchange(removed_last, false);
    const bool after_comment = std::exchange(comment_ended, false);
    switch (line) {
      case Line::partial:
      case Line::field:
        in_event = true;
        break;
      case Line::comment:
        if (in_event) comments.append(text);
        comment_ended = in_event;
        break;
      case Line::line_feed:
        if (after_removal) decided = event = at;
        if (after_comment) {
          comments.append(text);
          comment_ended = true;
        }
        break;
      case Line::blank:
        in_event = false;
        break;
      case Line::event_end:
        in_event = false;
        if (judge.harmless()) break;
        out.append(bytes.substr(decided, event - decided));
        out.append(comments);
        held.clear();
        comments.clear();
        decided = event = at;
        removed_last = true;
        removed_any = true;
        judge.let_go();
        break;
    }
  }
}

}  // namespace tokenweir::meter

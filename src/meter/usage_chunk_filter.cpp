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
  enum class Verdict : std::uint8_t { open, harmless, usage_chunk };

  Judge() : chunk_(chunk_paths().set) {}

  [[nodiscard]] Verdict verdict() const { return verdict_; }
  void start(Verdict verdict) { verdict_ = verdict; }

  void on_event_begin() override {
    chunk_.reset();
    no_choices_ = false;
    usage_ = false;
  }
  void on_event_data(std::string_view fragment) override {
    if (verdict_ != Verdict::open) return;
    chunk_.feed(fragment, *this);
    if (chunk_.failed()) verdict_ = Verdict::harmless;
  }
  void on_event_end(std::string_view /*name*/) override {
    if (verdict_ != Verdict::open) return;
    chunk_.finish(*this);
    if (verdict_ != Verdict::open) return;
    const bool usage_chunk = chunk_.complete() && chunk_.root_is_object() && no_choices_ && usage_;
    verdict_ = usage_chunk ? Verdict::usage_chunk : Verdict::harmless;
  }
  void on_begin(int path) override {
    if (path == chunk_paths().choice) verdict_ = Verdict::harmless;
  }
  void on_value(const stream::JsonValue& value) override {
    const ChunkPaths& paths = chunk_paths();
    const bool null = value.raw == "null";
    if (value.path == paths.choices) {
      no_choices_ = value.raw == "[";
      if (!no_choices_) verdict_ = Verdict::harmless;
    } else if (value.path == paths.usage) {
      usage_ = !null;
    } else if (value.path == paths.error && !null) {
      verdict_ = Verdict::harmless;
    }
  }

 private:
  stream::JsonExtractor chunk_;
  Verdict verdict_ = Verdict::open;
  bool no_choices_ = false;
  bool usage_ = false;
};

}  // namespace

struct UsageChunkFilter::State {
  using Line = stream::SseDecoder::Line;
  enum class Fate : std::uint8_t { passed, comment_kept, removed };

  void feed(std::string_view bytes, std::string& out);
  void finish(std::string& out);
  // Whether the answer turned out to be a JSON document, which nobody may hold back.
  bool is_document(std::string_view bytes) {
    if (begun) return document;
    const std::size_t first = bytes.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return false;
    begun = true;
    document = bytes[first] == '{' || bytes[first] == '[';
    return document;
  }
  // The event turned out harmless: what was held back of it goes first.
  void release(std::string& out) {
    out.append(held);
    held.clear();
    comments.clear();
    holding = false;
  }
  void remove(std::string& out) {
    out.append(comments);
    held.clear();
    comments.clear();
    holding = false;
    removed_any = true;
  }

  stream::SseDecoder decoder;
  Judge judge;
  std::string held;       // the undecided event's bytes of earlier calls
  std::string comments;   // comment lines among them, which survive a removal
  bool holding = false;   // an event has begun and is not decided
  bool in_block = false;  // behind an event's first line, before its blank line
  bool mid_line = false;
  bool comment = false;  // the present line is one
  Fate last_line = Fate::passed;
  bool begun = false;     // more than white space has come
  bool document = false;  // and it begins like JSON
  bool removed_any = false;
};

// Bytes before `decided` are in `out` or removed for good. While holding, those from `event` on
// (and `held` before them) await the verdict.
void UsageChunkFilter::State::feed(std::string_view bytes, std::string& out) {
  if (is_document(bytes)) {
    release(out);
    out.append(bytes);
    return;
  }
  std::size_t at = 0;
  std::size_t decided = 0;
  std::size_t event = 0;
  while (at < bytes.size()) {
    const std::size_t start = at;
    // The judge hears a line's data while it is read, so it must be open before an event's first.
    if (!in_block) judge.start(Judge::Verdict::open);
    const auto [consumed, line] = decoder.feed_line(bytes.substr(at), judge);
    at += consumed;
    const std::string_view text = bytes.substr(start, consumed);
    if (line == Line::line_feed) {
      if (last_line == Fate::removed) decided = at;
      if (last_line == Fate::comment_kept) comments.append(text);
      last_line = Fate::passed;
      continue;
    }
    const bool line_starts = !std::exchange(mid_line, line == Line::partial);
    last_line = Fate::passed;
    if (line == Line::blank || line == Line::event_end) {
      in_block = false;
      // The judge reads a line before this loop knows its kind: it must be ready by now.
      const Judge::Verdict verdict = judge.verdict();
      judge.start(Judge::Verdict::open);
      if (!holding) continue;
      if (verdict == Judge::Verdict::usage_chunk) {
        out.append(bytes.substr(decided, event - decided));
        remove(out);
        decided = at;
        last_line = Fate::removed;
      } else {
        release(out);
      }
      continue;
    }
    if (line_starts) comment = text.front() == ':';
    if (!comment && !in_block) {
      in_block = true;
      holding = true;
      event = start;
    }
    if (!holding) continue;
    if (comment) {
      comments.append(text);
      if (line != Line::partial) last_line = Fate::comment_kept;
    }
    if (held.size() + (at - event) > kHoldMax) judge.start(Judge::Verdict::harmless);
    if (judge.verdict() == Judge::Verdict::harmless) release(out);
  }
  const std::size_t end = holding ? event : bytes.size();
  out.append(bytes.substr(decided, end - decided));
  if (holding) held.append(bytes.substr(event));
}

void UsageChunkFilter::State::finish(std::string& out) {
  decoder.finish(judge);
  if (!holding) return;
  if (judge.verdict() == Judge::Verdict::usage_chunk) {
    remove(out);
  } else {
    release(out);
  }
}

UsageChunkFilter::UsageChunkFilter() : state_(std::make_unique<State>()) {}
UsageChunkFilter::~UsageChunkFilter() = default;
UsageChunkFilter::UsageChunkFilter(UsageChunkFilter&&) noexcept = default;
UsageChunkFilter& UsageChunkFilter::operator=(UsageChunkFilter&&) noexcept = default;

void UsageChunkFilter::feed(std::string_view bytes, std::string& out) { state_->feed(bytes, out); }
void UsageChunkFilter::finish(std::string& out) { state_->finish(out); }
bool UsageChunkFilter::removed_any() const { return state_->removed_any; }

}  // namespace tokenweir::meter

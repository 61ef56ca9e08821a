#include "stream/decompressor.h"

#include <algorithm>
#include <string>

#include "stream/codec.h"

namespace tokenweir::stream {

namespace {

// Nobody applies more than two; a longer list only multiplies the work.
constexpr std::size_t kStagesMax = 3;

std::string lower_trimmed(std::string_view token) {
  while (!token.empty() && (token.front() == ' ' || token.front() == '\t')) token.remove_prefix(1);
  while (!token.empty() && (token.back() == ' ' || token.back() == '\t')) token.remove_suffix(1);
  std::string out(token);
  for (char& letter : out) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return out;
}

std::unique_ptr<Codec> codec_named(std::string_view name) {
  if (name == "gzip" || name == "x-gzip") return make_gzip_codec();
  if (name == "deflate") return make_deflate_codec();
  if (name == "br") return make_brotli_codec();
  if (name == "zstd") return make_zstd_codec();
  return nullptr;
}

}  // namespace

struct Decompressor::Stage {
  std::unique_ptr<Codec> codec;
  std::uint64_t output = 0;
};

// Counts what a stage puts out and passes it to the next one, or to the caller's sink.
class Decompressor::Output final : public CodecOutput {
 public:
  Output(Decompressor& owner, std::size_t stage, ByteSink& sink)
      : owner_(owner), stage_(stage), sink_(sink) {}

  bool write(std::string_view bytes) override {
    std::uint64_t& output = owner_.stages_[stage_].output;
    output += bytes.size();
    if (!owner_.within_bounds(output)) {
      owner_.state_ = State::bound_exceeded;
    } else if (stage_ + 1 == owner_.stages_.size()) {
      sink_.on_bytes(bytes);
    } else {
      owner_.decode(stage_ + 1, bytes, sink_);
    }
    return owner_.state_ == State::ok;
  }

 private:
  Decompressor& owner_;
  std::size_t stage_;
  ByteSink& sink_;
};

Decompressor::Decompressor(std::string_view content_encoding)
    : Decompressor(content_encoding, Bounds()) {}

Decompressor::Decompressor(std::string_view content_encoding, const Bounds& bounds)
    : bounds_(bounds) {
  std::string_view rest = content_encoding;
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string name = lower_trimmed(rest.substr(0, comma));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    if (name.empty() || name == "identity") continue;
    std::unique_ptr<Codec> codec = codec_named(name);
    if (!codec || stages_.size() == kStagesMax) {
      state_ = State::unsupported;
      stages_.clear();
      return;
    }
    stages_.insert(stages_.begin(), Stage{std::move(codec)});
  }
}

Decompressor::~Decompressor() = default;
Decompressor::Decompressor(Decompressor&&) noexcept = default;
Decompressor& Decompressor::operator=(Decompressor&&) noexcept = default;

Decompressor::State Decompressor::feed(std::string_view bytes, ByteSink& sink) {
  if (state_ != State::ok || bytes.empty()) return state_;
  if (stages_.empty()) {
    sink.on_bytes(bytes);
  } else {
    input_ += bytes.size();
    decode(0, bytes, sink);
  }
  return state_;
}

void Decompressor::decode(std::size_t stage, std::string_view bytes, ByteSink& sink) {
  Output output(*this, stage, sink);
  switch (stages_[stage].codec->decode(bytes, output)) {
    case Codec::Outcome::ok:
    case Codec::Outcome::stopped:  // state_ says why
      break;
    case Codec::Outcome::window_too_large:
      state_ = State::bound_exceeded;
      break;
    case Codec::Outcome::corrupt:
      state_ = State::corrupt;
      break;
  }
}

bool Decompressor::within_bounds(std::uint64_t output) const {
  if (output > bounds_.output_max) return false;
  return output <= bounds_.ratio_grace || output / bounds_.ratio_max <= input_;
}

Decompressor::State Decompressor::finish() {
  if (state_ != State::ok) return state_;
  for (const Stage& stage : stages_) {
    if (!stage.codec->at_end()) state_ = State::corrupt;
  }
  return state_;
}

}  // namespace tokenweir::stream

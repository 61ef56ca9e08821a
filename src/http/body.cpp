#include "http/body.h"

#include <algorithm>

#include "http/characters.h"

namespace tokenweir::http {
namespace {

// Places inside a chunk extension: *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] ).
enum Extension : std::uint8_t {
  kBeforeSemicolon,
  kAfterSemicolon,
  kName,
  kAfterName,
  kAfterEquals,
  kValue,
  kQuoted,
  kEscaped,
  kAfterValue,
  kMalformed
};

Extension after_part(char c) {
  if (c == ';') return kAfterSemicolon;
  return is_blank(c) ? kBeforeSemicolon : kMalformed;
}

Extension step_extension(Extension place, char c) {
  const bool token = is(c, kTokenCharacter);
  switch (place) {
    case kBeforeSemicolon:
    case kAfterValue:
      return after_part(c);
    case kAfterSemicolon:
      return token ? kName : is_blank(c) ? kAfterSemicolon : kMalformed;
    case kName:
      if (token) return kName;
      [[fallthrough]];
    case kAfterName:
      if (c == '=') return kAfterEquals;
      if (c == ';') return kAfterSemicolon;
      return is_blank(c) ? kAfterName : kMalformed;
    case kAfterEquals:
      if (c == '"') return kQuoted;
      return token ? kValue : is_blank(c) ? kAfterEquals : kMalformed;
    case kValue:
      return token ? kValue : after_part(c);
    case kQuoted:
      if (c == '"') return kAfterValue;
      if (c == '\\') return kEscaped;
      return is(c, kValueCharacter) ? kQuoted : kMalformed;
    case kEscaped:
      return is(c, kValueCharacter) ? kQuoted : kMalformed;
    case kMalformed:
      break;
  }
  return kMalformed;
}

bool may_end_extension(Extension place) {
  return place == kName || place == kValue || place == kAfterValue;
}

// Places inside the trailer section.
enum Trailer : std::uint8_t { kLineStart, kTrailerName, kTrailerValue, kLineEnd, kSectionEnd };

unsigned hex_value(char c) {
  if (is(c, kDigit)) return static_cast<unsigned>(c - '0');
  return static_cast<unsigned>(lower(c) - 'a') + 10;
}

constexpr unsigned kChunkSizeDigits = 15;

}  // namespace

BodyDecoder::BodyDecoder(Framing framing, const Limits& limits) : limits_(limits) {
  switch (framing.kind) {
    case FramingKind::none:
      break;
    case FramingKind::length:
      left_ = framing.length;
      state_ = left_ == 0 ? State::done : State::length;
      break;
    case FramingKind::chunked:
      state_ = State::chunk_size;
      break;
    case FramingKind::until_close:
      state_ = State::until_close;
      break;
  }
}

BodyDecoder::Step BodyDecoder::next(std::string_view bytes) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    switch (state_) {
      case State::until_close:
        return {bytes.size(), bytes.substr(at)};
      case State::length:
      case State::chunk_data: {
        const auto taken =
            static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - at));
        left_ -= taken;
        if (left_ == 0) {
          state_ = state_ == State::length ? State::done : State::chunk_data_cr;
        }
        return {at + taken, bytes.substr(at, taken)};
      }
      case State::done:
      case State::failed:
        return {at, {}};
      default:
        step_framing(bytes[at]);
        if (state_ == State::failed) return {at, {}};
        ++at;
    }
  }
  return {at, {}};
}

void BodyDecoder::step_framing(char c) {
  switch (state_) {
    case State::chunk_size:
      if (++line_bytes_ > limits_.chunk_line_bytes) return fail("chunk line too long");
      if (is(c, kHexDigit)) {
        if (++detail_ > kChunkSizeDigits) return fail("chunk size too large");
        left_ = left_ * 16 + hex_value(c);
        return;
      }
      if (detail_ == 0) return fail("malformed chunk size");
      if (c == '\r') {
        state_ = State::chunk_size_lf;
        return;
      }
      if (c != ';' && !is_blank(c)) return fail("malformed chunk size");
      detail_ = after_part(c);
      state_ = State::chunk_extension;
      return;
    case State::chunk_extension: {
      if (++line_bytes_ > limits_.chunk_line_bytes) return fail("chunk line too long");
      const auto place = static_cast<Extension>(detail_);
      if (c == '\r' && may_end_extension(place)) {
        state_ = State::chunk_size_lf;
        return;
      }
      detail_ = step_extension(place, c);
      if (detail_ == kMalformed) return fail("malformed chunk extension");
      return;
    }
    case State::chunk_size_lf:
      if (c != '\n') return fail("chunk line does not end in CRLF");
      detail_ = kLineStart;
      line_bytes_ = 0;
      state_ = left_ == 0 ? State::trailer : State::chunk_data;
      return;
    case State::chunk_data_cr:
      if (c != '\r') return fail("chunk data is not followed by CRLF");
      state_ = State::chunk_data_lf;
      return;
    case State::chunk_data_lf:
      if (c != '\n') return fail("chunk data is not followed by CRLF");
      detail_ = 0;
      state_ = State::chunk_size;
      return;
    case State::trailer:
      if (++trailer_bytes_ > limits_.trailer_bytes) return fail("trailer too large");
      return step_trailer(c);
    default:
      return;
  }
}

void BodyDecoder::step_trailer(char c) {
  switch (static_cast<Trailer>(detail_)) {
    case kLineStart:
      if (c == '\r') {
        detail_ = kSectionEnd;
      } else if (is(c, kTokenCharacter)) {
        detail_ = kTrailerName;
      } else {
        fail("malformed trailer field");
      }
      return;
    case kTrailerName:
      if (c == ':') {
        detail_ = kTrailerValue;
      } else if (!is(c, kTokenCharacter)) {
        fail("malformed trailer field");
      }
      return;
    case kTrailerValue:
      if (c == '\r') {
        detail_ = kLineEnd;
      } else if (!is(c, kValueCharacter)) {
        fail("malformed trailer field");
      }
      return;
    case kLineEnd:
      if (c != '\n') return fail("trailer line does not end in CRLF");
      detail_ = kLineStart;
      return;
    case kSectionEnd:
      if (c != '\n') return fail("trailer line does not end in CRLF");
      state_ = State::done;
      return;
  }
}

void BodyDecoder::fail(std::string_view error) {
  state_ = State::failed;
  error_ = error;
}

bool BodyDecoder::finish_at_close() {
  if (state_ == State::until_close) state_ = State::done;
  if (state_ == State::done) return true;
  if (state_ != State::failed) fail("message cut short");
  return false;
}

}  // namespace tokenweir::http

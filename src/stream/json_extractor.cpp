#include "stream/json_extractor.h"

#include <algorithm>

#include "stream/byte_scan.h"
#include "stream/folded_key.h"

namespace tokenweir::stream {

namespace {

// No key of a path set can be longer than this when every byte of it is written as \uXXXX.
constexpr std::size_t kRawKeyMax = 1024;
// Capture buffers above this are given back between documents.
constexpr std::size_t kKeptBetweenDocuments = 4096;
// Room from the start for what nearly all documents need.
constexpr std::size_t kUsualDepth = 8;
constexpr std::size_t kUsualCaptures = 4;

bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }

}  // namespace

JsonExtractor::JsonExtractor(const PathSet& paths) : paths_(&paths) {
  frames_.reserve(kUsualDepth);
  captures_.reserve(kUsualCaptures);
}

void JsonExtractor::reset() {
  state_ = State::value;
  escape_ = 0;
  root_is_object_ = false;
  root_has_members_ = false;
  key_wanted_ = false;
  exact_ = true;
  node_ = 0;
  root_open_end_ = 0;
  utf8_ = Utf8Check();
  frames_.clear();
  active_ = 0;
  chunk_offset_ = 0;
  for (Capture& capture : captures_) {
    if (capture.kept.capacity() > kKeptBetweenDocuments) capture.kept = std::string();
  }
}

void JsonExtractor::feed(std::string_view bytes, JsonSink& sink) {
  if (failed() || bytes.empty()) return;
  chunk_ = bytes.data();
  for (std::size_t i = 0; i < active_; ++i) captures_[i].from = chunk_;
  key_from_ = chunk_;
  const char* const end = chunk_ + bytes.size();
  read(chunk_, end, sink);
  if (failed()) return;
  keep_captures(end);
  if (state_ == State::in_key && key_wanted_) {
    key_kept_.append(key_from_, end);
    if (key_kept_.size() > kRawKeyMax) key_wanted_ = false;
  }
  chunk_offset_ += bytes.size();
}

void JsonExtractor::finish(JsonSink& sink) {
  if (state_ != State::in_number || !frames_.empty()) return;
  // A byte that cannot belong to a number ends it; the white space itself is allowed there.
  static constexpr char kEnd[] = " ";
  chunk_ = kEnd;
  for (std::size_t i = 0; i < active_; ++i) captures_[i].from = chunk_;
  number_bytes(kEnd, kEnd + 1, sink);
}

// One loop over all states: most pieces of a document are a few bytes long.
void JsonExtractor::read(const char* at, const char* end, JsonSink& sink) {
  while (at != end) {
    const char byte = *at;
    switch (state_) {
      case State::in_string:
      case State::in_key:
        at = string_bytes(at, end, sink);
        continue;
      case State::in_number:
        at = number_bytes(at, end, sink);
        continue;
      case State::in_literal:
        at = literal_bytes(at, end, sink);
        continue;
      case State::array_start:
      case State::value:
        if (is_white_space(byte)) break;
        if (byte == ']' && state_ == State::array_start) {
          close_container(at, sink);
          break;
        }
        begin_value(at, sink);
        break;
      case State::object_start:
      case State::key:
        if (is_white_space(byte)) break;
        if (byte == '}' && state_ == State::object_start) {
          close_container(at, sink);
        } else if (byte == '"') {
          begin_key(at);
        } else {
          state_ = State::failed;
        }
        break;
      case State::colon:
        if (byte == ':') {
          state_ = State::value;
        } else if (!is_white_space(byte)) {
          state_ = State::failed;
        }
        break;
      case State::after_value: {
        const Frame& frame = frames_.back();
        if (byte == ',') {
          state_ = frame.array ? State::value : State::key;
          node_ = frame.node;
          exact_ = frame.exact;
        } else if (byte == (frame.array ? ']' : '}')) {
          close_container(at, sink);
        } else if (!is_white_space(byte)) {
          state_ = State::failed;
        }
        break;
      }
      case State::done:
        if (!is_white_space(byte)) state_ = State::failed;
        break;
      case State::failed:
        return;
    }
    ++at;
  }
}

void JsonExtractor::begin_key(const char* at) {
  if (frames_.size() == 1) root_has_members_ = true;
  state_ = State::in_key;
  key_wanted_ = frames_.back().node >= 0;
  key_kept_.clear();
  key_from_ = at;
  key_offset_ = offset_of(at);
}

void JsonExtractor::begin_value(const char* at, JsonSink& sink) {
  if (node_ >= 0) {
    const PathSet::Node& node = paths_->nodes_[static_cast<std::size_t>(node_)];
    if (node.path >= 0) {
      if (active_ == captures_.size()) captures_.emplace_back();
      Capture& capture = captures_[active_++];
      capture.path = node.path;
      capture.limit = node.capture_limit;
      capture.depth = frames_.size();
      capture.offset = offset_of(at);
      capture.key_offset = frames_.empty() || frames_.back().array ? capture.offset : key_offset_;
      capture.exact = exact_;
      capture.from = at;
      capture.kept.clear();
      sink.on_begin(node.path);
    }
  }
  switch (*at) {
    case '"':
      state_ = State::in_string;
      return;
    case '{':
    case '[':
      open_container(at, *at == '[');
      return;
    case 't':
      literal_ = "true";
      break;
    case 'f':
      literal_ = "false";
      break;
    case 'n':
      literal_ = "null";
      break;
    case '-':
      number_ = Number::minus;
      state_ = State::in_number;
      return;
    case '0':
      number_ = Number::zero;
      state_ = State::in_number;
      return;
    default:
      number_ = Number::digits;
      state_ = is_digit(*at) ? State::in_number : State::failed;
      return;
  }
  literal_at_ = 1;
  state_ = State::in_literal;
}

void JsonExtractor::open_container(const char* at, bool array) {
  if (frames_.size() == kDepthMax) {
    state_ = State::failed;
    return;
  }
  if (frames_.empty() && !array) {
    root_is_object_ = true;
    root_open_end_ = offset_of(at) + 1;
  }
  // A frame remembers only what its children need: the node of any element, or the node whose
  // children are the wanted keys.
  std::int32_t wanted = -1;
  if (node_ >= 0) {
    const PathSet::Node& node = paths_->nodes_[static_cast<std::size_t>(node_)];
    wanted = array ? node.element : (node.has_keys ? node_ : -1);
  }
  frames_.push_back(Frame{wanted, array, exact_});
  node_ = wanted;
  state_ = array ? State::array_start : State::object_start;
}

void JsonExtractor::close_container(const char* at, JsonSink& sink) {
  frames_.pop_back();
  end_value(at + 1, sink);
}

void JsonExtractor::end_value(const char* end, JsonSink& sink) {
  state_ = frames_.empty() ? State::done : State::after_value;
  if (active_ == 0 || captures_[active_ - 1].depth != frames_.size()) return;
  Capture& capture = captures_[--active_];
  JsonValue value;
  value.path = capture.path;
  value.offset = capture.offset;
  value.size = offset_of(end) - capture.offset;
  value.key_offset = capture.key_offset;
  value.cut = value.size > capture.limit;
  value.exact_keys = capture.exact;
  const auto here = static_cast<std::size_t>(end - capture.from);
  if (capture.kept.empty()) {
    value.raw = std::string_view(capture.from, std::min(here, capture.limit));
  } else {
    capture.kept.append(capture.from, std::min(here, capture.limit - capture.kept.size()));
    value.raw = capture.kept;
  }
  sink.on_value(value);
}

void JsonExtractor::keep_captures(const char* end) {
  for (std::size_t i = 0; i < active_; ++i) {
    Capture& capture = captures_[i];
    const std::size_t room = capture.limit - capture.kept.size();
    capture.kept.append(capture.from, std::min(room, static_cast<std::size_t>(end - capture.from)));
  }
}

const char* JsonExtractor::string_bytes(const char* at, const char* end, JsonSink& sink) {
  while (at != end) {
    if (escape_ != 0) {
      if (!escape_byte(static_cast<unsigned char>(*at))) {
        state_ = State::failed;
        return at;
      }
      ++at;
      continue;
    }
    bool non_ascii = false;
    const char* const stop = find_string_special(at, end, non_ascii);
    if (non_ascii || utf8_.open()) {
      utf8_.feed(std::string_view(at, static_cast<std::size_t>(stop - at)));
    }
    if (stop == end) return end;
    utf8_.boundary();
    at = stop + 1;
    if (*stop == '"') {
      if (state_ == State::in_key) {
        end_key(at);
      } else {
        end_value(at, sink);
      }
      return at;
    }
    if (*stop != '\\') {
      state_ = State::failed;
      return at;
    }
    escape_ = 1;
  }
  return at;
}

bool JsonExtractor::escape_byte(unsigned char byte) {
  if (escape_ == 1) {
    escape_ = byte == 'u' ? 5 : 0;
    return byte == 'u' ||
           (byte != 0 &&
            std::string_view("\"\\/bfnrt").find(static_cast<char>(byte)) != std::string_view::npos);
  }
  escape_ = escape_ == 2 ? 0 : static_cast<std::uint8_t>(escape_ - 1);
  return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f') ||
         (byte >= 'A' && byte <= 'F');
}

void JsonExtractor::end_key(const char* end) {
  state_ = State::colon;
  node_ = -1;
  if (!key_wanted_) return;
  if (key_kept_.empty()) {
    node_ = child_named(std::string_view(key_from_, static_cast<std::size_t>(end - key_from_)));
  } else {
    key_kept_.append(key_from_, end);
    node_ = child_named(key_kept_);
  }
}

int JsonExtractor::child_named(std::string_view raw_key) {
  if (raw_key.size() > kRawKeyMax) return -1;
  std::string_view key = raw_key.substr(1, raw_key.size() - 2);
  const Frame& frame = frames_.back();
  const PathSet::Node& parent = paths_->nodes_[static_cast<std::size_t>(frame.node)];
  // Most keys are nobody's; what they begin with, or how long they are, tells.
  const auto begins_like_none = [&parent](std::string_view text) {
    return text.empty() || (static_cast<unsigned char>(text.front()) < 0x80 &&
                            (parent.initials & initial_bit(text.front())) == 0);
  };
  if (!key.starts_with('\\') && begins_like_none(key)) return -1;
  std::string unescaped;
  if (key.find('\\') != std::string_view::npos) {
    unescaped = string_value(raw_key);
    key = unescaped;
    if (begins_like_none(key)) return -1;
  }
  const bool ascii = skip_ascii(key.data(), key.data() + key.size()) == key.data() + key.size();
  const std::uint16_t signature = signature_of(key);
  const bool fold = paths_->key_case_ == KeyCase::ignored;
  const auto is_it = [&](std::size_t i) {
    const PathSet::Node& node = paths_->nodes_[static_cast<std::size_t>(parent.children[i])];
    const bool same = node.key == key;
    if (!same && !(fold && equals_folded(node.folded, key))) return false;
    exact_ = frame.exact && same;
    return true;
  };
  if (ascii) {
    for (int i = parent.first_like[signature % parent.first_like.size()]; i >= 0;) {
      const auto at = static_cast<std::size_t>(i);
      if (parent.signatures[at] == signature && is_it(at)) return parent.children[at];
      i = parent.next_like[at];
    }
    return -1;
  }
  for (std::size_t i = 0; i < parent.children.size(); ++i) {
    if (parent.signatures[i] != kNoSignature && is_it(i)) return parent.children[i];
  }
  return -1;
}

const char* JsonExtractor::number_bytes(const char* at, const char* end, JsonSink& sink) {
  for (; at != end; ++at) {
    const char byte = *at;
    if (is_digit(byte)) {
      if (number_ == Number::zero) {
        state_ = State::failed;
        return at;
      }
      if (number_ == Number::minus) {
        number_ = byte == '0' ? Number::zero : Number::digits;
      } else if (number_ == Number::point) {
        number_ = Number::fraction;
      } else if (number_ == Number::e || number_ == Number::e_sign) {
        number_ = Number::exponent;
      }
      continue;
    }
    const bool integer = number_ == Number::zero || number_ == Number::digits;
    if (byte == '.' && integer) {
      number_ = Number::point;
    } else if ((byte == 'e' || byte == 'E') && (integer || number_ == Number::fraction)) {
      number_ = Number::e;
    } else if ((byte == '+' || byte == '-') && number_ == Number::e) {
      number_ = Number::e_sign;
    } else if (integer || number_ == Number::fraction || number_ == Number::exponent) {
      end_value(at, sink);  // whatever follows is judged as what comes after a value
      return at;
    } else {
      state_ = State::failed;
      return at;
    }
  }
  return at;
}

const char* JsonExtractor::literal_bytes(const char* at, const char* end, JsonSink& sink) {
  for (; at != end; ++at) {
    if (*at != literal_[literal_at_]) {
      state_ = State::failed;
      return at;
    }
    if (++literal_at_ == literal_.size()) {
      end_value(at + 1, sink);
      return at + 1;
    }
  }
  return at;
}

}  // namespace tokenweir::stream

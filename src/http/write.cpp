#include "http/write.h"

#include <algorithm>
#include <bitset>
#include <charconv>

#include "http/characters.h"
#include "http/head_writer.h"

namespace tokenweir::http {
namespace {

using NamedValue = std::pair<std::string_view, std::string_view>;

// The size settles most comparisons; asking it here saves the call.
bool same(std::string_view left, std::string_view right) {
  return left.size() == right.size() && equals_ignoring_case(left, right);
}

bool is_any_of(std::string_view name, std::span<const std::string_view> names) {
  for (const std::string_view candidate : names) {
    if (same(name, candidate)) return true;
  }
  return false;
}

bool has_any_prefix(std::string_view name, std::span<const std::string_view> prefixes) {
  for (const std::string_view prefix : prefixes) {
    if (name.size() >= prefix.size() && !prefix.empty() && lower(name[0]) == lower(prefix[0]) &&
        equals_ignoring_case(name.substr(0, prefix.size()), prefix)) {
      return true;
    }
  }
  return false;
}

bool names_host(std::string_view name) { return same(name, "host"); }

bool is_content_length(std::string_view name) { return same(name, "content-length"); }

bool is_transfer_encoding(std::string_view name) { return same(name, "transfer-encoding"); }

// Fields that belong to one connection (RFC 9110 §7.6.1) and those that only announce what we do
// not pass on: trailers, protocol switches, proxy credentials.
bool is_hop_by_hop(std::string_view name) {
  switch (lower(name.front())) {
    case 'c':
      return same(name, "connection");
    case 'k':
      return same(name, "keep-alive");
    case 'p':
      return (same(name, "proxy-connection") || same(name, "proxy-authorization") ||
              same(name, "proxy-authenticate") || same(name, "proxy-authentication-info"));
    case 't':
      return same(name, "te") || same(name, "trailer");
    case 'u':
      return same(name, "upgrade");
    case 'h':
      return same(name, "http2-settings");
    default:
      return false;
  }
}

// The names that Connection fields list, beyond the options that are no field names.
class ConnectionNames {
 public:
  explicit ConnectionNames(std::span<const Field> fields) : fields_(fields) {
    for (const Field& field : fields) {
      if (!same(field.name, "connection")) continue;
      any_ |= !same(field.value, "keep-alive") && !same(field.value, "close");
    }
  }
  bool hold(std::string_view name) const {
    if (!any_) return false;
    return std::any_of(fields_.begin(), fields_.end(), [name](const Field& field) {
      return same(field.name, "connection") && lists_token(field.value, name);
    });
  }

 private:
  std::span<const Field> fields_;
  bool any_ = false;
};

std::size_t size_bound(std::span<const Field> fields, const HeaderEdits& edits) {
  constexpr std::size_t kSeparators = 4;
  std::size_t bound = 192;  // First line's fixed parts, framing, Connection, final empty line.
  for (const Field& field : fields) bound += field.name.size() + field.value.size() + kSeparators;
  for (const NamedValue& set : edits.set)
    bound += set.first.size() + set.second.size() + kSeparators;
  return bound;
}

// The fields a caller wants written, each once.
class SetFields {
 public:
  static constexpr std::size_t kMost = 64;

  explicit SetFields(std::span<const NamedValue> set)
      : set_(set.first(std::min(set.size(), kMost))) {}

  // Writes the one of this name if there is one and it was not written yet; true when the name is
  // ours and the received field must not be copied.
  bool replace(HeadWriter& writer, std::string_view name) {
    bool known = false;
    for (std::size_t i = 0; i < set_.size(); ++i) {
      if (!same(set_[i].first, name)) continue;
      known = true;
      write(writer, i);
    }
    return known;
  }
  void write_rest(HeadWriter& writer) {
    for (std::size_t i = 0; i < set_.size(); ++i) write(writer, i);
  }
  bool hold(std::string_view name) const {
    return std::any_of(set_.begin(), set_.end(),
                       [name](const NamedValue& set) { return same(set.first, name); });
  }

 private:
  void write(HeadWriter& writer, std::size_t i) {
    if (written_[i]) return;
    written_[i] = true;
    const auto& [name, value] = set_[i];
    if (names_host(name) || is_content_length(name) || is_transfer_encoding(name)) return;
    writer.field(name, value);
  }

  std::span<const NamedValue> set_;
  std::bitset<kMost> written_;
};

// Writes Content-Length where the sender had it, or Transfer-Encoding, exactly once.
class FramingFields {
 public:
  explicit FramingFields(Framing framing) : framing_(framing) {}

  void write_as(HeadWriter& writer, std::string_view length_name) {
    if (written_) return;
    written_ = true;
    if (framing_.kind == FramingKind::length) {
      writer.put(length_name);
      writer.put(": ");
      writer.number(framing_.length);
      writer.put(kCrlf);
    } else if (framing_.kind == FramingKind::chunked) {
      writer.field("Transfer-Encoding", "chunked");
    }
  }

 private:
  Framing framing_;
  bool written_ = false;
};

struct Writing {
  HeadWriter& writer;
  SetFields& set;
  FramingFields& framing;
  const ConnectionNames& connection;
  const HeaderEdits& edits;
};

// The part that requests and responses share. `skip` names what else is left out.
template <typename Skip>
void write_fields(Writing& writing, std::span<const Field> fields, Skip skip) {
  for (const Field& field : fields) {
    const std::string_view name = field.name;
    if (name.empty()) continue;
    if (is_content_length(name)) {
      writing.framing.write_as(writing.writer, name);
      continue;
    }
    if (is_transfer_encoding(name)) {
      writing.framing.write_as(writing.writer, "Content-Length");
      continue;
    }
    if (skip(name)) continue;
    if (!writing.edits.set.empty() && writing.set.replace(writing.writer, name)) continue;
    if (is_hop_by_hop(name) || writing.connection.hold(name) ||
        is_any_of(name, writing.edits.drop) || has_any_prefix(name, writing.edits.drop_prefixes)) {
      continue;
    }
    writing.writer.copy_field(name, field.value);
  }
  writing.framing.write_as(writing.writer, "Content-Length");
  writing.set.write_rest(writing.writer);
}

bool never(std::string_view) { return false; }

}  // namespace

void append_request_head(std::string& out, const RequestHead& head, std::string_view target,
                         std::string_view host, Framing framing, const HeaderEdits& edits) {
  HeadWriter writer(
      out, size_bound(head.fields, edits) + head.method.size() + target.size() + host.size());
  writer.put(head.method);
  writer.put(" ");
  writer.put(target);
  writer.put(" HTTP/1.1\r\nHost: ");
  writer.put(host);
  writer.put(kCrlf);

  const bool sent_empty = head.framing.kind == FramingKind::length && head.framing.length == 0;
  if (framing.kind == FramingKind::none && sent_empty) framing.kind = FramingKind::length;
  SetFields set(edits.set);
  FramingFields framing_fields(framing);
  const ConnectionNames connection(head.fields);
  Writing writing{writer, set, framing_fields, connection, edits};
  write_fields(writing, head.fields,
               [](std::string_view name) { return names_host(name) || same(name, "expect"); });
  writer.put(kCrlf);
}

void append_response_head(std::string& out, const ResponseHead& head, Framing framing,
                          int client_minor_version, bool close, const HeaderEdits& edits) {
  HeadWriter writer(out, size_bound(head.fields, edits) + head.reason.size());
  writer.put("HTTP/1.1 ");
  writer.number(static_cast<std::uint64_t>(head.status));
  writer.put(" ");
  writer.put(head.reason);
  writer.put(kCrlf);

  // An answer to HEAD, or a 304, says how long the body would have been (RFC 9110 §8.6).
  const bool may_tell_length = head.status >= 200 && head.status != 204;
  if (framing.kind == FramingKind::none && head.framing.kind == FramingKind::none &&
      may_tell_length) {
    if (const Field* const told = find(head.fields, "content-length"); told != nullptr) {
      const char* const end = told->value.data() + told->value.size();
      if (std::from_chars(told->value.data(), end, framing.length).ptr == end) {
        framing.kind = FramingKind::length;
      }
    }
  }
  SetFields set(edits.set);
  FramingFields framing_fields(framing);
  const ConnectionNames connection(head.fields);
  Writing writing{writer, set, framing_fields, connection, edits};
  write_fields(writing, head.fields, never);
  if (!set.hold("connection")) {
    if (close || framing.kind == FramingKind::until_close) {
      writer.field("Connection", "close");
    } else if (client_minor_version == 0 && head.status >= 200) {
      writer.field("Connection", "keep-alive");
    }
  }
  writer.put(kCrlf);
}

}  // namespace tokenweir::http

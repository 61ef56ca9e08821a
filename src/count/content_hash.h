// Hashes of JSON values by what they mean to the model. Private to the room.
#pragma once

#include <cstdint>
#include <string_view>

#include "count/json.h"
#include "count/sip_hash.h"

namespace tokenweir::count {

// A mark that says where a prompt cache may end, or for how long.
[[nodiscard]] bool is_cache_mark(std::string_view key);

class ContentHash {
 public:
  explicit ContentHash(const HashKey& key) : hash_(key) {}

  void number(std::uint64_t number) { hash_.word(number); }
  void text(std::string_view text) { hash_.text(text); }
  // Cache marks are left out, they wander from message to message as a conversation grows.
  void value(const Json& value);
  // The text of a string, or of a lone block of text, else the value.
  void content(const Json& content);
  // A message, item or block: the value, but what stands under its "content" is content. Of the
  // blocks there (or under "parts") only the wanted ones where not all are.
  template <typename Wanted>
  void message(const Json& message, bool all, Wanted wanted) {
    if (!message.is_object()) return value(message);
    for_each_member(message, [&](std::string_view key, const Json& member) {
      if (is_cache_mark(key)) return;
      text(key);
      if (!all && member.is_array() && (key == "content" || key == "parts")) {
        for_each(member, [&](const Json& block) {
          if (wanted(block)) value(block);
        });
      } else if (key == "content") {
        content(member);
      } else {
        value(member);
      }
    });
  }
  // JSON in a string: white space outside its strings is left out.
  void json_text(std::string_view json);

  [[nodiscard]] std::uint64_t finish() { return hash_.finish(); }

 private:
  SipHash hash_;
};

}  // namespace tokenweir::count

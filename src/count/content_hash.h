// Hashes of JSON values by what they mean to the model. Private to the room.
#pragma once

#include <cstdint>
#include <string_view>

#include "count/json.h"
#include "count/sip_hash.h"

namespace tokenweir::count {

class ContentHash {
 public:
  explicit ContentHash(const HashKey& key) : hash_(key) {}

  void number(std::uint64_t number) { hash_.word(number); }
  void text(std::string_view text) { hash_.text(text); }
  // Cache marks are left out, they wander from message to message as a conversation grows. What
  // stands under "content" may be a lone block of text as well as that text.
  void value(const Json& value);
  // The text of a string, or of a lone block of text, else the value.
  void content(const Json& content);
  // The same for a message of which only some blocks are meant.
  template <typename Wanted>
  void blocks(const Json& blocks, Wanted wanted) {
    for_each(blocks, [&](const Json& block) {
      if (wanted(block)) value(block);
    });
  }
  // JSON in a string: white space outside its strings is left out.
  void json_text(std::string_view json);

  [[nodiscard]] std::uint64_t finish() { return hash_.finish(); }

 private:
  SipHash hash_;
};

// A mark that says where a prompt cache may end, or for how long.
[[nodiscard]] bool is_cache_mark(std::string_view key);

}  // namespace tokenweir::count

#include "tokenizer/token_list.h"

#include <zstd.h>

#include <algorithm>
#include <cstring>

namespace tokenweir::tokenizer {

namespace {

constexpr std::size_t kHeader = 20;
constexpr std::uint32_t kMostTokens = 1'000'000;
constexpr std::uint32_t kMostBody = 64u << 20;
constexpr std::uint32_t kLongestToken = 1024;

std::uint32_t little_endian(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
  }
  return value;
}

// Reads the columns of the body; every step says whether the body went on.
class Columns {
 public:
  explicit Columns(std::string_view body) : body_(body) {}

  bool varint(std::uint32_t& out) {
    out = 0;
    for (int shift = 0; shift < 28; shift += 7) {
      if (at_ == body_.size()) return false;
      const auto byte = static_cast<unsigned char>(body_[at_++]);
      out |= (byte & 0x7Fu) << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }
  bool block(std::size_t size, std::string_view& out) {
    if (body_.size() - at_ < size) return false;
    out = body_.substr(at_, size);
    at_ += size;
    return true;
  }
  [[nodiscard]] std::string_view rest() const { return body_.substr(at_); }

 private:
  std::string_view body_;
  std::size_t at_ = 0;
};

bool read_lengths(Columns& columns, TokenList& list) {
  std::uint32_t value = 0;
  for (TokenList::Token& token : list.tokens) {
    if (!columns.varint(value) || value >= kLongestToken) return false;
    token.shared = static_cast<std::uint16_t>(value);
  }
  std::size_t before = 0;
  std::uint32_t offset = 0;
  for (TokenList::Token& token : list.tokens) {
    if (!columns.varint(value) || value == 0 || token.shared > before) return false;
    if (token.shared + value > kLongestToken) return false;
    token.length = static_cast<std::uint16_t>(token.shared + value);
    token.offset = offset;
    offset += value;
    before = token.length;
    list.longest = std::max<std::size_t>(list.longest, token.length);
  }
  for (TokenList::Token& token : list.tokens) {
    if (!columns.varint(value) || value >= token.length) return false;
    token.left = static_cast<std::uint16_t>(value);
  }
  for (int plane = 0; plane < 3; ++plane) {
    std::string_view bytes;
    if (!columns.block(list.tokens.size(), bytes)) return false;
    for (std::size_t i = 0; i < list.tokens.size(); ++i) {
      list.tokens[i].rank |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i]))
                             << (8 * plane);
    }
  }
  list.bytes = columns.rest();
  return list.bytes.size() == offset;
}

// Order is what makes the shared lengths true: the first byte after them must go up.
bool is_in_order(const TokenList& list) {
  std::string before;
  for (const TokenList::Token& token : list.tokens) {
    const char* rest = list.bytes.data() + token.offset;
    if (token.shared < before.size() && !before.empty() &&
        static_cast<unsigned char>(rest[0]) <= static_cast<unsigned char>(before[token.shared])) {
      return false;
    }
    before.resize(token.shared);
    before.append(rest, static_cast<std::size_t>(token.length - token.shared));
  }
  return true;
}

bool has_unique_ranks(const TokenList& list) {
  std::vector<std::uint32_t> ranks;
  ranks.reserve(list.tokens.size());
  for (const TokenList::Token& token : list.tokens) ranks.push_back(token.rank);
  std::sort(ranks.begin(), ranks.end());
  return std::adjacent_find(ranks.begin(), ranks.end()) == ranks.end();
}

}  // namespace

Result<TokenList, std::string> read_token_list(std::string_view file) {
  if (file.size() < kHeader || file.substr(0, 4) != "TKV1") {
    return failure(std::string("not a vocabulary file"));
  }
  const std::uint32_t flags = little_endian(file, 4);
  const std::uint32_t tokens = little_endian(file, 8);
  const std::uint32_t unpacked = little_endian(file, 12);
  const std::uint32_t packed = little_endian(file, 16);
  if (flags > 1 || tokens == 0 || tokens > kMostTokens || unpacked > kMostBody ||
      packed != file.size() - kHeader) {
    return failure(std::string("the vocabulary file's header is damaged"));
  }
  std::string body(unpacked, '\0');
  const std::size_t size = ZSTD_decompress(body.data(), body.size(), file.data() + kHeader, packed);
  if (ZSTD_isError(size) != 0 || size != unpacked) {
    return failure(std::string("the vocabulary file cannot be unpacked"));
  }
  TokenList list;
  list.character_atoms = (flags & 1) != 0;
  list.tokens.resize(tokens);
  Columns columns(body);
  if (!read_lengths(columns, list) || !is_in_order(list) || !has_unique_ranks(list)) {
    return failure(std::string("the vocabulary file's tokens are damaged"));
  }
  return list;
}

}  // namespace tokenweir::tokenizer

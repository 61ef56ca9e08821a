#include <algorithm>

#include "provider/usage.h"
#include "provider/usage_json.h"

namespace tokenweir::provider {
namespace {

constexpr std::size_t kPiecesMost = 8;
constexpr std::size_t kBytesMost = 64 * 1024;

bool replaces_object(const simdjson::dom::object& earlier, const Json& later) {
  for (const auto& field : earlier) {
    if (field.value.is_null()) continue;
    const std::optional<Json> news = member(later, field.key);
    if (!news) return false;
    simdjson::dom::object nested;
    if (field.value.get(nested) != simdjson::SUCCESS) continue;
    if (!news->is_object() || !replaces_object(nested, *news)) return false;
  }
  return true;
}

// Whether every figure of the earlier object is told again by the later one.
bool replaces(std::string_view earlier, std::string_view later) {
  if (earlier == later) return true;
  // parse_json's own parser still holds the earlier object.
  thread_local simdjson::dom::parser second_parser;
  const std::optional<Json> old_value = parse_json(earlier);
  Json new_value;
  simdjson::dom::object members;
  if (!old_value || old_value->get(members) != simdjson::SUCCESS) return true;
  if (second_parser.parse(later.data(), later.size()).get(new_value) != simdjson::SUCCESS) {
    return false;
  }
  return replaces_object(members, new_value);
}

}  // namespace

void keep_piece(std::vector<std::string>& pieces, std::string_view raw) {
  while (!pieces.empty() && replaces(pieces.back(), raw)) pieces.pop_back();
  std::size_t bytes = raw.size();
  for (const std::string& piece : pieces) bytes += piece.size();
  // The newest figures matter most; the first piece tells what no later one repeats.
  while (pieces.size() > 1 && (pieces.size() >= kPiecesMost || bytes > kBytesMost)) {
    bytes -= pieces.back().size();
    pieces.pop_back();
  }
  if (bytes <= kBytesMost || pieces.empty()) pieces.emplace_back(raw);
}

std::string joined(std::span<const std::string> pieces) {
  if (pieces.size() == 1) return pieces.front();
  std::string all;
  for (const std::string& piece : pieces) {
    all += all.empty() ? '[' : ',';
    all += piece;
  }
  if (!all.empty()) all += ']';
  return all;
}

}  // namespace tokenweir::provider

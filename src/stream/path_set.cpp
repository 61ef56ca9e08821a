#include <algorithm>
#include <stdexcept>

#include "stream/folded_key.h"
#include "stream/json_extractor.h"

namespace tokenweir::stream {

namespace {
constexpr std::size_t kKeyMax = 128;
}  // namespace

int PathSet::add(std::string_view path, std::size_t capture_limit) {
  int node = 0;
  std::string_view rest = path;
  while (!rest.empty()) {
    if (rest.starts_with("[]")) {
      node = child_for(node, {}, true);
      rest.remove_prefix(2);
    } else {
      const std::size_t length = std::min(rest.find_first_of(".["), rest.size());
      if (length == 0 || length > kKeyMax) throw std::invalid_argument("bad path");
      node = child_for(node, rest.substr(0, length), false);
      rest.remove_prefix(length);
    }
    if (rest.starts_with('.') && rest.size() > 1) {
      rest.remove_prefix(1);
    } else if (!rest.empty() && !rest.starts_with("[]")) {
      throw std::invalid_argument("bad path");
    }
  }
  Node& target = nodes_[static_cast<std::size_t>(node)];
  if (target.path < 0) target.path = paths_++;
  target.capture_limit = std::max(target.capture_limit, capture_limit);
  return target.path;
}

int PathSet::child_for(int parent, std::string_view key, bool any_element) {
  for (const int child : nodes_[static_cast<std::size_t>(parent)].children) {
    const Node& node = nodes_[static_cast<std::size_t>(child)];
    if (node.any_element == any_element && node.key == key) return child;
  }
  const int created = static_cast<int>(nodes_.size());
  Node& fresh = nodes_.emplace_back();
  fresh.key = key;
  fresh.folded = folded_key(key);
  fresh.any_element = any_element;
  Node& above = nodes_[static_cast<std::size_t>(parent)];
  above.children.push_back(created);
  above.signatures.push_back(any_element ? kNoSignature : signature_of(key));
  above.next_like.push_back(-1);
  if (!any_element) {
    // Behind those that are there: of two that match, the first is meant.
    std::int16_t* link = &above.first_like[above.signatures.back() % above.first_like.size()];
    while (*link >= 0) link = &above.next_like[static_cast<std::size_t>(*link)];
    *link = static_cast<std::int16_t>(above.children.size() - 1);
  }
  if (any_element) {
    above.element = created;
  } else {
    above.has_keys = true;
    above.initials |= initial_bit(nodes_.back().folded.front());
  }
  return created;
}

}  // namespace tokenweir::stream

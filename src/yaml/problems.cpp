#include "yaml/problems.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace tokenweir::yaml {
namespace {

constexpr std::size_t kMostQuoted = 60;
constexpr std::size_t kLongestCompared = 64;

// Edit distance where swapping two neighbours counts as one slip, the commonest typing mistake.
std::size_t distance(std::string_view left, std::string_view right) {
  const std::size_t width = right.size() + 1;
  std::vector<std::size_t> before(width), previous(width), current(width);
  for (std::size_t j = 0; j < width; ++j) previous[j] = j;
  for (std::size_t i = 1; i <= left.size(); ++i) {
    current[0] = i;
    for (std::size_t j = 1; j < width; ++j) {
      const std::size_t change = left[i - 1] == right[j - 1] ? 0 : 1;
      current[j] = std::min({previous[j] + 1, current[j - 1] + 1, previous[j - 1] + change});
      const bool swapped =
          i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1];
      if (swapped) current[j] = std::min(current[j], before[j - 2] + 1);
    }
    before.swap(previous);
    previous.swap(current);
  }
  return previous[width - 1];
}

}  // namespace

std::string to_text(const Problem& problem) {
  if (problem.line == 0) return fmt::format("{}: error: {}", problem.file, problem.message);
  return fmt::format("{}:{}:{}: error: {}", problem.file, problem.line, problem.column,
                     problem.message);
}

void Problems::add(std::string_view file, Mark mark, std::string message) {
  ++added_;
  if (list_.size() > kMost) return;
  if (list_.size() == kMost) message = "more mistakes follow that are not listed";
  list_.push_back({std::string(file), mark.line, mark.column, std::move(message)});
}

std::vector<Problem> Problems::list() const {
  std::vector<Problem> sorted = list_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Problem& a, const Problem& b) {
    return std::tie(a.file, a.line, a.column) < std::tie(b.file, b.line, b.column);
  });
  return sorted;
}

std::string Problems::text() const {
  std::string all;
  for (const Problem& problem : list()) all += to_text(problem) + '\n';
  return all;
}

std::string in_quotes(std::string_view text) {
  std::string shown = "\"";
  std::size_t end = std::min(text.size(), kMostQuoted);
  // Never cut inside a UTF-8 character.
  while (end < text.size() && end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) {
    --end;
  }
  for (const char c : text.substr(0, end)) {
    const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
    shown += control ? '?' : c;
  }
  if (end < text.size()) shown += "...";
  return shown + '"';
}

std::string in_quotes(const Node& node) {
  return node.expanded ? "a value from the environment or a file" : in_quotes(node.text);
}

std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates) {
  if (word.size() > kLongestCompared) return {};
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string_view candidate : candidates) {
    const std::size_t found = distance(word, candidate);
    if (found < best_distance) {
      best = candidate;
      best_distance = found;
    }
  }
  if (!best.empty()) return best;
  // "max" for "max_steps", "cert" for "certificate": no slip of the finger, but clear enough.
  constexpr std::size_t kTelling = 3;
  for (const std::string_view candidate : candidates) {
    const std::size_t shared = std::min({word.size(), candidate.size(), kTelling});
    if (shared == kTelling && word.substr(0, shared) == candidate.substr(0, shared)) {
      return candidate;
    }
  }
  return {};
}

std::string suggestion(std::string_view word, const std::vector<std::string_view>& candidates) {
  const std::string_view best = nearest(word, candidates);
  return best.empty() ? std::string() : fmt::format("; did you mean \"{}\"?", best);
}

}  // namespace tokenweir::yaml

// Mistakes in files, collected so that one run shows all of them. The text form is the compilers'
// `file:line:column: error: message`, which editors and CI systems already know how to read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "yaml/node.h"

namespace tokenweir::yaml {

struct Problem {
  std::string file;
  int line = 0;  // from 1; 0 when the problem has no place in the file
  int column = 0;
  std::string message;

  friend bool operator==(const Problem&, const Problem&) = default;
};

// "file:line:column: error: message", without a line end.
[[nodiscard]] std::string to_text(const Problem& problem);

// Bounded: a hostile file cannot make the list longer than kMost, and the last entry says so.
class Problems {
 public:
  static constexpr std::size_t kMost = 200;

  void add(std::string_view file, Mark mark, std::string message);
  [[nodiscard]] bool empty() const { return list_.empty(); }
  [[nodiscard]] std::size_t size() const { return list_.size(); }
  // How many were added, those that no longer fit the list included.
  [[nodiscard]] std::size_t added() const { return added_; }
  // Sorted by file and place.
  [[nodiscard]] std::vector<Problem> list() const;
  // All of them in text form, one a line.
  [[nodiscard]] std::string text() const;

 private:
  std::vector<Problem> list_;
  std::size_t added_ = 0;
};

// Where the mistakes of one file go. A small value, passed by copy; both targets must outlive it.
struct Report {
  std::string_view file;
  Problems* problems = nullptr;

  void error(Mark mark, std::string message) const {
    problems->add(file, mark, std::move(message));
  }
};

// `text` made fit for an error message: shortened, control bytes replaced, in quotes.
[[nodiscard]] std::string in_quotes(std::string_view text);
// The same for a value of the file; one that came from the environment or a file is not shown.
[[nodiscard]] std::string in_quotes(const Node& node);

// The candidate most like `word`, or empty when none is near enough to be meant.
[[nodiscard]] std::string_view nearest(std::string_view word,
                                       const std::vector<std::string_view>& candidates);
// "; did you mean \"x\"?" or nothing.
[[nodiscard]] std::string suggestion(std::string_view word,
                                     const std::vector<std::string_view>& candidates);

}  // namespace tokenweir::yaml

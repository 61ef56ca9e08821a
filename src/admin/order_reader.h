// Reads the JSON body of an order: a small object of words, with `limit` or `spent` as an object of
// amounts. Anything else is told as an error, so that a misspelt field never passes as an order.
#pragma once

#include <chrono>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "budget/rule.h"
#include "core/result.h"

namespace tokenweir::admin {

class OrderBody {
 public:
  // An empty body reads as an empty object. The error is a sentence.
  [[nodiscard]] static Result<OrderBody, std::string> read(std::string_view json);

  // Why the body may not have one of its members; empty: all are among `known`.
  [[nodiscard]] std::string unknown_member(std::initializer_list<std::string_view> known) const;
  [[nodiscard]] bool has(std::string_view name) const {
    return words_.contains(name) || name == list_name_;
  }
  // Empty when it is not there.
  [[nodiscard]] std::string_view word(std::string_view name) const;
  [[nodiscard]] bool flag(std::string_view name) const { return word(name) == "true"; }
  // The one list a body may have: an account's values, one by one.
  [[nodiscard]] const std::vector<std::string>& list() const { return list_; }
  [[nodiscard]] bool has_list() const { return !list_name_.empty(); }
  // "1h"; no value when it is not there, an error when it is no duration.
  [[nodiscard]] Result<std::optional<std::chrono::milliseconds>, std::string> duration(
      std::string_view name) const;
  // The object `name`: {"usd":"5","requests":80}. usd in dollars, exact.
  [[nodiscard]] Result<budget::Limits, std::string> amounts(std::string_view name) const;

 private:
  using Words = std::map<std::string, std::string, std::less<>>;
  Words words_;
  std::map<std::string, Words, std::less<>> objects_;
  std::string list_name_;
  std::vector<std::string> list_;
};

}  // namespace tokenweir::admin

// One request to the operators' listener and its answer, without a socket: which path does what,
// and who may.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/config.h"

namespace tokenweir::admin {

class Operators;

struct Reply {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
};
[[nodiscard]] inline Reply json_reply(std::string body) {
  return {200, "application/json", std::move(body)};
}
// {"error":"..."}
[[nodiscard]] Reply problem(int status, std::string_view message);

// What the listener can ask of the house. Called on the admin thread.
class Actions {
 public:
  virtual ~Actions() = default;
  [[nodiscard]] virtual bool alive() = 0;
  // Empty when ready; otherwise why not, one reason a line.
  [[nodiscard]] virtual std::vector<std::string> unready_reasons() = 0;
  [[nodiscard]] virtual std::string metrics() = 0;
  // Empty on success, else the problems.
  [[nodiscard]] virtual std::string reload() = 0;
  virtual void drain() = 0;
  // JSON of one record; no value when there is none.
  [[nodiscard]] virtual std::optional<std::string> record(std::string_view id) = 0;
  // JSON array of records, newest first.
  [[nodiscard]] virtual std::string records(
      const std::map<std::string, std::string, std::less<>>& query) = 0;
};

using Query = std::map<std::string, std::string, std::less<>>;

// The named members are field values; empty where the request has none.
struct Question {
  std::string_view method;
  std::string_view target;
  std::string_view authorization;
  std::string_view host;
  std::string_view origin;
  std::string_view content_type;
  std::string_view actor;  // X-LLM-Operator: who gives the order
  std::string_view body;
};
// Without `operators` the paths of their orders do not exist.
[[nodiscard]] Reply answer(const Question& question, const config::Admin& settings,
                           Actions& actions, Operators* operators = nullptr);

}  // namespace tokenweir::admin

// How commands reach a running server: through its admin listener, found by the configuration or
// named by hand.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace tokenweir::cli {

struct AdminOptions {
  std::string config;
  std::string url;
  std::string token_file;
  std::string actor;
  bool json = false;
};
// -c, --admin, --token-file, --as, --json.
void add_admin_options(CLI::App& command, AdminOptions& options);

struct AdminPlace {
  std::string host;
  std::uint16_t port = 0;
  std::string token;
};
// "http://127.0.0.1:9090", also without the scheme. The error is a sentence.
[[nodiscard]] Result<AdminPlace, std::string> place_of_url(std::string_view url);

class AdminClient {
 public:
  // The error is an exit code; what is wrong has been told on stderr, with `command` in front.
  [[nodiscard]] static Result<AdminClient, int> make(const AdminOptions& options,
                                                     std::string_view command);

  // The body of a 2xx answer, else an exit code, told on stderr with what to do next.
  [[nodiscard]] Result<std::string, int> get(const std::string& target) const;
  [[nodiscard]] Result<std::string, int> order(const std::string& method, const std::string& target,
                                               const std::string& body) const;

 private:
  [[nodiscard]] Result<std::string, int> ask(const std::string& method, const std::string& target,
                                             const std::string& body) const;
  [[nodiscard]] int explain(int status, const std::string& body) const;

  std::string command_;
  AdminPlace place_;
  std::string actor_;
};

// {"name":"value",...}; members with an empty value are left out.
class OrderText {
 public:
  OrderText& word(std::string_view name, std::string_view value);
  OrderText& raw(std::string_view name, std::string_view json);
  [[nodiscard]] std::string text() const { return "{" + members_ + "}"; }

 private:
  std::string members_;
};

}  // namespace tokenweir::cli

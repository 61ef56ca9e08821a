#include "cli/admin_client.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>

#include "cli/complain.h"
#include "config/load.h"
#include "core/exit_codes.h"
#include "core/text.h"
#include "platform/http_client.h"
#include "publish/text.h"

namespace tokenweir::cli {
namespace {

// The name of who is logged in, as far as it is a plain one.
std::string user_name() {
  for (const char* variable : {"LOGNAME", "USER"}) {
    const char* const name = std::getenv(variable);
    if (name == nullptr) continue;
    std::string plain;
    for (const char* c = name; *c != '\0' && plain.size() < 64; ++c) {
      const bool fits = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                        (*c >= '0' && *c <= '9') || *c == '.' || *c == '_' || *c == '-';
      if (fits) plain += *c;
    }
    if (!plain.empty()) return plain;
  }
  return "command-line";
}

// A listener on every address is reached on this machine's own.
std::string reachable(const std::string& address) {
  if (address == "0.0.0.0") return "127.0.0.1";
  if (address == "::") return "::1";
  return address;
}

Result<AdminPlace, int> place_of_config(const AdminOptions& options, std::string_view command) {
  yaml::Problems problems;
  const yaml::SystemEnvironment environment;
  const auto config = config::load(options.config, environment, problems);
  if (!config) {
    std::cerr << problems.text();
    return failure(fail(command, kExitConfiguration,
                        "without a readable configuration name the server by --admin URL and "
                        "--token-file FILE"));
  }
  if (config->admin.port == 0) {
    return failure(fail(command, kExitUsage,
                        "the configuration leaves the admin port open: name it by --admin URL"));
  }
  return AdminPlace{reachable(config->admin.address), config->admin.port, config->admin.token};
}

std::string error_text(const std::string& body) {
  simdjson::dom::parser parser;
  std::string_view text;
  const simdjson::padded_string padded(body);
  if (parser.parse(padded)["error"].get_string().get(text) != simdjson::SUCCESS) return {};
  return publish::to_storable(text);
}

}  // namespace

void add_admin_options(CLI::App& command, AdminOptions& options) {
  command.add_option("-c,--config", options.config, "configuration file that names the server")
      ->envname("TOKENWEIR_CONFIG");
  command
      .add_option("--admin", options.url,
                  "the server's admin listener, such as http://127.0.0.1:9090")
      ->envname("TOKENWEIR_ADMIN");
  command.add_option("--token-file", options.token_file, "file with the admin token")
      ->envname("TOKENWEIR_ADMIN_TOKEN_FILE");
  command.add_option("--as", options.actor, "who gives the order, for the audit (you, otherwise)");
  command.add_flag("--json", options.json, "print the server's answer as it is");
}

Result<AdminPlace, std::string> place_of_url(std::string_view url) {
  constexpr std::string_view kScheme = "http://";
  if (url.starts_with("https://")) {
    return failure(std::string("the admin listener speaks plain HTTP: give http://HOST:PORT"));
  }
  if (url.starts_with(kScheme)) url.remove_prefix(kScheme.size());
  url = url.substr(0, url.find('/'));
  const auto colon = url.rfind(':');
  AdminPlace place;
  const std::string_view port = colon == std::string_view::npos ? "" : url.substr(colon + 1);
  const auto end = std::from_chars(port.data(), port.data() + port.size(), place.port);
  std::string_view host = url.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (port.empty() || end.ec != std::errc{} || end.ptr != port.data() + port.size() ||
      place.port == 0 || host.empty()) {
    return failure(std::string("give the admin listener as http://HOST:PORT"));
  }
  place.host = host;
  return place;
}

Result<AdminClient, int> AdminClient::make(const AdminOptions& options, std::string_view command) {
  AdminClient client;
  client.command_ = command;
  client.actor_ = options.actor.empty() ? user_name() : options.actor;
  if (!options.url.empty()) {
    auto place = place_of_url(options.url);
    if (!place) return failure(fail(command, kExitUsage, place.error()));
    client.place_ = std::move(*place);
  } else if (!options.config.empty()) {
    auto place = place_of_config(options, command);
    if (!place) return failure(place.error());
    client.place_ = std::move(*place);
  } else {
    return failure(fail(command, kExitUsage,
                        "which server? Give -c FILE, or --admin URL with --token-file FILE"));
  }
  if (!options.token_file.empty()) {
    std::ifstream file(options.token_file, std::ios::binary);
    std::string token{std::istreambuf_iterator<char>(file), {}};
    if (!file || token.empty()) {
      return failure(fail(command, kExitUsage, "cannot read " + options.token_file));
    }
    while (!token.empty() && (token.back() == '\n' || token.back() == '\r')) token.pop_back();
    client.place_.token = std::move(token);
  }
  return client;
}

Result<std::string, int> AdminClient::get(const std::string& target) const {
  return ask("GET", target, {});
}

Result<std::string, int> AdminClient::order(const std::string& method, const std::string& target,
                                            const std::string& body) const {
  return ask(method, target, body);
}

Result<std::string, int> AdminClient::ask(const std::string& method, const std::string& target,
                                          const std::string& body) const {
  platform::HttpQuestion question;
  question.host = place_.host;
  question.port = place_.port;
  question.method = method;
  question.target = target;
  question.body = body;
  if (!place_.token.empty())
    question.fields.emplace_back("Authorization", "Bearer " + place_.token);
  if (!body.empty()) question.fields.emplace_back("Content-Type", "application/json");
  question.fields.emplace_back("X-LLM-Operator", actor_);
  auto answer = platform::http_ask(question);
  if (!answer) {
    return failure(fail(command_, kExitUnreachable,
                        fmt::format("{}:{} does not answer ({}): is the server running, and is "
                                    "that its admin address?",
                                    place_.host, place_.port, answer.error())));
  }
  if (answer->status / 100 == 2) return std::move(answer->body);
  return failure(explain(answer->status, answer->body));
}

int AdminClient::explain(int status, const std::string& body) const {
  std::string text = error_text(body);
  if (text.empty()) text = fmt::format("the server answers {}", status);
  switch (status) {
    case 400:
      return fail(command_, kExitUsage, text);
    case 401:
      return fail(command_, kExitFailed,
                  "the server does not take this token: give its `admin.token` by --token-file");
    case 409:
      return fail(command_, kExitConflict, text);
    case 421:
      return fail(command_, kExitFailed,
                  "the server does not know itself by this name: give its numeric address");
    case 503:
      return fail(command_, kExitTemporary, text);
    default:
      return fail(command_, kExitFailed, text);
  }
}

OrderText& OrderText::word(std::string_view name, std::string_view value) {
  if (value.empty()) return *this;
  std::string json;
  append_json_string(json, value);
  return raw(name, json);
}

OrderText& OrderText::raw(std::string_view name, std::string_view json) {
  if (!members_.empty()) members_ += ',';
  append_json_string(members_, name);
  members_ += ':';
  members_ += json;
  return *this;
}

}  // namespace tokenweir::cli

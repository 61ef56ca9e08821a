// Which admin path does what. Pure apart from the actions it calls.
#include <openssl/crypto.h>

#include "admin/admin_server.h"

namespace tokenweir::admin {
namespace {

using Query = std::map<std::string, std::string, std::less<>>;

std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      constexpr char kHex[] = "0123456789abcdef";
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  return out + "\"";
}

Reply problem(int status, std::string_view message) {
  return {status, "application/json", "{\"error\":" + json_text(message) + "}\n"};
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
        hex_digit(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

Query parse_query(std::string_view text) {
  Query query;
  while (!text.empty()) {
    const auto end = text.find('&');
    const std::string_view pair = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    const auto equals = pair.find('=');
    if (pair.empty()) continue;
    query[decoded(pair.substr(0, equals))] =
        equals == std::string_view::npos ? std::string() : decoded(pair.substr(equals + 1));
  }
  return query;
}

// A page on another site can make a browser send requests here under its own host name.
bool host_is_plain(std::string_view host, const config::Admin& settings) {
  std::string_view name = host;
  if (name.starts_with('[')) return true;
  name = name.substr(0, name.rfind(':'));
  if (name.empty() || name == "localhost" || name == settings.address) return true;
  return name.find_first_not_of("0123456789.") == std::string_view::npos;
}

bool token_matches(std::string_view authorization, const std::string& token) {
  constexpr std::string_view kScheme = "Bearer ";
  if (!authorization.starts_with(kScheme)) return false;
  authorization.remove_prefix(kScheme.size());
  return authorization.size() == token.size() &&
         CRYPTO_memcmp(authorization.data(), token.data(), token.size()) == 0;
}

Reply readiness(Actions& actions, bool verbose) {
  const std::vector<std::string> reasons = actions.unready_reasons();
  Reply reply;
  reply.status = reasons.empty() ? 200 : 503;
  reply.body = reasons.empty() ? "{\"ready\":true" : "{\"ready\":false";
  if (verbose || !reasons.empty()) {
    reply.body += ",\"reasons\":[";
    for (std::size_t i = 0; i < reasons.size(); ++i) {
      if (i > 0) reply.body += ',';
      reply.body += json_text(reasons[i]);
    }
    reply.body += ']';
  }
  reply.body += "}\n";
  return reply;
}

Reply act(std::string_view path, Actions& actions) {
  if (path == "/-/reload") {
    const std::string problems = actions.reload();
    if (!problems.empty()) return problem(400, problems);
    return {200, "application/json", "{\"reloaded\":true}\n"};
  }
  actions.drain();
  return {202, "application/json", "{\"draining\":true}\n"};
}

}  // namespace

Reply answer(const Question& question, const config::Admin& settings, Actions& actions) {
  if (!host_is_plain(question.host, settings)) return problem(421, "unexpected Host");
  const auto mark = question.target.find('?');
  const std::string_view path = question.target.substr(0, mark);
  const Query query =
      mark == std::string_view::npos ? Query{} : parse_query(question.target.substr(mark + 1));
  const bool reading = question.method == "GET" || question.method == "HEAD";
  const bool action = path == "/-/reload" || path == "/-/drain";
  if (action ? question.method != "POST" : !reading) return problem(405, "method not allowed");

  if (path == "/livez") {
    return actions.alive() ? Reply{200, "text/plain; charset=utf-8", "ok\n"}
                           : Reply{503, "text/plain; charset=utf-8", "event loop stalled\n"};
  }
  if (path == "/readyz") return readiness(actions, query.contains("verbose"));
  if (path == "/metrics") {
    return {200, "text/plain; version=0.0.4; charset=utf-8", actions.metrics()};
  }

  if (settings.token.empty() && action) {
    return problem(403, "actions need `admin.token` in the configuration");
  }
  if (!settings.token.empty() && !token_matches(question.authorization, settings.token)) {
    return problem(401, "a bearer token is required");
  }
  if (action) return act(path, actions);
  if (path == "/api/v1/records") return {200, "application/json", actions.records(query)};
  constexpr std::string_view kRecord = "/api/v1/records/";
  if (path.starts_with(kRecord)) {
    auto record = actions.record(decoded(path.substr(kRecord.size())));
    if (!record) return problem(404, "no such record (it appears a moment after the answer ends)");
    return {200, "application/json", std::move(*record)};
  }
  return problem(404, "no such path");
}

}  // namespace tokenweir::admin

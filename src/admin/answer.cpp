#include "admin/answer.h"

#include <openssl/crypto.h>

#include <algorithm>

#include "admin/operator_api.h"
#include "admin/url.h"
#include "core/text.h"

namespace tokenweir::admin {
namespace {

// In a query a plus is a space.
std::string form_decoded(std::string text) {
  std::ranges::replace(text, '+', ' ');
  return url_decoded(text);
}

Query parse_query(std::string_view text) {
  Query query;
  while (!text.empty()) {
    const auto end = text.find('&');
    const std::string_view pair = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    const auto equals = pair.find('=');
    if (pair.empty()) continue;
    query[form_decoded(std::string(pair.substr(0, equals)))] =
        equals == std::string_view::npos ? std::string()
                                         : form_decoded(std::string(pair.substr(equals + 1)));
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

Reply act(std::string_view path, const Question& question, Actions& actions, Operators* operators) {
  if (auto foreign = foreign_order(question)) return *foreign;
  const auto actor = actor_of(question);
  if (!actor) return problem(400, actor.error());
  if (path == "/-/reload") {
    const std::string problems = actions.reload();
    if (operators != nullptr) {
      operators->note(problems.empty() ? "reload" : "reload.refused", "configuration",
                      {*actor, {}});
    }
    if (!problems.empty()) return problem(400, problems);
    return {200, "application/json", "{\"reloaded\":true}\n"};
  }
  if (operators != nullptr) operators->note("drain", "process", {*actor, {}});
  actions.drain();
  return {202, "application/json", "{\"draining\":true}\n"};
}

bool is_order(std::string_view method) { return method == "POST" || method == "DELETE"; }

}  // namespace

Reply problem(int status, std::string_view message) {
  return {status, "application/json", "{\"error\":" + json_text(message) + "}\n"};
}

Reply answer(const Question& question, const config::Admin& settings, Actions& actions,
             Operators* operators) {
  if (!host_is_plain(question.host, settings)) return problem(421, "unexpected Host");
  const auto mark = question.target.find('?');
  const std::string_view path = question.target.substr(0, mark);
  const Query query =
      mark == std::string_view::npos ? Query{} : parse_query(question.target.substr(mark + 1));
  const bool reading = question.method == "GET" || question.method == "HEAD";
  const bool ordering = is_order(question.method);
  const bool action = path == "/-/reload" || path == "/-/drain";
  if (action ? question.method != "POST" : !reading && !ordering) {
    return problem(405, "method not allowed");
  }

  if (reading && path == "/livez") {
    return actions.alive() ? Reply{200, "text/plain; charset=utf-8", "ok\n"}
                           : Reply{503, "text/plain; charset=utf-8", "event loop stalled\n"};
  }
  if (reading && path == "/readyz") return readiness(actions, query.contains("verbose"));
  if (reading && path == "/metrics") {
    return {200, "text/plain; version=0.0.4; charset=utf-8", actions.metrics()};
  }

  if (settings.token.empty() && ordering) {
    return problem(403, "orders need `admin.token` in the configuration");
  }
  if (!settings.token.empty() && !token_matches(question.authorization, settings.token)) {
    return problem(401, "a bearer token is required");
  }
  if (action) return act(path, question, actions, operators);
  if (operators != nullptr) {
    if (auto reply = answer_operators(question, path, query, *operators)) return *reply;
  }
  if (!reading) return problem(405, "method not allowed");
  if (path == "/api/v1/records") return {200, "application/json", actions.records(query)};
  constexpr std::string_view kRecord = "/api/v1/records/";
  if (path.starts_with(kRecord)) {
    auto record = actions.record(url_decoded(path.substr(kRecord.size())));
    if (!record) return problem(404, "no such record (it appears a moment after the answer ends)");
    return {200, "application/json", std::move(*record)};
  }
  return problem(404, "no such path");
}

}  // namespace tokenweir::admin

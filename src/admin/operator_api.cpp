#include "admin/operator_api.h"

#include <algorithm>
#include <charconv>

#include "admin/order_reader.h"
#include "admin/url.h"
#include "yaml/values.h"

namespace tokenweir::admin {
namespace {

using budget::Property;

constexpr std::size_t kBodyMax = 64 * 1024;
constexpr std::size_t kActorMax = 64;
constexpr std::string_view kApi = "/api/v1/";

constexpr auto kScopes = std::to_array({Property::run, Property::workflow, Property::user,
                                        Property::credential, Property::model, Property::provider});

Reply method_not_allowed() { return problem(405, "method not allowed"); }

std::string_view parameter(const Query& query, std::string_view name) {
  const auto found = query.find(name);
  return found == query.end() ? std::string_view() : std::string_view(found->second);
}

std::size_t most_of(const Query& query, std::size_t standard) {
  const std::string_view text = parameter(query, "limit");
  std::size_t most = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), most);
  if (text.empty() || end.ptr != text.data() + text.size()) return standard;
  return std::clamp<std::size_t>(most, 1, 1'000);
}

// "1h" before now, or RFC 3339. No value when it is neither.
std::optional<Time> time_of(std::string_view text, Time now) {
  if (const auto ago = yaml::parse_duration(text)) return now - *ago;
  return parse_rfc3339(text);
}

// What an order's path and body amount to, or the reply that ends it.
struct Reading {
  const Question& question;
  Operators& operators;
  OrderBody body;
  Order order;
};

// The target of a kill or a release; exactly one scope.
Result<KillTarget, Reply> target_of(const OrderBody& body) {
  std::optional<KillTarget> target;
  const auto take = [&](KillTarget found) {
    if (target) return false;
    target = std::move(found);
    return true;
  };
  bool once = true;
  for (const Property scope : kScopes) {
    if (!body.has(name_of(scope))) continue;
    once = once && take({scope, std::string(body.word(name_of(scope)))});
  }
  if (body.flag("everything")) once = once && take({});
  if (!once) return failure(problem(400, "name one target, not several"));
  if (!target) {
    return failure(problem(400,
                           "name the target: run, workflow, user, credential, model, provider, or "
                           "everything (true)"));
  }
  return *target;
}

std::optional<AccountChoice> account_of(const OrderBody& body) {
  if (!body.has("account")) return std::nullopt;
  AccountChoice account;
  account.create = body.flag("create");
  if (!body.has_list()) {
    account.name = body.word("account");
    return account;
  }
  account.exact = true;
  for (const std::string& value : body.list()) {
    if (&value != &body.list().front()) account.name += '\x1f';
    account.name += value;
  }
  return account;
}

Reply kill(const Reading& reading) {
  if (const std::string unknown =
          reading.body.unknown_member({"run", "workflow", "user", "credential", "model", "provider",
                                       "everything", "reason", "for"});
      !unknown.empty()) {
    return problem(400, unknown);
  }
  const auto target = target_of(reading.body);
  if (!target) return target.error();
  const auto duration = reading.body.duration("for");
  if (!duration) return problem(400, duration.error());
  return reading.operators.kill(*target, *duration, reading.order);
}

Reply release_id(const Reading& reading, std::string_view text) {
  std::uint64_t id = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), id);
  if (text.empty() || end.ec != std::errc{} || end.ptr != text.data() + text.size()) {
    return problem(400, "the id of a kill switch is a number");
  }
  return reading.operators.release(id, reading.order);
}

Reply release(const Reading& reading) {
  if (const std::string unknown =
          reading.body.unknown_member({"id", "run", "workflow", "user", "credential", "model",
                                       "provider", "everything", "reason"});
      !unknown.empty()) {
    return problem(400, unknown);
  }
  if (reading.body.has("id")) return release_id(reading, reading.body.word("id"));
  const auto target = target_of(reading.body);
  if (!target) return target.error();
  return reading.operators.release(*target, reading.order);
}

Reply set_budget(const Reading& reading, std::string_view budget) {
  if (const std::string unknown =
          reading.body.unknown_member({"limit", "account", "create", "for", "reason"});
      !unknown.empty()) {
    return problem(400, unknown);
  }
  const auto limits = reading.body.amounts("limit");
  if (!limits) return problem(400, limits.error());
  const auto duration = reading.body.duration("for");
  if (!duration) return problem(400, duration.error());
  return reading.operators.set_limits(budget, account_of(reading.body), *limits, *duration,
                                      reading.order);
}

Reply set_spent(const Reading& reading, std::string_view budget) {
  if (const std::string unknown =
          reading.body.unknown_member({"spent", "account", "create", "reason"});
      !unknown.empty()) {
    return problem(400, unknown);
  }
  const auto amounts = reading.body.amounts("spent");
  if (!amounts) return problem(400, amounts.error());
  return reading.operators.set_spent(budget, account_of(reading.body).value_or(AccountChoice{}),
                                     *amounts, reading.order);
}

Reply enforce(const Reading& reading) {
  if (const std::string unknown = reading.body.unknown_member({"state", "for", "reason"});
      !unknown.empty()) {
    return problem(400, unknown);
  }
  const std::string_view state = reading.body.word("state");
  if (state == "on") return reading.operators.enforce_on(reading.order);
  if (state != "off") return problem(400, "`state` is on or off");
  const auto duration = reading.body.duration("for");
  if (!duration) return problem(400, duration.error());
  if (!*duration) return problem(400, "`for` is missing: enforcement returns by itself, say when");
  return reading.operators.enforce_off(**duration, reading.order);
}

// budgets/NAME, budgets/NAME/spent, budgets/NAME/override
Reply order_of_budget(const Reading& reading, std::string_view rest) {
  const auto slash = rest.rfind('/');
  const std::string_view action = slash == std::string_view::npos ? "" : rest.substr(slash + 1);
  const bool posts = reading.question.method == "POST";
  if (action == "spent") {
    return posts ? set_spent(reading, url_decoded(rest.substr(0, slash))) : method_not_allowed();
  }
  if (action == "override") {
    if (reading.question.method != "DELETE") return method_not_allowed();
    if (const std::string unknown = reading.body.unknown_member({"account", "reason"});
        !unknown.empty()) {
      return problem(400, unknown);
    }
    return reading.operators.clear_limits(url_decoded(rest.substr(0, slash)),
                                          account_of(reading.body), reading.order);
  }
  return posts ? set_budget(reading, url_decoded(rest)) : method_not_allowed();
}

Reply end_run(const Reading& reading, std::string_view run) {
  if (const std::string unknown = reading.body.unknown_member({"reason", "for"});
      !unknown.empty()) {
    return problem(400, unknown);
  }
  const auto duration = reading.body.duration("for");
  if (!duration) return problem(400, duration.error());
  return reading.operators.kill({Property::run, url_decoded(run)}, *duration, reading.order);
}

// calibration, calibration/reset
Reply reset_calibration(const Reading& reading, std::string_view rest) {
  const std::string_view method = rest.empty() ? "DELETE" : "POST";
  if (reading.question.method != method || (!rest.empty() && rest != "reset")) {
    return method_not_allowed();
  }
  if (const std::string unknown = reading.body.unknown_member({"provider", "model", "reason"});
      !unknown.empty()) {
    return problem(400, unknown);
  }
  return reading.operators.reset_calibration(reading.body.word("provider"),
                                             reading.body.word("model"), reading.order);
}

std::optional<Reply> take_order(const Reading& reading, std::string_view name,
                                std::string_view rest) {
  const bool posts = reading.question.method == "POST";
  const bool deletes = reading.question.method == "DELETE";
  if (name == "kill" && !rest.empty()) {
    return deletes ? release_id(reading, rest) : method_not_allowed();
  }
  if (name == "kill") return posts ? kill(reading) : method_not_allowed();
  if (name == "release") return posts ? release(reading) : method_not_allowed();
  if (name == "enforcement") return posts ? enforce(reading) : method_not_allowed();
  if (name == "trust") {
    if (const std::string unknown = reading.body.unknown_member({"reason"}); !unknown.empty()) {
      return problem(400, unknown);
    }
    return posts ? reading.operators.trust(reading.order) : method_not_allowed();
  }
  if (name == "calibration") return reset_calibration(reading, rest);
  if (name == "budgets" && !rest.empty()) return order_of_budget(reading, rest);
  if (name == "runs" && !rest.empty()) {
    return deletes ? end_run(reading, rest) : method_not_allowed();
  }
  return method_not_allowed();
}

Reply read_spend(const Query& query, const Operators& operators) {
  std::vector<std::string> keys;
  std::string_view by = parameter(query, "by");
  if (by.empty()) by = "workflow";
  while (!by.empty()) {
    const auto comma = by.find(',');
    keys.emplace_back(by.substr(0, comma));
    by = comma == std::string_view::npos ? std::string_view() : by.substr(comma + 1);
  }
  if (keys.size() > 4) return problem(400, "`by` takes at most four keys");
  const Time now = operators.now();
  // Today, as bills see it.
  Time since = std::chrono::floor<std::chrono::days>(now);
  std::optional<Time> until;
  if (const std::string_view text = parameter(query, "since"); !text.empty()) {
    const auto time = time_of(text, now);
    if (!time) return problem(400, "`since` is neither a duration such as 1h nor RFC 3339");
    since = *time;
  }
  if (const std::string_view text = parameter(query, "until"); !text.empty()) {
    until = time_of(text, now);
    if (!until) return problem(400, "`until` is neither a duration such as 1h nor RFC 3339");
  }
  return operators.spend(keys, since, until, most_of(query, 100));
}

std::optional<Reply> read(std::string_view name, std::string_view rest, const Query& query,
                          Operators& operators) {
  if (name == "kill" && rest.empty()) return operators.kills();
  if (name == "enforcement" && rest.empty()) return operators.enforcement();
  if (name == "spend" && rest.empty()) return read_spend(query, operators);
  if (name == "top" && rest.empty()) {
    return operators.top(std::chrono::minutes(5), most_of(query, 20));
  }
  if (name == "calibration" && rest.empty()) {
    return operators.calibration(parameter(query, "provider"), parameter(query, "model"),
                                 most_of(query, 1'000));
  }
  if (name == "audit" && rest.empty()) {
    std::optional<std::int64_t> before;
    if (const std::string_view text = parameter(query, "before"); !text.empty()) {
      std::int64_t id = 0;
      std::from_chars(text.data(), text.data() + text.size(), id);
      before = id;
    }
    return operators.audit(most_of(query, 100), before);
  }
  if (name == "runs") {
    const std::string run = rest.empty() ? std::string(parameter(query, "run")) : url_decoded(rest);
    Operators::RunFilter filter;
    filter.run = run;
    filter.workflow = parameter(query, "workflow");
    filter.credential = parameter(query, "credential");
    filter.active = parameter(query, "active") == "true";
    filter.most = most_of(query, 100);
    return operators.runs(filter);
  }
  if (name == "budgets") {
    const std::string budget =
        rest.empty() ? std::string(parameter(query, "budget")) : url_decoded(rest);
    std::optional<AccountChoice> account;
    if (query.contains("account") && !budget.empty()) {
      account = AccountChoice{std::string(parameter(query, "account")), false, false};
    }
    return operators.budgets(budget, account, most_of(query, 100));
  }
  return std::nullopt;
}

bool is_ours(std::string_view name) {
  constexpr auto kNames =
      std::to_array<std::string_view>({"kill", "release", "budgets", "enforcement", "runs", "spend",
                                       "top", "audit", "trust", "calibration"});
  return std::ranges::find(kNames, name) != kNames.end();
}

}  // namespace

Result<std::string, std::string> actor_of(const Question& question) {
  if (question.actor.empty()) return std::string("admin-token");
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("._-@+ ").find(c) != std::string_view::npos;
  };
  if (question.actor.size() > kActorMax || !std::ranges::all_of(question.actor, plain)) {
    return failure(std::string(
        "X-LLM-Operator is a name of at most 64 letters, digits, spaces and . _ - @ +"));
  }
  return std::string(question.actor);
}

std::optional<Reply> foreign_order(const Question& question) {
  if (!question.origin.empty()) {
    // A page may only give orders to the host it came from.
    const auto scheme = question.origin.find("://");
    if (scheme == std::string_view::npos || question.origin.substr(scheme + 3) != question.host) {
      return problem(403, "orders from a page of another origin are refused");
    }
  }
  if (question.body.size() > kBodyMax) return problem(413, "an order is at most 64 KiB");
  const std::string_view type = question.content_type.substr(0, question.content_type.find(';'));
  const bool json = type == "application/json" || type == "application/json ";
  if (!question.body.empty() && !json) {
    return problem(415, "an order is sent as application/json");
  }
  return std::nullopt;
}

std::optional<Reply> answer_operators(const Question& question, std::string_view path,
                                      const Query& query, Operators& operators) {
  if (!path.starts_with(kApi)) return std::nullopt;
  path.remove_prefix(kApi.size());
  const auto slash = path.find('/');
  const std::string_view name = path.substr(0, slash);
  const std::string_view rest =
      slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  if (!is_ours(name)) return std::nullopt;
  if (question.method == "GET" || question.method == "HEAD") {
    return read(name, rest, query, operators);
  }
  if (auto refused = foreign_order(question)) return refused;
  const auto actor = actor_of(question);
  if (!actor) return problem(400, actor.error());
  auto body = OrderBody::read(question.body);
  if (!body) return problem(400, body.error());
  const Order order{*actor, std::string(body->word("reason"))};
  const Reading reading{question, operators, std::move(*body), order};
  return take_order(reading, name, rest);
}

}  // namespace tokenweir::admin

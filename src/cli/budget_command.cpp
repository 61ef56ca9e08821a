// `budget`: how far budgets are used, and what operators change about them.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iostream>
#include <memory>
#include <utility>
#include <vector>

#include "admin/url.h"
#include "cli/admin_client.h"
#include "cli/answer_json.h"
#include "cli/operator_commands.h"
#include "cli/table.h"
#include "core/exit_codes.h"

namespace tokenweir::cli {
namespace {

struct BudgetOptions {
  AdminOptions admin;
  std::string name;
  std::string account;
  bool has_account = false;
  bool create = false;
  std::vector<std::string> amounts;  // usd=5
  std::vector<std::string> spent;    // of `set`
  std::string usd;
  std::string reason;
  std::string duration;
  std::size_t limit = 100;
};

int usage(std::string_view message) {
  std::cerr << "tokenweir budget: " << message << '\n';
  return kExitUsage;
}

// What a budget's row is judged by: money where it has a limit in money, else its first limit.
std::string_view judged_by(const JsonElement& budget) {
  for (const std::string_view measure :
       {"usd", "requests", "total_tokens", "output_tokens", "input_tokens", "concurrent"}) {
    if (text_at(budget, {"limit", measure})) return measure;
  }
  return "usd";
}

Table::Cell amount_at(const JsonElement& budget, std::string_view where, std::string_view measure) {
  return measure == "usd" ? dollars_at(budget, {where, measure})
                          : cell_at(budget, {where, measure});
}

int print_budgets(const std::string& body, bool json) {
  if (json) {
    std::cout << body;
    return 0;
  }
  const AnswerJson answer(body);
  Table table;
  table.columns = {{"budget"},       {"account"},     {"window"},     {"unit"},
                   {"limit", true},  {"spent", true}, {"held", true}, {"left", true},
                   {"used %", true}, {"resets"},      {"notes"}};
  for (const JsonElement budget : array_at(answer.root(), "budgets")) {
    const std::string_view measure = judged_by(budget);
    std::string notes;
    const auto note = [&](const std::string& text) { notes += (notes.empty() ? "" : ", ") + text; };
    if (text_at(budget, {"unknown"}) == "yes") note("UNKNOWN: set its spend");
    if (text_at(budget, {"enforced"}) == "no") note("observes");
    if (text_at(budget, {"override", "by"})) {
      const auto until = text_at(budget, {"override", "until"});
      note("overridden" + (until ? " until " + *until : std::string()));
    }
    table.rows.push_back({cell_at(budget, {"budget"}),
                          cell_at(budget, {"account"}),
                          cell_at(budget, {"window"}),
                          {std::string(measure)},
                          amount_at(budget, "limit", measure),
                          amount_at(budget, "spent", measure),
                          amount_at(budget, "held", measure),
                          amount_at(budget, "remaining", measure),
                          cell_at(budget, {"used_percent"}),
                          cell_at(budget, {"window_ends"}),
                          {notes}});
  }
  if (table.rows.empty()) std::cerr << "there are no budgets\n";
  std::cout << text_table(table, true);
  return 0;
}

int show(const BudgetOptions& options) {
  const auto client = AdminClient::make(options.admin, "budget");
  if (!client) return client.error();
  std::string target = "/api/v1/budgets";
  if (!options.name.empty()) target += "/" + admin::url_encoded(options.name);
  target += fmt::format("?limit={}", options.limit);
  if (options.has_account) target += "&account=" + admin::url_encoded(options.account);
  const auto body = client->get(target);
  if (!body) return body.error();
  return print_budgets(*body, options.admin.json);
}

// {"usd":"5","requests":"80"} of usd=5 requests=80; no value when one of them is not of that form.
std::optional<std::string> amounts_json(const std::string& usd,
                                        const std::vector<std::string>& amounts) {
  OrderText order;
  order.word("usd", usd);
  for (const std::string& amount : amounts) {
    const auto equals = amount.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == amount.size()) return {};
    order.word(amount.substr(0, equals), amount.substr(equals + 1));
  }
  return order.text();
}

void add_account(OrderText& order, const BudgetOptions& options) {
  if (!options.has_account) return;
  std::string account;
  // An empty account is the shared one of a budget without `per`.
  if (options.account.empty()) {
    order.raw("account", "\"\"");
  } else {
    order.word("account", options.account);
  }
  if (options.create) order.raw("create", "true");
}

int change(const BudgetOptions& options, std::string_view what) {
  if (what == "set" && !options.spent.empty()) {
    // What was spent comes first: with a lost ledger, no limit means anything without it.
    BudgetOptions spent = options;
    spent.amounts = std::exchange(spent.spent, {});
    spent.duration.clear();
    BudgetOptions limits = options;
    limits.spent.clear();
    const int exit_code = change(spent, "spent");
    return exit_code != 0 || limits.amounts.empty() ? exit_code : change(limits, "set");
  }
  const bool sets = what == "set";
  const auto amounts = amounts_json(options.usd, options.amounts);
  if (what != "clear" && (!amounts || *amounts == "{}")) {
    return usage(sets ? "give at least one --limit or --spent MEASURE=AMOUNT, such as --limit usd=5"
                      : "give at least one of --usd and --amount MEASURE=AMOUNT");
  }
  if (what != "clear" && options.reason.empty()) {
    return usage("--reason is missing: it goes into the audit");
  }
  const auto client = AdminClient::make(options.admin, "budget");
  if (!client) return client.error();
  OrderText order;
  if (what != "clear") order.raw(sets ? "limit" : "spent", *amounts);
  add_account(order, options);
  order.word("for", options.duration).word("reason", options.reason);
  std::string target = "/api/v1/budgets/" + admin::url_encoded(options.name);
  if (what == "spent") target += "/spent";
  if (what == "clear") target += "/override";
  const auto body = client->order(what == "clear" ? "DELETE" : "POST", target, order.text());
  if (!body) return body.error();
  if (options.admin.json) {
    std::cout << *body;
    return 0;
  }
  return show(options);
}

int trust(const BudgetOptions& options) {
  if (options.reason.empty()) return usage("--reason is missing: it goes into the audit");
  const auto client = AdminClient::make(options.admin, "budget");
  if (!client) return client.error();
  const auto body =
      client->order("POST", "/api/v1/trust", OrderText().word("reason", options.reason).text());
  if (!body) return body.error();
  std::cout << (options.admin.json ? *body
                                   : std::string("what the ledger says was spent is believed\n"));
  return 0;
}

using Shared = std::shared_ptr<BudgetOptions>;

CLI::App* add_sub(CLI::App& command, const char* name, const char* help, const Shared& options) {
  CLI::App* const sub = command.add_subcommand(name, help);
  add_admin_options(*sub, options->admin);
  return sub;
}

void add_account_option(CLI::App& sub, const Shared& options) {
  sub.add_option_function<std::string>(
      "--account",
      [options](const std::string& account) {
        options->account = account;
        options->has_account = true;
      },
      "one account of a budget with `per`: its values joined by /");
}

void add_change(CLI::App& command, const char* what, const char* help, const Shared& options,
                int& exit_code) {
  CLI::App* const sub = add_sub(command, what, help, options);
  sub->add_option("name", options->name, "the budget")->required();
  add_account_option(*sub, options);
  sub->add_option("--reason", options->reason, "why, for the audit");
  const std::string_view action = what;
  if (action == "set") {
    sub->add_option("--limit", options->amounts,
                    "MEASURE=AMOUNT: usd, requests, input_tokens, output_tokens, total_tokens");
    sub->add_option("--spent", options->spent,
                    "MEASURE=AMOUNT: what was spent in the window of now");
    sub->add_option("--for", options->duration, "for so long: 24h, 7d (until cleared, otherwise)");
  }
  if (action == "spent") {
    sub->add_option("--usd", options->usd, "dollars spent in the window of now");
    sub->add_option("--amount", options->amounts, "MEASURE=AMOUNT, for the others");
  }
  if (action != "clear") {
    sub->add_flag("--create", options->create, "also an account that no request has touched yet");
  }
  sub->callback([options, action, &exit_code] { exit_code = change(*options, action); });
}

}  // namespace

void add_budget_command(CLI::App& app, int& exit_code) {
  CLI::App* const command =
      app.add_subcommand("budget", "how far budgets are used; change one while the server runs");
  command->require_subcommand(1);
  const auto options = std::make_shared<BudgetOptions>();

  CLI::App* const list = add_sub(*command, "list", "all budgets and rates", options);
  list->add_option("--limit", options->limit, "accounts of each budget")->capture_default_str();
  list->callback([options, &exit_code] { exit_code = show(*options); });

  CLI::App* const one = add_sub(*command, "show", "one budget and its accounts", options);
  one->add_option("name", options->name, "the budget")->required();
  add_account_option(*one, options);
  one->add_option("--limit", options->limit, "accounts to show")->capture_default_str();
  one->callback([options, &exit_code] { exit_code = show(*options); });

  add_change(*command, "set", "another limit, for a while or until it is cleared", options,
             exit_code);
  add_change(*command, "clear", "the configuration's limit again", options, exit_code);
  add_change(*command, "spent", "say what was spent, where the ledger was lost or is wrong",
             options, exit_code);

  CLI::App* const believe =
      add_sub(*command, "trust",
              "believe the sums of a ledger that was lost or restored from a copy", options);
  believe->add_option("--reason", options->reason, "why, for the audit");
  believe->callback([options, &exit_code] { exit_code = trust(*options); });
}

}  // namespace tokenweir::cli

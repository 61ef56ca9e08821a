// `runs`, `top`, `audit`: what is going on, and who ordered what.
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <iostream>
#include <memory>
#include <thread>

#include "admin/url.h"
#include "cli/admin_client.h"
#include "cli/answer_json.h"
#include "cli/operator_commands.h"
#include "cli/table.h"
#include "core/exit_codes.h"

namespace tokenweir::cli {
namespace {

struct RunsOptions {
  AdminOptions admin;
  std::string run, workflow, credential;
  std::string reason, duration;
  bool active = false;
  bool once = false;
  std::size_t limit = 20;
  unsigned interval = 2;  // seconds
};

Table::Row run_row(const JsonElement& run) {
  Table::Cell state = cell_at(run, {"state"});
  if (const auto by = text_at(run, {"stopped_by"}); by && !by->empty()) state.text += ": " + *by;
  return {cell_at(run, {"run"}),        cell_at(run, {"workflow"}),
          cell_at(run, {"credential"}), std::move(state),
          cell_at(run, {"steps"}),      cell_at(run, {"in_flight"}),
          dollars_at(run, {"usd"}),     cell_at(run, {"tokens"}),
          cell_at(run, {"seen_at"}),    cell_at(run, {"parent_run"})};
}

int list_runs(const RunsOptions& options) {
  const auto client = AdminClient::make(options.admin, "runs");
  if (!client) return client.error();
  std::string target = fmt::format("/api/v1/runs?limit={}", options.limit);
  const auto filter = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) target += fmt::format("&{}={}", name, admin::url_encoded(value));
  };
  filter("run", options.run);
  filter("workflow", options.workflow);
  filter("credential", options.credential);
  if (options.active) target += "&active=true";
  const auto body = client->get(target);
  if (!body) return body.error();
  if (options.admin.json) {
    std::cout << *body;
    return 0;
  }
  const AnswerJson answer(*body);
  Table table;
  table.columns = {{"run"},       {"workflow"},  {"credential"},   {"state"},     {"steps", true},
                   {"now", true}, {"usd", true}, {"tokens", true}, {"last seen"}, {"parent"}};
  for (const JsonElement run : array_at(answer.root(), "runs")) table.rows.push_back(run_row(run));
  if (table.rows.empty()) std::cerr << "no such runs\n";
  std::cout << text_table(table, true);
  return 0;
}

int end_run(const RunsOptions& options) {
  if (options.reason.empty()) {
    std::cerr << "tokenweir runs end: --reason is missing: it goes into the audit\n";
    return kExitUsage;
  }
  const auto client = AdminClient::make(options.admin, "runs");
  if (!client) return client.error();
  OrderText order;
  order.word("reason", options.reason).word("for", options.duration);
  const auto body =
      client->order("DELETE", "/api/v1/runs/" + admin::url_encoded(options.run), order.text());
  if (!body) return body.error();
  if (options.admin.json) {
    std::cout << *body;
  } else {
    std::cout << fmt::format("ended run {}; undo it with `tokenweir release {}`\n",
                             printable(options.run),
                             text_at(AnswerJson(*body).root(), {"id"}).value_or("?"));
  }
  return 0;
}

std::string top_page(const AnswerJson& answer) {
  const JsonElement root = answer.root();
  std::string page = fmt::format(
      "{}  the last {} minutes: {} in {} request(s), {}/min{}{}\n\n",
      text_at(root, {"at"}).value_or(""), text_at(root, {"minutes"}).value_or("?"),
      dollars_at(root, {"total", "usd"}).text, text_at(root, {"total", "requests"}).value_or("0"),
      dollars_at(root, {"total", "usd_per_minute"}).text,
      text_at(root, {"enforcing"}) == "no" ? "  ENFORCEMENT IS OFF" : "",
      text_at(root, {"kills"}).value_or("0") == "0"
          ? std::string()
          : "  kill switches: " + *text_at(root, {"kills"}));
  Table table;
  table.columns = {{"usd/min", true}, {"usd", true}, {"requests", true}, {"refused", true},
                   {"workflow"},      {"run"},       {"state"},          {"steps", true},
                   {"run usd", true}, {"credential"}};
  for (const JsonElement line : array_at(root, "top")) {
    table.rows.push_back({dollars_at(line, {"usd_per_minute"}), dollars_at(line, {"usd"}),
                          cell_at(line, {"requests"}), cell_at(line, {"refused"}),
                          cell_at(line, {"workflow"}), cell_at(line, {"run"}),
                          cell_at(line, {"of_run", "state"}), cell_at(line, {"of_run", "steps"}),
                          dollars_at(line, {"of_run", "usd"}), cell_at(line, {"credential"})});
  }
  return page + text_table(table, true);
}

int top(const RunsOptions& options) {
  const auto client = AdminClient::make(options.admin, "top");
  if (!client) return client.error();
  const bool refresh = !options.once && !options.admin.json && ::isatty(STDOUT_FILENO) == 1;
  while (true) {
    const auto body = client->get(fmt::format("/api/v1/top?limit={}", options.limit));
    if (!body) return body.error();
    if (options.admin.json) {
      std::cout << *body;
      return 0;
    }
    const AnswerJson answer(*body);
    // Home and clear, like top(1).
    std::cout << (refresh ? "\x1b[H\x1b[2J" : "") << top_page(answer) << std::flush;
    if (!refresh) return std::cout ? 0 : kExitFailed;
    std::this_thread::sleep_for(std::chrono::seconds(std::max(options.interval, 1u)));
  }
}

int audit(const RunsOptions& options) {
  const auto client = AdminClient::make(options.admin, "audit");
  if (!client) return client.error();
  const auto body = client->get(fmt::format("/api/v1/audit?limit={}", options.limit));
  if (!body) return body.error();
  if (options.admin.json) {
    std::cout << *body;
    return 0;
  }
  const AnswerJson answer(*body);
  Table table;
  table.columns = {{"id", true}, {"at"}, {"by"}, {"action"}, {"target"}, {"reason"}};
  for (const JsonElement line : array_at(answer.root(), "audit")) {
    table.rows.push_back({cell_at(line, {"id"}), cell_at(line, {"at"}), cell_at(line, {"actor"}),
                          cell_at(line, {"action"}), cell_at(line, {"target"}),
                          cell_at(line, {"reason"})});
  }
  std::cout << text_table(table, true);
  return 0;
}

}  // namespace

void add_runs_command(CLI::App& app, int& exit_code) {
  CLI::App* const command = app.add_subcommand("runs", "agent runs the server remembers");
  const auto options = std::make_shared<RunsOptions>();
  add_admin_options(*command, options->admin);
  command->add_option("--run", options->run, "only runs of this name");
  command->add_option("--workflow", options->workflow, "only runs of this workflow");
  command->add_option("--credential", options->credential, "only runs of this credential");
  command->add_flag("--active", options->active, "only runs with a request under way");
  command->add_option("--limit", options->limit, "at most so many, the latest")
      ->capture_default_str();

  CLI::App* const end = command->add_subcommand("end", "stop a run and the runs below it");
  add_admin_options(*end, options->admin);
  end->add_option("run", options->run, "the run")->required();
  end->add_option("--reason", options->reason, "why, for the agent and the audit");
  end->add_option("--for", options->duration, "only for so long");
  end->callback([options, &exit_code] { exit_code = end_run(*options); });
  command->callback([command, options, &exit_code] {
    if (command->get_subcommands().empty()) exit_code = list_runs(*options);
  });
}

void add_top_command(CLI::App& app, int& exit_code) {
  CLI::App* const command =
      app.add_subcommand("top", "where the money of the last minutes goes, dearest first");
  const auto options = std::make_shared<RunsOptions>();
  add_admin_options(*command, options->admin);
  command->add_flag("--once", options->once, "print once instead of refreshing");
  command->add_option("--interval", options->interval, "seconds between two looks")
      ->capture_default_str();
  command->add_option("--limit", options->limit, "lines")->capture_default_str();
  command->callback([options, &exit_code] { exit_code = top(*options); });
}

void add_audit_command(CLI::App& app, int& exit_code) {
  CLI::App* const command = app.add_subcommand("audit", "who ordered what, newest first");
  const auto options = std::make_shared<RunsOptions>();
  add_admin_options(*command, options->admin);
  command->add_option("--limit", options->limit, "lines")->capture_default_str();
  command->callback([options, &exit_code] { exit_code = audit(*options); });
}

}  // namespace tokenweir::cli

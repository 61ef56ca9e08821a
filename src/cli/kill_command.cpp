// `kill`, `release`, `enforce`.
#include <fmt/format.h>

#include <iostream>
#include <memory>
#include <vector>

#include "cli/admin_client.h"
#include "cli/answer_json.h"
#include "cli/operator_commands.h"
#include "cli/table.h"
#include "core/exit_codes.h"

namespace tokenweir::cli {
namespace {

struct KillOptions {
  AdminOptions admin;
  std::string run, workflow, user, credential, model, provider;
  bool everything = false;
  bool list = false;
  std::string id;
  std::string reason;
  std::string duration;
};

void add_targets(CLI::App& command, KillOptions& options) {
  command.add_option("--run", options.run, "a run and the runs below it");
  command.add_option("--workflow", options.workflow, "a workflow");
  command.add_option("--user", options.user, "a user");
  command.add_option("--credential", options.credential, "a credential");
  command.add_option("--model", options.model, "a model, as requests name it");
  command.add_option("--provider", options.provider, "a provider, by its configured name");
  command.add_flag("--all", options.everything, "all traffic");
}

OrderText targets(const KillOptions& options) {
  OrderText order;
  order.word("run", options.run).word("workflow", options.workflow).word("user", options.user);
  order.word("credential", options.credential).word("model", options.model);
  order.word("provider", options.provider);
  if (options.everything) order.raw("everything", "true");
  return order;
}

bool names_a_target(const KillOptions& options) { return targets(options).text() != "{}"; }

std::string target_of(const JsonElement& kill) {
  const std::string scope = text_at(kill, {"scope"}).value_or("");
  if (scope == "everything") return "everything";
  return scope + " " + text_at(kill, {"value"}).value_or("");
}

int usage(std::string_view command, std::string_view message) {
  std::cerr << "tokenweir " << command << ": " << message << '\n';
  return kExitUsage;
}

int list_kills(const KillOptions& options) {
  const auto client = AdminClient::make(options.admin, "kill");
  if (!client) return client.error();
  const auto body = client->get("/api/v1/kill");
  if (!body) return body.error();
  if (options.admin.json) {
    std::cout << *body;
    return 0;
  }
  const AnswerJson answer(*body);
  Table table;
  table.columns = {{"id", true}, {"target"}, {"since"}, {"until"}, {"by"}, {"reason"}};
  for (const JsonElement kill : array_at(answer.root(), "kills")) {
    table.rows.push_back({cell_at(kill, {"id"}),
                          {target_of(kill)},
                          cell_at(kill, {"since"}),
                          cell_at(kill, {"until"}),
                          cell_at(kill, {"by"}),
                          cell_at(kill, {"reason"})});
  }
  if (table.rows.empty()) std::cerr << "nothing is killed\n";
  std::cout << text_table(table, true);
  return 0;
}

int kill(const KillOptions& options) {
  if (options.list) return list_kills(options);
  if (!names_a_target(options)) {
    return usage("kill",
                 "name a target: --run, --workflow, --user, --credential, --model, "
                 "--provider or --all (or --list what is killed)");
  }
  if (options.reason.empty()) return usage("kill", "--reason is missing: it goes into the audit");
  const auto client = AdminClient::make(options.admin, "kill");
  if (!client) return client.error();
  OrderText order = targets(options);
  order.word("reason", options.reason).word("for", options.duration);
  const auto body = client->order("POST", "/api/v1/kill", order.text());
  if (!body) return body.error();
  if (options.admin.json) {
    std::cout << *body;
    return 0;
  }
  const AnswerJson answer(*body);
  const std::string id = text_at(answer.root(), {"id"}).value_or("?");
  const auto until = text_at(answer.root(), {"until"});
  std::cout << fmt::format(
      "killed {}{}: new requests are refused, those under way end.\n"
      "Undo it with `tokenweir release {}`.\n",
      printable(target_of(answer.root())), until ? " until " + *until : std::string(), id);
  return 0;
}

int release(const KillOptions& options) {
  if (options.id.empty() == !names_a_target(options)) {
    return usage("release",
                 "name either the id of a switch or its target (`tokenweir kill --list` "
                 "shows both)");
  }
  const auto client = AdminClient::make(options.admin, "release");
  if (!client) return client.error();
  OrderText order = targets(options);
  order.word("id", options.id).word("reason", options.reason);
  const auto body = client->order("POST", "/api/v1/release", order.text());
  if (!body) return body.error();
  if (options.admin.json) {
    std::cout << *body;
  } else {
    std::cout << "released " << printable(target_of(AnswerJson(*body).root())) << '\n';
  }
  return 0;
}

int show_enforcement(const AdminClient& client, bool json) {
  const auto body = client.get("/api/v1/enforcement");
  if (!body) return body.error();
  if (json) {
    std::cout << *body;
    return 0;
  }
  const AnswerJson answer(*body);
  if (text_at(answer.root(), {"enforcing"}) == "yes") {
    std::cout << "enforcement is on, as the configuration says\n";
    return 0;
  }
  std::cout << fmt::format("enforcement is OFF until {}, by {}: {}\n",
                           text_at(answer.root(), {"until"}).value_or("?"),
                           printable(text_at(answer.root(), {"by"}).value_or("?")),
                           printable(text_at(answer.root(), {"reason"}).value_or("?")));
  return 0;
}

int enforce(const KillOptions& options, std::string_view state) {
  if (state == "off" && (options.reason.empty() || options.duration.empty())) {
    return usage("enforce off",
                 "--for and --reason are needed: it returns by itself, and the "
                 "audit says why it was off");
  }
  const auto client = AdminClient::make(options.admin, "enforce");
  if (!client) return client.error();
  if (state == "status") return show_enforcement(*client, options.admin.json);
  OrderText order;
  order.word("state", state).word("for", options.duration).word("reason", options.reason);
  const auto body = client->order("POST", "/api/v1/enforcement", order.text());
  if (!body) return body.error();
  return show_enforcement(*client, options.admin.json);
}

}  // namespace

void add_kill_command(CLI::App& app, int& exit_code) {
  CLI::App* const command = app.add_subcommand(
      "kill",
      "refuse all requests of a run, workflow, user, credential, model or provider, and "
      "end those under way");
  const auto options = std::make_shared<KillOptions>();
  add_admin_options(*command, options->admin);
  add_targets(*command, *options);
  command->add_option("--reason", options->reason, "why, for refused clients and the audit");
  command->add_option("--for", options->duration, "end by itself after so long: 30m, 1h, 7d");
  command->add_flag("--list", options->list, "show what is killed now");
  command->callback([options, &exit_code] { exit_code = kill(*options); });
}

void add_release_command(CLI::App& app, int& exit_code) {
  CLI::App* const command = app.add_subcommand("release", "let go what was killed");
  const auto options = std::make_shared<KillOptions>();
  command->add_option("id", options->id, "the switch, as `kill` printed it");
  add_admin_options(*command, options->admin);
  add_targets(*command, *options);
  command->add_option("--reason", options->reason, "why, for the audit");
  command->callback([options, &exit_code] { exit_code = release(*options); });
}

void add_enforce_command(CLI::App& app, int& exit_code) {
  CLI::App* const command =
      app.add_subcommand("enforce", "break-glass: stop refusing and clamping for a while");
  command->require_subcommand(1);
  const auto options = std::make_shared<KillOptions>();
  for (const auto& [state, help] :
       {std::pair{"off", "refuse and clamp nothing; budgets still count"},
        std::pair{"on", "as the configuration says, from now on"},
        std::pair{"status", "whether, until when, by whom"}}) {
    CLI::App* const sub = command->add_subcommand(state, help);
    add_admin_options(*sub, options->admin);
    const std::string_view name = state;
    if (name == "off") {
      sub->add_option("--for", options->duration, "how long, at most 24h; then it is on again");
    }
    if (name != "status") sub->add_option("--reason", options->reason, "why, for the audit");
    sub->callback([options, name, &exit_code] { exit_code = enforce(*options, name); });
  }
}

}  // namespace tokenweir::cli

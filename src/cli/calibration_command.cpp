// `calibration`: how counts compare with what providers report, and what was learned from it.
#include <fmt/format.h>

#include <iostream>
#include <memory>

#include "admin/url.h"
#include "cli/admin_client.h"
#include "cli/answer_json.h"
#include "cli/operator_commands.h"
#include "cli/table.h"

namespace tokenweir::cli {
namespace {

struct CalibrationOptions {
  AdminOptions admin;
  std::string provider;
  std::string model;
  std::string reason;
};

Table ratio_table(const JsonElement& root) {
  Table table;
  table.columns = {{"provider"},      {"kind"},           {"requests", true}, {"equal", true},
                   {"counted", true}, {"reported", true}, {"ratio", true}};
  for (const JsonElement line : array_at(root, "ratios")) {
    table.rows.push_back({cell_at(line, {"provider"}), cell_at(line, {"kind"}),
                          cell_at(line, {"requests"}), cell_at(line, {"equal"}),
                          cell_at(line, {"counted_tokens"}), cell_at(line, {"reported_tokens"}),
                          cell_at(line, {"ratio"})});
  }
  return table;
}

std::string state_of(const JsonElement& line) {
  if (text_at(line, {"exact"}) == "yes") return "exact, not corrected";
  return text_at(line, {"applied"}) == "yes" ? "corrected" : "learning";
}

Table learned_table(const JsonElement& root) {
  Table table;
  table.columns = {{"provider"},     {"model"},        {"kind"},  {"samples", true},
                   {"factor", true}, {"tokens", true}, {"state"}, {"last"}};
  for (const JsonElement line : array_at(root, "learned")) {
    table.rows.push_back({cell_at(line, {"provider"}),
                          cell_at(line, {"model"}),
                          cell_at(line, {"kind"}),
                          cell_at(line, {"samples"}),
                          cell_at(line, {"factor"}),
                          cell_at(line, {"tokens"}),
                          {state_of(line)},
                          cell_at(line, {"last"})});
  }
  return table;
}

int show(const CalibrationOptions& options) {
  const auto client = AdminClient::make(options.admin, "calibration");
  if (!client) return client.error();
  const auto body = client->get(fmt::format("/api/v1/calibration?provider={}&model={}",
                                            admin::url_encoded(options.provider),
                                            admin::url_encoded(options.model)));
  if (!body) return body.error();
  if (options.admin.json) {
    std::cout << *body;
    return 0;
  }
  const AnswerJson answer(*body);
  const Table ratios = ratio_table(answer.root());
  if (ratios.rows.empty()) std::cerr << "no request was counted and reported yet\n";
  std::cout << text_table(ratios, true);
  const Table learned = learned_table(answer.root());
  if (!learned.rows.empty()) std::cout << '\n' << text_table(learned, true);
  return 0;
}

int reset(const CalibrationOptions& options) {
  const auto client = AdminClient::make(options.admin, "calibration reset");
  if (!client) return client.error();
  OrderText order;
  order.word("provider", options.provider).word("model", options.model);
  order.word("reason", options.reason);
  const auto body = client->order("POST", "/api/v1/calibration/reset", order.text());
  if (!body) return body.error();
  if (options.admin.json) {
    std::cout << *body;
    return 0;
  }
  std::cout << fmt::format("forgot {} line(s)\n",
                           text_at(AnswerJson(*body).root(), {"forgotten"}).value_or("?"));
  return 0;
}

}  // namespace

void add_calibration_command(CLI::App& app, int& exit_code) {
  CLI::App* const command = app.add_subcommand(
      "calibration", "how counted tokens compare with reported ones, and the learned corrections");
  const auto options = std::make_shared<CalibrationOptions>();
  add_admin_options(*command, options->admin);
  command->add_option("--provider", options->provider, "only of this provider");
  command->add_option("--model", options->model, "only of this model");

  CLI::App* const forget =
      command->add_subcommand("reset", "forget what was learned of a model, or of all");
  add_admin_options(*forget, options->admin);
  forget->add_option("model", options->model, "the model; all when absent");
  forget->add_option("--provider", options->provider, "only at this provider");
  forget->add_option("--reason", options->reason, "why, for the audit");
  forget->callback([options, &exit_code] { exit_code = reset(*options); });
  command->callback([command, options, &exit_code] {
    if (command->get_subcommands().empty()) exit_code = show(*options);
  });
}

}  // namespace tokenweir::cli

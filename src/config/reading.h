// What the section readers of load.cpp share: one Config under construction, and where mistakes go.
// Internal to this room.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "config/config.h"
#include "yaml/expand.h"
#include "yaml/reader.h"

namespace tokenweir::config {

// The largest limits a rule may name: above them a figure is a slip of the keyboard.
inline constexpr std::int64_t kMostTokens = 1'000'000'000'000;
inline constexpr std::int64_t kMostTimes = 1'000'000;

struct Reading {
  Config& config;
  const yaml::Environment* environment = nullptr;  // null while the shape is described
  std::string folder;
  bool holds_secrets = false;  // a key or token is written out in the file itself

  // `path` as seen from the configuration file.
  [[nodiscard]] std::string at(std::string_view path) const { return yaml::resolve(folder, path); }
  // Notes a section that is checked but not acted on; `node` is null when it was not given.
  void inert(const yaml::Node* node, std::string_view name);
};

void read_listen(Reading& reading, yaml::MapReader& map);
void read_admin(Reading& reading, yaml::MapReader& map);
void read_providers(Reading& reading, yaml::MapReader& map);
void read_workflows(Reading& reading, yaml::MapReader& map);
void read_credentials(Reading& reading, yaml::MapReader& map);
void read_attribution(Reading& reading, yaml::MapReader& map);
void read_caps_and_rates(Reading& reading, yaml::MapReader& map);
void read_budgets(Reading& reading, yaml::MapReader& map);
void read_runs(Reading& reading, yaml::MapReader& map);
void read_abort_policy(Reading& reading, yaml::MapReader& map);
void read_operation(Reading& reading, yaml::MapReader& map);  // prices, ledger, limits, log, ...

// The `match` of a rule; required, so that a rule for everything says so.
void read_match(const Reading& reading, yaml::MapReader& map, Match& match);
// The `per` of a rule: the properties that make separate accounts.
void read_per(yaml::MapReader& map, std::vector<std::string>& per);
void read_enforcement(yaml::MapReader& map, std::optional<Enforcement>& enforcement);
// A text that becomes a label or a row: bounded, printable.
const yaml::Node* read_name(yaml::MapReader& map, const yaml::Key& key, std::string& out);
// A path, resolved against the file's folder.
const yaml::Node* read_path(const Reading& reading, yaml::MapReader& map, const yaml::Key& key,
                            std::string& out);
// Reports a second use of a name within one list.
void check_unique(std::set<std::string>& seen, const std::string& name, const yaml::Node* node,
                  const yaml::Report& report, std::string_view what);

// Certificate and key are readable, are PEM, and belong together.
void check_tls_files(const Reading& reading, const TlsFiles& files, const yaml::Node& certificate,
                     const yaml::Node& key, const yaml::Report& report);
void check_ca_file(const Reading& reading, const std::string& path, const yaml::Node& node,
                   const yaml::Report& report);

[[nodiscard]] const yaml::Choices<Enforcement>& enforcement_choices();
[[nodiscard]] const yaml::Choices<RefusalStyle>& refusal_style_choices();
// A numeric loopback address: 127.0.0.0/8 or ::1.
[[nodiscard]] bool is_loopback(std::string_view address);

}  // namespace tokenweir::config

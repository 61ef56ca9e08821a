// The configuration's rules, compiled for asking: selectors instead of globs, accounts instead of
// limits. Immutable, part of the snapshot an exchange begins with.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "admit/caps.h"
#include "budget/book.h"
#include "config/config.h"
#include "core/record.h"
#include "core/result.h"

namespace tokenweir::admit {

struct Ladder {
  std::string budget;
  std::vector<config::LadderStep> steps;  // ascending
};

// What the ladders of all budgets a request touches ask for together.
struct LadderState {
  std::vector<std::string> warned;         // budgets past a warning
  std::optional<std::int64_t> output_cap;  // the smallest
  std::string model;                       // to ask for instead; empty: as asked
  std::string downgraded_by;
};

// Models or provider tools one workflow or credential may use.
struct Allowance {
  std::vector<budget::Glob> allow;  // empty: all
  std::vector<budget::Glob> deny;
  [[nodiscard]] bool denies(std::string_view name) const;
  [[nodiscard]] bool allows(std::string_view name) const;
  [[nodiscard]] bool permits(std::string_view name) const;
};

class Policy {
 public:
  Policy() = default;
  // Copies what it needs. The error is a sentence for operators: a time zone that cannot be read.
  [[nodiscard]] static Result<Policy, std::string> compile(const config::Config& config);

  // The book's rules, to be handed to Book::configure at start and after a reload.
  [[nodiscard]] std::vector<budget::Rule> book_rules() const { return book_rules_; }
  [[nodiscard]] std::span<const OutputCapRule> output_caps() const { return output_caps_; }
  [[nodiscard]] std::span<const InputCapRule> input_caps() const { return input_caps_; }
  // Some budget or rate exists.
  [[nodiscard]] bool has_accounts() const { return !book_rules_.empty(); }
  [[nodiscard]] bool has_ladders() const { return !ladders_.empty(); }
  // Some cap, budget or rate goes by the model.
  [[nodiscard]] bool selects_models() const { return selects_models_; }
  [[nodiscard]] LadderState climb(std::span<const budget::Standing> standings,
                                  std::string_view model) const;
  // Some list of models binds this workflow or credential.
  [[nodiscard]] bool judges_models(std::string_view workflow, std::string_view credential) const;
  [[nodiscard]] bool judges_tools(std::string_view workflow, std::string_view credential) const;
  // Lists of allowed models go by the name as it is asked for, lists of denied ones by every name
  // the model goes by (names_of_model).
  [[nodiscard]] bool permits_model(std::string_view workflow, std::string_view credential,
                                   std::string_view model,
                                   std::span<const std::string> names) const;
  [[nodiscard]] bool denies_model(std::string_view workflow, std::string_view credential,
                                  std::span<const std::string> names) const;
  // The first of the provider's own tools that is not allowed; empty: all are.
  [[nodiscard]] std::string_view denied_tool(std::string_view workflow, std::string_view credential,
                                             std::span<const std::string> tools) const;
  // An enforcing limit in money exists that this request would touch.
  [[nodiscard]] bool has_hard_usd(const budget::Facts& facts) const;
  [[nodiscard]] bool enforcing() const { return enforcing_; }
  [[nodiscard]] pricing::UnknownModel unknown_model() const { return unknown_model_; }
  [[nodiscard]] Money raw_hold() const { return raw_hold_; }
  [[nodiscard]] config::AsyncJobs async_jobs() const { return async_jobs_; }
  // What becomes of an answer whose client has left: the first rule that matches, or the default.
  [[nodiscard]] config::AbortRule abort_rule(const budget::Facts& facts) const;

 private:
  std::vector<budget::Rule> book_rules_;
  std::vector<OutputCapRule> output_caps_;
  std::vector<InputCapRule> input_caps_;
  std::vector<Ladder> ladders_;
  struct AbortMatch {
    budget::Selector match;
    config::AbortRule rule;
  };
  std::vector<AbortMatch> abort_rules_;  // the last one matches everything
  struct Permits {
    Allowance models;
    Allowance tools;
    bool judges_models = false;
    bool judges_tools = false;
  };
  // Of the workflow and of the credential; null where nothing is said about one.
  [[nodiscard]] std::array<const Permits*, 2> permits_for(std::string_view workflow,
                                                          std::string_view credential) const;
  [[nodiscard]] static Permits permits_of(const config::Permissions& models,
                                          const config::Permissions& tools);
  using ByName = std::map<std::string, Permits, std::less<>>;
  ByName by_workflow_;
  ByName by_credential_;
  bool selects_models_ = false;
  bool enforcing_ = true;
  pricing::UnknownModel unknown_model_ = pricing::UnknownModel::estimate;
  Money raw_hold_;
  config::AsyncJobs async_jobs_ = config::AsyncJobs::observe;
};

// The properties of one request as rules see them; views into the arguments.
[[nodiscard]] budget::Facts facts_of(const Attribution& attribution, std::string_view provider,
                                     std::string_view model, std::string_view endpoint,
                                     std::span<const budget::Ancestor> ancestors);

}  // namespace tokenweir::admit

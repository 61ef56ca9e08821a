#include "admit/gate.h"

#include "fixture.h"

namespace tokenweir::admit {
namespace {

using budget::Measure;
using budget::Patience;
using budget::Verdict;

config::Config with_budget(config::Budget budget) {
  config::Config config;
  config.policy.budgets.push_back(std::move(budget));
  return config;
}

class Gate : public Admitting {};

TEST_F(Gate, AdmitsWithTheWorstCaseHeld) {
  use(with_budget(budget_of("b", "1")));
  const Admission admission = ask();
  ASSERT_EQ(admission.verdict, Verdict::admitted);
  // 2000 bytes x $1/M + 4000 x $4/M
  EXPECT_EQ(Money::picodollars(admission.hold.amounts()[Measure::usd]).to_dollars(), "0.018");
  EXPECT_EQ(admission.remaining->to_dollars(), "0.982");
  EXPECT_FALSE(admission.cap) << "nothing is edited while there is money";
}

TEST_F(Gate, ClampsToTheMoneyLeftThenRefusesForGood) {
  use(with_budget(budget_of("b", "0.01")));
  Admission clamped = ask();
  ASSERT_EQ(clamped.verdict, Verdict::admitted);
  EXPECT_EQ(clamped.cap, 2'000);
  EXPECT_EQ(clamped.cap_source, "budget");
  budget::Amounts spent = clamped.hold.amounts();
  (void)accounts_.settle(std::move(clamped.hold), spent, kNow);
  const Admission refused = ask();
  ASSERT_EQ(refused.verdict, Verdict::refused);
  EXPECT_EQ(refused.refusal->reason, Reason::budget_exhausted);
  EXPECT_EQ(refused.refusal->kind, RefusalKind::final_budget);
  EXPECT_FALSE(refused.refusal->retry_after);
  EXPECT_EQ(refused.refusal->contact, "#owner");
  EXPECT_EQ(refused.refusal->message,
            "The budget b has a limit of $0.01 for each total: $0.01 spent, $0 held, at least "
            "$0.006096 needed.");
}

TEST_F(Gate, WaitsForMoneyThatIsOnlyHeld) {
  use(with_budget(budget_of("b", "0.02")));
  const Admission first = ask();
  ASSERT_EQ(first.verdict, Verdict::admitted);
  const Admission waiting = ask();
  EXPECT_EQ(waiting.verdict, Verdict::must_wait);
  const Admission last = ask(Patience::last_try);
  EXPECT_EQ(last.verdict, Verdict::refused);
  EXPECT_EQ(last.refusal->reason, Reason::budget_reserve);
  EXPECT_EQ(last.refusal->kind, RefusalKind::retryable);
  EXPECT_EQ(last.refusal->retry_after, std::chrono::seconds(1));
}

TEST_F(Gate, RefusesUnderAHardBudgetWhatHasNoBound) {
  use(with_budget(budget_of("b", "100")));
  asked_.output_cap.reset();
  EXPECT_EQ(ask().refusal->message,
            "A budget in money applies, so the request must limit its output (max_tokens).");
  output_max_ = 1'000;
  EXPECT_EQ(ask().verdict, Verdict::admitted);
  extras_.unbounded_tools = true;
  EXPECT_EQ(ask().verdict, Verdict::refused);
  use({});
  EXPECT_EQ(ask().verdict, Verdict::admitted) << "without a budget nothing needs a bound";
}

TEST_F(Gate, LooksAtEveryModelThatMayAnswer) {
  config::Config config = with_budget(budget_of("b", "100"));
  config::Workflow& workflow = config.workflows.emplace_back();
  workflow.name = attribution_.workflow;
  workflow.models.deny = {"secret-*"};
  use(config);
  EXPECT_EQ(ask().verdict, Verdict::admitted);
  asked_.other_models = {"secret-model"};
  const Admission no = ask();
  ASSERT_TRUE(no.refusal);
  EXPECT_EQ(no.refusal->reason, Reason::model_denied);
}

TEST_F(Gate, NeverTakesAnUnpricedModelForFree) {
  config::Config config = with_budget(budget_of("b", "100"));
  config.unknown_model = pricing::UnknownModel::allow;
  use(config);
  asked_.model = "mystery";
  const Admission no = ask();
  EXPECT_EQ(no.refusal->reason, Reason::unpriced_model);
  EXPECT_EQ(no.refusal->kind, RefusalKind::forbidden);
}

TEST_F(Gate, AppliesTheCapRuleAndHoldsForIt) {
  config::Config config = with_budget(budget_of("b", "1"));
  config::OutputCap cap;
  cap.most = 1'000;
  config.policy.output_caps.push_back(cap);
  use(config);
  const Admission admission = ask();
  EXPECT_EQ(admission.cap, 1'000);
  EXPECT_EQ(admission.cap_source, "rule");
  EXPECT_EQ(Money::picodollars(admission.hold.amounts()[Measure::usd]).to_dollars(), "0.006");
}

TEST_F(Gate, ClimbsTheLadder) {
  config::Budget budget = budget_of("b", "1");
  budget.ladder = {{500'000, true, false, {}, {}},
                   {600'000, false, false, {}, 700},
                   {900'000, false, false, {{"pl*", "small"}}, {}},
                   {1'000'000, false, true, {}, {}}};
  use(with_budget(budget));
  const auto spend = [&](const char* usd) {
    budget::Amounts amounts;
    amounts[Measure::usd] = Money::from_dollars(usd)->picodollars();
    ASSERT_TRUE(accounts_.set_spent("b", "", amounts, kNow));
  };
  EXPECT_TRUE(plan().warned.empty());
  spend("0.55");
  EXPECT_EQ(plan().warned, std::vector<std::string>{"b"});
  EXPECT_EQ(plan().cap, 4'000);
  spend("0.7");
  EXPECT_EQ(plan().cap, 700);
  EXPECT_EQ(plan().cap_source, "ladder");
  spend("0.95");
  const Admission cheaper = ask();
  EXPECT_EQ(last_.model, "small");
  // 2000 x $0.1/M + 700 x $0.4/M
  EXPECT_EQ(Money::picodollars(cheaper.hold.amounts()[Measure::usd]).to_dollars(), "0.00048");
}

// A budget that is nearly spent has every request answered by the small model.
class Downgraded : public Admitting {
 protected:
  void SetUp() override {
    Admitting::SetUp();
    prices_ = pricing::test::book_of(pricing::test::list(R"(
models:
- {id: plain, limits: {context: 8000, output: 1000}, periods: [{rates: {input: "1", output: "4"}}]}
- {id: small, limits: {context: 9000, output: 3000}, periods: [{rates: {input: "0.1", output: "0.4"}}]}
- {id: other, limits: {context: 7000, output: 5000}, periods: [{rates: {input: "0.5", output: "0.25"}}]}
)"));
    config::Budget budget = budget_of("b", "1");
    budget.ladder = {{900'000, false, false, {{"plain", "small"}}, {}},
                     {1'000'000, false, true, {}, {}}};
    use(with_budget(budget));
    budget::Amounts amounts;
    amounts[Measure::usd] = Money::from_dollars("0.9")->picodollars();
    ASSERT_TRUE(accounts_.set_spent("b", "", amounts, kNow));
    output_max_ = 1'000;  // of the model that the client asks for
  }
  std::string held(const Request& request) {
    const Plan plan = prepare(books(), request, kNow);
    EXPECT_EQ(plan.model, "small");
    const Admission admission = decide(books(), request, plan, Patience::may_wait, kNow);
    if (admission.verdict != Verdict::admitted) return "not admitted";
    return Money::picodollars(admission.hold.amounts()[Measure::usd]).to_dollars();
  }
  static std::function<ModelTraits(std::string_view)> all_are(ModelTraits traits) {
    return [traits](std::string_view) { return traits; };
  }
};

TEST_F(Downgraded, HoldsForWhatTheModelThatIsAskedForCanSay) {
  // 2000 bytes x $0.1/M + 3000 x $0.4/M
  EXPECT_EQ(held(request()), "0.0014");
}

TEST_F(Downgraded, HoldsForTheOtherModelsThatMayStillAnswer) {
  asked_.other_models = {"other"};
  // 2000 bytes x $0.5/M + 4000, which only the other one can say, x $0.4/M
  EXPECT_EQ(held(request()), "0.0026");
  // The dear model itself, named again as a fallback: the edit of `model` does not take it away.
  asked_.other_models = {"plain"};
  EXPECT_EQ(held(request()), "0.014");  // 2000 x $1/M + 3000 x $4/M
}

TEST_F(Downgraded, BoundsRemoteInputByTheLargestContext) {
  extras_.remote_input = true;
  EXPECT_EQ(held(request()), "0.0021");  // 9000 x $0.1/M + 3000 x $0.4/M
  asked_.other_models = {"other"};
  EXPECT_EQ(held(request()), "0.0061");  // 9000 x $0.5/M + 4000 x $0.4/M
}

TEST_F(Downgraded, TrustsACountOnlyForModelsThatReadTheSameTokens) {
  counted_input_ = 100;
  Request request = this->request();
  EXPECT_EQ(held(request), "0.0014") << "nothing is known of the other model";
  request.traits_of = all_are({.counted_alike = true});
  EXPECT_EQ(held(request), "0.00121");  // 100 x $0.1/M + 3000 x $0.4/M
  asked_.other_models = {"other"};
  request.traits_of = [](std::string_view model) {
    return ModelTraits{.counted_alike = model == "small"};
  };
  EXPECT_EQ(held(request), "0.0026");
}

TEST_F(Downgraded, StartsSmallOnlyWhereNoneOfTheModelsThinksUnseen) {
  Request request = this->request();
  request.streaming = request.stops_when_cut = true;
  request.hidden_reasoning = false;
  const auto growing = [&] { return prepare(books(), request, kNow).growing; };
  EXPECT_FALSE(growing()) << "nothing is known of the small model";
  request.traits_of = all_are({.counted_alike = true, .hidden_reasoning = false});
  EXPECT_TRUE(growing());
  request.traits_of = all_are({.counted_alike = true, .hidden_reasoning = true});
  EXPECT_FALSE(growing());
  asked_.other_models = {"other"};
  request.traits_of = [](std::string_view model) {
    return ModelTraits{.counted_alike = true, .hidden_reasoning = model == "other"};
  };
  EXPECT_FALSE(growing());
}

TEST_F(Gate, ObservesWithoutActing) {
  config::Config config = with_budget(budget_of("b", "0.001"));
  config.enforcement = config::Enforcement::observe;
  config::OutputCap cap;
  cap.most = 100;
  config.policy.output_caps.push_back(cap);
  use(config);
  const Admission admission = ask();
  EXPECT_EQ(admission.verdict, Verdict::admitted);
  EXPECT_FALSE(admission.cap);
  EXPECT_EQ(admission.would_refuse, "budget_exhausted");
  EXPECT_EQ(admission.would_clamp, "100");
}

TEST_F(Gate, LetsAnOperatorSwitchEnforcementOff) {
  use(with_budget(budget_of("b", "0.001")));
  enforcing_ = false;
  EXPECT_EQ(ask().verdict, Verdict::admitted);
  enforcing_ = true;
  EXPECT_EQ(ask().verdict, Verdict::refused);
}

TEST_F(Gate, StopsWhatAnOperatorKilledWhateverIsEnforced) {
  use({});
  enforcing_ = false;
  (void)kills_.set({0, budget::Property::workflow, "w", "runaway", "ops", kNow.wall, {}});
  const Admission no = ask();
  EXPECT_EQ(no.refusal->reason, Reason::killed);
  EXPECT_EQ(no.refusal->message, "An operator has stopped the workflow w: runaway.");
  EXPECT_FALSE(last_.run_begun);
}

TEST_F(Gate, KnowsWhichModelsAndToolsAreAllowed) {
  config::Config config;
  config::Workflow workflow;
  workflow.name = "w";
  workflow.models.deny = {"pl*"};
  workflow.tools.allow = {"web_search*"};
  config.workflows.push_back(workflow);
  use(config);
  EXPECT_EQ(ask().refusal->reason, Reason::model_denied);
  asked_.model = "small";
  EXPECT_EQ(ask().verdict, Verdict::admitted);
  const std::vector<std::string> tools = {"web_search_20250305", "code_execution"};
  EXPECT_EQ(policy_.denied_tool("w", "app", tools), "code_execution");
  EXPECT_EQ(policy_.denied_tool("v", "app", tools), "");
}

TEST_F(Gate, DeniesAModelByEveryNameItGoesBy) {
  config::Config config;
  config::Workflow workflow;
  workflow.name = "w";
  workflow.models.deny = {"plain", "Anthropic/Claude-Opus-4.1"};
  config.workflows.push_back(workflow);
  use(config);
  for (const char* const name : {"plain-2024-08-06", "openai/plain", "PLAIN", "plain:free",
                                 "ft:plain:org::id", "claude-opus-4-1@20250805"}) {
    asked_.model = name;
    ASSERT_TRUE(ask().refusal) << name;
    EXPECT_EQ(last_.refusal->reason, Reason::model_denied) << name;
  }
  for (const char* const name : {"plainer", "small", "claude-opus-4"}) {
    asked_.model = name;
    EXPECT_FALSE(ask().refusal) << name;
  }
  asked_.unheeded_model = "plain";
  EXPECT_TRUE(ask().refusal) << "the path names another one";
}

TEST_F(Gate, HasAllowedModelsAskedForByTheNamesThatAreListed) {
  config::Config config;
  config::Credential credential;
  credential.name = "app";
  credential.models_allow = {"pl*", "o?"};
  credential.models_deny = {"plain-large"};
  config.credentials.push_back(credential);
  use(config);
  for (const char* const name : {"plain", "o3", "plain-mini"}) {
    asked_.model = name;
    EXPECT_FALSE(ask().refusal) << name;
  }
  for (const char* const name : {"o3-pro", "PLAIN", "openai/plain", "plain-large-2024-08-06"}) {
    asked_.model = name;
    EXPECT_TRUE(ask().refusal) << name;
  }
}

TEST_F(Gate, WhereNotEveryModelMayBeUsedAskForOneInTheOpen) {
  config::Config config;
  config::Workflow workflow;
  workflow.name = "w";
  workflow.models.deny = {"secret"};
  config.workflows.push_back(workflow);
  use(config);
  EXPECT_FALSE(ask().refusal);
  asked_.model_unclear = true;
  EXPECT_EQ(ask().refusal->reason, Reason::model_denied) << "said twice, or no text, or unreadable";
  asked_.model_unclear = false;
  asked_.model.clear();
  EXPECT_EQ(ask().refusal->reason, Reason::model_denied);
  endpoint_.cappable = endpoint_.metered = false;
  EXPECT_FALSE(ask().refusal) << "a list or a file has no model";
  endpoint_.async_job = true;
  EXPECT_TRUE(ask().refusal) << "a batch has many";
  attribution_.workflow = "v";
  EXPECT_FALSE(ask().refusal) << "no list, no question";
}

TEST_F(Gate, ARuleThatGoesByTheModelWantsItForCertain) {
  config::Config config;
  config::OutputCap cap;
  cap.match = {{"model", {"dear-*"}}};
  cap.most = 100;
  config.policy.output_caps.push_back(cap);
  use(config);
  EXPECT_FALSE(ask().refusal);
  asked_.model_twice = true;
  ASSERT_TRUE(ask().refusal);
  EXPECT_EQ(last_.refusal->kind, RefusalKind::invalid);
  asked_.model_twice = false;
  asked_.model_unclear = true;
  EXPECT_TRUE(ask().refusal);
  endpoint_.free = true;
  EXPECT_FALSE(ask().refusal);
  endpoint_.free = false;
  config.policy.output_caps[0].match = {{"workflow", {"*"}}};
  use(config);
  EXPECT_FALSE(ask().refusal) << "no rule asks";
}

TEST_F(Gate, AnOperatorStopsAModelWhereverItIsNamed) {
  use({});
  (void)kills_.set({0, budget::Property::model, "dear", "costs", "ops", kNow.wall, {}});
  EXPECT_FALSE(ask().refusal);
  asked_.other_models = {"small", "dear"};
  ASSERT_TRUE(ask().refusal);
  EXPECT_EQ(last_.refusal->reason, Reason::killed);
}

TEST_F(Gate, StopsARunAtItsCapAndSaysWhy) {
  config::Config config;
  config.policy.runs.max_steps = config::StepLimit{2, config::RunMode::stop};
  use(config);
  attribution_.run = "r";
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(ask().verdict, Verdict::admitted);
    EXPECT_TRUE(last_.run_begun);
  }
  const Admission no = ask();
  EXPECT_EQ(no.refusal->reason, Reason::run_requests);
  EXPECT_EQ(no.refusal->message, "The run r was stopped: step 3 of at most 2.");
  EXPECT_FALSE(last_.run_begun);
}

TEST_F(Gate, HoldsTheMoneyOfARunAgainstItsCap) {
  config::Config config;
  config.policy.runs.max_usd =
      config::MoneyLimit{*Money::from_dollars("0.02"), config::RunMode::stop};
  use(config);
  attribution_.run = "r";
  const Admission first = ask();
  ASSERT_EQ(first.verdict, Verdict::admitted);
  const Admission second = ask(Patience::last_try);
  EXPECT_EQ(second.verdict, Verdict::refused) << "0.018 of 0.02 are held";
  config.policy.runs.max_usd->mode = config::RunMode::observe;
  use(config);
  EXPECT_EQ(ask().verdict, Verdict::admitted);
}

TEST_F(Gate, HoldsOnTheBudgetsOfParents) {
  config::Budget each = budget_of("each-run", "0.02");
  each.per = {"run"};
  each.window = config::Window::run;
  use(with_budget(each));
  attribution_.run = "child";
  attribution_.parent_run = "root";
  const Admission child = ask();
  ASSERT_EQ(child.verdict, Verdict::admitted);
  attribution_.run = "root";
  attribution_.parent_run = "";
  EXPECT_EQ(ask().verdict, Verdict::must_wait) << "its child holds 0.018 of 0.02";
}

TEST_F(Gate, HoldsForPathsNobodyUnderstandsWhatIsConfigured) {
  config::Config config = with_budget(budget_of("b", "1"));
  endpoint_ = {};
  use(config);
  EXPECT_EQ(ask().verdict, Verdict::refused);
  config.policy.raw_hold = *Money::from_dollars("0.25");
  use(config);
  const Admission held = ask();
  EXPECT_EQ(Money::picodollars(held.hold.amounts()[Measure::usd]).to_dollars(), "0.25");
  endpoint_.free = true;
  EXPECT_FALSE(ask().hold) << "what is never billed holds nothing";
}

TEST_F(Gate, RefusesBackgroundJobsUnderAHardBudgetUnlessTheyAreHeld) {
  config::Config config = with_budget(budget_of("b", "1"));
  asked_.background = true;
  use(config);
  EXPECT_EQ(ask().verdict, Verdict::refused);
  config.policy.async_jobs = config::AsyncJobs::hold;
  use(config);
  EXPECT_EQ(ask().verdict, Verdict::admitted);
}

TEST_F(Gate, GrowsAStreamOnlyWhereCuttingItEndsTheBill) {
  use(with_budget(budget_of("b", "1")));
  Request stream = request();
  stream.streaming = true;
  EXPECT_FALSE(prepare(books(), stream, kNow).growing);
  stream.stops_when_cut = true;
  EXPECT_FALSE(prepare(books(), stream, kNow).growing) << "it may think unseen";
  stream.hidden_reasoning = false;
  const Plan plan = prepare(books(), stream, kNow);
  ASSERT_TRUE(plan.growing);
  const std::int64_t first = *plan.demand.output_first;
  EXPECT_EQ(growth_due(plan, first, 0), budget::Amounts{});
  const auto more = growth_due(plan, first, first - kMarginTokens);
  EXPECT_EQ(more[Measure::output_tokens], kGrowthTokens);
  EXPECT_EQ(more[Measure::usd], kGrowthTokens * 4'000'000);
  EXPECT_EQ(growth_due(plan, 4'000, 3'999), budget::Amounts{}) << "never beyond the cap";
}

TEST_F(Gate, RatesAreRetryable) {
  config::Config config;
  config::Rate rate;
  rate.requests_per_minute = 1;
  rate.concurrent = 5;
  config.policy.rates.push_back(rate);
  use(config);
  Admission first = ask();
  budget::Amounts one;
  one[Measure::requests] = 1;
  (void)accounts_.settle(std::move(first.hold), one, kNow);
  const Admission second = ask();
  EXPECT_EQ(second.verdict, Verdict::refused);
  EXPECT_EQ(second.refusal->reason, Reason::rate);
  EXPECT_EQ(second.refusal->kind, RefusalKind::retryable);
  EXPECT_GE(second.refusal->retry_after->count(), 59);
  EXPECT_LE(second.refusal->retry_after->count(), 60) << "SDKs do not heed more";
  EXPECT_NE(second.refusal->message.find("for each minute"), std::string::npos);
}

TEST_F(Gate, JudgesTheInputByItsBestCountNotByItsBound) {
  config::Config config;
  config::InputCap cap;
  cap.max_input_tokens = 1'000;
  config.policy.input_caps.push_back(cap);
  use(config);
  counted_input_ = 1'300;
  input_count_ = 990;
  EXPECT_EQ(ask().verdict, Verdict::admitted);
  input_count_ = 1'001;
  EXPECT_TRUE(ask().refusal);
  // What cannot be counted is judged by its size.
  counted_input_.reset();
  input_count_.reset();
  EXPECT_EQ(ask().verdict, Verdict::admitted);
  body_bytes_ = 8'000;
  EXPECT_TRUE(ask().refusal);
}

TEST_F(Gate, SaysWhichBudgetWillNotHaveWhatHasNoBound) {
  use(with_budget(budget_of("b", "1")));
  endpoint_.cappable = false;
  endpoint_.metered = false;
  const Admission refused = ask();
  ASSERT_TRUE(refused.refusal);
  EXPECT_EQ(refused.refusal->contact, "#owner");
  ASSERT_FALSE(refused.refusal->details.empty());
  EXPECT_EQ(std::get<std::string>(refused.refusal->details[0].value), "b");
}

TEST_F(Gate, PostsWhatTheProviderReportedElseTheHold) {
  use(with_budget(budget_of("b", "1")));
  const Admission admission = ask();
  Record record;
  EXPECT_EQ(consumed_by(record, admission.hold), budget::Amounts{}) << "nothing was sent";
  record.sent = true;
  EXPECT_EQ(consumed_by(record, admission.hold)[Measure::usd],
            admission.hold.amounts()[Measure::usd]);
  record.bill.cost = Money::picodollars(77);
  record.answer.inferences.push_back({});
  record.answer.inferences[0].usage[TokenClass::input] = 10;
  record.answer.inferences[0].usage[TokenClass::cache_read] = 5;
  record.answer.inferences[0].usage[TokenClass::output] = 3;
  const budget::Amounts consumed = consumed_by(record, admission.hold);
  EXPECT_EQ(consumed[Measure::usd], 77);
  EXPECT_EQ(consumed[Measure::input_tokens], 15);
  EXPECT_EQ(consumed[Measure::total_tokens], 18);
  EXPECT_EQ(consumed[Measure::requests], 1);
}

}  // namespace
}  // namespace tokenweir::admit

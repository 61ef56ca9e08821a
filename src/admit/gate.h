// The order of admission, cheapest first, the hold last so that nothing needs undoing:
// kill → model and tools → run caps and loop guard → ladder → input cap → output cap → worst case →
// rates and budgets, all or none. `prepare` runs once a request, `decide` again while money is only
// held by others.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "admit/bound.h"
#include "admit/caps.h"
#include "admit/kill_switches.h"
#include "admit/policy.h"
#include "admit/refusal.h"
#include "budget/book.h"
#include "pricing/price_book.h"
#include "provider/dialect.h"
#include "runs/run_book.h"

namespace tokenweir::admit {

// Everything shared that admission reads; all outlive the call.
struct Books {
  const Policy& policy;
  const pricing::PriceBook& prices;
  budget::Book& accounts;
  runs::RunBook& runs;
  const KillSwitches& kills;
  RateCache& rates;       // kept as long as the process, whatever is reloaded
  bool enforcing = true;  // false while an operator has switched enforcement off
};

// What holding money for a model depends on, besides its price.
struct ModelTraits {
  bool counted_alike = false;    // its tokens are counted as those of the model asked for
  bool hidden_reasoning = true;  // it may think unseen; unknown counts as yes
  bool reasoning = false;
};

struct Request {
  const Attribution& attribution;
  std::string_view provider;  // configured name
  std::string_view prices;    // its price list
  std::string_view host;
  const provider::Endpoint& endpoint;
  const provider::Asked& asked;
  std::string_view model;  // asked for, by body or path
  std::uint64_t body_bytes = 0;
  bool streaming = false;
  bool can_cap = false;          // the body has a place where an output cap can be written
  bool stops_when_cut = false;   // provider::stops_when_cut
  bool hidden_reasoning = true;  // the model may think unseen; unknown counts as yes
  bool reasoning_model = false;
  std::optional<std::int64_t> counted_input = std::nullopt;  // an upper bound in tokens
  std::optional<std::int64_t> input_count = std::nullopt;    // the best count of it
  std::int64_t context_limit = 0;                            // of the model; 0: unknown
  std::int64_t output_max = 0;                               // of the model; 0: unknown
  bool no_output = false;  // embeddings, rerank, speech: nothing is generated
  Extras extras = {};
  std::span<const std::string> provider_tools = {};  // types of tools the provider runs itself
  std::span<const InputPart> input_parts = {};
  const runs::Signs& signs;
  Time started_at{};  // the record's: its bill is priced by it, so the hold must be too
  // Of a model that may answer instead of the one asked for; empty: nothing is known of others.
  std::function<ModelTraits(std::string_view model)> traits_of = {};
};

// The outcome of everything but the hold.
struct Plan {
  budget::Demand demand;
  // A cap that is written into the request whatever the hold says: its rule's source.
  std::optional<std::int64_t> cap;
  std::string_view cap_source;  // rule, default, ladder, budget; empty: the client's own
  std::string model;            // downgrade: ask for this one instead; empty: as asked
  bool run_begun = false;       // RunBook::end() is due, however the exchange goes
  bool free = false;            // never billed: nothing is held
  bool growing = false;         // the hold starts small and grows with the stream
  runs::Judgement run;
  std::chrono::milliseconds delay{};  // the loop guard slows the run down
  std::vector<std::string> warned;
  std::string would_refuse;        // reason
  std::string would_clamp;         // tokens, as text
  std::optional<Refusal> refusal;  // set: refuse, and nothing else matters
};

[[nodiscard]] Plan prepare(const Books& books, const Request& request, budget::Now now);

struct Admission {
  budget::Verdict verdict = budget::Verdict::refused;
  budget::Hold hold;
  std::optional<std::int64_t> cap;  // to write into the request; no value: leave it as it is
  std::string_view cap_source;
  std::optional<Money> remaining;  // for X-LLM-Budget-Remaining-Usd
  bool foregone = false;           // an enforcing rule would have refused it
  std::string would_refuse;
  std::string would_clamp;
  std::optional<Refusal> refusal;  // of refused and must_wait
};

[[nodiscard]] Admission decide(const Books& books, const Request& request, const Plan& plan,
                               budget::Patience patience, budget::Now now);

// How a growing hold follows its stream.
inline constexpr std::int64_t kFirstTokens = 1'024;
inline constexpr std::int64_t kGrowthTokens = 1'024;
// Tokens that may be under way between provider and proxy when a stream is cut.
inline constexpr std::int64_t kMarginTokens = 512;
// What to add to the hold now that `delivered` output tokens (of all choices) were seen and
// `held_tokens` are held; zero amounts: nothing yet.
[[nodiscard]] budget::Amounts growth_due(const Plan& plan, std::int64_t held_tokens,
                                         std::int64_t delivered);

// What a finished exchange posts to its accounts.
[[nodiscard]] budget::Amounts consumed_by(const Record& record, const budget::Hold& hold);

}  // namespace tokenweir::admit

#include "provider/refusal_answer.h"

#include "core/text.h"
#include "provider/rules.h"

namespace tokenweir::provider {
namespace {

bool is_budget(std::string_view reason) {
  return reason == "budget_exhausted" || reason == "run_budget" || reason == "run_requests";
}

// The one word that programs compare.
std::string_view code_of(const RefusalFacts& facts) {
  if (facts.kind == RefusalClass::final_budget && is_budget(facts.reason)) return "budget_exceeded";
  if (facts.kind == RefusalClass::retryable && facts.reason != "budget_reserve") {
    return "rate_limit_exceeded";
  }
  return facts.reason;
}

// Ollama knows no payment status, and clients of Vertex take 402 for a proxy's own trouble.
int never_retried_status(Family speech) {
  return speech == Family::ollama || speech == Family::vertex ? 403 : 402;
}

// Sets the provider's own form of "your limit is reached" (wire.md 3.3, second column).
void make_native(Family speech, Problem& problem) {
  switch (speech) {
    case Family::openai:
    case Family::azure:
    case Family::opaque:
      problem.status = 429;
      problem.type = "insufficient_quota";
      problem.code = "insufficient_quota";
      break;
    case Family::anthropic:
      problem.status = 429;
      problem.code = "enforced_spend_limit_reached";
      break;
    case Family::vertex:
      problem.status = 429;
      break;
    default:
      problem.status = never_retried_status(speech);
      break;
  }
}

int usual_status(RefusalClass kind) {
  switch (kind) {
    case RefusalClass::final_budget:
      return 402;
    case RefusalClass::retryable:
      return 429;
    case RefusalClass::forbidden:
      return 403;
    case RefusalClass::invalid:
      break;
  }
  return 400;
}

Problem problem_of(const RefusalFacts& facts) {
  Problem problem;
  problem.status = usual_status(facts.kind);
  problem.code = code_of(facts);
  problem.message = facts.message;
  problem.request_id = facts.request_id;
  problem.host = facts.host;
  problem.details = facts.details;
  return problem;
}

// One server-sent event. The blank line in front ends an event that was left open.
std::string event(std::string_view name, std::string_view data, std::string_view end,
                  const OpenStream& open) {
  std::string out;
  if (open.inside_event) out.append(end).append(end);
  if (!name.empty()) out.append("event: ").append(name).append(end);
  out.append("data: ").append(data).append(end).append(end);
  return out;
}

// `error` for node and for Python, which looks for that member; the flat members are the schema's.
std::string responses_data(const Problem& problem, const OpenStream& open) {
  const std::string body = openai_error(problem).body;
  std::string out = R"({"type":"error",)";
  out.append(std::string_view(body).substr(1, body.size() - 2));
  out += R"(,"code":)";
  append_json_string(out, problem.code);
  out += R"(,"message":)";
  append_json_string(out, problem.message);
  out += R"(,"param":null,"sequence_number":)";
  out += std::to_string(open.next_sequence);
  out += '}';
  return out;
}

std::string interactions_data(const Problem& problem) {
  const std::string body = gemini_error(problem, false).body;
  return R"({"event_type":"error",)" + body.substr(1);
}

// Cohere has no error event; its last event carries the reason.
std::string cohere_data(const Problem& problem) {
  std::string out = R"({"type":"message-end","delta":{"finish_reason":"ERROR","error":)";
  append_json_string(out, problem.message);
  append_details_object(out, problem.details);
  out += "}}";
  return out;
}

// The first version of Cohere's API streams lines.
std::string cohere_line(const Problem& problem, const OpenStream& open) {
  std::string out = open.inside_event ? "\n" : "";
  out += R"({"is_finished":true,"event_type":"stream-end","finish_reason":"ERROR","error":)";
  append_json_string(out, problem.message);
  append_details_object(out, problem.details);
  out += "}\n";
  return out;
}

std::string array_end(const Problem& problem, const OpenStream& open) {
  std::string out = open.has_elements ? "," : "[";
  out += gemini_error(problem, false).body;
  out += "]";
  return out;
}

}  // namespace

RefusalAnswer refusal_answer(const Endpoint& endpoint, Family family, const RefusalFacts& facts,
                             RefusalStyle style) {
  const Family speech = spoken_at(endpoint, family);
  const bool passes = facts.kind == RefusalClass::retryable;
  const auto wait = facts.retry_after.value_or(std::chrono::seconds{1});
  Problem problem = problem_of(facts);
  if (passes) problem.retry_after = wait;
  if (facts.kind == RefusalClass::final_budget) {
    problem.status = never_retried_status(speech);
    if (style == RefusalStyle::native) make_native(speech, problem);
  }
  ErrorAnswer said = error_answer(endpoint, family, problem);

  RefusalAnswer answer;
  answer.status = problem.status;
  answer.body = std::move(said.body);
  answer.content_type = said.content_type;
  if (!said.request_id_header.empty()) {
    answer.headers.emplace_back(said.request_id_header, facts.request_id);
  }
  answer.headers.emplace_back("x-should-retry", passes ? "true" : "false");
  if (passes) answer.headers.emplace_back("Retry-After", std::to_string(wait.count()));
  return answer;
}

std::string cut_event(const Endpoint& endpoint, Family family, const RefusalFacts& facts,
                      const OpenStream& open) {
  const Problem problem = problem_of(facts);
  switch (spoken_at(endpoint, family)) {
    case Family::anthropic:
      return event("error", anthropic_error(problem).body, "\n", open);
    case Family::gemini:
    case Family::vertex:
      if (endpoint.dialect == Dialect::gemini_interactions) {
        return event("error", interactions_data(problem), "\n", open);
      }
      if (open.form == StreamForm::array) return array_end(problem, open);
      return event({}, gemini_error(problem, false).body, "\r\n", open);
    case Family::cohere:
      if (open.form == StreamForm::lines) return cohere_line(problem, open);
      return event("message-end", cohere_data(problem), "\n", open);
    case Family::ollama:
      return (open.inside_event ? "\n" : "") + ollama_error(problem).body + "\n";
    case Family::openai:
    case Family::azure:
    case Family::opaque:
      break;
  }
  if (endpoint.dialect == Dialect::openai_responses) {
    return event("error", responses_data(problem, open), "\n", open);
  }
  return event({}, openai_error(problem).body, "\n", open);
}

}  // namespace tokenweir::provider

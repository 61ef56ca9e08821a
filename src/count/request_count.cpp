#include "count/request_count.h"

#include <algorithm>
#include <limits>

#include "count/document.h"
#include "count/part_counter.h"

namespace tokenweir::count {

namespace {

using provider::Dialect;
using tokenizer::Template;

constexpr std::uint64_t mixed(std::uint64_t hash, std::uint64_t with) {
  hash ^= with * 0x9E3779B97F4A7C15ULL;
  hash *= 0xFF51AFD7ED558CCDULL;
  return hash ^ hash >> 32;
}

// Everything of the model that a part's count depends on.
std::uint64_t fingerprint_of(const ModelCounting& model) {
  std::uint64_t out = 0;
  const tokenizer::ImageRule& images = model.images;
  for (const std::uint64_t word :
       {static_cast<std::uint64_t>(model.choice.vocabulary),
        static_cast<std::uint64_t>(model.choice.framing),
        static_cast<std::uint64_t>(model.choice.confidence),
        std::uint64_t{model.choice.per_thousand},
        std::uint64_t{model.choice.per_thousand_other_scripts},
        static_cast<std::uint64_t>(images.kind), std::uint64_t{images.base},
        std::uint64_t{images.tile}, std::uint64_t{images.most}, std::uint64_t{images.edge},
        std::uint64_t{images.per_thousand}, std::uint64_t{model.choice.digits_apart},
        std::uint64_t{model.choice.tool_prompt}, std::uint64_t{model.choice.chat_tool_prompt},
        std::uint64_t{model.choice.responses_tool_prompt_most},
        std::uint64_t{model.vocabulary != nullptr}})
    out = mixed(out + 1, word + 1);
  return out;
}

std::int64_t to_count(std::uint64_t tokens) {
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  return static_cast<std::int64_t>(std::min(tokens, kMost));
}

// What the members beside the transcript add: schemas, choices of tools, contexts held elsewhere.
class Extras {
 public:
  Extras(Dialect dialect, PartCounter& counter) : dialect_(dialect), counter_(counter) {}

  Tally count(const Json& root) {
    for_each_member(root, [this](std::string_view key, const Json& value) { member(key, value); });
    return tally_;
  }

 private:
  void member(std::string_view key, const Json& value);
  // OpenAI writes it into the prompt, and Claude's API about it; open servers and Gemini guide the
  // sampling instead.
  void schema(const Json& value) {
    const Tally written = counter_.json(value);
    if (counter_.is_openai()) {
      const std::uint64_t marks = dialect_ == Dialect::openai_chat ? 6 : 2;
      tally_.guess(written.tokens + marks, written.bound + 32);
    } else if (counter_.is_anthropic()) {
      tally_.guess(written.tokens + 110, written.bound * 2 + 600);
    } else {
      tally_.guess(0, written.bound + 32);
    }
  }
  void elsewhere() { tally_.unknown(0); }

  Dialect dialect_;
  PartCounter& counter_;
  Tally tally_;
};

void Extras::member(std::string_view key, const Json& value) {
  if (value.is_null()) return;
  if (counter_.is_anthropic() && (key == "thinking" || key == "reasoning")) {
    // Leave to think is given in words.
    if (members_of(value, "type").text(0) != "disabled") tally_.guess(28, 48);
  } else if (key == "thinking" || key == "reasoning" || key == "reasoning_effort") {
    // Some servers of open models turn it into instructions.
    const bool off = members_of(value, "type").text(0) == "disabled";
    if (!counter_.framing().exact && !off) tally_.guess(0, 96);
  } else if (key == "response_format") {
    if (!counter_.is_openai()) tally_.guess(0, 96);
    const auto is = members_of(value, "type", "json_schema", "schema");
    if (is[1] != nullptr) schema(*is[1]);
    if (is[2] != nullptr) schema(*is[2]);
  } else if (key == "text" && dialect_ == Dialect::openai_responses) {
    const auto format = members_of(value, "format");
    if (format[0] == nullptr) return;
    const auto is = members_of(*format[0], "type", "schema");
    if (is[1] != nullptr) schema(*is[1]);
  } else if (key == "output_config" || key == "output_format") {
    const auto is = members_of(value, "format", "schema");
    if (is[0] != nullptr || is[1] != nullptr) schema(is[0] != nullptr ? *is[0] : *is[1]);
  } else if (key == "generationConfig" || key == "generation_config") {
    const auto is = members_of(value, "responseSchema", "responseJsonSchema", "response_schema");
    for (const std::size_t i : {0u, 1u, 2u}) {
      if (is[i] != nullptr) schema(*is[i]);
    }
  } else if (key == "toolConfig" || key == "tool_config") {
    // Names of the functions that may be called are asked for in words.
    tally_.guess(0, counter_.json(value).bound);
  } else if (key == "safe_prompt" || key == "safety_mode") {
    // Mistral puts a paragraph of good manners before the conversation.
    bool wanted = false;
    if (value.get(wanted) != simdjson::SUCCESS || wanted) tally_.guess(0, 128);
  } else if (key == "enable_search" || key == "web_search" || key == "web_search_enabled") {
    // Whatever is found is read as well.
    bool wanted = false;
    if (value.get(wanted) != simdjson::SUCCESS || wanted) elsewhere();
  } else if (dialect_ == Dialect::ollama && (key == "context" || key == "images")) {
    tally_.add(counter_.ollama_extra(key, value));
  } else if ((key == "chat_template_kwargs" || key == "documents") &&
             dialect_ == Dialect::openai_chat) {
    // Servers of open models hand them to the template.
    tally_.guess(0, counter_.json(value).bound + 64);
  } else if (key == "format" && dialect_ == Dialect::ollama && value.is_object()) {
    tally_.guess(0, counter_.json(value).bound);
  } else if (key == "tool_choice" || key == "function_call") {
    // OpenAI names the tool in the prompt (hmarr/openai-chat-tokens); others add a few words.
    const auto is = members_of(value, "name", "function");
    const auto named = is[1] != nullptr ? members_of(*is[1], "name") : members_of(value, "name");
    if (dialect_ == Dialect::anthropic_messages) {
      // A tool that must be used is asked for in words (fitted: 50 fewer to 90 more).
      const std::string_view type = members_of(value, "type").text(0);
      if (type == "any" || type == "tool") tally_.guess(90, 160);
    } else if (!named.text(0).empty()) {
      const std::uint64_t tokens = counter_.text().tokens(named.text(0));
      tally_.guess(tokens + 4, tokens * 2 + 16);
    }
  } else if (key == "previous_response_id" || key == "conversation" || key == "prompt" ||
             key == "previous_interaction_id" || key == "agent" || key == "cachedContent" ||
             key == "cached_content" || key == "mcp_servers" || key == "container" ||
             key == "thread" || key == "web_search_options" || key == "plugins" ||
             key == "connectors" || key == "conversation_id" || key == "data_sources" ||
             key == "dataSources" || key == "search_parameters" ||
             (key == "context_management" && counter_.is_anthropic())) {
    const bool own_words = dialect_ == Dialect::openai_completions || dialect_ == Dialect::ollama ||
                           dialect_ == Dialect::openai_images;
    const bool off = key == "search_parameters" && members_of(value, "mode").text(0) == "off";
    if (!off && (key != "prompt" || !own_words)) elsewhere();
  }
}

bool is_pro(const Json& root) {
  const auto is = members_of(root, "reasoning");
  return is[0] != nullptr && members_of(*is[0], "mode").text(0) == "pro";
}

}  // namespace

std::string_view name_of(Grade grade) {
  constexpr std::string_view kNames[] = {"exact", "estimated_framing", "estimated"};
  return kNames[static_cast<std::size_t>(grade)];
}

std::string_view name_of(RequestKind kind) {
  constexpr std::string_view kNames[kRequestKinds] = {"text", "tools", "media"};
  return kNames[static_cast<std::size_t>(kind)];
}

RequestCount count_request(const RequestQuestion& question, Memories* memories,
                           std::uint64_t scope) {
  RequestCount out;
  const Dialect dialect = question.endpoint.dialect;
  out.vocabulary = question.model.choice.vocabulary;
  ParsedBody own;
  if (question.parsed == nullptr && question.transcript.readable)
    own = ParsedBody(dialect, question.body);
  const ParsedBody& parsed = question.parsed != nullptr ? *question.parsed : own;
  const std::vector<Part>& parts = question.transcript.parts;
  const Sources* const sources = parsed ? &parsed.document().sources : nullptr;
  if (!question.transcript.readable || sources == nullptr || !sources->readable ||
      sources->list.size() != parts.size()) {
    out.tokens = to_count(question.body.size() / 4);
    out.parts[static_cast<std::size_t>(Slice::fresh)] = out.tokens;
    return out;
  }
  out.readable = true;
  const Json& root = parsed.document().root;

  PartCounter counter(dialect, question.model);
  const std::uint64_t fingerprint = fingerprint_of(question.model);
  const bool has_memory = memories != nullptr && scope != 0;
  std::size_t seen = 0;
  if (has_memory) {
    for (std::size_t i = parts.size(); i > 0 && seen == 0; --i) {
      if (memories->seen.find(mixed(parts[i - 1].chain, scope))) seen = i;
    }
    for (std::size_t i = seen; i < parts.size(); ++i)
      memories->seen.put(mixed(parts[i].chain, scope), {});
  }

  Tally total;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::uint64_t key = mixed(parts[i].hash, fingerprint);
    std::optional<PartTokens> known;
    if (memories != nullptr) known = memories->parts.find(key);
    if (!known) {
      known = counter.count(sources->list[i]).packed();
      if (memories != nullptr) memories->parts.put(key, *known);
    }
    const Tally part = Tally::unpacked(*known);
    total.add(part);
    out.parts[static_cast<std::size_t>(parts[i].slice)] += to_count(part.tokens);
    if (i < seen) out.repeated += to_count(part.tokens);
  }

  const auto has = [&parts](PartKind kind) {
    return std::ranges::any_of(parts, [kind](const Part& part) { return part.kind == kind; });
  };
  const Framing& framing = counter.framing();
  Tally more = Extras(dialect, counter).count(root);
  const bool chat = dialect != Dialect::openai_completions &&
                    dialect != Dialect::openai_embeddings && dialect != Dialect::openai_images &&
                    dialect != Dialect::openai_audio &&
                    question.endpoint.name.find("embed") == std::string_view::npos &&
                    question.endpoint.name.find("rerank") == std::string_view::npos;
  if (chat) {
    more.known(framing.request);
    const tokenizer::TokenizerChoice& choice = question.model.choice;
    // The most that was ever seen does not make what is known less exact.
    more.bound += std::max(choice.hidden_most, choice.hidden * 2) + question.host.most;
    if (dialect == Dialect::openai_responses) more.bound += choice.responses_most;
    more.tokens += choice.hidden + question.host.hidden;
    more.framed_exactly &= choice.hidden == 0 && question.host.hidden == 0;
    // OpenRouter's suffix for models that look things up first.
    if (choice.searches || question.model_name.ends_with(":online")) more.unknown(0);
    // The instructions for summing up (recorded usage).
    if (question.endpoint.name == "responses.compact") more.guess(93, 200);
    if (choice.default_system_most > 0 && !has(PartKind::system))
      more.guess(choice.default_system,
                 std::max(choice.default_system_most, choice.default_system * 2));
  }
  // hmarr/openai-chat-tokens: tools without instructions get a message of their own.
  if (dialect == Dialect::openai_chat && counter.is_openai() && has(PartKind::tools))
    more.guess(has(PartKind::system) ? 2 : 6, 8);
  if (dialect == Dialect::openai_images) more.guess(6, 32);
  if (is_pro(root)) {
    // Several answers are sampled from the same prompt and weighed (seen in recorded usage).
    const std::uint64_t once = total.tokens + more.tokens;
    more.guess(once * 7 / 2 + 1450, once * 8 + 8192);
  }
  total.add(more);
  if (total.media) {
    out.kind = RequestKind::media;
  } else if (has(PartKind::tools) || !question.transcript.calls.empty()) {
    out.kind = RequestKind::tools;
  }
  // Embeddings begin or end with marks of their own, and nothing is one token all the same.
  if (!chat && !framing.exact) total.bound += 8 * parts.size();
  total.bound += total.framed_exactly && counter.text().is_certain()
                     ? 1 + total.tokens / 200
                     : framing.slack + total.tokens / 40;
  out.parts[static_cast<std::size_t>(Slice::system)] += to_count(more.tokens);
  out.tokens = to_count(total.tokens);
  if (!total.unbounded) out.upper_bound = to_count(std::max(total.bound, total.tokens));
  out.grade = !counter.text().is_exact() ? Grade::estimated
              : total.framed_exactly     ? Grade::exact
                                         : Grade::estimated_framing;
  return out;
}

}  // namespace tokenweir::count

// What a part counter makes of declared tools.
#include <algorithm>

#include "count/part_counter.h"
#include "count/tool_text.h"

namespace tokenweir::count {

namespace {

using provider::Dialect;

// Tools the provider runs itself come with instructions and bring text nobody here sees.
constexpr std::uint64_t kServerTool = 300;

// Templates of models nobody listed explain tools in so many tokens at the most (recorded: 210).
constexpr std::uint64_t kMostUnknownPrompt = 320;

// Anthropic's tools that the client runs: their schemas are the model's own (the tool use guide).
struct ClientTool {
  std::string_view type;
  std::uint64_t tokens;
  std::uint64_t most;
};
constexpr ClientTool kClientTools[] = {{"bash_", 245, 800},
                                       {"text_editor_", 700, 1800},
                                       {"computer_", 1235, 3000},
                                       {"memory_", 1500, 4500}};

const ClientTool* client_tool(std::string_view type) {
  const auto* found = std::ranges::find_if(
      kClientTools, [type](const ClientTool& tool) { return type.starts_with(tool.type); });
  return found != std::end(kClientTools) ? found : nullptr;
}

}  // namespace

// Every property costs some ten tokens beside its JSON (fitted to recorded usage of versions 2.5
// on).
void PartCounter::gemini_function(const Json& function) {
  tally_.add(json(function));
  const auto is = members_of(function, "parameters");
  if (is[0] == nullptr) return;
  const auto schema = members_of(*is[0], "properties");
  std::uint64_t properties = 0;
  if (schema[0] != nullptr)
    for_each_member(*schema[0], [&](std::string_view, const Json&) { ++properties; });
  tally_.guess(properties * 10, properties * 16);
}

void PartCounter::declaration(const Json& tool) {
  guess(framing_.tool);
  const auto is =
      members_of(tool, "type", "name", "function", "input_schema", "functionDeclarations",
                 "function_declarations", "parameters", "description", "parameter_definitions");
  if (const Json* functions = first_of(is[4], is[5])) {
    for_each(*functions, [&](const Json& function) { gemini_function(function); });
    // One object may hold tools of several kinds.
    for_each_member(tool, [&](std::string_view key, const Json& other) {
      if (key != "functionDeclarations" && key != "function_declarations" && !other.is_null())
        tally_.unknown(kServerTool);
    });
  } else if (is[2] != nullptr) {
    tally_.add(json(*is[2]));
  } else if (is[3] != nullptr || is[6] != nullptr || is[8] != nullptr || is.text(0) == "function" ||
             is.text(0) == "custom") {
    tally_.add(json(tool));
  } else if (const ClientTool* known = client_tool(is.text(0));
             known != nullptr && is_anthropic()) {
    tally_.guess(known->tokens, known->most);
  } else {
    tally_.unknown(kServerTool);
  }
}

void PartCounter::declarations(const Json& tools) {
  std::size_t count = 0;
  for_each(tools, [&](const Json&) { ++count; });
  if (count == 0) return;
  const tokenizer::TokenizerChoice& choice = text_.model().choice;
  std::uint64_t prompt = framing_.first_tool + choice.tool_prompt;
  if (dialect_ == Dialect::openai_chat) prompt += choice.chat_tool_prompt;
  // OpenAI's Responses API has shown some models more of them than the chat completions do.
  std::uint64_t most =
      dialect_ == Dialect::openai_responses ? choice.responses_tool_prompt_most : 0;
  if (name_ == tokenizer::Template::plain) most = kMostUnknownPrompt;
  tally_.guess(prompt, std::max(prompt * 5 / 4 + 12, most));
  if (!is_openai()) {
    for_each(tools, [&](const Json& tool) { declaration(tool); });
    return;
  }
  const std::string written = typescript_of(tools);
  Tally text = text_.text(written);
  // What the rendering leaves out (references, patterns, nested descriptions) may be shown.
  text.bound = std::max(text.bound * 5 / 4 + 8, json(tools).tokens);
  text.framed_exactly = false;
  tally_.add(text);
  for_each(tools, [&](const Json& tool) {
    const auto is = members_of(tool, "type", "name", "function", "format", "tools");
    if (is[4] != nullptr) {
      declarations(*is[4]);
    } else if (is.text(0) == "custom") {
      tally_.add(json(tool));
    } else if (is[1] == nullptr && is[2] == nullptr) {
      tally_.unknown(kServerTool);
    }
  });
}

}  // namespace tokenweir::count

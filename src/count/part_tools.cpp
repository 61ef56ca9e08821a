// What a part counter makes of declared tools.
#include <algorithm>

#include "count/part_counter.h"
#include "count/tool_text.h"

namespace tokenweir::count {

namespace {

using provider::Dialect;

// Tools the provider runs itself come with instructions and bring text nobody here sees.
constexpr std::uint64_t kServerTool = 300;

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
  } else if (is[2] != nullptr) {
    tally_.add(json(*is[2]));
  } else if (is[3] != nullptr || is[6] != nullptr || is[8] != nullptr || is.text(0) == "function" ||
             is.text(0) == "custom") {
    tally_.add(json(tool));
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
  const std::uint64_t most =
      dialect_ == Dialect::openai_responses ? choice.responses_tool_prompt_most : 0;
  tally_.guess(prompt, std::max(prompt * 5 / 4 + 12, most));
  if (!is_openai()) {
    for_each(tools, [&](const Json& tool) { declaration(tool); });
    return;
  }
  const std::string written = typescript_of(tools);
  Tally text = text_.text(written);
  text.bound = text.bound * 5 / 4 + 8;
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

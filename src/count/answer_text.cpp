#include "count/answer_text.h"

#include "count/document.h"
#include "count/json.h"

namespace tokenweir::count {

namespace {

using provider::Dialect;
using Channel = OutputCounter::Channel;

std::uint32_t index_of(const Json* value) {
  std::uint64_t index = 0;
  return value != nullptr && value->get(index) == simdjson::SUCCESS
             ? static_cast<std::uint32_t>(index)
             : 0;
}

class AnswerText {
 public:
  AnswerText(bool streaming, OutputCounter& out) : streaming_(streaming), out_(out) {}

  void chat(const Json& root);
  void responses(const Json& root);
  void anthropic(const Json& root);
  void gemini(const Json& root);
  void cohere(const Json& root);
  void ollama(const Json& root);

 private:
  void push(Channel channel, std::uint32_t index, const Json* text) {
    if (text != nullptr) out_.push(channel, index, string_of(*text).value_or(""));
  }
  void push_value(Channel channel, std::uint32_t index, const Json* value) {
    if (value == nullptr) return;
    if (value->is_string()) {
      push(channel, index, value);
    } else {
      out_.push(channel, index, simdjson::to_string(*value));
    }
  }
  void message(const Json& message, std::uint32_t choice);
  void block(const Json& block, std::uint32_t index);

  bool streaming_;
  OutputCounter& out_;
};

// A message or the delta of one, OpenAI's way.
void AnswerText::message(const Json& message, std::uint32_t choice) {
  const auto is = members_of(message, "content", "reasoning_content", "reasoning", "refusal",
                             "tool_calls", "function_call", "thinking");
  if (is[0] != nullptr) {
    if (is[0]->is_string()) {
      push(Channel::text, choice, is[0]);
    } else {
      for_each(*is[0], [&](const Json& part) { block(part, choice); });
    }
  }
  // OpenRouter repeats one under the other's name.
  push(Channel::reasoning, choice, is[1] != nullptr ? is[1] : is[2]);
  push(Channel::reasoning, choice, is[6]);
  push(Channel::text, choice, is[3]);
  std::uint32_t position = 0;
  if (is[4] != nullptr) {
    for_each(*is[4], [&](const Json& call) {
      const auto made = members_of(call, "index", "function", "custom");
      const std::uint32_t index =
          choice * 64 + (made[0] != nullptr ? index_of(made[0]) : position++);
      if (const Json* body = made[1] != nullptr ? made[1] : made[2]) {
        const auto function = members_of(*body, "name", "arguments", "input");
        push(Channel::tool_name, index, function[0]);
        push_value(Channel::tool_arguments, index,
                   function[1] != nullptr ? function[1] : function[2]);
      }
    });
  }
  if (is[5] != nullptr) {
    const auto function = members_of(*is[5], "name", "arguments");
    push(Channel::tool_name, choice, function[0]);
    push_value(Channel::tool_arguments, choice, function[1]);
  }
}

void AnswerText::chat(const Json& root) {
  const auto is = members_of(root, "choices");
  if (is[0] == nullptr) return;
  for_each(*is[0], [&](const Json& choice) {
    const auto made = members_of(choice, "index", "delta", "message", "text");
    const std::uint32_t index = index_of(made[0]);
    if (const Json* said = made[1] != nullptr ? made[1] : made[2]) message(*said, index);
    push(Channel::text, index, made[3]);
  });
}

// An item's or message's block in any dialect that types its blocks.
void AnswerText::block(const Json& block, std::uint32_t index) {
  const auto is = members_of(block, "type", "text", "thinking", "name", "input", "arguments",
                             "refusal", "summary", "content");
  const std::string_view type = is.text(0);
  if (type == "thinking" || type == "reasoning") {
    if (is[2] != nullptr && is[2]->is_string()) {
      push(Channel::reasoning, index, is[2]);
      return;
    }
    for (const std::size_t list : {2u, 7u, 8u}) {
      if (is[list] == nullptr) continue;
      for_each(*is[list], [&](const Json& part) {
        const auto text = members_of(part, "text");
        push(Channel::reasoning, index, text[0]);
      });
    }
  } else if (type == "tool_use" || type == "server_tool_use" || type.ends_with("_call")) {
    push(Channel::tool_name, index, is[3]);
    push_value(Channel::tool_arguments, index, is[4] != nullptr ? is[4] : is[5]);
  } else if (type == "message") {
    if (is[8] != nullptr) for_each(*is[8], [&](const Json& part) { this->block(part, index); });
  } else {
    push(Channel::text, index, is[1] != nullptr ? is[1] : is[6]);
  }
}

void AnswerText::responses(const Json& root) {
  const auto is = members_of(root, "type", "delta", "output_index", "item", "output");
  const std::string_view type = is.text(0);
  const std::uint32_t index = index_of(is[2]);
  if (!streaming_) {
    std::uint32_t position = 0;
    if (is[4] != nullptr) for_each(*is[4], [&](const Json& item) { block(item, position++); });
    return;
  }
  if (type == "response.output_text.delta" || type == "response.refusal.delta") {
    push(Channel::text, index, is[1]);
  } else if (type == "response.reasoning_text.delta" ||
             type == "response.reasoning_summary_text.delta") {
    push(Channel::reasoning, index, is[1]);
  } else if (type == "response.function_call_arguments.delta" ||
             type == "response.custom_tool_call_input.delta" ||
             type == "response.mcp_call_arguments.delta") {
    push(Channel::tool_arguments, index, is[1]);
  } else if (type == "response.output_item.added" && is[3] != nullptr) {
    const auto item = members_of(*is[3], "name");
    push(Channel::tool_name, index, item[0]);
  }
}

void AnswerText::anthropic(const Json& root) {
  const auto is = members_of(root, "type", "index", "delta", "content_block", "content");
  const std::string_view type = is.text(0);
  const std::uint32_t index = index_of(is[1]);
  if (type == "content_block_start" && is[3] != nullptr) {
    const auto block = members_of(*is[3], "name", "text", "thinking", "type");
    if (block.text(3).ends_with("tool_use")) push(Channel::tool_name, index, block[0]);
    push(Channel::text, index, block[1]);
    push(Channel::reasoning, index, block[2]);
  } else if (type == "content_block_delta" && is[2] != nullptr) {
    const auto delta = members_of(*is[2], "text", "thinking", "partial_json");
    push(Channel::text, index, delta[0]);
    push(Channel::reasoning, index, delta[1]);
    push(Channel::tool_arguments, index, delta[2]);
  } else if (is[4] != nullptr && !streaming_) {
    std::uint32_t position = 0;
    for_each(*is[4], [&](const Json& block) { this->block(block, position++); });
  }
}

void AnswerText::gemini(const Json& root) {
  const auto is = members_of(root, "candidates");
  if (is[0] == nullptr) return;
  for_each(*is[0], [&](const Json& candidate) {
    const auto made = members_of(candidate, "index", "content");
    const std::uint32_t index = index_of(made[0]);
    if (made[1] == nullptr) return;
    const auto content = members_of(*made[1], "parts");
    if (content[0] == nullptr) return;
    for_each(*content[0], [&](const Json& part) {
      const auto said = members_of(part, "text", "thought", "functionCall", "executableCode");
      push(said.is_true(1) ? Channel::reasoning : Channel::text, index, said[0]);
      if (said[2] != nullptr) {
        const auto function = members_of(*said[2], "name", "args");
        push(Channel::tool_name, index, function[0]);
        push_value(Channel::tool_arguments, index, function[1]);
      }
      push_value(Channel::tool_arguments, index, said[3]);
    });
  });
}

void AnswerText::cohere(const Json& root) {
  const auto is = members_of(root, "type", "index", "delta", "message", "text", "event_type");
  if (is[2] != nullptr) {
    const auto delta = members_of(*is[2], "message");
    if (delta[0] == nullptr) return;
    const auto said = members_of(*delta[0], "content", "tool_plan", "tool_calls");
    if (said[0] != nullptr) block(*said[0], index_of(is[1]));
    push(Channel::text, 1000, said[1]);
    if (said[2] != nullptr) {
      const auto call = members_of(*said[2], "function");
      if (call[0] == nullptr) return;
      const auto function = members_of(*call[0], "name", "arguments");
      push(Channel::tool_name, index_of(is[1]), function[0]);
      push(Channel::tool_arguments, index_of(is[1]), function[1]);
    }
  } else if (is[3] != nullptr) {
    message(*is[3], 0);
  } else if (is.text(5) == "text-generation" || !streaming_) {
    push(Channel::text, 0, is[4]);
  }
}

void AnswerText::ollama(const Json& root) {
  const auto is = members_of(root, "message", "response", "thinking");
  if (is[0] != nullptr) message(*is[0], 0);
  push(Channel::text, 0, is[1]);
  push(Channel::reasoning, 0, is[2]);
}

}  // namespace

void count_answer_document(Dialect dialect, bool streaming, std::string_view document,
                           OutputCounter& out) {
  const Json* root = parse_body(document);
  if (root == nullptr) return;
  AnswerText text(streaming, out);
  switch (dialect) {
    case Dialect::openai_chat:
    case Dialect::openai_completions:
      return text.chat(*root);
    case Dialect::openai_responses:
    case Dialect::gemini_interactions:
      return text.responses(*root);
    case Dialect::anthropic_messages:
      return text.anthropic(*root);
    case Dialect::gemini:
      return text.gemini(*root);
    case Dialect::cohere:
      return text.cohere(*root);
    case Dialect::ollama:
      return text.ollama(*root);
    default:
      return;
  }
}

}  // namespace tokenweir::count

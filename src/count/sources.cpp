#include "count/sources.h"

namespace tokenweir::count {

namespace {

using provider::Dialect;

class Finder {
 public:
  Finder(Dialect dialect, Sources& out) : dialect_(dialect), out_(out) {}

  [[nodiscard]] bool find(const Json& root);

 private:
  // The root's members among `names`; false when one stands twice.
  template <typename... Names>
  auto take(const Json& root, Names... names) {
    auto members = members_of(root, names...);
    twice_ |= members.twice();
    (out_.keys.emplace_back(names), ...);
    return members;
  }

  void add(PartKind kind, Shape shape, const Json* value) {
    if (value == nullptr) return;
    if (out_.list.size() >= kMostParts) {
      too_many_ = true;
      return;
    }
    out_.list.push_back({kind, shape, *value});
  }
  void add_tools(const Json* tools) { add(PartKind::tools, Shape::declarations, tools); }
  void add_system(const Json* text) { add(PartKind::system, Shape::text, text); }

  void add_messages(const Json* messages);
  void add_message(const Json& message);
  void add_items(const Json* input);
  void add_item(const Json& item);

  Dialect dialect_;
  Sources& out_;
  bool twice_ = false;
  bool too_many_ = false;
};

PartKind kind_of_role(std::string_view role) {
  if (role == "user" || role == "USER" || role == "User") return PartKind::user;
  if (role == "assistant" || role == "model" || role == "CHATBOT" || role == "Chatbot")
    return PartKind::assistant;
  if (role == "system" || role == "developer" || role == "SYSTEM") return PartKind::system;
  if (role == "tool" || role == "function" || role == "TOOL") return PartKind::tool_result;
  return role.empty() ? PartKind::user : PartKind::other;
}

void Finder::add_message(const Json& message) {
  const auto members = members_of(message, "role");
  twice_ |= members.twice();
  const PartKind kind = kind_of_role(members.text(0));
  Json storage;
  const Json* blocks = nullptr;
  if (dialect_ == Dialect::anthropic_messages || dialect_ == Dialect::gemini)
    blocks = blocks_of(dialect_, message, storage);
  std::size_t results = 0;
  std::size_t others = 0;
  if (blocks != nullptr && !blocks->is_string()) {
    for_each(*blocks, [&](const Json& block) {
      if (!is_result_block(dialect_, block)) {
        ++others;
        return;
      }
      ++results;
      add(PartKind::tool_result, Shape::block, &block);
    });
  }
  if (results == 0) add(kind, Shape::message, &message);
  if (results > 0 && others > 0) add(kind, Shape::rest, &message);
}

void Finder::add_messages(const Json* messages) {
  if (messages == nullptr) return;
  for_each(*messages, [&](const Json& message) { add_message(message); });
}

void Finder::add_item(const Json& item) {
  const auto members = members_of(item, "type", "role");
  twice_ |= members.twice();
  const std::string_view type = members.text(0);
  if (members[1] != nullptr && (type.empty() || type == "message")) {
    add(kind_of_role(members.text(1)), Shape::message, &item);
  } else if (type.ends_with("_output") || type.ends_with("_response") ||
             type == "function_result") {
    add(PartKind::tool_result, Shape::item, &item);
  } else if (type == "item_reference" || type.ends_with("mcp_list_tools")) {
    add(PartKind::other, Shape::item, &item);
  } else if (type == "reasoning" || type == "thought" || type == "compaction" ||
             type.ends_with("_call") || type == "mcp_approval_request") {
    add(PartKind::assistant, Shape::item, &item);
  } else {
    add(PartKind::user, Shape::item, &item);
  }
}

void Finder::add_items(const Json* input) {
  if (input == nullptr) return;
  if (input->is_array()) {
    for_each(*input, [&](const Json& item) { add_item(item); });
  } else {
    add(PartKind::user, input->is_object() ? Shape::item : Shape::text, input);
  }
}

bool Finder::find(const Json& root) {
  if (!root.is_object()) return false;
  switch (dialect_) {
    case Dialect::openai_chat: {
      const auto is = take(root, "tools", "functions", "messages");
      add_tools(is[0]);
      add_tools(is[1]);
      add_messages(is[2]);
      break;
    }
    case Dialect::openai_responses: {
      const auto is = take(root, "tools", "instructions", "input");
      add_tools(is[0]);
      if (is[1] != nullptr) add(PartKind::system, Shape::text, is[1]);
      add_items(is[2]);
      break;
    }
    case Dialect::anthropic_messages: {
      const auto is = take(root, "tools", "system", "messages");
      add_tools(is[0]);
      add_system(is[1]);
      add_messages(is[2]);
      break;
    }
    case Dialect::gemini: {
      const auto is = take(root, "tools", "systemInstruction", "system_instruction", "contents",
                           "content", "requests");
      add_tools(is[0]);
      add_system(is[1]);
      add_system(is[2]);
      add_messages(is[3]);
      add_messages(is[4]);
      if (is[5] != nullptr) {
        for_each(*is[5], [&](const Json& request) { add(PartKind::user, Shape::value, &request); });
      }
      break;
    }
    case Dialect::gemini_interactions: {
      const auto is = take(root, "tools", "system_instruction", "input");
      add_tools(is[0]);
      add_system(is[1]);
      add_items(is[2]);
      break;
    }
    case Dialect::cohere: {
      const auto is = take(root, "tools", "preamble", "chat_history", "messages", "documents",
                           "message", "tool_results", "texts", "query", "inputs");
      add_tools(is[0]);
      add_system(is[1]);
      add_messages(is[2]);
      add_messages(is[3]);
      for (const std::size_t other : {4u, 5u, 6u, 7u, 8u}) {
        if (is[other] == nullptr) continue;
        const PartKind kind = other == 4   ? PartKind::other
                              : other == 6 ? PartKind::tool_result
                                           : PartKind::user;
        add(kind, is[other]->is_string() ? Shape::text : Shape::value, is[other]);
      }
      add_messages(is[9]);
      break;
    }
    case Dialect::ollama: {
      const auto is = take(root, "tools", "system", "messages", "prompt", "input");
      add_tools(is[0]);
      add_system(is[1]);
      add_messages(is[2]);
      add(PartKind::user, Shape::value, is[3]);
      add(PartKind::user, Shape::value, is[4]);
      break;
    }
    case Dialect::openai_completions:
    case Dialect::openai_embeddings:
    case Dialect::openai_images:
    case Dialect::openai_audio: {
      const auto is = take(root, "prompt", "suffix", "input", "instructions");
      add_system(is[3]);
      for (const std::size_t text : {0u, 1u, 2u}) add(PartKind::user, Shape::value, is[text]);
      break;
    }
    case Dialect::openai_misc:
    case Dialect::anthropic_misc:
    case Dialect::gemini_misc:
    case Dialect::opaque:
      return false;
  }
  return !twice_ && !too_many_;
}

}  // namespace

bool is_result_block(Dialect dialect, const Json& block) {
  if (dialect == Dialect::anthropic_messages) {
    const std::string_view type = members_of(block, "type").text(0);
    return type == "tool_result";
  }
  const auto is = members_of(block, "functionResponse", "function_response");
  return is[0] != nullptr || is[1] != nullptr;
}

const Json* blocks_of(Dialect dialect, const Json& message, Json& storage) {
  const auto is =
      dialect == Dialect::gemini ? members_of(message, "parts") : members_of(message, "content");
  if (is[0] == nullptr) return nullptr;
  storage = *is[0];
  return &storage;
}

void find_sources(Dialect dialect, const Json& root, Sources& out) {
  out.clear();
  out.readable = Finder(dialect, out).find(root);
}

}  // namespace tokenweir::count

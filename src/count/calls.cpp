#include "count/calls.h"

#include <algorithm>
#include <array>
#include <memory>
#include <unordered_map>

#include "count/content_hash.h"

namespace tokenweir::count {

namespace {

using provider::Dialect;

bool begins_with(std::string_view text, std::string_view lower) {
  if (text.size() < lower.size()) return false;
  for (std::size_t i = 0; i < lower.size(); ++i) {
    const char c = text[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) != lower[i]) return false;
  }
  return true;
}

// How tools commonly say that they failed where the dialect has no flag for it.
bool says_error(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\n')) text.remove_prefix(1);
  for (const std::string_view start : {"error", "exception", "traceback (most recent call last)",
                                       "{\"error\":", "{\"iserror\":true", "{\"is_error\":true"}) {
    if (begins_with(text, start)) return true;
  }
  return false;
}

// How tools commonly say that a job is not done yet. Long results say more than that.
bool says_waiting(std::string_view text) {
  constexpr std::size_t kShort = 256;
  if (text.empty() || text.size() > kShort) return false;
  for (const std::string_view word :
       {"pending", "running", "in progress", "in_progress", "in-progress", "queued", "processing",
        "not ready", "not_ready", "not yet", "waiting", "not finished"}) {
    for (std::size_t at = 0; at + word.size() <= text.size(); ++at) {
      if (begins_with(text.substr(at), word)) return true;
    }
  }
  return false;
}

bool says_waiting(const Json& result, int depth = 0) {
  if (const auto text = string_of(result)) return says_waiting(*text);
  if (depth > 2) return false;
  bool waiting = false;
  int seen = 0;
  const auto look = [&](const Json& value) {
    if (++seen <= 16) waiting = waiting || says_waiting(value, depth + 1);
  };
  if (result.is_object()) {
    for_each_member(result, [&](std::string_view, const Json& member) { look(member); });
  } else if (result.is_array()) {
    for_each(result, look);
  }
  return waiting;
}

// Members that date or number a call; written in any of the usual ways.
bool only_marks(std::string_view name) {
  constexpr std::array<std::string_view, 20> kMarks = {
      "timestamp",     "ts",          "nonce",         "requestid",       "requestuuid",
      "traceid",       "spanid",      "correlationid", "idempotencykey",  "callid",
      "toolcallid",    "cachebuster", "currenttime",   "clientrequestid", "attempt",
      "attemptnumber", "retry",       "retrycount",    "requesttime",     "uniqueid"};
  std::string plain;
  for (const char c : name) {
    if (c == '_' || c == '-') continue;
    if (plain.size() > 16) return false;
    plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return std::ranges::find(kMarks, plain) != kMarks.end();
}

std::uint64_t arguments_of(const Json& value, const HashKey& key) {
  ContentHash hash(key);
  if (value.is_object()) {
    std::uint64_t all = 0;
    std::uint64_t telling = 0;
    std::uint64_t count = 0;
    for_each_member(value, [&](std::string_view name, const Json& member) {
      SipHash one(key);
      one.text(name);
      one.word(arguments_of(member, key));
      const std::uint64_t word = one.finish();
      all += word;
      if (only_marks(name)) return;
      telling += word;
      ++count;
    });
    hash.number(1);
    hash.number(count > 0 ? telling : all);
  } else if (value.is_array()) {
    hash.number(2);
    for_each(value, [&](const Json& element) { hash.number(arguments_of(element, key)); });
  } else {
    hash.value(value);
  }
  return hash.finish();
}

bool is_truthy(const Json* value) {
  if (value == nullptr) return false;
  bool flag = false;
  return value->get(flag) != simdjson::SUCCESS || flag;
}

bool says_error(const Json& result) {
  if (const auto text = string_of(result)) return says_error(*text);
  if (result.is_object()) {
    const auto is = members_of(result, "error", "isError", "is_error");
    return is_truthy(is[0]) || is_truthy(is[1]) || is_truthy(is[2]);
  }
  bool error = false;
  if (result.is_array()) {
    simdjson::dom::array blocks;
    if (result.get(blocks) == simdjson::SUCCESS && blocks.begin() != blocks.end())
      error = says_error(members_of(*blocks.begin(), "text").text(0));
  }
  return error;
}

// Words that make up for a missing id: results that name the tool, or nothing, answer the oldest
// open call of that name.
constexpr std::string_view kByName = "\x01name:";

class CallFinder {
 public:
  CallFinder(Dialect dialect, const HashKey& key, Transcript& out)
      : dialect_(dialect), key_(key), out_(out) {}

  void source(std::uint32_t part, const Source& source);
  [[nodiscard]] bool too_many() const { return too_many_; }

 private:
  void call(std::string_view id, std::string_view name, const Json* arguments);
  void result(std::string_view id, std::string_view name, const Json* content, bool failed);

  void chat_message(const Json& message);
  void response_item(const Json& item);
  void anthropic_blocks(const Json& blocks);
  void gemini_part(const Json& part);

  [[nodiscard]] std::uint64_t key_of(std::string_view prefix, std::string_view word) const {
    SipHash hash(key_);
    hash.text(prefix);
    hash.text(word);
    return hash.finish();
  }

  Dialect dialect_;
  const HashKey& key_;
  Transcript& out_;
  std::uint32_t part_ = 0;
  bool too_many_ = false;
  // From the hash of an id or name to the next open call of it; ids come from hostile bodies, and
  // keyed hashes cannot be made to collide.
  std::unordered_multimap<std::uint64_t, std::uint32_t> open_;
};

void CallFinder::call(std::string_view id, std::string_view name, const Json* arguments) {
  if (out_.calls.size() >= kMostParts) {
    too_many_ = true;
    return;
  }
  ToolCall& call = out_.calls.emplace_back();
  call.part = part_;
  call.name.assign(name.substr(0, kMostToolNameBytes));
  if (arguments == nullptr) {
    call.arguments = ContentHash(key_).finish();
  } else if (const auto text = string_of(*arguments)) {
    call.arguments = hash_of_arguments(*text, key_);
  } else {
    call.arguments = arguments_of(*arguments, key_);
  }
  const auto index = static_cast<std::uint32_t>(out_.calls.size() - 1);
  open_.emplace(id.empty() ? key_of(kByName, name) : key_of({}, id), index);
}

void CallFinder::result(std::string_view id, std::string_view name, const Json* content,
                        bool failed) {
  auto found = open_.find(id.empty() ? key_of(kByName, name) : key_of({}, id));
  if (found == open_.end() && !name.empty()) found = open_.find(key_of(kByName, name));
  ContentHash hash(key_);
  bool waiting = false;
  if (content != nullptr) {
    hash.content(*content);
    failed = failed || says_error(*content);
    waiting = !failed && says_waiting(*content);
  }
  if (found == open_.end()) {
    if (out_.loose_results.size() < kMostParts) {
      out_.loose_results.push_back({hash.finish(), failed, waiting});
    }
    return;
  }
  ToolCall& call = out_.calls[found->second];
  open_.erase(found);
  call.result = hash.finish();
  call.failed = failed;
  call.waiting = waiting;
}

// OpenAI, Cohere and Ollama.
void CallFinder::chat_message(const Json& message) {
  const auto is = members_of(message, "role", "tool_calls", "function_call", "tool_call_id", "name",
                             "content", "tool_name");
  if (is[1] != nullptr) {
    for_each(*is[1], [&](const Json& entry) {
      const auto wrapped = members_of(entry, "id", "function", "custom", "name", "parameters");
      const Json* body = wrapped[1] != nullptr ? wrapped[1] : wrapped[2];
      if (body != nullptr) {
        const auto function = members_of(*body, "name", "arguments", "input");
        call(wrapped.text(0), function.text(0), function[1] != nullptr ? function[1] : function[2]);
      } else {
        call(wrapped.text(0), wrapped.text(3), wrapped[4]);
      }
    });
  }
  if (is[2] != nullptr) {
    const auto function = members_of(*is[2], "name", "arguments");
    call({}, function.text(0), function[1]);
  }
  const std::string_view role = is.text(0);
  if (role == "tool" || role == "function") {
    result(is.text(3), is[4] != nullptr ? is.text(4) : is.text(6), is[5], false);
  }
}

void CallFinder::response_item(const Json& item) {
  const auto is = members_of(item, "type", "call_id", "name", "arguments", "input", "output",
                             "action", "id", "error");
  const std::string_view type = is.text(0);
  const std::string_view id = is[1] != nullptr ? is.text(1) : is.text(7);
  if (type == "mcp_call") {
    call(id, is.text(2), is[3]);
    if (is[5] != nullptr || is[8] != nullptr) {
      result(id, is.text(2), is[8] != nullptr ? is[8] : is[5], is[8] != nullptr);
    }
  } else if (type.ends_with("_call")) {
    const Json* arguments = is[3] != nullptr ? is[3] : is[4] != nullptr ? is[4] : is[6];
    call(id, is[2] != nullptr ? is.text(2) : type, arguments);
  } else if (type.ends_with("_output")) {
    result(id, {}, is[5], false);
  } else if (type == "function_result") {
    const auto more = members_of(item, "result", "is_error");
    result(id, is.text(2), more[0], more.is_true(1));
  }
}

void CallFinder::anthropic_blocks(const Json& blocks) {
  for_each(blocks, [&](const Json& block) {
    const auto is =
        members_of(block, "type", "id", "name", "input", "tool_use_id", "content", "is_error");
    const std::string_view type = is.text(0);
    if (type.ends_with("tool_use")) {
      call(is.text(1), is.text(2), is[3]);
    } else if (type.ends_with("tool_result")) {
      result(is.text(4), {}, is[5], is.is_true(6));
    }
  });
}

void CallFinder::gemini_part(const Json& part) {
  const auto is =
      members_of(part, "functionCall", "function_call", "functionResponse", "function_response");
  if (const Json* made = is[0] != nullptr ? is[0] : is[1]) {
    const auto function = members_of(*made, "id", "name", "args");
    call(function.text(0), function.text(1), function[2]);
  }
  if (const Json* answer = is[2] != nullptr ? is[2] : is[3]) {
    const auto function = members_of(*answer, "id", "name", "response");
    result(function.text(0), function.text(1), function[2], false);
  }
}

void CallFinder::source(std::uint32_t part, const Source& source) {
  part_ = part;
  Json storage;
  switch (dialect_) {
    case Dialect::openai_chat:
    case Dialect::cohere:
    case Dialect::ollama:
      if (source.shape == Shape::message) chat_message(source.value);
      return;
    case Dialect::openai_responses:
    case Dialect::gemini_interactions:
      if (source.shape == Shape::item) response_item(source.value);
      return;
    case Dialect::anthropic_messages:
      if (source.shape == Shape::block) {
        anthropic_blocks(source.value);
      } else if (source.shape == Shape::message || source.shape == Shape::rest) {
        // The results among the blocks of a rest are sources of their own.
        if (const Json* blocks = blocks_of(dialect_, source.value, storage)) {
          for_each(*blocks, [&](const Json& block) {
            if (!is_result_block(dialect_, block)) anthropic_blocks(block);
          });
        }
      }
      return;
    case Dialect::gemini:
      if (source.shape == Shape::block) {
        gemini_part(source.value);
      } else if (const Json* parts = blocks_of(dialect_, source.value, storage)) {
        for_each(*parts, [&](const Json& block) {
          if (!is_result_block(dialect_, block)) gemini_part(block);
        });
      }
      return;
    default:
      return;
  }
}

}  // namespace

std::uint64_t hash_of_arguments(std::string_view text, const HashKey& key) {
  constexpr std::size_t kRead = 256 * 1024;
  // Not the parser of the body, whose document is being read.
  thread_local std::unique_ptr<simdjson::dom::parser> parser;
  if (text.size() <= kRead) {
    if (parser == nullptr) parser = std::make_unique<simdjson::dom::parser>(kRead);
    Json value;
    if (parser->parse(text.data(), text.size()).get(value) == simdjson::SUCCESS) {
      return arguments_of(value, key);
    }
  }
  ContentHash hash(key);
  hash.json_text(text);
  return hash.finish();
}

bool find_calls(Dialect dialect, const Sources& sources, const HashKey& key, Transcript& out) {
  CallFinder finder(dialect, key, out);
  for (std::size_t i = 0; i < sources.list.size(); ++i) {
    const PartKind kind = sources.list[i].kind;
    if (kind != PartKind::assistant && kind != PartKind::tool_result) continue;
    finder.source(static_cast<std::uint32_t>(i), sources.list[i]);
  }
  return !finder.too_many();
}

}  // namespace tokenweir::count

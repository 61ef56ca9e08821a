#include "count/part_counter.h"

#include <algorithm>

#include "count/tool_text.h"

namespace tokenweir::count {

namespace {

using provider::Dialect;
using tokenizer::Template;

// Pages of documents, by the vendors' guides: Claude sees each as a picture beside 1,500 to 3,000
// tokens of text, Gemini takes 258 (560 from version 3 on).
constexpr std::uint64_t kClaudePage = 1'600;
constexpr std::uint64_t kGeminiPage = 258;
constexpr std::uint64_t kGemini3Page = 560;
constexpr std::uint64_t kOpenAiPage = 220;
constexpr std::uint64_t kMostOfPage = 4'096;

// OpenAI's realtime guide: ten a second; ai.google.dev: 32 a second.
constexpr std::uint64_t kOpenAiSecond = 10;
constexpr std::uint64_t kGeminiSecond = 32;

// Tools the provider runs itself come with instructions and bring text nobody here sees.
constexpr std::uint64_t kServerTool = 300;

bool is_text_type(std::string_view type) {
  return type == "text" || type == "input_text" || type == "output_text" || type == "refusal" ||
         type == "summary_text" || type == "reasoning_text";
}

const Json* first_of(const Json* one, const Json* other) { return one != nullptr ? one : other; }

}  // namespace

Tally PartCounter::json(const Json& value) const {
  std::string written;
  append_json(value, is_openai() || name_ == Template::gemini, written);
  Tally tally = text_.text(written);
  tally.bound = tally.bound * 5 / 4 + 8;
  tally.framed_exactly = false;
  return tally;
}

void PartCounter::append_text(std::string_view text) {
  if (!holds_) {
    held_ = text;
    holds_ = true;
    return;
  }
  if (!is_openai()) {
    end_text();
    held_ = text;
    holds_ = true;
    return;
  }
  if (joined_.empty()) joined_.assign(held_);
  joined_ += text;
  held_ = joined_;
}

void PartCounter::end_text() {
  if (holds_) tally_.add(text_.text(held_));
  holds_ = false;
  joined_.clear();
}

// Prompts of the old endpoints and inputs of embeddings: texts, tokens by number, or lists of them.
void PartCounter::any(const Json& value) {
  if (const auto text = string_of(value)) {
    append_text(*text);
    end_text();
  } else if (value.is_int64() || value.is_uint64()) {
    tally_.known(1);
  } else if (value.is_array()) {
    for_each(value, [this](const Json& element) { any(element); });
  } else {
    tally_.add(json(value));
  }
}

void PartCounter::image_data(std::string_view base64, std::string_view detail) {
  tally_.add(count_image(images_, pixels_of(base64), detail));
}

void PartCounter::image(const Json* place, std::string_view detail) {
  const std::string_view url = place != nullptr ? string_of(*place).value_or("") : "";
  if (const auto data = data_of_url(url)) {
    image_data(*data, detail);
  } else {
    tally_.add(count_image(images_, std::nullopt, detail));
  }
}

void PartCounter::document(std::string_view base64) {
  tally_.media = true;
  const std::uint64_t pages = pages_of(base64);
  std::uint64_t page = kOpenAiPage;
  if (name_ == Template::anthropic) page = kClaudePage;
  if (name_ == Template::gemini) {
    const bool is_new = images_.kind == tokenizer::ImageRule::Kind::flat;
    page = is_new ? kGemini3Page : kGeminiPage;
  }
  tally_.guess(pages * page, pages * kMostOfPage + decoded_bytes(base64));
}

void PartCounter::file(std::string_view data, bool elsewhere) {
  tally_.media = true;
  if (elsewhere) {
    tally_.unknown(1000);
    return;
  }
  const auto base64 = data_of_url(data);
  if (data.starts_with("data:text") && base64) {
    tally_.guess(decoded_bytes(*base64) / 4, decoded_bytes(*base64) + 64);
  } else if (data.starts_with("data:image") && base64) {
    image_data(*base64, {});
  } else {
    document(base64.value_or(data));
  }
}

void PartCounter::audio(std::string_view base64) {
  tally_.media = true;
  const std::uint64_t seconds = seconds_of(base64);
  const std::uint64_t rate = name_ == Template::gemini ? kGeminiSecond : kOpenAiSecond;
  tally_.guess(seconds * rate, seconds * rate * 4 + decoded_bytes(base64) / 100 + 64);
}

void PartCounter::media(std::string_view type, std::string_view base64) {
  tally_.media = true;
  if (type.starts_with("image/")) {
    image_data(base64, {});
  } else if (type.starts_with("audio/")) {
    audio(base64);
  } else if (type.starts_with("text/")) {
    tally_.guess(decoded_bytes(base64) / 4, decoded_bytes(base64) + 64);
  } else if (type.starts_with("video/")) {
    // 263 tokens a second (ai.google.dev); films of a million bits a second are small ones.
    const std::uint64_t seconds = decoded_bytes(base64) / 125'000 + 1;
    tally_.guess(seconds * 263, seconds * 263 * 20);
  } else {
    document(base64);
  }
}

void PartCounter::call(std::string_view name, const Json* arguments) {
  end_text();
  guess(framing_.call);
  tally_.add(text_.text(name));
  if (arguments == nullptr) return;
  if (const auto text = string_of(*arguments)) {
    tally_.add(text_.text(*text));
  } else {
    tally_.add(json(*arguments));
  }
}

void PartCounter::result(const Json* content) {
  end_text();
  guess(framing_.result);
  if (content == nullptr) return;
  if (dialect_ == Dialect::gemini || content->is_object()) {
    tally_.add(json(*content));
  } else {
    this->content(*content, false);
  }
}

void PartCounter::gemini_part(const Json& part) {
  const auto is =
      members_of(part, "text", "inlineData", "inline_data", "fileData", "file_data", "functionCall",
                 "function_call", "functionResponse", "function_response", "executableCode",
                 "codeExecutionResult", "thoughtSignature", "thought_signature");
  // What was thought in this turn may be read again; its signature is longer than it.
  for (const std::size_t signature : {11, 12}) {
    if (is[signature] != nullptr) tally_.guess(0, is.text(signature).size() / 3);
  }
  if (is[0] != nullptr) append_text(is.text(0));
  if (const Json* inline_data = first_of(is[1], is[2])) {
    end_text();
    const auto data = members_of(*inline_data, "mimeType", "mime_type", "data");
    media(data[0] != nullptr ? data.text(0) : data.text(1), data.text(2));
  }
  if (is[3] != nullptr || is[4] != nullptr) tally_.unknown(1000);
  if (const Json* made = first_of(is[5], is[6])) {
    const auto function = members_of(*made, "name", "args");
    call(function.text(0), function[1]);
  }
  if (const Json* answer = first_of(is[7], is[8])) {
    const auto function = members_of(*answer, "name", "response", "parts");
    tally_.add(text_.text(function.text(0)));
    result(function[1]);
    if (function[2] != nullptr)
      for_each(*function[2], [this](const Json& entry) { gemini_part(entry); });
  }
  for (const std::size_t other : {9, 10}) {
    if (is[other] != nullptr) tally_.add(json(*is[other]));
  }
  end_text();
}

// A block of a message in any dialect but Gemini's.
void PartCounter::block(const Json& block) {
  if (const auto text = string_of(block)) {
    append_text(*text);
    return;
  }
  const auto is =
      members_of(block, "type", "text", "image_url", "detail", "source", "input_audio", "file",
                 "file_data", "file_id", "file_url", "refusal", "prompt_cache_breakpoint");
  const std::string_view type = is.text(0);
  if (is_text_type(type) || (type.empty() && is[1] != nullptr)) {
    append_text(is[1] != nullptr ? is.text(1) : is.text(10));
    if (is[11] != nullptr) end_text();
    return;
  }
  end_text();
  if (type == "image_url" || type == "input_image") {
    if (is[2] != nullptr && is[2]->is_object()) {
      const auto image_url = members_of(*is[2], "url", "detail");
      image(image_url[0], image_url.text(1));
    } else {
      image(is[2], is.text(3));
    }
  } else if (type == "image" || type == "document" || type == "video" || type == "audio") {
    if (is[4] == nullptr) {
      const auto data = members_of(block, "mime_type", "data", "uri");
      if (data[1] != nullptr) {
        media(data.text(0), data.text(1));
      } else if (type == "image") {
        image(nullptr, {});
      } else {
        tally_.unknown(1000);
      }
      return;
    }
    const auto source = members_of(*is[4], "type", "data", "media_type", "content");
    const auto more = members_of(block, "title", "context", "citations");
    // Quoting comes with instructions, some 550 to 750 tokens in recorded usage.
    if (more[2] != nullptr && members_of(*more[2], "enabled").is_true(0)) tally_.guess(550, 1000);
    tally_.add(text_.text(more.text(0)));
    tally_.add(text_.text(more.text(1)));
    const std::string_view kind = source.text(0);
    if (kind == "text") {
      guess(10);
      tally_.add(text_.text(source.text(1)));
    } else if (kind == "content" && source[3] != nullptr) {
      content(*source[3], false);
    } else if (kind == "base64") {
      type == "image" ? image_data(source.text(1), {}) : media(source.text(2), source.text(1));
    } else if (type == "image") {
      image(nullptr, {});
    } else {
      tally_.unknown(1000);
    }
  } else if (type == "input_audio") {
    const auto data = members_of(is[5] != nullptr ? *is[5] : block, "data");
    audio(data.text(0));
  } else if (type == "file" || type == "input_file") {
    const auto wrapped = members_of(is[6] != nullptr ? *is[6] : block, "file_data", "file_id",
                                    "file_url", "filename");
    tally_.guess(text_.tokens(wrapped.text(3)), wrapped.text(3).size() + 8);
    file(wrapped.text(0), wrapped[1] != nullptr || wrapped[2] != nullptr);
  } else if (type == "tool_use" || type == "server_tool_use" || type == "mcp_tool_use") {
    const auto use = members_of(block, "name", "input");
    call(use.text(0), use[1]);
  } else if (type.ends_with("tool_result")) {
    const auto answer = members_of(block, "content", "result");
    result(first_of(answer[0], answer[1]));
    // Results of the provider's own tools are longer than what the client is shown of them.
    if (type != "tool_result") tally_.unknown(0);
  } else if (type == "thinking" || type == "redacted_thinking") {
    // Thoughts of earlier turns are dropped by the server, those of the present one stay.
    const auto thought = members_of(block, "thinking", "signature", "data");
    tally_.guess(
        0, text_.tokens(thought.text(0)) * 2 + thought.text(1).size() + thought.text(2).size());
  } else {
    tally_.add(json(block));
  }
}

void PartCounter::content(const Json& content, bool without_results) {
  if (content.is_object()) {
    any(content);
    return;
  }
  for_each(content, [&](const Json& entry) {
    if (without_results && is_result_block(dialect_, entry)) return;
    dialect_ == Dialect::gemini ? gemini_part(entry) : block(entry);
  });
  end_text();
}

void PartCounter::message(const Json& message, bool without_results) {
  const auto is =
      members_of(message, "role", "content", "parts", "name", "tool_calls", "function_call",
                 "images", "message", "reasoning_content", "refusal", "audio", "thinking");
  const std::string_view role = is.text(0);
  tally_.known(framing_.message);
  if (framing_.counts_role) tally_.known(text_.tokens(role));
  const bool assistant = role == "assistant" || role == "model" || role == "CHATBOT";
  if (assistant && is[4] == nullptr && is[5] == nullptr) tally_.known(framing_.assistant);
  const bool result = role == "tool" || role == "function" || role == "TOOL";
  if (result) {
    guess(framing_.result);
  } else if (is[3] != nullptr && is_openai()) {
    // The cookbook: a name costs itself and one more; a name that repeats the role costs one.
    tally_.known(text_.tokens(is.text(3)) + 1 - (is.text(3) == role && !role.empty() ? 1 : 0));
  }
  if (const Json* body = first_of(is[1], is[2])) content(*body, without_results);
  if (is[7] != nullptr) any(*is[7]);
  if (is[9] != nullptr && is[1] == nullptr) any(*is[9]);
  if (is[4] != nullptr) {
    for_each(*is[4], [&](const Json& entry) {
      const auto wrapped = members_of(entry, "function", "custom", "name", "parameters");
      if (const Json* function = first_of(wrapped[0], wrapped[1])) {
        const auto made = members_of(*function, "name", "arguments", "input");
        call(made.text(0), first_of(made[1], made[2]));
      } else {
        call(wrapped.text(2), wrapped[3]);
      }
    });
  }
  if (is[5] != nullptr) {
    const auto made = members_of(*is[5], "name", "arguments");
    call(made.text(0), made[1]);
  }
  if (is[6] != nullptr) {
    for_each(*is[6], [&](const Json& data) { image_data(string_of(data).value_or(""), {}); });
  }
  // Most servers drop what the assistant thought in earlier turns.
  for (const std::size_t thought : {8, 11}) {
    if (is[thought] != nullptr) tally_.guess(0, text_.text(is.text(thought)).bound);
  }
  if (is[10] != nullptr) tally_.unknown(100);
}

void PartCounter::item(const Json& item) {
  const auto is = members_of(item, "type", "name", "arguments", "input", "output", "content",
                             "encrypted_content", "tools", "action", "text", "result");
  const std::string_view type = is.text(0);
  if (type == "reasoning" || type == "thought") {
    tally_.guess(0, is.text(6).size() / 2 + 256);
  } else if (type.starts_with("compaction")) {
    tally_.guess(is.text(6).size() / 8, is.text(6).size() + 512);
  } else if (type == "item_reference") {
    tally_.unknown(100);
  } else if (type == "additional_tools" && is[7] != nullptr) {
    // Tools that come late come in a message of the developer's.
    tally_.guess(80, 120);
    declarations(*is[7]);
  } else if (type.ends_with("_output") || type.ends_with("tool_result") ||
             type == "function_result") {
    tally_.guess(framing_.message + 1, framing_.message * 3 + 4);
    result(first_of(is[4], is[10]));
  } else if (type.ends_with("_call")) {
    tally_.guess(framing_.message + 1, framing_.message * 3 + 4);
    call(is.text(1), first_of(first_of(is[2], is[3]), is[8]));
    if (is[4] != nullptr) result(is[4]);
    if (type == "web_search_call" || type == "file_search_call" || type == "mcp_call" ||
        type == "code_interpreter_call")
      tally_.unknown(0);
  } else if (is[9] != nullptr || type == "image" || type == "document" || type == "audio" ||
             type == "video") {
    block(item);
    end_text();
  } else if (is[5] != nullptr) {
    message(item, false);
  } else {
    tally_.add(json(item));
  }
}

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

void PartCounter::instructions(const Json& value) {
  tally_.known(framing_.system);
  Json storage;
  const Json* parts =
      value.is_object() ? first_of(blocks_of(Dialect::gemini, value, storage), nullptr) : nullptr;
  content(parts != nullptr ? *parts : value, false);
}

Tally PartCounter::count(const Source& source) {
  tally_ = Tally{};
  tally_.framed_exactly = framing_.exact;
  holds_ = false;
  joined_.clear();
  switch (source.shape) {
    case Shape::text:
      if (source.kind == PartKind::system) {
        instructions(source.value);
      } else {
        tally_.known(framing_.message + (framing_.counts_role ? 1 : 0));
        any(source.value);
      }
      break;
    case Shape::declarations:
      declarations(source.value);
      break;
    case Shape::message:
      message(source.value, false);
      break;
    case Shape::rest:
      message(source.value, true);
      break;
    case Shape::block:
      dialect_ == Dialect::gemini ? gemini_part(source.value) : block(source.value);
      break;
    case Shape::item:
      item(source.value);
      break;
    case Shape::value:
      any(source.value);
      break;
  }
  end_text();
  return tally_;
}

}  // namespace tokenweir::count

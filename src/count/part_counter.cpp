#include "count/part_counter.h"

#include <algorithm>

#include "count/tool_text.h"

namespace tokenweir::count {

namespace {

using provider::Dialect;
using tokenizer::Template;

bool is_text_type(std::string_view type) {
  return type == "text" || type == "input_text" || type == "output_text" || type == "refusal" ||
         type == "summary_text" || type == "reasoning_text";
}

// What embedding models put around each text (BERT's two, an instruction's few).
constexpr std::uint64_t kMarksOfBatch = 4;

// Members that are looked at, or that no model is shown.
constexpr std::string_view kOfMessage[] = {"role",
                                           "content",
                                           "parts",
                                           "name",
                                           "tool_calls",
                                           "function_call",
                                           "images",
                                           "message",
                                           "audio",
                                           "thinking",
                                           "refusal",
                                           "reasoning_content",
                                           "id",
                                           "type",
                                           "status",
                                           "phase",
                                           "index",
                                           "cache_control",
                                           "tool_call_id",
                                           "tool_name",
                                           "object",
                                           "logprobs",
                                           "annotations",
                                           "tool_plan",
                                           "finish_reason",
                                           "finish_details"};
constexpr std::string_view kOfBlock[] = {
    "type",      "text",    "image_url", "detail",        "source",
    "file",      "file_id", "file_url",  "input_audio",   "prompt_cache_breakpoint",
    "file_data", "refusal", "id",        "cache_control", "citations",
    "index",     "status",  "logprobs",  "annotations",   "signature"};

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
    for_each(value, [this](const Json& element) {
      // Each text of a batch has marks of its own.
      if (!framing_.exact && !element.is_int64()) tally_.bound += kMarksOfBatch;
      any(element);
    });
  } else if (value.is_object()) {
    unknown_block(value);
  } else {
    tally_.add(json(value));
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

// Templates of open models write it out, those of OpenAI do not.
void PartCounter::call_id(const Json* id) {
  if (id == nullptr || is_openai() || is_anthropic() || name_ == Template::gemini) return;
  tally_.guess(0, text_.text(string_of(*id).value_or("")).bound);
}

void PartCounter::result(const Json* content) {
  end_text();
  guess(framing_.result);
  if (content == nullptr) return;
  if (content->is_object()) {
    const auto shown = members_of(*content, "type", "image_url");
    if (shown.text(0) == "computer_screenshot") return block(*content);
  }
  if (dialect_ == Dialect::gemini || content->is_object()) {
    tally_.add(json(*content));
  } else {
    this->content(*content, false);
  }
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
    leftovers(block, kOfBlock);
    append_text(is[1] != nullptr ? is.text(1) : is.text(10));
    if (is[11] != nullptr) end_text();
    return;
  }
  end_text();
  if (type == "image_url" || type == "input_image" || type == "computer_screenshot" ||
      type == "image_file") {
    if (is[2] != nullptr && is[2]->is_object()) {
      const auto image_url = members_of(*is[2], "url", "detail");
      image(image_url[0], image_url.text(1));
    } else {
      image(is[2], is.text(3));
    }
  } else if (type == "image" || type == "document" || type == "video" || type == "audio") {
    if (is[4] == nullptr) {
      const auto data = members_of(block, "mime_type", "data", "uri", "document");
      if (data[3] != nullptr) {
        tally_.add(json(*data[3]));
      } else if (data[1] != nullptr) {
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
    unknown_block(block);
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
  const auto is = members_of(message, "role", "content", "parts", "name", "tool_calls",
                             "function_call", "images", "message", "reasoning_content", "refusal",
                             "audio", "thinking", "tool_plan", "tool_call_id", "tool_name");
  leftovers(message, kOfMessage);
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
  } else if (is[3] != nullptr) {
    tally_.bound += text_.text(is.text(3)).bound + 2;
  }
  call_id(is[13]);
  if (is[14] != nullptr) tally_.guess(0, text_.text(is.text(14)).bound);
  if (const Json* body = first_of(is[1], is[2])) content(*body, without_results);
  if (is[7] != nullptr) any(*is[7]);
  if (is[9] != nullptr && is[1] == nullptr) any(*is[9]);
  if (is[9] != nullptr && is[1] != nullptr) tally_.guess(0, text_.text(is.text(9)).bound);
  if (is[12] != nullptr) any(*is[12]);
  if (is[4] != nullptr) {
    for_each(*is[4], [&](const Json& entry) {
      const auto wrapped = members_of(entry, "function", "custom", "name", "parameters", "id");
      call_id(wrapped[4]);
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
  for (const std::size_t thought : {8u, 11u}) {
    if (is[thought] != nullptr) tally_.guess(0, text_.text(is.text(thought)).bound);
  }
  if (is[10] != nullptr) tally_.unknown(100);
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

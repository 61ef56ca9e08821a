// What a part counter makes of an item of a Responses API's input.
#include "count/part_counter.h"

namespace tokenweir::count {

namespace {

// Members that are looked at, or that no model is shown.
constexpr std::string_view kOfItem[] = {
    "type",   "role",     "name",      "arguments", "input",         "output",
    "id",     "status",   "content",   "text",      "tools",         "encrypted_content",
    "action", "result",   "call_id",   "phase",     "cache_control", "namespace",
    "object", "approval", "created_by"};

}  // namespace

void PartCounter::item(const Json& item) {
  const auto is = members_of(item, "type", "name", "arguments", "input", "output", "content",
                             "encrypted_content", "tools", "action", "text", "result");
  const std::string_view type = is.text(0);
  if (type == "reasoning" || type == "thought") {
    // Open models are shown what they thought, others what they hid; nobody a summary.
    tally_.guess(0, is.text(6).size() / 2 + 256);
    if (is[5] != nullptr) tally_.guess(0, json(*is[5]).bound);
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
    if (type == "image_generation_call" && is[10] != nullptr) {
      image_data(string_of(*is[10]).value_or(""), {});
    }
    leftovers(item, kOfItem);
    if (is[4] != nullptr) result(is[4]);
    if (type == "web_search_call" || type == "file_search_call" || type == "mcp_call" ||
        type == "code_interpreter_call")
      tally_.unknown(0);
  } else if (is[9] != nullptr || type.starts_with("input_") || type == "image" ||
             type == "document" || type == "audio" || type == "video") {
    block(item);
    end_text();
  } else if (is[5] != nullptr) {
    message(item, false);
  } else {
    unknown_block(item);
  }
}

}  // namespace tokenweir::count

// What a part counter makes of a part of a Gemini content.
#include "count/part_counter.h"

namespace tokenweir::count {

namespace {

// Members that are looked at, or that no model is shown.
constexpr std::string_view kOfGeminiPart[] = {
    "text",           "inlineData",        "inline_data",         "fileData",
    "file_data",      "functionCall",      "function_call",       "functionResponse",
    "executableCode", "function_response", "codeExecutionResult", "thoughtSignature",
    "thought",        "thought_signature", "mediaResolution",     "media_resolution",
    "videoMetadata",  "executable_code",   "video_metadata",      "code_execution_result",
    "partMetadata"};

// The media resolution guide: 2,240 tokens a picture, where 1,120 are usual.
constexpr std::uint64_t kMoreDetail = 1'120;

}  // namespace

void PartCounter::gemini_part(const Json& part) {
  if (const auto text = string_of(part)) {
    append_text(*text);
    return end_text();
  }
  const auto is =
      members_of(part, "text", "inlineData", "inline_data", "fileData", "file_data", "functionCall",
                 "function_call", "functionResponse", "function_response", "executableCode",
                 "codeExecutionResult", "thoughtSignature", "thought_signature", "executable_code",
                 "code_execution_result", "videoMetadata", "video_metadata", "mediaResolution",
                 "media_resolution");
  leftovers(part, kOfGeminiPart);
  // Up to twice the usual detail may be asked for, picture by picture.
  if (is[17] != nullptr || is[18] != nullptr) tally_.guess(0, kMoreDetail);
  // What was thought in this turn may be read again; its signature is longer than it.
  for (const std::size_t signature : {11u, 12u}) {
    if (is[signature] != nullptr) tally_.guess(0, is.text(signature).size() / 3);
  }
  if (is[0] != nullptr) append_text(is.text(0));
  if (const Json* inline_data = first_of(is[1], is[2])) {
    end_text();
    const auto data = members_of(*inline_data, "mimeType", "mime_type", "data");
    media(data[0] != nullptr ? data.text(0) : data.text(1), data.text(2));
    // More pictures a second may be asked for.
    if (is[15] != nullptr || is[16] != nullptr) tally_.unknown(0);
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
  for (const std::size_t other : {9u, 10u, 13u, 14u}) {
    if (is[other] != nullptr) tally_.add(json(*is[other]));
  }
  end_text();
}

}  // namespace tokenweir::count

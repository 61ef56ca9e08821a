#include <array>
#include <string>

#include "provider/request_fields.h"

namespace tokenweir::provider {
namespace {

using Builder = RequestFieldsBuilder;
using Field = RequestField;
constexpr std::size_t kWord = 128;

// Keys that switch a tool of the provider's on. proto3's JSON form takes either case.
constexpr std::array kKeyedTools = std::to_array<KeyedTool>({
    {"googleSearch", false},
    {"googleSearchRetrieval", false},
    {"enterpriseWebSearch", false},
    {"googleMaps", false},
    {"codeExecution", true},
    {"urlContext", true},
    {"fileSearch", true},
    {"retrieval", true},
    {"computerUse", true},
    {"mcpServers", true},
    {"web_search_options", false},
    {"search_parameters", true},
    {"mcp_servers", true},
    {"connectors", true},
    {"parallelAiSearch", true},
    {"exaAiSearch", true},
});

std::string snake(std::string_view camel) {
  std::string out;
  for (const char letter : camel) {
    if (letter >= 'A' && letter <= 'Z') {
      out.push_back('_');
      out.push_back(static_cast<char>(letter - 'A' + 'a'));
    } else {
      out.push_back(letter);
    }
  }
  return out;
}

std::size_t number_of(std::string_view name) {
  for (std::size_t i = 0; i < kKeyedTools.size(); ++i) {
    if (kKeyedTools[i].name == name) return i;
  }
  return 0;
}

void add_keyed_tool(Builder& builder, std::string_view path, std::string_view name) {
  builder.add(path, Field::provider_tool, 8, static_cast<int>(number_of(name)));
}

void add_cache_control(Builder& builder, const std::string& object) {
  builder.add(object + "cache_control", Field::cache_control, 8)
      .add(object + "cache_control.ttl", Field::cache_lifetime, kWord);
}

void add_block(Builder& builder, const std::string& path, int level) {
  builder.add(path, Field::block, 0, level)
      .add(path + ".type", Field::block_type, kWord, level)
      .add(path + ".source.type", Field::block_media, kWord, level)
      .add(path + ".source.url", Field::block_remote, 8, level)
      .add(path + ".source.file_id", Field::block_remote, 8, level)
      .add(path + ".file_id", Field::block_remote, 8, level)
      .add(path + ".file_url", Field::block_remote, 8, level)
      .add(path + ".file.file_id", Field::block_remote, 8, level)
      .add(path + ".file.file_url", Field::block_remote, 8, level)
      .add(path + ".video_url", Field::block_remote, 8, level)
      .add(path + ".audio_url", Field::block_remote, 8, level)
      .add(path + ".document_url", Field::block_remote, 8, level)
      .add(path + ".uri", Field::block_remote, 8, level)
      .add(path + ".mime_type", Field::block_media, kWord, level)
      .add(path + ".mimeType", Field::block_media, kWord, level);
  add_cache_control(builder, path + ".");
}

void add_tools(Builder& builder) {
  builder.add("tools[]", Field::tool, 0)
      .add("tools[].type", Field::tool_type, kWord)
      .add("tools[].max_uses", Field::tool_uses, Builder::kNumber)
      .add("functions[]", Field::client_tool, 0)
      .add("max_tool_calls", Field::tool_calls_max, Builder::kNumber);
  add_cache_control(builder, "tools[].");
  add_keyed_tool(builder, "mcp_servers[]", "mcp_servers");
}

void add_chat(Builder& builder) {
  for (const std::string messages : {"messages[]", "prompt.messages[]"}) {
    add_block(builder, messages + ".content[]", 0);
    add_block(builder, messages + ".content[].content[]", 1);
    add_block(builder, messages + ".content[].source.content[]", 1);
    add_cache_control(builder, messages + ".");
  }
  add_block(builder, "system[]", 0);
  add_cache_control(builder, "");
  add_tools(builder);
  builder.add("messages[].audio", Field::remote_input, 8)
      .add("messages[].images[]", Field::image, 0)
      .add("images[]", Field::image, 0)
      .add("audio", Field::audio_output, 8)
      .add("modalities[]", Field::modality, kWord)
      .add("plugins[].id", Field::plugin, kWord)
      .add("models[]", Field::other_model, Builder::kText)
      .add("fallbacks", Field::other_model, Builder::kText)
      .add("fallbacks[].model", Field::other_model, Builder::kText)
      .add("container", Field::remote_input, 8)
      .add("thread", Field::remote_input, 8)
      .add("prompt_id", Field::remote_input, 8)
      .add("agent_id", Field::remote_input, 8)
      .add("context_management", Field::compaction, 8)
      .add("compaction", Field::compaction, 8)
      .add("fallbacks[]", Field::fallback, Builder::kText)
      .add("reasoning_effort", Field::effort, kWord)
      .add("reasoning.effort", Field::effort, kWord)
      .add("output_config.effort", Field::effort, kWord)
      .add("thinking.type", Field::thinking_type, kWord);
  add_keyed_tool(builder, "web_search_options", "web_search_options");
  add_keyed_tool(builder, "search_parameters", "search_parameters");
  add_keyed_tool(builder, "connectors[]", "connectors");
}

void add_responses(Builder& builder) {
  add_block(builder, "input[].content[]", 0);
  add_block(builder, "input[].output[]", 1);
  add_tools(builder);
  builder.add("input[].type", Field::item_type, kWord)
      .add("input[].output.type", Field::item_type, kWord)
      .add("input.type", Field::item_type, kWord)
      .add("input[].uri", Field::remote_input, 8)
      .add("input.uri", Field::remote_input, 8)
      .add("previous_response_id", Field::remote_input, 8)
      .add("previous_interaction_id", Field::remote_input, 8)
      .add("conversation", Field::remote_input, 8)
      .add("prompt", Field::remote_input, 8)
      .add("agent", Field::remote_input, 8)
      .add("context_management", Field::compaction, 8)
      .add("modalities[]", Field::modality, kWord)
      .add("response_modalities[]", Field::modality, kWord)
      .add("models[]", Field::other_model, Builder::kText)
      .add("tools[].model", Field::other_model, Builder::kText)
      .add("reasoning.effort", Field::effort, kWord)
      .add("generation_config.thinking_level", Field::effort, kWord);
}

void add_gemini_parts(Builder& builder, const std::string& path, int level) {
  builder.add(path, Field::block, 0, level);
  for (const std::string data : {".inlineData", ".inline_data"}) {
    builder.add(path + data + ".mimeType", Field::block_media, kWord, level)
        .add(path + data + ".mime_type", Field::block_media, kWord, level);
  }
  for (const std::string data : {".fileData", ".file_data"}) {
    builder.add(path + data, Field::block_remote, 8, level);
  }
}

void add_gemini_extras(Builder& builder) {
  for (const std::string parts : {"contents[].parts[]", "contents.parts[]", "content.parts[]",
                                  "systemInstruction.parts[]", "system_instruction.parts[]"}) {
    add_gemini_parts(builder, parts, 0);
    add_gemini_parts(builder, parts + ".functionResponse.parts[]", 1);
    add_gemini_parts(builder, parts + ".function_response.parts[]", 1);
  }
  builder.add("cachedContent", Field::remote_input, 8)
      .add("cached_content", Field::remote_input, 8)
      .add("tools[].functionDeclarations", Field::client_tool, 8)
      .add("tools[].function_declarations", Field::client_tool, 8);
  // A server that reads a lone object where a list belongs sees tools all the same.
  for (const std::string tools : {"tools[].", "tools."}) {
    for (const KeyedTool& tool : kKeyedTools) {
      if (tool.name.find('_') != std::string_view::npos) continue;
      add_keyed_tool(builder, tools + std::string(tool.name), tool.name);
      if (snake(tool.name) != tool.name) {
        add_keyed_tool(builder, tools + snake(tool.name), tool.name);
      }
    }
  }
  for (const std::string config : {"generationConfig.", "generation_config."}) {
    builder.add(config + "responseModalities[]", Field::modality, kWord)
        .add(config + "response_modalities[]", Field::modality, kWord)
        .add(config + "speechConfig", Field::audio_output, 8)
        .add(config + "speech_config", Field::audio_output, 8)
        .add(config + "imageConfig", Field::modality, 8)
        .add(config + "image_config", Field::modality, 8);
    for (const std::string thinking : {"thinkingConfig.", "thinking_config."}) {
      builder.add(config + thinking + "thinkingLevel", Field::effort, kWord)
          .add(config + thinking + "thinking_level", Field::effort, kWord);
    }
  }
}

}  // namespace

const KeyedTool& keyed_tool(std::size_t number) { return kKeyedTools[number]; }

void add_extra_paths(RequestFieldsBuilder& builder, Dialect dialect) {
  switch (dialect) {
    case Dialect::openai_responses:
    case Dialect::gemini_interactions:
      add_responses(builder);
      break;
    case Dialect::gemini:
    case Dialect::gemini_misc:
      add_gemini_extras(builder);
      break;
    case Dialect::openai_embeddings:
      add_block(builder, "input[]", 0);
      add_block(builder, "input[].content[]", 1);
      add_block(builder, "inputs[].content[]", 0);
      builder.add("images[]", Field::image, 0);
      break;
    case Dialect::openai_audio:
      break;
    case Dialect::openai_chat:
    case Dialect::openai_completions:
    case Dialect::openai_images:
    case Dialect::openai_misc:
    case Dialect::anthropic_messages:
    case Dialect::anthropic_misc:
    case Dialect::cohere:
    case Dialect::ollama:
    case Dialect::opaque:
      add_chat(builder);
      break;
  }
}

}  // namespace tokenweir::provider

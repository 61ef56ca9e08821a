#include "provider/request_extras.h"

#include <algorithm>

#include "provider/request_values.h"

namespace tokenweir::provider {
namespace {

constexpr std::size_t kMostNames = 64;
constexpr std::size_t kNameMax = 512;
constexpr std::int64_t kCallsMax = 1'000'000;

std::string text_of(const stream::JsonValue& value, std::size_t limit = 256) {
  return value.cut ? std::string() : stream::string_value(value.raw, limit);
}

bool is_set(const stream::JsonValue& value) {
  return value.raw != "null" && value.raw != "false" && value.raw != "\"\"";
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool starts_with_any(std::string_view text, std::initializer_list<std::string_view> beginnings) {
  return std::ranges::any_of(beginnings, [&](std::string_view b) { return text.starts_with(b); });
}

// Tools the client runs: the model only asks for them.
bool runs_at_the_client(std::string_view type) {
  return type == "function" || type == "custom" ||
         starts_with_any(
             type, {"bash", "text_editor", "computer", "memory", "local_shell", "apply_patch"});
}

// Billed by more than the tokens of this model.
bool is_bounded_by_nothing(std::string_view type) {
  return starts_with_any(type, {"image_generation", "mcp", "advisor"});
}

}  // namespace

void RequestExtras::take_kind(std::string_view type, Block* block) {
  const bool image = contains(type, "image") || contains(type, "screenshot");
  const bool audio = contains(type, "audio");
  const bool file = contains(type, "document") || contains(type, "file") || contains(type, "pdf") ||
                    contains(type, "video");
  if (image) extras_.images = std::min(extras_.images + 1, kCallsMax);
  if (audio) extras_.audio_input = true;
  if (file) extras_.documents = true;
  if (contains(type, "video")) extras_.audio_input = true;
  if (type == "container_upload" || type == "item_reference") extras_.remote_input = true;
  if (block == nullptr) return;
  block->image = block->image || image;
  block->other = block->other || !image;
}

// An image by reference is still one image; anything else may be of any size.
void RequestExtras::end_block(Block& block) {
  if (block.remote && (!block.image || block.other)) extras_.remote_input = true;
  block = Block();
}

void RequestExtras::note_tool(std::string_view type) {
  if (std::ranges::find(provider_tools_, type) != provider_tools_.end()) return;
  if (provider_tools_.size() < kMostNames) {
    provider_tools_.emplace_back(type);
  } else {
    tools_unclear_ = true;
  }
}

void RequestExtras::end_tool() {
  extras_.tools = true;
  for (const std::string& type : tool_.types) {
    if (type == "function" || type == "custom") continue;
    note_tool(type);
    if (runs_at_the_client(type)) continue;
    if (is_bounded_by_nothing(type) && !(type.starts_with("advisor") && tool_.uses)) {
      unlimited_tools_ = true;
    } else if (tool_.uses) {
      extras_.tool_calls_max = std::min(extras_.tool_calls_max + *tool_.uses, kCallsMax);
    } else {
      looping_tools_ = true;
    }
  }
  tool_ = Tool();
}

void RequestExtras::add_model(std::string_view name) {
  if (name.empty() || std::ranges::find(other_models_, name) != other_models_.end()) return;
  if (other_models_.size() < kMostNames) {
    other_models_.emplace_back(name);
  } else {
    models_unclear_ = true;
  }
}

void RequestExtras::add_model(const stream::JsonValue& value) {
  if (value.raw == "null") return;
  const std::string name = text_of(value, kNameMax + 1);
  if (name.empty() || name.size() > kNameMax) {
    models_unclear_ = true;
  } else {
    add_model(name);
  }
}

void RequestExtras::take(const RequestPlace& place, const stream::JsonValue& value) {
  using Field = RequestField;
  switch (place.field) {
    case Field::block_type:
      take_kind(text_of(value), &blocks_[place.rank]);
      break;
    case Field::block_media: {
      const std::string media = text_of(value);
      // Of "source": where the media lies rather than what it is.
      if (media == "base64" || media == "text" || media == "content" || media == "url" ||
          media == "file") {
        break;
      }
      take_kind(media == "application/pdf" ? "pdf" : media, &blocks_[place.rank]);
      break;
    }
    case Field::block_remote:
      if (is_set(value)) blocks_[place.rank].remote = true;
      break;
    case Field::block:
      end_block(blocks_[place.rank]);
      break;
    case Field::item_type:
      take_kind(text_of(value), nullptr);
      break;
    case Field::image:
      extras_.images = std::min(extras_.images + 1, kCallsMax);
      break;
    case Field::remote_input:
      if (is_set(value)) extras_.remote_input = true;
      break;
    case Field::cache_control:
      if (is_set(value)) ++written_caches_;
      break;
    case Field::cache_lifetime:
      if (text_of(value) != "5m") long_caches_ = long_caches_ || is_set(value);
      break;
    case Field::tool_type:
      if (tool_.types.size() < kMostNames) {
        tool_.types.push_back(text_of(value));
      } else {
        tools_unclear_ = true;
      }
      break;
    case Field::tool_uses: {
      // Said twice, the larger counts.
      const auto uses = count_value(value.raw);
      if (uses) tool_.uses = std::min(std::max(tool_.uses.value_or(0), *uses), kCallsMax);
      break;
    }
    case Field::tool:
      end_tool();
      break;
    case Field::client_tool:
      extras_.tools = true;
      break;
    case Field::provider_tool: {
      if (!is_set(value)) break;
      const KeyedTool& tool = keyed_tool(place.rank);
      note_tool(tool.name);
      if (tool.looping) {
        looping_tools_ = true;
      } else {
        grounded_ = true;
      }
      break;
    }
    case Field::plugin:
      note_tool(text_of(value));
      unlimited_tools_ = true;
      break;
    case Field::tool_calls_max: {
      const auto calls = count_value(value.raw);
      if (calls) {
        tool_calls_max_ = std::min(std::max(tool_calls_max_.value_or(0), *calls), kCallsMax);
      }
      break;
    }
    case Field::modality: {
      const std::string modality = text_of(value);
      if (contains(modality, "audio") || contains(modality, "AUDIO")) extras_.audio_output = true;
      if (contains(modality, "image") || contains(modality, "IMAGE")) extras_.image_output = true;
      if (value.raw.starts_with('{')) extras_.image_output = true;
      break;
    }
    case Field::audio_output:
      if (is_set(value)) extras_.audio_output = true;
      break;
    case Field::compaction:
      if (is_set(value)) {
        extras_.extra_inferences = std::min(extras_.extra_inferences + 1, kCallsMax);
      }
      break;
    case Field::other_model:
      if (value.raw.starts_with('[')) break;  // each element is told apart
      add_model(value);
      break;
    case Field::fallback:
      if (!is_set(value)) break;
      extras_.extra_inferences = std::min(extras_.extra_inferences + 1, kCallsMax);
      if (value.raw.starts_with('"')) add_model(value);
      break;
    case Field::thinking_type: {
      const std::string type = text_of(value);
      reasoning_.enabled = type != "disabled";
      break;
    }
    case Field::effort:
      reasoning_.effort = text_of(value);
      break;
    default:
      break;
  }
}

void RequestExtras::on_form_file(Dialect dialect) {
  if (dialect == Dialect::openai_audio) {
    extras_.audio_input = true;
  } else if (dialect == Dialect::openai_images) {
    extras_.images = std::min(extras_.images + 1, kCallsMax);
  } else {
    extras_.documents = true;
  }
}

void RequestExtras::finish(const Endpoint& endpoint, Family family, bool understood, Asked& asked) {
  const std::string& model = asked.model;
  // Makers name such models for what they put out.
  if (endpoint.dialect == Dialect::openai_images || contains(model, "-image")) {
    extras_.image_output = true;
  }
  if (endpoint.name == "audio.speech" || contains(model, "-tts")) extras_.audio_output = true;
  if (contains(model, ":online")) {
    note_tool("web");
    unlimited_tools_ = true;
  }
  if (contains(model, "compound")) unlimited_tools_ = true;
  if (grounded_) {
    // Up to Gemini 2.5 a grounded prompt is one charge, as is a search by OpenAI's search models;
    // later models of Google's are charged by the query, as many as they like.
    const bool by_prompt = endpoint.dialect != Dialect::gemini || contains(model, "gemini-1") ||
                           contains(model, "gemini-2");
    if (by_prompt) {
      extras_.tool_calls_max = std::min(extras_.tool_calls_max + 1, kCallsMax);
    } else {
      looping_tools_ = true;
    }
  }
  if (looping_tools_ && tool_calls_max_) {
    extras_.tool_calls_max = std::min(extras_.tool_calls_max + *tool_calls_max_, kCallsMax);
  }
  extras_.unbounded_tools = unlimited_tools_ || (looping_tools_ && !tool_calls_max_);

  switch (endpoint.dialect) {
    case Dialect::anthropic_messages:
    case Dialect::anthropic_misc:
      // Nothing is written to Anthropic's cache that the request does not mark.
      extras_.cache_writes = written_caches_ == 0 ? CacheWrites::none
                             : long_caches_       ? CacheWrites::any
                                                  : CacheWrites::five_minutes;
      break;
    case Dialect::gemini:
    case Dialect::gemini_misc:
    case Dialect::gemini_interactions:
    case Dialect::cohere:
    case Dialect::ollama:
      extras_.cache_writes = CacheWrites::none;
      break;
    default:
      extras_.cache_writes = family == Family::ollama ? CacheWrites::none : CacheWrites::any;
      break;
  }
  for (const CapPlace& place : asked.caps.places) {
    if (place.kind == CapPlace::Kind::output || place.says == CapPlace::Says::nothing) continue;
    if (place.says == CapPlace::Says::number) {
      if (place.kind == CapPlace::Kind::thinking_simple) {
        asked.thinking_cap = std::max(asked.thinking_cap, place.tokens);
      }
      reasoning_.budget_tokens = std::max(reasoning_.budget_tokens.value_or(0), place.tokens);
    }
  }
  if (!reasoning_.enabled && reasoning_.budget_tokens) {
    reasoning_.enabled = *reasoning_.budget_tokens > 0;
  }
  if (!reasoning_.enabled && reasoning_.effort == "none") reasoning_.enabled = false;
  if (!understood) {
    extras_.remote_input = true;
    extras_.unbounded_tools = true;
    extras_.cache_writes = CacheWrites::any;
  }
  asked.model_unclear = asked.model_unclear || models_unclear_;
  if (endpoint.name == "threads.runs") {
    // What the thread holds and what the assistant may call is not in the request.
    extras_.remote_input = true;
    extras_.unbounded_tools = true;
  }
  asked.extras = extras_;
  asked.reasoning = std::move(reasoning_);
  asked.tools_unclear = tools_unclear_;
  asked.provider_tools = std::move(provider_tools_);
  asked.other_models = std::move(other_models_);
}

}  // namespace tokenweir::provider

#include "provider/request_caps.h"

#include <algorithm>
#include <array>

#include "provider/request_values.h"

namespace tokenweir::provider {
namespace {

using Says = CapPlace::Says;
using Kind = CapPlace::Kind;
using Form = CapContainer::Form;

struct Limit {
  std::string_view path;
  CapField field;
};

// Wherever a request is read, every spelling is looked for: what one server ignores another heeds.
constexpr std::array kAtRoot = std::to_array<Limit>({
    {"max_completion_tokens", CapField::max_completion_tokens},
    {"max_tokens", CapField::max_tokens},
    {"max_output_tokens", CapField::max_output_tokens},
    {"maxOutputTokens", CapField::max_output_tokens_camel},
    {"num_predict", CapField::num_predict},
    {"n_predict", CapField::n_predict},
    {"max_new_tokens", CapField::max_new_tokens},
    {"max_tokens_to_sample", CapField::max_tokens_to_sample},
    {"max_response_output_tokens", CapField::max_response_output_tokens},
    {"max_gen_len", CapField::other},
    {"maxTokens", CapField::other},
    {"max_decode_tokens", CapField::other},
});
constexpr std::array kElsewhere = std::to_array<std::string_view>({
    "sampling_params.max_new_tokens",
    "sampling_params.max_tokens",
    "sampling_params[].max_new_tokens",
    "sampling_params[].max_tokens",
    "inferenceConfig.maxTokens",
    "inferenceConfig.max_new_tokens",
    "textGenerationConfig.maxTokenCount",
    "extra_body.max_tokens",
    "extra_body.max_completion_tokens",
    "input.max_tokens",
    "parameters.struct_val.maxOutputTokens.int_val",
});
// What another model, or one instance of several, is told.
constexpr std::array kAlternative = std::to_array<Limit>({
    {"fallbacks[].max_tokens", CapField::max_tokens},
    {"fallbacks[].max_completion_tokens", CapField::max_completion_tokens},
    {"fallbacks[].max_output_tokens", CapField::max_output_tokens},
    {"instances[].max_tokens", CapField::max_tokens},
    {"instances[].max_completion_tokens", CapField::max_completion_tokens},
    {"instances[].max_new_tokens", CapField::max_new_tokens},
    {"instances[].maxOutputTokens", CapField::max_output_tokens_camel},
    {"instances[].parameters.max_new_tokens", CapField::max_new_tokens},
});
constexpr std::array kThinking = std::to_array<std::string_view>({
    "thinking.budget_tokens",
    "fallbacks[].thinking.budget_tokens",
});
constexpr std::array kThinkingSimple = std::to_array<std::string_view>({
    "thinking.token_budget",
    "thinking_budget",
    "thinking_token_budget",
    "reasoning.max_tokens",
    "reasoning_budget",
    "extra_body.google.thinking_config.thinking_budget",
    "google.thinking_config.thinking_budget",
});

void add(RequestFieldsBuilder& builder, std::string_view path, Kind kind, CapScope scope,
         CapField spelling) {
  builder.add(
      path,
      RequestPlace{.field = RequestField::cap, .kind = kind, .scope = scope, .spelling = spelling},
      RequestFieldsBuilder::kNumber);
}

void add_container(RequestFieldsBuilder& builder, std::string_view path, CapScope scope) {
  // Enough to see whether anything stands in it.
  builder.add(path, RequestPlace{.field = RequestField::cap_container, .scope = scope}, 256);
}

void add_generation_config(RequestFieldsBuilder& builder, const std::string& name, CapScope scope) {
  add_container(builder, name, scope);
  add(builder, name + ".maxOutputTokens", Kind::output, scope, CapField::max_output_tokens_camel);
  add(builder, name + ".max_output_tokens", Kind::output, scope, CapField::max_output_tokens);
  add(builder, name + ".max_new_tokens", Kind::output, scope, CapField::max_new_tokens);
  for (const std::string thinking : {".thinkingConfig", ".thinking_config"}) {
    for (const std::string budget : {".thinkingBudget", ".thinking_budget"}) {
      add(builder, name + thinking + budget, Kind::thinking_simple, scope, CapField::other);
    }
  }
}

CapContainer::Form form_of(const stream::JsonValue& value) {
  if (value.raw == "null") return Form::nothing;
  if (!value.raw.starts_with('{')) return Form::unclear;
  const std::size_t next = value.raw.find_first_not_of(" \t\r\n", 1);
  if (next == std::string_view::npos) return Form::unclear;
  return value.raw[next] == '}' ? Form::empty_object : Form::object;
}

}  // namespace

void add_cap_paths(RequestFieldsBuilder& builder, Dialect dialect) {
  if (dialect == Dialect::openai_embeddings || dialect == Dialect::openai_audio ||
      dialect == Dialect::openai_images) {
    return;
  }
  for (const Limit& limit : kAtRoot) {
    add(builder, limit.path, Kind::output, CapScope::root, limit.field);
  }
  add_generation_config(builder, "generationConfig", CapScope::generation_config);
  add_generation_config(builder, "generation_config", CapScope::generation_config_snake);
  add_container(builder, "options", CapScope::options);
  add(builder, "options.num_predict", Kind::output, CapScope::options, CapField::num_predict);
  add_container(builder, "parameters", CapScope::parameters);
  add(builder, "parameters.max_new_tokens", Kind::output, CapScope::parameters,
      CapField::max_new_tokens);
  add(builder, "parameters.max_tokens", Kind::output, CapScope::parameters, CapField::max_tokens);
  add(builder, "parameters.maxOutputTokens", Kind::output, CapScope::parameters,
      CapField::max_output_tokens_camel);
  add(builder, "parameters.max_output_tokens", Kind::output, CapScope::parameters,
      CapField::max_output_tokens);
  add_container(builder, "completion_args", CapScope::completion_args);
  add(builder, "completion_args.max_tokens", Kind::output, CapScope::completion_args,
      CapField::max_tokens);
  add_container(builder, "session", CapScope::session);
  for (const std::string_view path :
       {"session.max_output_tokens", "session.max_response_output_tokens"}) {
    add(builder, path, Kind::output, CapScope::session, CapField::max_output_tokens);
  }
  for (const std::string_view path : kElsewhere) {
    add(builder, path, Kind::output, CapScope::elsewhere, CapField::other);
  }
  for (const std::string_view path : kThinking) {
    add(builder, path, Kind::thinking, CapScope::root, CapField::other);
  }
  for (const std::string_view path : kThinkingSimple) {
    add(builder, path, Kind::thinking_simple, CapScope::root, CapField::other);
  }
  for (const Limit& limit : kAlternative) {
    add(builder, limit.path, Kind::output, CapScope::alternative, limit.field);
  }
  if (dialect == Dialect::anthropic_messages) {
    add(builder, "tools[].max_tokens", Kind::output, CapScope::alternative, CapField::max_tokens);
  }
}

void RequestCaps::take(const RequestPlace& place, const stream::JsonValue& value) {
  if (found_.places.size() + found_.containers.size() >= CapPlaces::kMost) {
    found_.too_many = true;
    return;
  }
  if (place.field == RequestField::cap_container) {
    found_.containers.push_back(
        {place.scope, form_of(value), value.exact_keys, value.offset, value.size});
    return;
  }
  LimitValue read = limit_value(value.raw, value.cut);
  // Realtime's own word for no limit.
  const bool realtime =
      place.scope == CapScope::session || place.spelling == CapField::max_response_output_tokens;
  if (realtime && value.raw == "\"inf\"") read.says = Says::unlimited;
  found_.places.push_back({place.kind, place.scope, place.spelling, read.says, value.exact_keys,
                           read.tokens, value.offset, value.size});
}

CapPlaces RequestCaps::finish(const stream::JsonExtractor& document) {
  found_.root_open_end = document.root_open_end();
  found_.root_empty = document.root_is_empty_object();
  return std::move(found_);
}

bool in_scope(const HeededCaps& heeded, CapScope scope) {
  return scope == heeded.scope || (heeded.scope == CapScope::generation_config &&
                                   scope == CapScope::generation_config_snake);
}

bool may_be_read(const HeededCaps& heeded, const CapPlace& place) {
  return place.scope == CapScope::root || place.scope == CapScope::alternative ||
         in_scope(heeded, place.scope);
}

bool is_heeded(const HeededCaps& heeded, const CapPlace& place) {
  return place.kind == Kind::output && in_scope(heeded, place.scope) &&
         std::ranges::find(heeded.fields, place.field) != heeded.fields.end();
}

namespace {

// Whether a limit stands within an object under every reading: spelt exactly where the way to it
// is, and no other occurrence of its field is null.
template <typename Within>
bool is_limited(const CapPlaces& caps, const HeededCaps& heeded, bool exactly,
                const Within& within) {
  bool stands = false;
  for (const CapPlace& place : caps.places) {
    if (!is_heeded(heeded, place) || !within(place)) continue;
    if (place.says == Says::number) {
      stands = stands || place.exact || !exactly;
      continue;
    }
    const bool again = std::ranges::any_of(caps.places, [&](const CapPlace& other) {
      return is_heeded(heeded, other) && within(other) && other.field == place.field &&
             other.says == Says::number;
    });
    if (again) return false;
  }
  return stands;
}

}  // namespace

std::optional<std::int64_t> largest_cap(const CapPlaces& caps,
                                        const std::optional<HeededCaps>& heeded) {
  std::int64_t largest = 0;
  bool written = false;  // by anybody, for any server
  bool open = caps.too_many || !heeded;
  for (const CapPlace& place : caps.places) {
    if (place.kind != Kind::output || place.says == Says::nothing) continue;
    const bool counts = heeded && is_heeded(*heeded, place);
    const bool zero = place.says == Says::number && place.tokens == 0;
    written = true;
    if (place.says == Says::unlimited || (counts && zero && heeded->zero_is_none)) open = true;
    if (place.says == Says::unclear && heeded && may_be_read(*heeded, place)) open = true;
    if (place.says == Says::number) largest = std::max(largest, place.tokens);
  }
  if (!written) return std::nullopt;
  if (open) return kNoLimit;
  if (heeded->scope == CapScope::root) {
    return is_limited(caps, *heeded, true, [](const CapPlace&) { return true; }) ? largest
                                                                                 : kNoLimit;
  }
  // A reader that goes by another occurrence of the object must find a limit there, too.
  bool exact = false;
  for (const CapContainer& container : caps.containers) {
    if (!in_scope(*heeded, container.scope)) continue;
    exact = exact || container.exact;
    const auto within = [&](const CapPlace& place) {
      return place.offset >= container.offset && place.offset < container.offset + container.size;
    };
    if (!is_limited(caps, *heeded, container.exact, within)) return kNoLimit;
  }
  return exact ? largest : kNoLimit;
}

}  // namespace tokenweir::provider

// Tools as the text models see. Private to the room.
#pragma once

#include <string>

#include "count/json.h"

namespace tokenweir::count {

// OpenAI's form, a TypeScript namespace (openai/harmony, docs/format.md; hmarr/openai-chat-tokens):
// one `type` a function, comments for descriptions. `tools` is the request's array, whose entries
// are functions as chat, Responses or the legacy `functions` write them. Tools of the provider's
// own have no text here. Bounded by the size of the declarations.
[[nodiscard]] std::string typescript_of(const Json& tools);

// One function's entry of that namespace.
void append_function(const Json& tool, std::string& out);

// A schema as TypeScript.
void append_type(const Json& schema, int indent, int depth, std::string& out);

// Compact JSON without cache marks and, where `bare`, without the members that say nothing to a
// model (additionalProperties, $schema).
void append_json(const Json& value, bool bare, std::string& out);

}  // namespace tokenweir::count

#include "count/tool_text.h"

#include <algorithm>
#include <string_view>

namespace tokenweir::count {

namespace {

// Schemas may refer to themselves only by name, but they nest as deep as their author likes.
constexpr int kMostDepth = 24;

void append_comment(std::string_view text, int indent, std::string& out) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    out.append(static_cast<std::size_t>(indent), ' ');
    out += "// ";
    out += text.substr(0, end);
    out += '\n';
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
}

// A longer list is not searched for every property: nothing is required then, which counts more.
constexpr std::size_t kMostRequired = 128;

bool contains(const Json* required, std::string_view name) {
  bool found = false;
  simdjson::dom::array names;
  if (required == nullptr || required->get(names) != simdjson::SUCCESS) return false;
  if (names.size() > kMostRequired) return false;
  for_each(*required, [&](const Json& entry) { found |= string_of(entry) == name; });
  return found;
}

void append_union(const Json& types, int indent, int depth, std::string& out) {
  bool first = true;
  for_each(types, [&](const Json& type) {
    if (!first) out += " | ";
    first = false;
    append_type(type, indent, depth + 1, out);
  });
}

void append_properties(const Json& properties, const Json* required, int indent, int depth,
                       std::string& out) {
  for_each_member(properties, [&](std::string_view name, const Json& schema) {
    const auto is = members_of(schema, "description", "default");
    if (!is.text(0).empty()) append_comment(is.text(0), indent, out);
    out.append(static_cast<std::size_t>(indent), ' ');
    out += name;
    if (!contains(required, name)) out += '?';
    out += ": ";
    append_type(schema, indent, depth + 1, out);
    out += ',';
    if (is[1] != nullptr) out += " // default: " + simdjson::to_string(*is[1]);
    out += '\n';
  });
}

void append_named_type(std::string_view type, std::string& out) {
  if (type == "integer" || type == "number") {
    out += "number";
  } else if (type == "string" || type == "boolean" || type == "null") {
    out += type;
  } else {
    out += type == "object" ? "object" : "any";
  }
}

}  // namespace

void append_type(const Json& schema, int indent, int depth, std::string& out) {
  const auto is = members_of(schema, "type", "enum", "anyOf", "oneOf", "properties", "required",
                             "items", "const");
  if (depth > kMostDepth) {
    out += "any";
  } else if (is[2] != nullptr || is[3] != nullptr) {
    append_union(is[2] != nullptr ? *is[2] : *is[3], indent, depth, out);
  } else if (is[1] != nullptr && is[1]->is_array()) {
    bool first = true;
    for_each(*is[1], [&](const Json& value) {
      if (!first) out += " | ";
      first = false;
      out += simdjson::to_string(value);
    });
  } else if (is[7] != nullptr) {
    out += simdjson::to_string(*is[7]);
  } else if (is[4] != nullptr && is[4]->is_object()) {
    out += "{\n";
    append_properties(*is[4], is[5], indent, depth, out);
    out += '}';
  } else if (is.text(0) == "array") {
    if (is[6] != nullptr && is[6]->is_object()) {
      append_type(*is[6], indent, depth + 1, out);
    } else {
      out += "any";
    }
    out += "[]";
  } else if (is[0] != nullptr && is[0]->is_array()) {
    bool first = true;
    for_each(*is[0], [&](const Json& type) {
      if (!first) out += " | ";
      first = false;
      append_named_type(string_of(type).value_or(""), out);
    });
  } else {
    append_named_type(is.text(0), out);
  }
}

void append_function(const Json& tool, std::string& out) {
  const auto wrapped = members_of(tool, "function");
  const Json& function = wrapped[0] != nullptr && wrapped[0]->is_object() ? *wrapped[0] : tool;
  const auto is = members_of(function, "name", "description", "parameters");
  if (is.text(0).empty()) return;
  append_comment(is.text(1), 0, out);
  out += "type ";
  out += is.text(0);
  bool takes = false;
  if (is[2] != nullptr) {
    const auto schema = members_of(*is[2], "properties", "required");
    if (schema[0] != nullptr) {
      std::string properties;
      append_properties(*schema[0], schema[1], 0, 0, properties);
      takes = !properties.empty();
      if (takes) out += " = (_: {\n" + properties + "}) => any;\n\n";
    }
  }
  if (!takes) out += " = () => any;\n\n";
}

std::string typescript_of(const Json& tools) {
  std::string out = "namespace functions {\n\n";
  for_each(tools, [&](const Json& tool) { append_function(tool, out); });
  return out + "} // namespace functions";
}

void append_json(const Json& value, bool bare, std::string& out) {
  if (value.is_array()) {
    out += '[';
    bool first = true;
    for_each(value, [&](const Json& element) {
      if (!first) out += ',';
      first = false;
      append_json(element, bare, out);
    });
    out += ']';
  } else if (value.is_object()) {
    out += '{';
    bool first = true;
    for_each_member(value, [&](std::string_view key, const Json& member) {
      if (key == "cache_control") return;
      if (bare && (key == "additionalProperties" || key == "$schema")) return;
      if (!first) out += ',';
      first = false;
      out += '"';
      out += key;
      out += "\":";
      append_json(member, bare, out);
    });
    out += '}';
  } else {
    out += simdjson::to_string(value);
  }
}

}  // namespace tokenweir::count

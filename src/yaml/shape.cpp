#include "yaml/shape.h"

#include <fmt/format.h>

#include "core/text.h"

namespace tokenweir::yaml {
namespace {

// Numbers, bools and durations may also arrive through `${env:NAME}`, which a validating editor
// sees as text.
constexpr std::string_view kExpansion = R"({"type": "string", "pattern": "\\$\\{"})";

class Writer {
 public:
  std::string write(const Shape& shape, std::string_view head) {
    out_ = "{\n";
    out_ += head;
    body(shape, 1);
    out_ += "\n}\n";
    return std::move(out_);
  }

 private:
  void line(int depth, std::string_view text) {
    out_.append(static_cast<std::size_t>(depth) * 2, ' ');
    out_ += text;
  }

  void body(const Shape& shape, int depth) {
    if (!shape.doc.empty()) {
      line(depth, fmt::format("\"description\": {},\n", json_text(shape.doc)));
    }
    if (!shape.standard.empty()) {
      line(depth, fmt::format("\"default\": {},\n", standard(shape)));
    }
    switch (shape.type) {
      case Shape::Type::map:
        return map(shape, depth);
      case Shape::Type::list:
        return list(shape, depth);
      case Shape::Type::table:
        line(depth, "\"type\": \"object\",\n");
        line(depth, "\"additionalProperties\": {\n");
        body(*shape.item, depth + 1);
        out_ += '\n';
        return line(depth, "}");
      case Shape::Type::choice:
        return choice(shape, depth);
      case Shape::Type::integer:
        return line(depth, fmt::format(R"("anyOf": [{{"type": "integer", "minimum": {}, )"
                                       R"("maximum": {}}}, {}])",
                                       shape.least.value_or(INT64_MIN),
                                       shape.most.value_or(INT64_MAX), kExpansion));
      case Shape::Type::boolean:
        return line(depth, fmt::format(R"("anyOf": [{{"type": "boolean"}}, {}])", kExpansion));
      case Shape::Type::texts:
        return line(depth, R"("anyOf": [{"type": ["string", "number"]}, )"
                           R"({"type": "array", "minItems": 1, )"
                           R"("items": {"type": ["string", "number"]}}])");
      case Shape::Type::duration:
        return line(depth, R"("type": "string", "pattern": "^([0-9]+(ms|s|m|h|d)|.*\\$\\{.*)$")");
      case Shape::Type::size:
        return line(depth, R"("type": ["integer", "string"], )"
                           R"("pattern": "^([0-9]+([KMGT]i?B|B)?|.*\\$\\{.*)$")");
      case Shape::Type::decimal:
        return line(depth, R"("type": ["number", "string"], "minimum": 0, )"
                           R"("pattern": "^([0-9]+(\\.[0-9]+)?|.*\\$\\{.*)$")");
      case Shape::Type::text:
        return line(depth, R"("type": ["string", "number"])");
      case Shape::Type::any:
        return line(depth, "\"$comment\": \"any value\"");
    }
  }

  static std::string standard(const Shape& shape) {
    const bool literal = shape.type == Shape::Type::boolean || shape.type == Shape::Type::integer;
    return literal ? shape.standard : json_text(shape.standard);
  }

  void choice(const Shape& shape, int depth) {
    std::string words;
    for (const std::string& word : shape.words) {
      words += (words.empty() ? "" : ", ") + json_text(word);
    }
    line(depth, fmt::format("\"anyOf\": [{{\"enum\": [{}]}}, {}]", words, kExpansion));
  }

  void list(const Shape& shape, int depth) {
    if (shape.alone) {
      line(depth, "\"anyOf\": [{\n");
      body(*shape.item, depth + 1);
      out_ += '\n';
      line(depth, "}, {\n");
    }
    line(depth, "\"type\": \"array\",\n");
    line(depth, "\"items\": {\n");
    body(*shape.item, depth + 1);
    out_ += '\n';
    line(depth, "}");
    if (shape.alone) out_ += "}]";
  }

  void map(const Shape& shape, int depth) {
    line(depth, "\"type\": \"object\",\n");
    line(depth, "\"additionalProperties\": false,\n");
    std::string required;
    for (const auto& [name, value] : shape.keys) {
      if (value->required) required += (required.empty() ? "" : ", ") + json_text(name);
    }
    if (!required.empty()) line(depth, fmt::format("\"required\": [{}],\n", required));
    line(depth, "\"properties\": {\n");
    for (std::size_t i = 0; i < shape.keys.size(); ++i) {
      line(depth + 1, json_text(shape.keys[i].first) + ": {\n");
      body(*shape.keys[i].second, depth + 2);
      out_ += '\n';
      line(depth + 1, i + 1 < shape.keys.size() ? "},\n" : "}\n");
    }
    line(depth, "}");
  }

  std::string out_;
};

void collect(const Shape& shape, const std::string& prefix, std::vector<std::string>& out) {
  if (shape.type == Shape::Type::list || shape.type == Shape::Type::table) {
    collect(*shape.item, prefix + (shape.type == Shape::Type::list ? "[]" : ".*"), out);
    return;
  }
  for (const auto& [name, value] : shape.keys) {
    const std::string path = prefix.empty() ? name : prefix + "." + name;
    out.push_back(path);
    collect(*value, path, out);
  }
}

}  // namespace

std::string json_schema(const Shape& shape, std::string_view title, std::string_view identifier) {
  const std::string head = fmt::format(
      "  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
      "  \"$id\": {},\n  \"title\": {},\n",
      json_text(identifier), json_text(title));
  return Writer().write(shape, head);
}

std::vector<std::string> key_paths(const Shape& shape) {
  std::vector<std::string> paths;
  collect(shape, "", paths);
  return paths;
}

}  // namespace tokenweir::yaml

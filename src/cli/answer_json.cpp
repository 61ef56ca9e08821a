#include "cli/answer_json.h"

namespace tokenweir::cli {

namespace json = simdjson::dom;

std::optional<std::string> text_at(const JsonElement& element,
                                   std::initializer_list<std::string_view> path) {
  JsonElement at = element;
  for (const std::string_view name : path) {
    json::object object;
    if (at.get_object().get(object) != simdjson::SUCCESS) return std::nullopt;
    if (object[name].get(at) != simdjson::SUCCESS) return std::nullopt;
  }
  switch (at.type()) {
    case json::element_type::STRING:
      return std::string(std::string_view(at));
    case json::element_type::BOOL:
      return bool(at) ? "yes" : "no";
    case json::element_type::OBJECT:
    case json::element_type::ARRAY:
    case json::element_type::NULL_VALUE:
      return std::nullopt;
    default:
      return simdjson::minify(at);
  }
}

Table::Cell cell_at(const JsonElement& element, std::initializer_list<std::string_view> path) {
  auto text = text_at(element, path);
  if (!text) return {{}, false};
  return {std::move(*text), true};
}

Table::Cell dollars_at(const JsonElement& element, std::initializer_list<std::string_view> path,
                       std::size_t decimals) {
  auto text = text_at(element, path);
  if (!text) return {{}, false};
  const auto point = text->find('.');
  if (point != std::string::npos && text->size() > point + 1 + decimals) {
    text->resize(point + 1 + decimals);
  }
  return {"$" + *text, true};
}

std::vector<JsonElement> array_at(const JsonElement& element, std::string_view name) {
  std::vector<JsonElement> items;
  json::object object;
  json::array array;
  if (element.get_object().get(object) != simdjson::SUCCESS) return items;
  if (object[name].get_array().get(array) != simdjson::SUCCESS) return items;
  for (const JsonElement item : array) items.push_back(item);
  return items;
}

}  // namespace tokenweir::cli

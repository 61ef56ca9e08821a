#include "yaml/reader.h"

#include <algorithm>

namespace tokenweir::yaml {

MapReader::MapReader(const Node& node, const Report& report) : report_(report) {
  if (node.kind == Kind::map) {
    node_ = &node;
  } else {
    report_kind(node, report, "a map");
  }
}

MapReader::MapReader(Shape& shape) : shape_(&shape) { shape.type = Shape::Type::map; }

Shape* MapReader::describe(const Key& key, Shape::Type type, std::string standard) {
  if (!describing()) return nullptr;
  auto shape = std::make_shared<Shape>();
  shape->type = type;
  shape->doc = key.doc;
  shape->required = key.required;
  if (!key.required) shape->standard = std::move(standard);
  shape_->keys.emplace_back(std::string(key.name), shape);
  return shape.get();
}

const Node* MapReader::take(const Key& key, const Shape& shape) {
  if (describing()) {
    const bool described = !shape_->keys.empty() && shape_->keys.back().first == key.name;
    if (!described) {
      Shape* added = describe(key, shape.type);
      *added = shape;
      added->doc = key.doc;
      added->required = key.required;
    }
    return nullptr;
  }
  if (node_ == nullptr) return nullptr;
  known_.push_back(key.name);
  const Node* value = node_->find(key.name);
  if (value == nullptr) {
    if (key.required) {
      report_.error(node_->mark, "missing key \"" + std::string(key.name) + "\"");
    }
    return nullptr;
  }
  if (value->kind == Kind::null) {
    report_.error(value->mark, "\"" + std::string(key.name) + "\" has no value");
    return nullptr;
  }
  return value;
}

void MapReader::finish() {
  if (node_ == nullptr) return;
  std::vector<std::string_view> free;
  for (const std::string_view name : known_) {
    if (node_->find(name) == nullptr) free.push_back(name);
  }
  for (const Node::Entry& entry : node_->entries) {
    if (std::find(known_.begin(), known_.end(), entry.key) != known_.end()) continue;
    report_.error(entry.mark, "unknown key " + in_quotes(entry.key) + suggestion(entry.key, free));
  }
}

const Node* MapReader::boolean(const Key& key, bool& out) {
  describe(key, Shape::Type::boolean, out ? "true" : "false");
  const Node* node = take(key);
  if (node == nullptr) return nullptr;
  const auto value = read_bool(*node, report_);
  if (!value) return nullptr;
  out = *value;
  return node;
}

const Node* MapReader::integer64(const Key& key, std::int64_t& out, std::int64_t least,
                                 std::int64_t most, bool has_default) {
  if (Shape* shape =
          describe(key, Shape::Type::integer, has_default ? std::to_string(out) : std::string())) {
    shape->least = least;
    shape->most = most;
  }
  const Node* node = take(key);
  if (node == nullptr) return nullptr;
  const auto value = read_integer(*node, report_, least, most);
  if (!value) return nullptr;
  out = *value;
  return node;
}

const Node* MapReader::size64(const Key& key, std::uint64_t& out, std::uint64_t least,
                              std::uint64_t most) {
  describe(key, Shape::Type::size, format_size(out));
  const Node* node = take(key);
  if (node == nullptr) return nullptr;
  const auto value = read_size(*node, report_, least, most);
  if (!value) return nullptr;
  out = *value;
  return node;
}

const Node* MapReader::text(const Key& key, std::string& out) {
  describe(key, Shape::Type::text, out);
  const Node* node = take(key);
  if (node == nullptr) return nullptr;
  auto value = read_text(*node, report_);
  if (!value) return nullptr;
  out = std::move(*value);
  return node;
}

const Node* MapReader::money(const Key& key, Money& out) {
  describe(key, Shape::Type::decimal, out.to_dollars());
  const Node* node = take(key);
  if (node == nullptr) return nullptr;
  const auto value = read_money(*node, report_);
  if (!value) return nullptr;
  out = *value;
  return node;
}

const Node* MapReader::money(const Key& key, std::optional<Money>& out) {
  describe(key, Shape::Type::decimal);
  const Node* node = take(key);
  if (node == nullptr) return nullptr;
  const auto value = read_money(*node, report_);
  if (!value) return nullptr;
  out = *value;
  return node;
}

const Node* MapReader::millionths(const Key& key, std::int64_t& out, std::int64_t least,
                                  std::int64_t most) {
  describe(key, Shape::Type::decimal, format_millionths(out));
  const Node* node = take(key);
  if (node == nullptr) return nullptr;
  const auto value = read_millionths(*node, report_, least, most);
  if (!value) return nullptr;
  out = *value;
  return node;
}

const Node* MapReader::duration(const Key& key, Milliseconds& out, Milliseconds least,
                                Milliseconds most) {
  describe(key, Shape::Type::duration, format_duration(out));
  const Node* node = take(key);
  if (node == nullptr) return nullptr;
  const auto value = read_duration(*node, report_, least, most);
  if (!value) return nullptr;
  out = *value;
  return node;
}

const Node* MapReader::duration(const Key& key, std::optional<Milliseconds>& out,
                                Milliseconds least, Milliseconds most) {
  describe(key, Shape::Type::duration, out ? format_duration(*out) : std::string());
  const Node* node = take(key);
  if (node == nullptr) return nullptr;
  const auto value = read_duration(*node, report_, least, most);
  if (!value) return nullptr;
  out = *value;
  return node;
}

const Node* MapReader::texts(const Key& key, std::vector<std::string>& out) {
  describe(key, Shape::Type::texts);
  const Node* node = take(key);
  if (node == nullptr) return nullptr;
  auto value = read_texts(*node, report_);
  if (!value) return nullptr;
  out = std::move(*value);
  return node;
}

const Node* MapReader::map(const Key& key, const std::function<void(MapReader&)>& read) {
  if (Shape* shape = describe(key, Shape::Type::map)) {
    MapReader inner(*shape);
    read(inner);
    return nullptr;
  }
  const Node* node = take(key);
  if (node == nullptr) return nullptr;
  MapReader inner(*node, report_);
  if (node->kind != Kind::map) return nullptr;
  read(inner);
  inner.finish();
  return node;
}

const Node* MapReader::list(const Key& key,
                            const std::function<void(MapReader&, const Node& item)>& read,
                            bool alone) {
  if (Shape* shape = describe(key, Shape::Type::list)) {
    shape->alone = alone;
    shape->item = std::make_shared<Shape>();
    MapReader inner(*shape->item);
    read(inner, Node{});
    return nullptr;
  }
  const Node* node = take(key);
  if (node == nullptr) return nullptr;
  const auto read_item = [&](const Node& item) {
    MapReader inner(item, report_);
    if (item.kind != Kind::map) return;
    read(inner, item);
    inner.finish();
  };
  if (node->kind == Kind::list) {
    for (const Node& item : node->items) read_item(item);
  } else if (alone && node->kind == Kind::map) {
    read_item(*node);
  } else {
    report_kind(*node, report_, "a list");
    return nullptr;
  }
  return node;
}

const Node* MapReader::table(const Key& key, const Shape& value,
                             const std::function<void(const Node::Entry&)>& read) {
  if (Shape* shape = describe(key, Shape::Type::table)) {
    shape->item = std::make_shared<Shape>(value);
    return nullptr;
  }
  const Node* node = take(key);
  if (node == nullptr) return nullptr;
  if (node->kind != Kind::map) {
    report_kind(*node, report_, "a map");
    return nullptr;
  }
  for (const Node::Entry& entry : node->entries) read(entry);
  return node;
}

}  // namespace tokenweir::yaml

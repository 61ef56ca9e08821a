// Reads maps strictly: every key is taken by name and type, and whatever nobody took is reported
// with a suggestion. The same calls describe the file's shape (`MapReader(Shape&)`), from which the
// JSON Schema is made, so a reader function is written once and always runs whole: it must not
// decide which keys to read by looking at values it has read.
//
//   void read_tls(MapReader& map, TlsFiles& tls) {
//     map.text({"certificate", "PEM chain", kRequired}, tls.certificate);
//   }
#pragma once

#include <concepts>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "yaml/parse.h"
#include "yaml/shape.h"
#include "yaml/values.h"

namespace tokenweir::yaml {

inline constexpr bool kRequired = true;

// A key as the reader declares it.
struct Key {
  Key(const char* name_, std::string_view doc_ = {}, bool required_ = false)
      : name(name_), doc(doc_), required(required_) {}
  std::string_view name;
  std::string_view doc;
  bool required = false;
};

class MapReader {
 public:
  using Milliseconds = std::chrono::milliseconds;
  static constexpr Milliseconds kLongest{1000ll * 366 * 86'400'000};

  // Reports at once when `node` is not a map. Both arguments must outlive the reader.
  MapReader(const Node& node, const Report& report);
  // Describes: every call adds to `shape` and leaves its output untouched.
  explicit MapReader(Shape& shape);
  ~MapReader() = default;
  MapReader(const MapReader&) = delete;
  MapReader& operator=(const MapReader&) = delete;

  // Each leaves `out` as it is when the key is absent or wrong, so defaults are set beforehand.
  // They return the value's node when it was read, so that later checks know the place.
  const Node* boolean(const Key& key, bool& out);
  template <std::integral Integer>
  const Node* integer(const Key& key, Integer& out, std::int64_t least = 0,
                      std::int64_t most = kMost<Integer>) {
    std::int64_t value = static_cast<std::int64_t>(out);
    const Node* node = integer64(key, value, least, most, true);
    out = static_cast<Integer>(value);
    return node;
  }
  template <std::integral Integer>
  const Node* integer(const Key& key, std::optional<Integer>& out, std::int64_t least = 0,
                      std::int64_t most = kMost<Integer>) {
    std::int64_t value = 0;
    const Node* node = integer64(key, value, least, most, false);
    if (node != nullptr) out = static_cast<Integer>(value);
    return node;
  }
  const Node* text(const Key& key, std::string& out);
  const Node* money(const Key& key, Money& out);
  const Node* money(const Key& key, std::optional<Money>& out);
  const Node* millionths(const Key& key, std::int64_t& out, std::int64_t least, std::int64_t most);
  const Node* duration(const Key& key, Milliseconds& out, Milliseconds least = Milliseconds{0},
                       Milliseconds most = kLongest);
  const Node* duration(const Key& key, std::optional<Milliseconds>& out,
                       Milliseconds least = Milliseconds{0}, Milliseconds most = kLongest);
  template <std::unsigned_integral Integer>
  const Node* size(const Key& key, Integer& out, std::uint64_t least = 0,
                   std::uint64_t most = std::uint64_t{1} << 50) {
    std::uint64_t value = out;
    const Node* node = size64(key, value, least, most);
    out = static_cast<Integer>(value);
    return node;
  }
  // One text or a list of them.
  const Node* texts(const Key& key, std::vector<std::string>& out);
  template <typename Value>
  const Node* choice(const Key& key, Value& out, const Choices<Value>& choices) {
    describe_choice(key, out, choices);
    const Node* node = take(key);
    if (node == nullptr) return nullptr;
    const auto value = read_choice(*node, report_, choices);
    if (!value) return nullptr;
    out = *value;
    return node;
  }

  // A nested map; `read` is called with its reader, which is finished afterwards.
  const Node* map(const Key& key, const std::function<void(MapReader&)>& read);
  // A list of maps; with `alone` a single map may stand without the list. `read` is called for
  // each.
  const Node* list(const Key& key, const std::function<void(MapReader&, const Node& item)>& read,
                   bool alone = false);
  // A map whose keys are names of the author's choice; `value` documents what stands beside them.
  const Node* table(const Key& key, const Shape& value,
                    const std::function<void(const Node::Entry&)>& read);

  // Takes a key whose value the caller reads by itself; describes it as `shape`.
  const Node* take(const Key& key, const Shape& shape = {});

  // Reports keys nobody took. Called once, after the last key.
  void finish();

  [[nodiscard]] const Report& report() const { return report_; }
  // The place of the map itself.
  [[nodiscard]] Mark mark() const { return node_ == nullptr ? Mark{} : node_->mark; }
  [[nodiscard]] bool describing() const { return shape_ != nullptr; }

 private:
  template <std::integral Integer>
  static constexpr std::int64_t kMost =
      sizeof(Integer) >= 8 ? std::numeric_limits<std::int64_t>::max()
                           : static_cast<std::int64_t>(std::numeric_limits<Integer>::max());

  Shape* describe(const Key& key, Shape::Type type, std::string standard = {});
  template <typename Value>
  void describe_choice(const Key& key, const Value& out, const Choices<Value>& choices) {
    if (!describing()) return;
    Shape* shape = describe(key, Shape::Type::choice);
    for (const auto& [word, value] : choices) {
      shape->words.emplace_back(word);
      if (value == out) shape->standard = word;
    }
  }
  const Node* integer64(const Key& key, std::int64_t& out, std::int64_t least, std::int64_t most,
                        bool has_default);
  const Node* size64(const Key& key, std::uint64_t& out, std::uint64_t least, std::uint64_t most);

  const Node* node_ = nullptr;  // null while describing, or when the node was no map
  Report report_;
  Shape* shape_ = nullptr;
  std::vector<std::string_view> known_;
};

}  // namespace tokenweir::yaml

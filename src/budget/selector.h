// Which requests a rule is about: the compiled form of a `match`, and the `per` that makes separate
// accounts. Pure; built once per configuration, asked for every request.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tokenweir::budget {

enum class Property : std::uint8_t {
  workflow,
  run,
  parent_run,
  user,
  customer,
  team,
  credential,
  provider,
  model,
  endpoint,
  purpose,
};
inline constexpr std::size_t kProperties = 11;
[[nodiscard]] std::string_view name_of(Property property);
[[nodiscard]] std::optional<Property> property_named(std::string_view name);

// A run above the request's own. It may belong to another workflow of the same credential.
struct Ancestor {
  std::string workflow;
  std::string run;
  friend bool operator==(const Ancestor&, const Ancestor&) = default;
};

// What rules can ask about one request. All views; an empty value means "not told".
struct Facts {
  std::array<std::string_view, kProperties> values{};
  std::span<const std::pair<std::string, std::string>> tags{};
  // The runs above this one, nearest first: a sub-agent's spend also counts on its parents.
  std::span<const Ancestor> ancestors{};

  [[nodiscard]] std::string_view& operator[](Property p) {
    return values[static_cast<std::size_t>(p)];
  }
  [[nodiscard]] std::string_view operator[](Property p) const {
    return values[static_cast<std::size_t>(p)];
  }
};

// A property, or one tag.
struct Subject {
  Property property = Property::workflow;
  std::string tag;  // not empty: the tag of that name instead

  // No value for a word that is neither a property nor "tag.NAME".
  [[nodiscard]] static std::optional<Subject> named(std::string_view word);
  [[nodiscard]] std::string_view value_in(const Facts& facts) const;
  friend bool operator==(const Subject&, const Subject&) = default;
};

// `*` stands for any run of bytes, `?` for one. The common forms (a word, a prefix, everything) are
// recognised when the glob is built.
class Glob {
 public:
  explicit Glob(std::string_view pattern);
  [[nodiscard]] bool matches(std::string_view text) const;

 private:
  enum class Form : std::uint8_t { word, prefix, everything, pattern } form_;
  std::string text_;
};

class Selector {
 public:
  struct Condition {
    Subject subject;
    std::vector<Glob> globs;
  };
  Selector() = default;  // matches everything
  explicit Selector(std::vector<Condition> conditions) : conditions_(std::move(conditions)) {}

  [[nodiscard]] bool matches(const Facts& facts) const;

 private:
  std::vector<Condition> conditions_;
};

// Stands between the values of an account's key.
inline constexpr char kJoint = '\x1f';

// Appends the account key of a request: its values joined by kJoint. A run is told apart by
// credential and workflow, so two tenants that choose the same run id never share an account.
// False when a run is asked for and the request has none: then the rule does not apply. With
// `ancestor` the key is the one of that run.
[[nodiscard]] bool append_key(std::string& key, std::span<const Subject> per, const Facts& facts,
                              const Ancestor* ancestor = nullptr);

}  // namespace tokenweir::budget

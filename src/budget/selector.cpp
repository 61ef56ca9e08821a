#include "budget/selector.h"

#include <algorithm>

#include "core/text.h"

namespace tokenweir::budget {
namespace {

constexpr std::array<std::string_view, kProperties> kNames = {
    "workflow",   "run",      "parent_run", "user",     "customer", "team",
    "credential", "provider", "model",      "endpoint", "purpose"};

}  // namespace

std::string_view name_of(Property property) { return kNames[static_cast<std::size_t>(property)]; }

std::optional<Property> property_named(std::string_view name) {
  const auto found = std::ranges::find(kNames, name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Property>(found - kNames.begin());
}

std::optional<Subject> Subject::named(std::string_view word) {
  constexpr std::string_view kTag = "tag.";
  if (word.starts_with(kTag) && word.size() > kTag.size()) {
    return Subject{Property::workflow, std::string(word.substr(kTag.size()))};
  }
  const auto property = property_named(word);
  if (!property) return std::nullopt;
  return Subject{*property, {}};
}

std::string_view Subject::value_in(const Facts& facts) const {
  if (tag.empty()) return facts[property];
  for (const auto& [name, value] : facts.tags) {
    if (name == tag) return value;
  }
  return {};
}

Glob::Glob(std::string_view pattern) {
  const std::size_t wild = pattern.find_first_of("*?");
  if (wild == std::string_view::npos) {
    form_ = Form::word;
    text_ = pattern;
  } else if (pattern == "*") {
    form_ = Form::everything;
  } else if (wild + 1 == pattern.size() && pattern.back() == '*') {
    form_ = Form::prefix;
    text_ = pattern.substr(0, wild);
  } else {
    form_ = Form::pattern;
    text_ = pattern;
  }
}

bool Glob::matches(std::string_view text) const {
  switch (form_) {
    case Form::word:
      return text == text_;
    case Form::prefix:
      return text.starts_with(text_);
    case Form::everything:
      return true;
    case Form::pattern:
      return glob_matches(text_, text);
  }
  return false;
}

bool Selector::matches(const Facts& facts) const {
  return std::ranges::all_of(conditions_, [&](const Condition& condition) {
    const std::string_view value = condition.subject.value_in(facts);
    return std::ranges::any_of(condition.globs,
                               [&](const Glob& glob) { return glob.matches(value); });
  });
}

bool append_key(std::string& key, std::span<const Subject> per, const Facts& facts,
                const Ancestor* ancestor) {
  bool first = true;
  for (const Subject& subject : per) {
    if (!first) key.push_back(kJoint);
    first = false;
    const bool property = subject.tag.empty();
    if (property && subject.property == Property::run) {
      const std::string_view run =
          ancestor != nullptr ? std::string_view(ancestor->run) : facts[Property::run];
      if (run.empty()) return false;
      key.append(facts[Property::credential]);
      key.push_back(kJoint);
      key.append(ancestor != nullptr ? std::string_view(ancestor->workflow)
                                     : facts[Property::workflow]);
      key.push_back(kJoint);
      key.append(run);
      continue;
    }
    const std::string_view value = subject.value_in(facts);
    if (property && subject.property == Property::parent_run && value.empty()) return false;
    key.append(value);
  }
  return true;
}

}  // namespace tokenweir::budget

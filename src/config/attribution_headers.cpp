#include "config/attribution_headers.h"

#include <algorithm>

#include "core/text.h"

namespace tokenweir::config {
namespace {

struct Own {
  Meaning meaning;
  std::string_view header;
};
constexpr Own kOwn[] = {
    {Meaning::workflow, "x-llm-workflow"},
    {Meaning::run, "x-llm-run"},
    {Meaning::parent_run, "x-llm-parent-run"},
    {Meaning::user, "x-llm-user"},
    {Meaning::customer, "x-llm-customer"},
    {Meaning::purpose, "x-llm-purpose"},
    {Meaning::tags, "x-llm-tags"},
    {Meaning::outcome, "x-llm-outcome"},
};

constexpr std::string_view kWorkflowAliases[] = {
    "helicone-property-workflow",
    "helicone-property-app",
    "helicone-property-product",
    "json:cf-aig-metadata:workflow|app|application|feature",
    "json:x-portkey-metadata:workflow|app|application|feature",
    "json:x-tfy-metadata:workflow|app|application|feature",
    "tags:x-litellm-tags:workflow",
    "json:x-litellm-spend-logs-metadata:workflow|app|application|feature",
    "baggage:workflow",
    "openai-project",
};
// Session headers that agents set themselves. Labels that identify less (prompt_cache_key,
// traceparent, user ids in bodies) are never a run.
constexpr std::string_view kRunAliases[] = {
    "x-litellm-trace-id", "helicone-session-id", "x-portkey-trace-id", "x-claude-code-session-id",
    "session_id",         "session-id",          "thread-id",
};
constexpr std::string_view kUserAliases[] = {
    "x-litellm-end-user-id",      "x-litellm-customer-id",         "helicone-user-id",
    "json:cf-aig-metadata:_user", "json:x-portkey-metadata:_user", "json:x-tfy-metadata:_user",
};

bool is_field_name(std::string_view name) {
  constexpr std::string_view kToken = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz";
  return !name.empty() && name.size() < 64 &&
         name.find_first_not_of(kToken) == std::string_view::npos;
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t bar = text.find('|');
    parts.emplace_back(text.substr(0, bar));
    if (bar == std::string_view::npos) return parts;
    text.remove_prefix(bar + 1);
  }
}

}  // namespace

std::optional<AttributionSource> parse_source(Meaning meaning, std::string_view text) {
  using Form = AttributionSource::Form;
  AttributionSource source;
  source.meaning = meaning;
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) {
    source.header = lower_case(text);
  } else {
    const std::string_view form = text.substr(0, colon);
    text.remove_prefix(colon + 1);
    if (form == "baggage") {
      source.form = Form::baggage;
      source.header = "baggage";
    } else if (form == "json" || form == "tags") {
      source.form = form == "json" ? Form::json : Form::tag_list;
      const std::size_t next = text.find(':');
      if (next == std::string_view::npos) return std::nullopt;
      source.header = lower_case(text.substr(0, next));
      text.remove_prefix(next + 1);
    } else {
      return std::nullopt;
    }
    source.keys = split(text);
    for (const std::string& key : source.keys) {
      if (key.empty() || key.size() > 64) return std::nullopt;
    }
  }
  if (!is_field_name(source.header)) return std::nullopt;
  return source;
}

std::string to_text(const AttributionSource& source) {
  using Form = AttributionSource::Form;
  if (source.form == Form::plain) return source.header;
  std::string keys;
  for (const std::string& key : source.keys) keys += (keys.empty() ? "" : "|") + key;
  if (source.form == Form::baggage) return "baggage:" + keys;
  return (source.form == Form::json ? "json:" : "tags:") + source.header + ":" + keys;
}

AttributionHeaders::AttributionHeaders() {
  const auto add = [this](Meaning meaning, auto& aliases) {
    for (const std::string_view text : aliases) sources_.push_back(*parse_source(meaning, text));
  };
  for (const Own& own : kOwn) {
    AttributionSource source = *parse_source(own.meaning, own.header);
    source.ours = true;
    sources_.push_back(std::move(source));
  }
  add(Meaning::workflow, kWorkflowAliases);
  add(Meaning::run, kRunAliases);
  add(Meaning::user, kUserAliases);
  index();
}

void AttributionHeaders::set_aliases(Meaning meaning, std::vector<AttributionSource> sources) {
  std::erase_if(sources_, [&](const AttributionSource& source) {
    return source.meaning == meaning && !source.ours;
  });
  for (AttributionSource& source : sources) {
    source.meaning = meaning;
    source.ours = false;
    sources_.push_back(std::move(source));
  }
  index();
}

void AttributionHeaders::index() {
  std::stable_sort(
      sources_.begin(), sources_.end(),
      [](const AttributionSource& a, const AttributionSource& b) { return a.meaning < b.meaning; });
  for (auto& list : by_length_) list.clear();
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    by_length_.at(sources_[i].header.size()).push_back(static_cast<std::uint16_t>(i));
  }
}

bool AttributionHeaders::same_name(std::string_view lower_name, std::string_view name) {
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const char low = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    if (low != lower_name[i]) return false;
  }
  return true;
}

}  // namespace tokenweir::config

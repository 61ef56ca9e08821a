#include "cli/prices_catalogue.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

#include "pricing/model_id.h"
#include "provider/usage_json.h"

namespace tokenweir::cli {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

struct Names {
  std::string_view list;
  std::string_view genai;
  std::string_view litellm;  // litellm_provider
  std::string_view models_dev;
  std::string_view openrouter;  // the first part of a model's id
};
constexpr std::array kNames = {
    Names{"openai", "openai", "openai", "openai", "openai"},
    Names{"anthropic", "anthropic", "anthropic", "anthropic", "anthropic"},
    Names{"google", "google", "gemini", "google", "google"},
    Names{"mistral", "mistral", "mistral", "mistral", "mistralai"},
    Names{"deepseek", "deepseek", "deepseek", "deepseek", "deepseek"},
    Names{"xai", "x-ai", "xai", "xai", "x-ai"},
    Names{"groq", "groq", "groq", "groq", ""},
    Names{"cohere", "cohere", "cohere_chat", "cohere", "cohere"},
    Names{"azure", "azure", "azure", "azure", ""},
    Names{"perplexity", "perplexity", "perplexity", "perplexity", "perplexity"},
    Names{"together", "together", "together_ai", "togetherai", ""},
    Names{"fireworks", "fireworks", "fireworks_ai", "fireworks-ai", ""},
    Names{"cerebras", "cerebras", "cerebras", "cerebras", ""},
    Names{"openrouter", "openrouter", "openrouter", "openrouter", "*"},
};

std::string_view list_named(std::string_view Names::*field, std::string_view name) {
  const auto* const found = std::ranges::find(kNames, name, field);
  return found == kNames.end() || name.empty() ? std::string_view{} : found->list;
}

std::string member_text(const element& parent, std::string_view key) {
  std::string_view text;
  return parent[key].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

// A number or a decimal text times `scale`, as picodollars; catalogues carry the noise of binary
// fractions, so it is rounded to what our files can say.
std::optional<std::int64_t> rate_of(const element& parent, std::string_view key,
                                    std::int64_t divisor) {
  element value;
  if (parent[key].get(value) != simdjson::SUCCESS) return std::nullopt;
  std::string text;
  std::string_view written;
  double number = 0;
  if (value.get(written) == simdjson::SUCCESS) {
    text = written;
  } else if (value.get(number) == simdjson::SUCCESS) {
    text = fmt::format("{}", number);
  } else {
    return std::nullopt;
  }
  const auto money = provider::money_from_decimal(text);
  if (!money) return std::nullopt;
  const std::int64_t picodollars = money->picodollars();
  return (picodollars + divisor / 2) / divisor;
}

constexpr std::int64_t kPerMillion = 1'000'000;
constexpr std::int64_t kPerToken = 1;

CataloguePrice price_of(const element& parent, const std::array<std::string_view, 4>& keys,
                        std::int64_t divisor) {
  CataloguePrice price;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    price.picodollars[i] = rate_of(parent, keys[i], divisor);
  }
  return price;
}

void collect_names(const element& match, std::vector<std::string>& names) {
  object clauses;
  if (match.get(clauses) != simdjson::SUCCESS) return;
  for (const auto& [key, value] : clauses) {
    std::string_view text;
    simdjson::dom::array parts;
    if (key == "equals" && value.get(text) == simdjson::SUCCESS) names.emplace_back(text);
    if (key == "or" && value.get(parts) == simdjson::SUCCESS) {
      for (const element part : parts) collect_names(part, names);
    }
  }
}

// The record in force: the last whose day has come. Daily windows are left out.
std::optional<element> genai_record(const element& prices, Time at, std::string& since) {
  simdjson::dom::array entries;
  if (prices.get(entries) != simdjson::SUCCESS) return prices;
  std::optional<element> chosen;
  for (const element entry : entries) {
    element record;
    if (entry["prices"].get(record) != simdjson::SUCCESS) continue;
    element constraint;
    const bool constrained =
        entry["constraint"].get(constraint) == simdjson::SUCCESS && !constraint.is_null();
    const std::string day = constrained ? member_text(constraint, "start_date") : std::string();
    if (constrained && day.empty()) continue;
    const auto start = parse_rfc3339(day);
    if (!day.empty() && (!start || *start > at)) continue;
    chosen = record;
    since = day;
  }
  return chosen;
}

// A tiered price counts with its base.
CataloguePrice genai_price(const element& record) {
  constexpr std::array<std::string_view, 4> kRateKeys = {"input_mtok", "cache_read_mtok",
                                                         "cache_write_mtok", "output_mtok"};
  CataloguePrice price = price_of(record, kRateKeys, kPerMillion);
  for (std::size_t i = 0; i < kRateKeys.size(); ++i) {
    element tiered;
    if (record[kRateKeys[i]].get(tiered) == simdjson::SUCCESS && tiered.is_object()) {
      price.picodollars[i] = rate_of(tiered, "base", kPerMillion);
    }
  }
  return price;
}

bool read_genai(const element& root, Time at, Catalogue& out) {
  simdjson::dom::array providers;
  if (root.get(providers) != simdjson::SUCCESS) return false;
  for (const element provider : providers) {
    const std::string_view list = list_named(&Names::genai, member_text(provider, "id"));
    simdjson::dom::array models;
    if (list.empty() || provider["models"].get(models) != simdjson::SUCCESS) continue;
    for (const element model : models) {
      element prices;
      std::string since;
      if (model["prices"].get(prices) != simdjson::SUCCESS) continue;
      const auto record = genai_record(prices, at, since);
      if (!record) continue;
      CataloguePrice price = genai_price(*record);
      price.since = since;
      std::vector<std::string> names{member_text(model, "id")};
      element match;
      if (model["match"].get(match) == simdjson::SUCCESS) collect_names(match, names);
      for (const std::string& name : names) {
        out.lists[std::string(list)].try_emplace(pricing::normal_model_id(name), price);
      }
    }
  }
  return true;
}

bool read_litellm(const element& root, Catalogue& out) {
  object models;
  if (root.get(models) != simdjson::SUCCESS) return false;
  for (const auto& [key, entry] : models) {
    const std::string provider = member_text(entry, "litellm_provider");
    const std::string_view list = list_named(&Names::litellm, provider);
    if (list.empty()) continue;
    std::string name = pricing::normal_model_id(key);
    const std::string prefix = provider == "cohere_chat" ? "cohere/" : provider + "/";
    if (name.starts_with(prefix)) name.erase(0, prefix.size());
    CataloguePrice price = price_of(entry,
                                    {"input_cost_per_token", "cache_read_input_token_cost",
                                     "cache_creation_input_token_cost", "output_cost_per_token"},
                                    kPerToken);
    if (price.picodollars[0]) out.lists[std::string(list)].try_emplace(name, price);
  }
  return true;
}

bool read_models_dev(const element& root, Catalogue& out) {
  object providers;
  if (root.get(providers) != simdjson::SUCCESS) return false;
  for (const auto& [id, provider] : providers) {
    const std::string_view list = list_named(&Names::models_dev, id);
    object models;
    if (list.empty() || provider["models"].get(models) != simdjson::SUCCESS) continue;
    for (const auto& [name, model] : models) {
      element cost;
      if (model["cost"].get(cost) != simdjson::SUCCESS) continue;
      out.lists[std::string(list)].try_emplace(
          pricing::normal_model_id(name),
          price_of(cost, {"input", "cache_read", "cache_write", "output"}, kPerMillion));
    }
  }
  return true;
}

bool read_openrouter(const element& root, Catalogue& out) {
  simdjson::dom::array models;
  if (root["data"].get(models) != simdjson::SUCCESS) return false;
  for (const element model : models) {
    element pricing;
    const std::string id = pricing::normal_model_id(member_text(model, "id"));
    if (id.empty() || model["pricing"].get(pricing) != simdjson::SUCCESS) continue;
    const CataloguePrice price = price_of(
        pricing, {"prompt", "input_cache_read", "input_cache_write", "completion"}, kPerToken);
    out.lists["openrouter"].try_emplace(id, price);
    const auto slash = id.find('/');
    const std::string_view list =
        slash == std::string::npos
            ? std::string_view{}
            : list_named(&Names::openrouter, std::string_view(id).substr(0, slash));
    if (!list.empty()) out.lists[std::string(list)].try_emplace(id.substr(slash + 1), price);
  }
  return true;
}

}  // namespace

std::vector<std::string> catalogue_sources() {
  return {"genai-prices", "litellm", "models.dev", "openrouter"};
}

std::optional<Catalogue> read_catalogue(const std::string& source, const std::string& text, Time at,
                                        std::string& why) {
  simdjson::dom::parser parser;
  element root;
  if (const auto error = parser.parse(simdjson::padded_string(text)).get(root)) {
    why = fmt::format("not JSON: {}", simdjson::error_message(error));
    return std::nullopt;
  }
  Catalogue catalogue;
  catalogue.source = source;
  const bool read = source == "genai-prices" ? read_genai(root, at, catalogue)
                    : source == "litellm"    ? read_litellm(root, catalogue)
                    : source == "models.dev" ? read_models_dev(root, catalogue)
                                             : read_openrouter(root, catalogue);
  if (!read || catalogue.lists.empty()) {
    why = fmt::format("not a catalogue of {}, or none of its providers is known", source);
    return std::nullopt;
  }
  return catalogue;
}

}  // namespace tokenweir::cli

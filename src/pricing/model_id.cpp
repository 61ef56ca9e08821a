#include "pricing/model_id.h"

#include <algorithm>
#include <array>

namespace tokenweir::pricing {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool all_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_digit);
}

// "projects/p/locations/l/publishers/google/models/gemini-x" and shorter forms of it.
std::string_view without_resource_path(std::string_view id) {
  constexpr std::array<std::string_view, 4> kRoots = {"models/", "publishers/", "projects/",
                                                      "locations/"};
  const bool is_path =
      std::ranges::any_of(kRoots, [&](std::string_view root) { return id.starts_with(root); });
  if (!is_path) return id;
  constexpr std::string_view kModels = "models/";
  const auto models = id.rfind(kModels);
  if (models == std::string_view::npos) return id;
  const std::string_view name = id.substr(models + kModels.size());
  return name.empty() ? id : name;
}

std::string_view without_arn(std::string_view id) {
  if (!id.starts_with("arn:")) return id;
  const auto slash = id.rfind('/');
  return slash == std::string_view::npos || slash + 1 == id.size() ? id : id.substr(slash + 1);
}

// Bedrock: "us.anthropic.claude-x-v1:0" is a geography, a vendor, a model and a revision.
std::string_view without_geography(std::string_view id) {
  constexpr std::array<std::string_view, 8> kGeographies = {"us.", "eu.",     "apac.",   "jp.",
                                                            "au.", "global.", "us-gov.", "ca."};
  for (const std::string_view geography : kGeographies) {
    if (id.starts_with(geography)) return id.substr(geography.size());
  }
  return id;
}

std::string_view without_vendor(std::string_view id) {
  constexpr std::array<std::string_view, 12> kVendors = {
      "anthropic.", "amazon.", "meta.", "mistral.", "cohere.", "deepseek.",
      "openai.",    "google.", "qwen.", "ai21.",    "xai.",    "moonshot."};
  for (const std::string_view vendor : kVendors) {
    if (id.starts_with(vendor)) return id.substr(vendor.size());
  }
  return id;
}

std::string_view without_revision(std::string_view id) {
  const auto dash = id.rfind("-v");
  if (dash == std::string_view::npos) return id;
  const std::string_view revision = id.substr(dash + 2);
  const auto colon = revision.find(':');
  // "-v3" alone may be the model's own name (deepseek-v3): only the full form is surely Bedrock's.
  if (colon == std::string_view::npos) return id;
  const bool numeric =
      all_digits(revision.substr(0, colon)) && all_digits(revision.substr(colon + 1));
  return numeric ? id.substr(0, dash) : id;
}

std::string_view without_at_version(std::string_view id) { return id.substr(0, id.find('@')); }

std::string_view without_date(std::string_view id) {
  const auto ends_like = [&](std::string_view shape) {
    if (id.size() <= shape.size()) return false;
    const std::string_view tail = id.substr(id.size() - shape.size());
    for (std::size_t i = 0; i < shape.size(); ++i) {
      if (shape[i] == '0' ? !is_digit(tail[i]) : tail[i] != shape[i]) return false;
    }
    return true;
  };
  constexpr std::string_view kDashed = "-0000-00-00";
  constexpr std::string_view kCompact = "-00000000";
  if (ends_like(kDashed)) return id.substr(0, id.size() - kDashed.size());
  if (ends_like(kCompact)) return id.substr(0, id.size() - kCompact.size());
  return id;
}

std::string_view without_publisher(std::string_view id) {
  const auto slash = id.rfind('/');
  return slash == std::string_view::npos || slash + 1 == id.size() ? id : id.substr(slash + 1);
}

// "ft:gpt-4o-2024-08-06:org::id": tuned models have prices of their own, listed as "ft:gpt-4o".
std::vector<std::string> tuned_ids(std::string_view id) {
  constexpr std::string_view kTuned = "ft:";
  const std::string_view rest = id.substr(kTuned.size());
  const std::string_view base = rest.substr(0, rest.find(':'));
  if (base.empty()) return {};
  std::vector<std::string> ids;
  for (const std::string_view name : {base, without_date(base)}) {
    std::string tuned = std::string(kTuned) + std::string(name);
    if (tuned != id && (ids.empty() || ids.back() != tuned)) ids.push_back(std::move(tuned));
  }
  return ids;
}

}  // namespace

std::string normal_model_id(std::string_view model) {
  std::string id(model.substr(0, kModelIdMax));
  for (char& c : id) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return id;
}

std::vector<std::string> simpler_model_ids(std::string_view normal_id) {
  if (normal_id.starts_with("ft:")) return tuned_ids(normal_id);

  using Step = std::string_view (*)(std::string_view);
  constexpr std::array<Step, 8> kSteps = {without_arn,    without_resource_path, without_geography,
                                          without_vendor, without_revision,      without_at_version,
                                          without_date,   without_publisher};
  std::vector<std::string> ids;
  std::string_view current = normal_id;
  for (const Step step : kSteps) {
    const std::string_view next = step(current);
    if (next.empty() || next == current) continue;
    current = next;
    ids.emplace_back(current);
  }
  return ids;
}

}  // namespace tokenweir::pricing

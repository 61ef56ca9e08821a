#include "provider/usage.h"
#include "provider/usage_json.h"

namespace tokenweir::provider {

UsageReading cohere_usage(std::string_view raw) {
  UsageReading reading;
  Counts counts;
  const std::optional<Json> root = parse_json(raw);
  if (!root || !root->is_object()) {
    reading.anomaly = true;
    return reading;
  }
  reading.readable = true;
  std::optional<Json> billed = member(root, "billed_units");
  if (!billed) billed = member(root, "tokens");
  if (!billed) billed = root;

  Usage& usage = reading.usage;
  usage[TokenClass::input] = counts.get(billed, "input_tokens");
  usage[TokenClass::output] = counts.get(billed, "output_tokens");
  usage[TokenClass::image_input] = counts.get(billed, "image_tokens");
  usage[CallClass::search_unit] = counts.get(billed, "search_units");
  usage[CallClass::classification] = counts.get(billed, "classifications");
  usage[CallClass::page] = counts.get(billed, "pages");
  reading.anomaly = counts.anomaly();
  return reading;
}

}  // namespace tokenweir::provider

// Which places of a request body mean what, per dialect. Private to the request reader.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "provider/dialect.h"
#include "stream/json_extractor.h"

namespace tokenweir::provider {

enum class RequestField : std::uint8_t {
  model,
  stream,
  output_cap,
  choices,
  best_of,
  prompt,  // the legacy endpoint's; several prompts are several completions
  prompt_item,
  messages,
  message,
  background,
  service_tier,
  user,
  session,
  workflow,
  stream_options,
  include_usage,
  continuous_usage,
  search_context,
  speech_text,
};

struct RequestPlace {
  RequestField field;
  std::uint8_t rank = 0;  // of several places for one thing the lowest rank that is there counts
};

struct RequestFields {
  stream::PathSet paths;
  std::vector<RequestPlace> places;  // by path number
};

// Built once per dialect and kept for the life of the process.
[[nodiscard]] const RequestFields& request_fields(Dialect dialect, Family family);

}  // namespace tokenweir::provider

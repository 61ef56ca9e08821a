#include "admit/endpoint.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "provider/request_edit.h"

namespace tokenweir::admit {
namespace {

constexpr std::array<std::string_view, 8> kGenerateNothing = {
    "embeddings",  "embed",           "rerank",   "score",
    "moderations", "classifications", "classify", "embedContent"};

}  // namespace

bool can_cap(const provider::Endpoint& endpoint) {
  return !generates_nothing(endpoint) && provider::has_place_for_cap(endpoint);
}

bool generates_nothing(const provider::Endpoint& endpoint) {
  return endpoint.dialect == provider::Dialect::openai_embeddings ||
         std::ranges::find(kGenerateNothing, endpoint.name) != kGenerateNothing.end();
}

}  // namespace tokenweir::admit

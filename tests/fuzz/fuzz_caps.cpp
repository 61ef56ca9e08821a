// Any bytes as a request body under an output cap: what is found does not depend on how the bytes
// are cut; the splices that put the cap in leave a document that needs no further edit, and readers
// of another JSON library that go by the first or by the last of equal keys find a limit in it that
// is not above the cap.
#include <simdjson.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "provider/request_edit.h"
#include "provider/request_reader.h"

namespace {

using namespace tokenweir;
using provider::Family;

constexpr std::int64_t kCap = 100;

struct Target {
  Family family;
  std::string_view path;
  std::string_view container;  // empty: the limit stands in the root
  std::vector<std::string_view> fields;
};
const std::array<Target, 9> kTargets = {{
    {Family::openai, "/v1/chat/completions", "", {"max_tokens", "max_completion_tokens"}},
    {Family::openai, "/v1/responses", "", {"max_output_tokens"}},
    {Family::anthropic, "/v1/messages", "", {"max_tokens"}},
    {Family::gemini,
     "/v1beta/models/m:generateContent",
     "generationConfig",
     {"maxOutputTokens", "max_output_tokens"}},
    {Family::ollama, "/api/chat", "options", {"num_predict"}},
    {Family::openai, "/v1/completions", "", {"max_tokens"}},
    {Family::vertex,
     "/v1/projects/p/locations/l/publishers/google/models/m:predict",
     "parameters",
     {"maxOutputTokens", "max_output_tokens"}},
    {Family::openai, "/v1/threads/runs", "", {"max_completion_tokens"}},
    {Family::openai, "/v1/conversations", "completion_args", {"max_tokens"}},
}};

provider::Asked asked_by(const provider::Endpoint& endpoint, Family family, std::string_view body,
                         std::size_t piece) {
  provider::RequestReader reader(endpoint, family, "application/json", "");
  while (!body.empty()) {
    const std::string bytes(body.substr(0, piece));
    reader.feed(bytes);
    body.remove_prefix(bytes.size());
  }
  return reader.finish();
}

std::string applied(std::string_view body, const std::vector<provider::Splice>& splices) {
  std::string out;
  std::uint64_t at = 0;
  for (const provider::Splice& splice : splices) {
    if (splice.offset < at || splice.offset + splice.remove > body.size()) std::abort();
    out += body.substr(at, splice.offset - at);
    out += splice.insert;
    at = splice.offset + splice.remove;
  }
  return out += body.substr(at);
}

using simdjson::dom::element;

std::optional<element> member(const simdjson::dom::object& object, std::string_view key,
                              bool last) {
  std::optional<element> found;
  for (const auto field : object) {
    if (field.key != key) continue;
    found = field.value;
    if (!last) break;
  }
  return found;
}

// Whether a limit of at most the cap stands in the object, for this reader.
bool is_limited(const simdjson::dom::object& object, const Target& target, bool last) {
  bool limited = false;
  for (const std::string_view field : target.fields) {
    const auto value = member(object, field, last);
    if (!value || value->is_null()) continue;
    double number = 0;
    std::string_view text;
    if (value->get_double().get(number) == simdjson::SUCCESS) {
      if (!(number >= 0) || number > static_cast<double>(kCap)) return false;
    } else if (value->get_string().get(text) != simdjson::SUCCESS) {
      return false;
    }
    limited = true;
  }
  return limited;
}

void judge(const std::string& text, const Target& target) {
  simdjson::dom::parser parser;
  simdjson::dom::object root;
  // What this library cannot hold (numbers beyond a double, depth) is no concern of the caps.
  if (parser.parse(text).get_object().get(root) != simdjson::SUCCESS) return;
  for (const bool last : {false, true}) {
    if (target.container.empty()) {
      if (!is_limited(root, target, last)) std::abort();
      continue;
    }
    const auto inner = member(root, target.container, last);
    simdjson::dom::object object;
    // The object may be there in its other spelling alone.
    if (!inner) continue;
    if (inner->get_object().get(object) != simdjson::SUCCESS) std::abort();
    if (!is_limited(object, target, last)) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t piece = static_cast<std::size_t>(data[0] % 31) + 1;
  const Target& target = kTargets[data[1] % kTargets.size()];
  const std::string body(reinterpret_cast<const char*>(data) + 2, size - 2);
  const provider::Endpoint endpoint =
      provider::recognise(target.family, "POST", target.path, std::string_view());

  const provider::Asked asked = asked_by(endpoint, target.family, body, body.size() + 1);
  const provider::Asked cut = asked_by(endpoint, target.family, body, piece);
  if (asked.splicable != cut.splicable || asked.output_cap != cut.output_cap ||
      asked.caps != cut.caps || asked.extras != cut.extras ||
      asked.provider_tools != cut.provider_tools || asked.model != cut.model ||
      asked.other_models != cut.other_models || asked.model_unclear != cut.model_unclear ||
      asked.generates != cut.generates) {
    std::abort();
  }
  const auto splices = provider::cap_splices(endpoint, target.family, asked, kCap);
  if (!splices) return 0;
  // What asks for no answer is told no limit.
  if (!asked.generates && !asked.output_cap) return 0;

  const std::string edited = applied(body, *splices);
  const provider::Asked again = asked_by(endpoint, target.family, edited, edited.size() + 1);
  if (!again.splicable || again.output_cap.value_or(provider::kNoLimit) > kCap) std::abort();
  const auto more = provider::cap_splices(endpoint, target.family, again, kCap);
  if (!more || !more->empty()) std::abort();
  judge(edited, target);
  return 0;
}

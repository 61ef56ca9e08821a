// Any bytes as a request body: its reading does not depend on how the bytes are cut, and the edit
// that asks a stream for usage leaves a document with every other member as it was, which says yes
// to readers that take the first and to readers that take the last of equal keys.
#include <simdjson.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "provider/request_reader.h"

namespace {

using namespace tokenweir;

provider::Asked asked_by(std::string_view body, std::size_t piece) {
  static const provider::Endpoint endpoint =
      provider::recognise(provider::Family::openai, "POST", "/v1/chat/completions", "");
  provider::RequestReader reader(endpoint, provider::Family::openai, "application/json", "");
  while (!body.empty()) {
    const std::string bytes(body.substr(0, piece));
    reader.feed(bytes);
    body.remove_prefix(bytes.size());
  }
  return reader.finish();
}

bool same(const provider::Asked& one, const provider::Asked& other) {
  const bool edits = one.ask_for_usage.has_value() == other.ask_for_usage.has_value();
  if (!edits) return false;
  if (one.ask_for_usage && (one.ask_for_usage->offset != other.ask_for_usage->offset ||
                            one.ask_for_usage->remove != other.ask_for_usage->remove ||
                            one.ask_for_usage->insert != other.ask_for_usage->insert)) {
    return false;
  }
  return one.readable == other.readable && one.model == other.model && one.stream == other.stream &&
         one.output_cap == other.output_cap && one.choices == other.choices &&
         one.duplicate_keys == other.duplicate_keys && one.user == other.user &&
         one.session == other.session;
}

// Members in order, the edited one apart.
struct Document {
  bool valid = false;
  std::vector<std::string> others;
  std::vector<bool> asks;  // each stream_options.include_usage found
};

Document read(const std::string& text) {
  Document document;
  simdjson::dom::parser parser;
  simdjson::dom::object root;
  if (parser.parse(text).get_object().get(root) != simdjson::SUCCESS) return document;
  document.valid = true;
  for (const auto member : root) {
    if (member.key != "stream_options") {
      document.others.push_back(std::string(member.key) + ":" + simdjson::to_string(member.value));
      continue;
    }
    simdjson::dom::object options;
    if (member.value.get_object().get(options) != simdjson::SUCCESS) {
      document.asks.push_back(false);
      continue;
    }
    bool any = false;
    for (const auto option : options) {
      if (option.key != "include_usage") continue;
      bool yes = false;
      const bool is_true = option.value.get_bool().get(yes) == simdjson::SUCCESS && yes;
      document.asks.push_back(is_true);
      any = true;
    }
    if (!any) document.asks.push_back(false);
  }
  return document;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::size_t piece = static_cast<std::size_t>(data[0] % 31) + 1;
  const std::string body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const provider::Asked asked = asked_by(body, body.size() + 1);
  if (!same(asked, asked_by(body, piece))) std::abort();
  if (!asked.ask_for_usage) return 0;

  const provider::Splice& splice = *asked.ask_for_usage;
  if (splice.offset + splice.remove > body.size()) std::abort();
  const Document before = read(body);
  if (!before.valid) return 0;  // The provider will say so; the edit changes nothing about it.
  std::string edited = body;
  edited.replace(splice.offset, splice.remove, splice.insert);
  const Document after = read(edited);
  if (!after.valid || after.others != before.others || after.asks.empty()) std::abort();
  for (const bool yes : after.asks) {
    if (!yes) std::abort();
  }
  return 0;
}

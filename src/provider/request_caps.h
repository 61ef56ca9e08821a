// Collects the places of a request body that limit its output, and says what the limit is under the
// least favourable reading. Private to the request reader and the edits.
#pragma once

#include <optional>

#include "provider/dialect.h"
#include "provider/request_fields.h"
#include "stream/json_extractor.h"

namespace tokenweir::provider {

class RequestCaps {
 public:
  void take(const RequestPlace& place, const stream::JsonValue& value);
  [[nodiscard]] CapPlaces finish(const stream::JsonExtractor& document);

 private:
  CapPlaces found_;
};

// Which limits the server of an endpoint goes by.
struct HeededCaps {
  CapScope scope = CapScope::root;  // with its other spelling for generationConfig
  std::vector<CapField> fields;     // the first is the one to insert
  bool any_case = false;            // keys are compared without their case
  bool zero_is_none = true;         // a limit of zero is none
  std::string_view container;       // what to call the object where there is none
  std::string_view key;             // of the limit, as it is inserted
};
// No value: requests of this endpoint have no place for a limit. `host` and `model` decide between
// the spellings of OpenAI's chat API; both may be empty.
[[nodiscard]] std::optional<HeededCaps> heeded_caps(const Endpoint& endpoint, Family family,
                                                    std::string_view host, std::string_view model);
// In any case: what one server ignores, one written in Go goes by.
[[nodiscard]] bool is_heeded(const HeededCaps& heeded, const CapPlace& place);
// Where a server may come across a value and take it for a limit or for a mistake.
[[nodiscard]] bool may_be_read(const HeededCaps& heeded, const CapPlace& place);
[[nodiscard]] bool in_scope(const HeededCaps& heeded, CapScope scope);

// As Asked::output_cap.
[[nodiscard]] std::optional<std::int64_t> largest_cap(const CapPlaces& caps,
                                                      const std::optional<HeededCaps>& heeded);

}  // namespace tokenweir::provider

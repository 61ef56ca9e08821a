// Whose request is this, and where does it go? Routing, path hygiene and attribution. Pure.
// Every header is hostile text: names are bounded, control characters refused, nothing here is an
// authorisation.
#pragma once

#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "core/record.h"
#include "core/result.h"
#include "http/message.h"
#include "provider/dialect.h"

namespace tokenweir::identify {

struct Rejected {
  int status = 400;          // 400, 401, 403, 404, 421
  std::string_view code;     // "bad_path", "unknown_route", "no_workflow", "bad_header", ...
  std::string_view message;  // fixed text
  // The `reason` label where it is a policy's no ("unauthenticated", "no_workflow"); else empty.
  std::string_view reason = {};
};

// Where a client may show its key.
enum class KeyPlace : std::uint8_t {
  authorization,
  x_api_key,
  api_key,
  x_goog_api_key,
  x_llm_key,
  query,
};
using KeyPlaces = std::bitset<6>;

struct Routed {
  const config::Provider* provider = nullptr;  // borrowed from the Config
  provider::Endpoint endpoint;
  std::string normal_path;          // decoded once for recognition, prefix stripped
  std::string_view forward_target;  // raw bytes of path and query minus the prefix (view into head)
  std::string forward_target_storage;  // used instead when the origin has a path prefix of its own
  const config::Credential* credential = nullptr;  // when the client showed a known proxy key
  // Every place that held it; those in the query are already cut out of the target.
  KeyPlaces key_places;
  std::string path_workflow;  // of a /w/<workflow>/ prefix, when the configuration allows them
};

// host > longest path prefix > well-known path. Dot segments (also encoded), backslashes, %00 and
// control bytes in a path are refused with 400. Where the configuration demands credentials, an
// unknown, expired or missing key is one constant 401; a key of this proxy's own that is not good
// always is. `head` and `config` must outlive the result.
[[nodiscard]] Result<Routed, Rejected> route(const http::RequestHead& head,
                                             const config::Config& config, Time now);

// The dialect of a request that route() refused, as far as its path and its fields tell: the client
// is answered in it. Never fails; the endpoint is opaque where nothing is known.
struct Spoken {
  provider::Endpoint endpoint;
  provider::Family family = provider::Family::opaque;
};
[[nodiscard]] Spoken spoken_by(const http::RequestHead& head, const config::Config& config);

// Who asked, from headers and the credential. Body labels (metadata.workflow, user) are merged
// later by `merge_body_labels`. A name that is too long (128 bytes), empty or holds control
// characters is refused as `bad_header` only when it is one of ours; aliases that are malformed are
// ignored.
[[nodiscard]] Result<Attribution, Rejected> attribute(const http::RequestHead& head,
                                                      const Routed& routed,
                                                      const config::Config& config);
void merge_body_labels(Attribution& attribution, const provider::Asked& asked,
                       const config::Config& config);
// Team, cost centre and environment of a declared workflow, credential pins; "_unset" when none.
// With `require_workflow` an unset workflow is refused (`no_workflow`). A name that the request
// gave itself must be one its credential may use, and belong to the owner the credential pins: else
// `pin_mismatch`, whatever `trust` says.
[[nodiscard]] std::optional<Rejected> complete(Attribution& attribution, const Routed& routed,
                                               const config::Config& config);

// Appends the names of the fields that held the client's key, for the writer that leaves them out.
void append_key_fields(const KeyPlaces& places, std::vector<std::string_view>& names);

// The retry count a client SDK admits to (x-stainless-retry-count, amz-sdk-request); 0 when none.
[[nodiscard]] std::uint32_t admitted_retries(const http::RequestHead& head);

}  // namespace tokenweir::identify

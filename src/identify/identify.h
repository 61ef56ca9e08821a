// Whose request is this, and where does it go? Routing, path hygiene and attribution. Pure.
// Every header is hostile text: names are bounded, control characters refused, nothing here is an
// authorisation.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

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
};

// Where the client showed its key. forward/ leaves that one out and writes the provider's.
enum class KeyPlace : std::uint8_t {
  none,
  authorization,
  x_api_key,
  api_key,
  x_goog_api_key,
  x_llm_key,
  query
};

struct Routed {
  const config::Provider* provider = nullptr;  // borrowed from the Config
  provider::Endpoint endpoint;
  std::string normal_path;          // decoded once for recognition, prefix stripped
  std::string_view forward_target;  // raw bytes of path and query minus the prefix (view into head)
  std::string forward_target_storage;  // used instead when the origin has a path prefix of its own
  const config::Credential* credential = nullptr;  // when the client showed a known proxy key
  KeyPlace key_place =
      KeyPlace::none;         // where it was; one in the query is already cut out of the target
  std::string path_workflow;  // of a /w/<workflow>/ prefix, when the configuration allows them
};

// host > longest path prefix > well-known path. Dot segments (also encoded), backslashes, %00 and
// control bytes in a path are refused with 400. Where the configuration demands credentials, an
// unknown or missing key is one constant 401. `head` and `config` must outlive the result.
[[nodiscard]] Result<Routed, Rejected> route(const http::RequestHead& head,
                                             const config::Config& config);

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
// With `require_workflow` an unset workflow is refused (`no_workflow`).
[[nodiscard]] std::optional<Rejected> complete(Attribution& attribution, const Routed& routed,
                                               const config::Config& config);

// Whether the credential's `models: {allow}` lets this model pass; true without a credential.
[[nodiscard]] bool may_use_model(const Routed& routed, std::string_view model);

// The retry count a client SDK admits to (x-stainless-retry-count, amz-sdk-request); 0 when none.
[[nodiscard]] std::uint32_t admitted_retries(const http::RequestHead& head);

}  // namespace tokenweir::identify

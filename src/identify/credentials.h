// Which configured credential a client's key belongs to. Keys are compared by their SHA-256, all of
// them, in constant time; nothing of a key leaves this file. A key that has expired or whose
// credential is revoked is as unknown as any other text.
#pragma once

#include <string>

#include "identify/identify.h"

namespace tokenweir::identify {

struct Shown {
  const config::Credential* credential = nullptr;
  KeyPlaces places;
  bool several = false;  // keys of two different credentials were shown
  // One that is over, or looks like one of this proxy's and is not known: nobody else may see it.
  bool refused = false;
};
[[nodiscard]] Shown find_credential(const http::RequestHead& head, std::string_view query,
                                    const config::Config& config, Time now);

// The query without its `key` parameters; every other byte is kept.
[[nodiscard]] std::string without_key(std::string_view query);

}  // namespace tokenweir::identify

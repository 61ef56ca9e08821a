// Everything a reload replaces, loaded and checked as a whole or not at all.
#pragma once

#include <memory>
#include <string>

#include "app/secret_files.h"
#include "core/result.h"
#include "exchange/snapshot.h"
#include "forward/provider_pool.h"
#include "platform/tls_context.h"

namespace tokenweir::app {

// TLS contexts of the listeners, in the order of the configuration; null for plain ones.
struct ListenerTls {
  std::vector<platform::TlsContext> contexts;
};

struct Generation {
  std::shared_ptr<const exchange::Snapshot> snapshot;
  std::shared_ptr<const forward::ProviderTls> provider_tls;
  std::shared_ptr<const ListenerTls> listener_tls;
  SecretFiles secrets;
};

// The error is the text of all problems, one a line.
[[nodiscard]] Result<Generation, std::string> load_generation(const std::string& config_file);

}  // namespace tokenweir::app

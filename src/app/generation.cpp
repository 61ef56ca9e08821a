#include "app/generation.h"

#include "config/load.h"
#include "pricing/price_file.h"

namespace tokenweir::app {

Result<Generation, std::string> load_generation(const std::string& config_file) {
  yaml::Problems problems;
  const RememberingEnvironment environment;
  std::optional<config::Config> config = config::load(config_file, environment, problems);
  std::optional<pricing::PriceBook> prices;
  if (config) prices = pricing::load_prices(config->price_files, problems);
  if (prices) config::validate_prices(*config, *prices, problems);
  if (!problems.empty() || !config || !prices) return failure(problems.text());

  auto listener_tls = std::make_shared<ListenerTls>();
  for (const config::Listener& listener : config->listen) {
    platform::TlsContext context;
    if (listener.tls) {
      auto made = platform::server_context(listener.tls->certificate, listener.tls->key);
      if (!made) return failure(config_file + ": error: " + made.error() + "\n");
      context = std::move(*made);
    }
    listener_tls->contexts.push_back(std::move(context));
  }
  auto provider_tls = forward::load_provider_tls(*config);
  if (!provider_tls) return failure(config_file + ": error: " + provider_tls.error() + "\n");

  auto policy = admit::Policy::compile(*config);
  if (!policy) return failure(config_file + ": error: " + policy.error() + "\n");

  auto snapshot = std::make_shared<exchange::Snapshot>();
  snapshot->policy = std::move(*policy);
  snapshot->config = std::move(*config);
  snapshot->prices = std::move(*prices);
  Generation generation;
  generation.snapshot = std::move(snapshot);
  generation.provider_tls = std::move(*provider_tls);
  generation.listener_tls = std::move(listener_tls);
  generation.secrets = environment.files();
  // The file itself is taken up when the operator says so.
  generation.secrets.erase(config_file);
  return generation;
}

}  // namespace tokenweir::app

// Does the time it takes to refuse a key tell how near it was? Looks up 100,000 keys that differ
// from a good one in their last letter and as many that have nothing in common with it, in turns,
// and compares the means (Welch's t over batches). Ends with `figure: t=... near_ns=...
// far_ns=...`; |t| under 4 is noise. The exit code says so, too.
#include <openssl/sha.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "identify/identify.h"

namespace {

using namespace tokenweir;

constexpr int kBatches = 1'000;
constexpr int kBatch = 100;
constexpr double kNoise = 4;

struct Sums {
  double sum = 0;
  double squares = 0;
  void add(double value) {
    sum += value;
    squares += value * value;
  }
  [[nodiscard]] double mean() const { return sum / kBatches; }
  [[nodiscard]] double variance() const { return (squares - sum * mean()) / (kBatches - 1); }
};

config::Config make_config(const std::string& key) {
  config::Config config;
  config::Provider provider;
  provider.name = "openai";
  provider.match_path_prefix = "/p/openai";
  config.providers.push_back(provider);
  config.require_credential = true;
  for (int i = 0; i < 20; ++i) {
    config::Credential credential;
    credential.name = "app-" + std::to_string(i);
    const std::string own = i == 7 ? key : key + std::to_string(i);
    config::ProxyKey proxy_key;
    SHA256(reinterpret_cast<const unsigned char*>(own.data()), own.size(), proxy_key.digest.data());
    credential.keys.push_back(proxy_key);
    config.credentials.push_back(credential);
  }
  return config;
}

double batch_ns(const std::string& key, const config::Config& config) {
  const std::string shown = "Bearer " + key;
  http::RequestHead head;
  head.method = "POST";
  head.target = head.path_and_query = "/p/openai/v1/chat/completions";
  head.host = "proxy.example";
  head.fields.push_back({"Authorization", shown});
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < kBatch; ++i) {
    if (identify::route(head, config, Time{}) || key.empty()) std::abort();
  }
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begun;
  return took.count() / kBatch;
}

}  // namespace

int main() {
  const std::string good = "twk_" + std::string(43, 'a');
  const config::Config config = make_config(good);
  Sums near, far;
  for (int i = -100; i < kBatches; ++i) {
    const std::string close = good.substr(0, 46) + static_cast<char>('b' + (i & 15));
    const std::string other = "xyz-" + std::string(42, 'Z') + static_cast<char>('b' + (i & 15));
    const bool first = (i & 1) == 0;
    const double a = batch_ns(first ? close : other, config);
    const double b = batch_ns(first ? other : close, config);
    if (i < 0) continue;  // warming up
    near.add(first ? a : b);
    far.add(first ? b : a);
  }
  const double error = std::sqrt((near.variance() + far.variance()) / kBatches);
  const double t = (near.mean() - far.mean()) / error;
  std::printf("%d keys each: near %.0f ns, far %.0f ns\n", kBatches * kBatch, near.mean(),
              far.mean());
  std::printf("figure: t=%.2f near_ns=%.0f far_ns=%.0f\n", t, near.mean(), far.mean());
  return std::fabs(t) < kNoise ? 0 : 1;
}

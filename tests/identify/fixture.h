// Requests and configurations for the tests of this room.
#pragma once

#include <openssl/sha.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/config.h"
#include "http/message.h"

namespace tokenweir::identify {

// Owns the texts that a head's views point into.
class Request {
 public:
  using Fields = std::vector<std::pair<std::string, std::string>>;

  explicit Request(std::string target, Fields fields = {}, std::string method = "POST",
                   std::string host = "proxy.example")
      : target_(std::move(target)),
        fields_(std::move(fields)),
        method_(std::move(method)),
        host_(std::move(host)) {
    head_.method = method_;
    head_.target = target_;
    head_.path_and_query = target_;
    head_.host = host_;
    for (const auto& [name, value] : fields_) head_.fields.push_back({name, value});
  }
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  [[nodiscard]] const http::RequestHead& head() const { return head_; }

 private:
  std::string target_;
  Fields fields_;
  std::string method_;
  std::string host_;
  http::RequestHead head_;
};

inline config::Provider make_provider(std::string name, provider::Family family,
                                      std::string prefix = {}, std::string host = {}) {
  config::Provider made;
  made.name = std::move(name);
  made.dialect = family;
  made.origin.host = made.name + ".example";
  made.match_path_prefix = std::move(prefix);
  made.match_host = std::move(host);
  return made;
}

inline config::Credential make_credential(std::string name, std::string_view key) {
  config::Credential made;
  made.name = std::move(name);
  SHA256(reinterpret_cast<const unsigned char*>(key.data()), key.size(),
         made.keys.emplace_back().digest.data());
  return made;
}

// When requests of these tests arrive.
inline const Time kNow = *parse_rfc3339("2026-11-21T12:00:00Z");

// The providers of the design's example.
inline config::Config usual_config() {
  using provider::Family;
  config::Config config;
  config.user_hash_key = "0123456789abcdef";
  config.providers = {make_provider("openai", Family::openai, "/p/openai"),
                      make_provider("anthropic", Family::anthropic, "/p/anthropic"),
                      make_provider("gemini", Family::gemini, "/p/gemini"),
                      make_provider("local-vllm", Family::openai, "", "vllm.internal")};
  return config;
}

}  // namespace tokenweir::identify

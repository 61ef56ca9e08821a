// An environment that lives in memory, and a certificate made on the spot.
#pragma once

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "yaml/expand.h"

namespace tokenweir::config {

class FakeEnvironment final : public yaml::Environment {
 public:
  std::map<std::string, std::string> variables;
  std::map<std::string, std::string> files;
  std::set<std::string> open_to_all;

  std::optional<std::string> variable(const std::string& name) const override {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  }
  std::optional<std::string> file(const std::string& path, std::string& why) const override {
    const auto found = files.find(path);
    if (found != files.end()) return found->second;
    why = "cannot be opened: No such file or directory";
    return std::nullopt;
  }
  bool readable_by_all(const std::string& path) const override {
    return open_to_all.contains(path);
  }
};

struct KeyPair {
  std::string certificate;
  std::string key;
};

inline std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<std::size_t>(size));
}

inline KeyPair make_key_pair() {
  EVP_PKEY* const key = EVP_EC_gen("P-256");
  X509* const certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 86'400);
  X509_set_pubkey(certificate, key);
  X509_NAME* const name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  X509_sign(certificate, key, EVP_sha256());
  BIO* const certificate_bio = BIO_new(BIO_s_mem());
  BIO* const key_bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(certificate_bio, certificate);
  PEM_write_bio_PrivateKey(key_bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  KeyPair pair{text_of(certificate_bio), text_of(key_bio)};
  BIO_free(certificate_bio);
  BIO_free(key_bio);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return pair;
}

inline const KeyPair& first_pair() {
  static const KeyPair pair = make_key_pair();
  return pair;
}
inline const KeyPair& second_pair() {
  static const KeyPair pair = make_key_pair();
  return pair;
}

// Everything the example of the design refers to, seen from the folder "etc".
inline FakeEnvironment usual_environment() {
  FakeEnvironment environment;
  environment.variables = {{"OPENAI_KEY", "sk-canary-openai"}};
  environment.files = {
      {"etc/admin-token", "canary-admin-token-0123456789\n"},
      {"etc/cert.pem", first_pair().certificate},
      {"etc/key.pem", first_pair().key},
      {"etc/other-key.pem", second_pair().key},
      {"etc/vllm-ca.pem", second_pair().certificate},
      {"/usr/share/zoneinfo/Europe/Berlin", "TZif2..."},
  };
  return environment;
}

}  // namespace tokenweir::config

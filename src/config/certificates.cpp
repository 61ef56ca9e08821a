#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

#include "config/reading.h"

namespace tokenweir::config {
namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
template <typename Object>
using Owned = std::unique_ptr<Object, Free>;

Owned<BIO> memory(const std::string& text) {
  return Owned<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// An encrypted key must fail instead of asking at the terminal.
int no_password(char*, int, int, void*) { return 0; }

std::optional<std::string> read(const Reading& reading, const std::string& path,
                                const yaml::Node& node, const yaml::Report& report) {
  std::string why;
  auto text = reading.environment->file(path, why);
  if (!text) report.error(node.mark, "file " + yaml::in_quotes(path) + " " + why);
  return text;
}

Owned<X509> read_certificate(const std::string& text) {
  const auto bio = memory(text);
  return Owned<X509>(PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr));
}

}  // namespace

void check_tls_files(const Reading& reading, const TlsFiles& files, const yaml::Node& certificate,
                     const yaml::Node& key, const yaml::Report& report) {
  const auto certificate_text = read(reading, files.certificate, certificate, report);
  const auto key_text = read(reading, files.key, key, report);
  Owned<X509> leaf;
  Owned<EVP_PKEY> secret;
  if (certificate_text) {
    leaf = read_certificate(*certificate_text);
    if (!leaf) report.error(certificate.mark, "this file holds no PEM certificate");
  }
  if (key_text) {
    const auto bio = memory(*key_text);
    secret.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
    if (!secret) report.error(key.mark, "this file holds no PEM private key without a password");
    if (reading.environment->readable_by_all(files.key)) {
      reading.config.warnings.push_back("every user of this machine may read the key file " +
                                        files.key);
    }
  }
  if (leaf && secret && X509_check_private_key(leaf.get(), secret.get()) != 1) {
    report.error(key.mark, "this key does not belong to the certificate");
  }
  ERR_clear_error();
}

void check_ca_file(const Reading& reading, const std::string& path, const yaml::Node& node,
                   const yaml::Report& report) {
  const auto text = read(reading, path, node, report);
  if (text && !read_certificate(*text)) {
    report.error(node.mark, "this file holds no PEM certificate");
  }
  ERR_clear_error();
}

}  // namespace tokenweir::config

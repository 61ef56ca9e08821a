// OpenSSL contexts for both ends: TLS 1.2 and 1.3 only, authenticated ciphers with forward secrecy,
// no renegotiation, no early data. Built from files at start or reload; errors name the file.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "core/result.h"

namespace tokenweir::platform {

struct FreeSslContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using TlsContext = std::unique_ptr<SSL_CTX, FreeSslContext>;

// For listeners. ALPN offers http/1.1 only.
[[nodiscard]] Result<TlsContext, std::string> server_context(const std::string& certificate_file,
                                                             const std::string& key_file);

// For providers: verifies chain, host name and dates against the system's trust store
// (SSL_CERT_FILE and SSL_CERT_DIR are honoured) plus `extra_ca_file` when not empty.
[[nodiscard]] Result<TlsContext, std::string> client_context(const std::string& extra_ca_file);

}  // namespace tokenweir::platform

#include "platform/tls_context.h"

#include <openssl/err.h>

#include <cstring>

namespace tokenweir::platform {
namespace {

constexpr char kCiphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr unsigned char kHttp11[] = "\x08http/1.1";

std::string openssl_reason() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* const reason = ERR_reason_error_string(code);
  return reason == nullptr ? "unknown reason" : reason;
}

TlsContext common_context(const SSL_METHOD* method) {
  TlsContext context(SSL_CTX_new(method));
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(context.get(), kCiphers);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                         SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context.get(), 1);
  return context;
}

int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* in, unsigned in_size, void*) {
  unsigned char* chosen = nullptr;
  const int outcome =
      SSL_select_next_proto(&chosen, out_size, kHttp11, sizeof kHttp11 - 1, in, in_size);
  *out = chosen;
  return outcome == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

}  // namespace

Result<TlsContext, std::string> server_context(const std::string& certificate_file,
                                               const std::string& key_file) {
  ERR_clear_error();
  TlsContext context = common_context(TLS_server_method());
  if (SSL_CTX_use_certificate_chain_file(context.get(), certificate_file.c_str()) != 1) {
    return failure("cannot use certificate " + certificate_file + ": " + openssl_reason());
  }
  if (SSL_CTX_use_PrivateKey_file(context.get(), key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    return failure("cannot use key " + key_file + ": " + openssl_reason());
  }
  if (SSL_CTX_check_private_key(context.get()) != 1) {
    return failure("key " + key_file + " does not belong to certificate " + certificate_file);
  }
  SSL_CTX_set_alpn_select_cb(context.get(), &choose_protocol, nullptr);
  // One ticket suffices: clients keep connections, and each ticket costs a record.
  SSL_CTX_set_num_tickets(context.get(), 1);
  constexpr unsigned char kSessionContext[] = "tokenweir";
  SSL_CTX_set_session_id_context(context.get(), kSessionContext, sizeof kSessionContext - 1);
  return context;
}

Result<TlsContext, std::string> client_context(const std::string& extra_ca_file) {
  ERR_clear_error();
  TlsContext context = common_context(TLS_client_method());
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_default_verify_paths(context.get());
  if (!extra_ca_file.empty() &&
      SSL_CTX_load_verify_locations(context.get(), extra_ca_file.c_str(), nullptr) != 1) {
    return failure("cannot use CA bundle " + extra_ca_file + ": " + openssl_reason());
  }
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_set_alpn_protos(context.get(), kHttp11, sizeof kHttp11 - 1);
  ERR_clear_error();
  return context;
}

}  // namespace tokenweir::platform

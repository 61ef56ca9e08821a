// A non-blocking TLS 1.3 connection for the load tests: OpenSSL does the handshake, RecordCipher
// the rest. One recv(2) per readiness and one send(2) per message, which is the least a peer can
// cost.
#pragma once

#include <openssl/ssl.h>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "record_cipher.h"

namespace loadtest {

enum class Role { client, server };

// A context that offers only TLS 1.3 with AES-256-GCM and hands secrets to Connection. The caller
// owns it with SSL_CTX_free. A server needs certificate and key files (PEM). Throws
// std::runtime_error.
SSL_CTX* new_tls_context(Role role, const std::string& certificate, const std::string& key);

class Connection {
 public:
  enum class Progress { done, wants_read, wants_write, failed };
  enum class Received { open, closed, failed };

  // Takes the descriptor (already non-blocking, possibly still connecting).
  Connection(int descriptor, SSL_CTX* context, Role role);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int descriptor() const { return descriptor_; }
  bool established() const { return sealer_.has_value(); }
  Progress continue_handshake();

  // Reads once and passes each application record's plaintext on; the span lives only for the call.
  // The callback returns false to stop; nothing of this object is touched after that.
  template <typename Callback>
  Received receive(Callback&& callback);

  // Encrypts and sends; what the kernel does not take is kept for flush(). False: the peer is gone.
  bool send(std::string_view plaintext);
  bool flush();
  bool has_unsent() const { return !unsent_.empty(); }
  // How much may wait in has_unsent() is the caller's business; this is how much does.
  std::size_t unsent_size() const { return unsent_.size(); }

  // Filled by OpenSSL's callbacks during the handshake.
  struct Secrets {
    std::vector<unsigned char> client;
    std::vector<unsigned char> server;
    std::uint64_t tickets_sent = 0;
  };

 private:
  std::span<unsigned char> read_records(Received& state);
  void keep_partial(std::span<const unsigned char> rest);

  int descriptor_;
  Role role_;
  SSL* ssl_;
  Secrets secrets_;
  std::optional<RecordCipher> sealer_;
  std::optional<RecordCipher> opener_;
  std::string partial_;  // a record's beginning, until the rest arrives
  std::string unsent_;
};

// Non-blocking connect to a loopback port with TCP_NODELAY; throws std::runtime_error.
int connect_socket(const std::string& address, std::uint16_t port);
// Listening, non-blocking; throws std::runtime_error.
int listen_socket(const std::string& address, std::uint16_t port);

template <typename Callback>
Connection::Received Connection::receive(Callback&& callback) {
  Received state = Received::open;
  std::span<unsigned char> data = read_records(state);
  while (data.size() >= kRecordHeader) {
    const std::size_t size = kRecordHeader + (std::size_t{data[3]} << 8 | data[4]);
    if (size > kMaxPlaintext + 512) return Received::failed;
    if (data.size() < size) break;
    const auto record = opener_->open(data.first(size));
    if (!record) return Received::failed;
    data = data.subspan(size);
    if (record->type == 21) return Received::closed;
    if (record->type == 22 && !record->plaintext.empty() && record->plaintext[0] != 4) {
      return Received::failed;  // only session tickets are expected after the handshake
    }
    if (record->type == 23 && !callback(record->plaintext)) return Received::open;
  }
  keep_partial(data);
  return state;
}

}  // namespace loadtest

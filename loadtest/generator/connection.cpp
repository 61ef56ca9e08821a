#include "connection.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace loadtest {
namespace {

// Both are shared by all connections of the (single) thread; nothing stays in them between calls.
std::array<unsigned char, 256 * 1024> receive_buffer;
std::array<unsigned char, kMaxPlaintext + kRecordOverhead> send_buffer;

Connection::Secrets* secrets_of(const SSL* ssl) {
  return static_cast<Connection::Secrets*>(SSL_get_app_data(ssl));
}

std::vector<unsigned char> from_hex(std::string_view text) {
  std::vector<unsigned char> bytes;
  for (std::size_t index = 0; index + 1 < text.size(); index += 2) {
    bytes.push_back(
        static_cast<unsigned char>(std::stoi(std::string(text.substr(index, 2)), nullptr, 16)));
  }
  return bytes;
}

// Lines look like "CLIENT_TRAFFIC_SECRET_0 <client random> <secret>".
void on_key_line(const SSL* ssl, const char* text) {
  const std::string_view line = text;
  const std::size_t last_space = line.rfind(' ');
  if (line.starts_with("CLIENT_TRAFFIC_SECRET_0 ")) {
    secrets_of(ssl)->client = from_hex(line.substr(last_space + 1));
  } else if (line.starts_with("SERVER_TRAFFIC_SECRET_0 ")) {
    secrets_of(ssl)->server = from_hex(line.substr(last_space + 1));
  }
}

// A session ticket is a record under the application secret, so it moves the sequence number.
void on_message(int written, int, int content_type, const void* data, std::size_t length, SSL* ssl,
                void*) {
  if (written == 1 && content_type == SSL3_RT_HANDSHAKE && length > 0 &&
      *static_cast<const unsigned char*>(data) == SSL3_MT_NEWSESSION_TICKET) {
    ++secrets_of(ssl)->tickets_sent;
  }
}

sockaddr_in address_of(const std::string& address, std::uint16_t port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = htons(port);
  if (inet_pton(AF_INET, address.c_str(), &result.sin_addr) != 1) {
    throw std::runtime_error("not an IPv4 address: " + address);
  }
  return result;
}

}  // namespace

SSL_CTX* new_tls_context(Role role, const std::string& certificate, const std::string& key) {
  SSL_CTX* context = SSL_CTX_new(role == Role::server ? TLS_server_method() : TLS_client_method());
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set_keylog_callback(context, on_key_line);
  SSL_CTX_set_msg_callback(context, on_message);
  bool good = SSL_CTX_set_ciphersuites(context, "TLS_AES_256_GCM_SHA384") == 1;
  if (role == Role::server) {
    good = good && SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) == 1 &&
           SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) == 1;
  }
  if (!good) throw std::runtime_error("TLS context: certificate or key cannot be used");
  return context;
}

Connection::Connection(int descriptor, SSL_CTX* context, Role role)
    : descriptor_(descriptor), role_(role), ssl_(SSL_new(context)) {
  SSL_set_app_data(ssl_, &secrets_);
  SSL_set_fd(ssl_, descriptor);
  if (role == Role::server) {
    SSL_set_accept_state(ssl_);
  } else {
    SSL_set_connect_state(ssl_);
    SSL_set_tlsext_host_name(ssl_, "localhost");
  }
}

Connection::~Connection() {
  if (ssl_ != nullptr) SSL_free(ssl_);
  close(descriptor_);
}

Connection::Progress Connection::continue_handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_);
  if (result != 1) {
    switch (SSL_get_error(ssl_, result)) {
      case SSL_ERROR_WANT_READ:
        return Progress::wants_read;
      case SSL_ERROR_WANT_WRITE:
        return Progress::wants_write;
      default:
        return Progress::failed;
    }
  }
  // OpenSSL reads exactly the records it needs, so nothing of the peer's data is lost with it.
  const bool server = role_ == Role::server;
  sealer_.emplace(RecordCipher::Direction::seal, server ? secrets_.server : secrets_.client,
                  server ? secrets_.tickets_sent : 0);
  opener_.emplace(RecordCipher::Direction::open, server ? secrets_.client : secrets_.server, 0);
  SSL_free(ssl_);
  ssl_ = nullptr;
  secrets_ = {};
  return Progress::done;
}

std::span<unsigned char> Connection::read_records(Received& state) {
  std::memcpy(receive_buffer.data(), partial_.data(), partial_.size());
  const std::size_t held = partial_.size();
  partial_.clear();
  const ssize_t count =
      recv(descriptor_, receive_buffer.data() + held, receive_buffer.size() - held, 0);
  if (count == 0) state = Received::closed;
  if (count < 0 && errno != EAGAIN && errno != EINTR) state = Received::failed;
  return {receive_buffer.data(), held + (count > 0 ? static_cast<std::size_t>(count) : 0)};
}

void Connection::keep_partial(std::span<const unsigned char> rest) {
  if (!rest.empty()) partial_.assign(reinterpret_cast<const char*>(rest.data()), rest.size());
}

bool Connection::send(std::string_view plaintext) {
  while (!plaintext.empty()) {
    const std::size_t part = std::min(plaintext.size(), kMaxPlaintext);
    const std::size_t sealed = sealer_->seal({plaintext.data(), part}, send_buffer.data());
    plaintext.remove_prefix(part);
    std::size_t sent = 0;
    if (unsent_.empty()) {
      const ssize_t count = ::send(descriptor_, send_buffer.data(), sealed, MSG_NOSIGNAL);
      if (count < 0 && errno != EAGAIN && errno != EINTR) return false;
      if (count > 0) sent = static_cast<std::size_t>(count);
    }
    unsent_.append(reinterpret_cast<const char*>(send_buffer.data()) + sent, sealed - sent);
  }
  return true;
}

bool Connection::flush() {
  if (unsent_.empty()) return true;
  const ssize_t count = ::send(descriptor_, unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
  if (count < 0) return errno == EAGAIN || errno == EINTR;
  unsent_.erase(0, static_cast<std::size_t>(count));
  return true;
}

int connect_socket(const std::string& address, std::uint16_t port) {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) throw std::runtime_error(std::string("socket: ") + std::strerror(errno));
  const int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const sockaddr_in peer = address_of(address, port);
  if (connect(descriptor, reinterpret_cast<const sockaddr*>(&peer), sizeof peer) != 0 &&
      errno != EINPROGRESS) {
    close(descriptor);
    throw std::runtime_error(std::string("connect: ") + std::strerror(errno));
  }
  return descriptor;
}

int listen_socket(const std::string& address, std::uint16_t port) {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in local = address_of(address, port);
  if (bind(descriptor, reinterpret_cast<const sockaddr*>(&local), sizeof local) != 0 ||
      listen(descriptor, 4096) != 0) {
    throw std::runtime_error(std::string("listen: ") + std::strerror(errno));
  }
  return descriptor;
}

}  // namespace loadtest

// One direction of a TLS 1.3 connection after its handshake, AES-256-GCM only. The generators do
// their own record layer because OpenSSL 3.0 spends more on a record's bookkeeping than on its
// encryption, and the load side of a benchmark must not be what limits it.
#pragma once

#include <openssl/evp.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

namespace loadtest {

inline constexpr std::size_t kRecordHeader = 5;
inline constexpr std::size_t kRecordOverhead = kRecordHeader + 1 + 16;  // header, inner type, tag
inline constexpr std::size_t kMaxPlaintext = 16384;

struct OpenedRecord {
  std::uint8_t type = 0;  // inner content type: 21 alert, 22 handshake, 23 application data
  std::span<const char> plaintext;
};

class RecordCipher {
 public:
  enum class Direction { seal, open };

  // Keys derived from a traffic secret (RFC 8446 section 7.3). `sequence` is the number of records
  // already sent under that secret. Throws std::runtime_error when OpenSSL refuses.
  RecordCipher(Direction direction, std::span<const unsigned char> secret, std::uint64_t sequence);

  // Writes one application data record into `out`, which must hold plaintext.size() +
  // kRecordOverhead. Returns the bytes written. `plaintext` must not exceed kMaxPlaintext.
  std::size_t seal(std::span<const char> plaintext, unsigned char* out);

  // Decrypts a whole record (header included) where it lies; nothing when it is not authentic.
  std::optional<OpenedRecord> open(std::span<unsigned char> record);

 private:
  struct Free {
    void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
  };
  std::array<unsigned char, 12> next_nonce();

  std::unique_ptr<EVP_CIPHER_CTX, Free> context_;
  std::array<unsigned char, 12> iv_{};
  std::uint64_t sequence_;
};

}  // namespace loadtest

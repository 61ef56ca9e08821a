#include "record_cipher.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>

#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>

namespace loadtest {
namespace {

constexpr std::uint8_t kApplicationData = 23;

// HKDF-Expand-Label of RFC 8446 section 7.1 with an empty context.
void expand_label(std::span<const unsigned char> secret, std::string_view label,
                  std::span<unsigned char> out) {
  const std::string full = "tls13 " + std::string(label);
  std::string info;
  info.push_back(static_cast<char>(out.size() >> 8));
  info.push_back(static_cast<char>(out.size() & 0xff));
  info.push_back(static_cast<char>(full.size()));
  info += full;
  info.push_back(0);

  EVP_KDF* kdf = EVP_KDF_fetch(nullptr, "HKDF", nullptr);
  EVP_KDF_CTX* context = EVP_KDF_CTX_new(kdf);
  EVP_KDF_free(kdf);
  int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
  char digest[] = "SHA384";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY,
                                        const_cast<unsigned char*>(secret.data()), secret.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info.data(), info.size()),
      OSSL_PARAM_construct_end()};
  const int done = EVP_KDF_derive(context, out.data(), out.size(), parameters);
  EVP_KDF_CTX_free(context);
  if (done != 1) throw std::runtime_error("HKDF-Expand-Label failed");
}

}  // namespace

RecordCipher::RecordCipher(Direction direction, std::span<const unsigned char> secret,
                           std::uint64_t sequence)
    : context_(EVP_CIPHER_CTX_new()), sequence_(sequence) {
  std::array<unsigned char, 32> key{};
  expand_label(secret, "key", key);
  expand_label(secret, "iv", iv_);
  if (EVP_CipherInit_ex(context_.get(), EVP_aes_256_gcm(), nullptr, key.data(), nullptr,
                        direction == Direction::seal ? 1 : 0) != 1) {
    throw std::runtime_error("AES-256-GCM is not available");
  }
}

std::array<unsigned char, 12> RecordCipher::next_nonce() {
  auto nonce = iv_;
  for (unsigned index = 0; index < 8; ++index) {
    nonce[11 - index] ^= static_cast<unsigned char>(sequence_ >> (8 * index));
  }
  ++sequence_;
  return nonce;
}

std::size_t RecordCipher::seal(std::span<const char> plaintext, unsigned char* out) {
  const std::size_t inner = plaintext.size() + 1;
  const std::size_t sealed = inner + 16;
  out[0] = kApplicationData;
  out[1] = 3;
  out[2] = 3;
  out[3] = static_cast<unsigned char>(sealed >> 8);
  out[4] = static_cast<unsigned char>(sealed);
  unsigned char* text = out + kRecordHeader;
  std::memcpy(text, plaintext.data(), plaintext.size());
  text[plaintext.size()] = kApplicationData;

  const auto nonce = next_nonce();
  int length = 0;
  EVP_CipherInit_ex(context_.get(), nullptr, nullptr, nullptr, nonce.data(), -1);
  EVP_EncryptUpdate(context_.get(), nullptr, &length, out, kRecordHeader);
  EVP_EncryptUpdate(context_.get(), text, &length, text, static_cast<int>(inner));
  EVP_EncryptFinal_ex(context_.get(), text + inner, &length);
  EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_GET_TAG, 16, text + inner);
  return kRecordHeader + sealed;
}

std::optional<OpenedRecord> RecordCipher::open(std::span<unsigned char> record) {
  if (record.size() < kRecordOverhead || record[0] != kApplicationData) return std::nullopt;
  unsigned char* text = record.data() + kRecordHeader;
  std::size_t inner = record.size() - kRecordHeader - 16;

  const auto nonce = next_nonce();
  int length = 0;
  EVP_CipherInit_ex(context_.get(), nullptr, nullptr, nullptr, nonce.data(), -1);
  EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_SET_TAG, 16, text + inner);
  EVP_DecryptUpdate(context_.get(), nullptr, &length, record.data(), kRecordHeader);
  EVP_DecryptUpdate(context_.get(), text, &length, text, static_cast<int>(inner));
  if (EVP_DecryptFinal_ex(context_.get(), text + inner, &length) != 1) return std::nullopt;

  while (inner > 0 && text[inner - 1] == 0) --inner;  // padding of the sender
  if (inner == 0) return std::nullopt;
  return OpenedRecord{text[inner - 1], {reinterpret_cast<const char*>(text), inner - 1}};
}

}  // namespace loadtest

#include "cli/keys.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <array>
#include <iostream>
#include <memory>
#include <string>

#include "core/exit_codes.h"
#include "core/time.h"

namespace tokenweir::cli {
namespace {

constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kLongestKey = 4096;

struct KeysOptions {
  std::string name;
  std::string expires;
};

// RFC 4648 section 5, without padding: fits every header and needs no quoting in a shell.
std::string base64url(const std::array<unsigned char, kSecretBytes>& bytes) {
  constexpr char kLetters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string out;
  std::uint32_t window = 0;
  unsigned bits = 0;
  for (const unsigned char byte : bytes) {
    window = window << 8 | byte;
    for (bits += 8; bits >= 6; bits -= 6) out += kLetters[window >> (bits - 6) & 63];
  }
  if (bits > 0) out += kLetters[window << (6 - bits) & 63];
  return out;
}

std::string sha256_of(std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  std::string hex;
  for (const unsigned char byte : digest) hex += fmt::format("{:02x}", byte);
  return hex;
}

std::string row(const KeysOptions& options, std::string_view hash) {
  std::string text = options.name.empty() ? "{" : fmt::format("{{name: \"{}\", ", options.name);
  text += fmt::format("key_sha256: \"{}\"", hash);
  if (!options.expires.empty()) text += fmt::format(", expires: {}", options.expires);
  return text + "}";
}

int make_key(const KeysOptions& options) {
  std::array<unsigned char, kSecretBytes> secret{};
  if (RAND_bytes(secret.data(), static_cast<int>(secret.size())) != 1) {
    std::cerr << "tokenweir: there is no randomness to make a key of\n";
    return kExitFailed;
  }
  std::string key = "twk_" + base64url(secret);
  std::cout << "key, shown this once: " << key << '\n'
            << "credentials row:      " << row(options, sha256_of(key)) << '\n';
  OPENSSL_cleanse(secret.data(), secret.size());
  OPENSSL_cleanse(key.data(), key.size());
  return 0;
}

// From standard input: an argument would be seen by everybody who lists processes.
int hash_key(const KeysOptions& options) {
  std::string key;
  std::getline(std::cin, key);
  if (!key.empty() && key.back() == '\r') key.pop_back();
  if (key.empty() || key.size() > kLongestKey) {
    std::cerr << "tokenweir: write the key to standard input, one line of at most 4096 bytes\n";
    return kExitUsage;
  }
  std::cout << row(options, sha256_of(key)) << '\n';
  OPENSSL_cleanse(key.data(), key.size());
  return 0;
}

void add_options(CLI::App& command, KeysOptions& options) {
  command.add_option("name", options.name, "name of the credential")
      ->check([](const std::string& name) {
        const bool good = !name.empty() && name.size() <= 128 && name.front() != '_' &&
                          name.find_first_of("\"\\") == std::string::npos;
        return good ? std::string()
                    : std::string("a name has 1 to 128 bytes, no quotes, no _ first");
      });
  command.add_option("--expires", options.expires, "day or time from which the key is not good")
      ->check([](const std::string& text) {
        return parse_rfc3339(text) ? std::string()
                                   : std::string("expected a day like 2027-01-31 or a UTC time");
      });
}

}  // namespace

void add_keys_command(CLI::App& app, int& exit_code) {
  CLI::App* const keys = app.add_subcommand("keys", "keys of this proxy's own, for `credentials:`");
  keys->require_subcommand(1);
  const auto options = std::make_shared<KeysOptions>();
  CLI::App* const make = keys->add_subcommand("new", "make a random key and print its row");
  add_options(*make, *options);
  make->callback([options, &exit_code] { exit_code = make_key(*options); });
  CLI::App* const hash =
      keys->add_subcommand("hash", "print the row of a key that is read from standard input");
  add_options(*hash, *options);
  hash->callback([options, &exit_code] { exit_code = hash_key(*options); });
}

}  // namespace tokenweir::cli

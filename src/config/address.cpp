#include "config/address.h"

#include <arpa/inet.h>

#include <charconv>

#include "config/reading.h"
#include "core/text.h"

namespace tokenweir::config {
namespace {

constexpr std::string_view kLettersAndDigits = "abcdefghijklmnopqrstuvwxyz0123456789";

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
  return port;
}

bool is_numeric(const std::string& host) {
  unsigned char bytes[16];
  return ::inet_pton(AF_INET, host.c_str(), bytes) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

// Splits "host:port" or "[v6]:port"; the port text is empty when there is none.
bool split_authority(std::string_view text, std::string_view& host, std::string_view& port) {
  std::string_view rest;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return false;
    host = text.substr(1, close - 1);
    rest = text.substr(close + 1);
    if (host.find(':') == std::string_view::npos) return false;
  } else {
    const std::size_t colon = text.find(':');
    host = text.substr(0, colon);
    rest = colon == std::string_view::npos ? std::string_view() : text.substr(colon);
  }
  if (rest.empty()) return true;
  if (rest.front() != ':' || rest.size() == 1) return false;
  port = rest.substr(1);
  return true;
}

std::string bracketed(const std::string& host) {
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

}  // namespace

std::optional<Address> parse_address(std::string_view text) {
  std::string_view host, port;
  if (!split_authority(text, host, port) || port.empty()) return std::nullopt;
  const auto number = parse_port(port);
  Address address{std::string(host), number.value_or(0)};
  if (!number || !is_numeric(address.host)) return std::nullopt;
  return address;
}

std::string to_text(const Address& address) {
  return bracketed(address.host) + ":" + std::to_string(address.port);
}

std::optional<Origin> parse_origin(std::string_view text, std::string& why) {
  Origin origin;
  if (text.starts_with("https://")) {
    text.remove_prefix(8);
  } else if (text.starts_with("http://")) {
    text.remove_prefix(7);
    origin.tls = false;
    origin.port = 80;
  } else {
    why = "must start with https:// or http://";
    return std::nullopt;
  }
  if (text.find_first_of("?#@") != std::string_view::npos) {
    why = "may not hold a query, a fragment or user information";
    return std::nullopt;
  }
  const std::size_t slash = text.find('/');
  std::string_view host, port;
  if (!split_authority(text.substr(0, slash), host, port)) {
    why = "must hold a host and, if any, a port from 1 to 65535";
    return std::nullopt;
  }
  origin.host = lower_case(host);
  if (!is_host(origin.host)) {
    why = "must hold a host name or a numeric address";
    return std::nullopt;
  }
  if (!port.empty()) {
    origin.port = parse_port(port).value_or(0);
    if (origin.port == 0) {
      why = "must have a port from 1 to 65535";
      return std::nullopt;
    }
  }
  std::string_view path = slash == std::string_view::npos ? std::string_view() : text.substr(slash);
  if (path.ends_with('/')) path.remove_suffix(1);
  if (!path.empty() && !is_plain_path(path)) {
    why = "may hold a path of plain segments only";
    return std::nullopt;
  }
  origin.path_prefix = path;
  return origin;
}

std::string to_text(const Origin& origin) {
  const bool standard = origin.port == (origin.tls ? 443 : 80);
  return (origin.tls ? "https://" : "http://") + bracketed(origin.host) +
         (standard ? "" : ":" + std::to_string(origin.port)) + origin.path_prefix;
}

bool is_host(std::string_view text) {
  if (text.find(':') != std::string_view::npos) return is_numeric(std::string(text));
  if (text.empty() || text.size() > 253) return false;
  while (true) {
    const std::size_t dot = text.find('.');
    const std::string_view label = text.substr(0, dot);
    const std::string letters = std::string(kLettersAndDigits) + "-_";
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-' ||
        label.find_first_not_of(letters) != std::string_view::npos) {
      return false;
    }
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool is_plain_path(std::string_view text) {
  if (!text.starts_with('/')) return false;
  while (!text.empty()) {
    text.remove_prefix(1);
    const std::size_t slash = text.find('/');
    const std::string_view segment = text.substr(0, slash);
    if (segment.empty() || segment == "." || segment == "..") return false;
    for (const char c : segment) {
      const bool letter =
          (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
      if (!letter && std::string_view("-._~").find(c) == std::string_view::npos) return false;
    }
    text = slash == std::string_view::npos ? std::string_view() : text.substr(slash);
  }
  return true;
}

bool is_loopback(std::string_view address) {
  const std::string host(address);
  unsigned char bytes[16];
  if (::inet_pton(AF_INET, host.c_str(), bytes) == 1) return bytes[0] == 127;
  constexpr unsigned char kLoopback[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return ::inet_pton(AF_INET6, host.c_str(), bytes) == 1 &&
         std::equal(std::begin(bytes), std::end(bytes), std::begin(kLoopback));
}

bool names_loopback(std::string_view host) { return host == "localhost" || is_loopback(host); }

}  // namespace tokenweir::config

#include "http/target.h"

#include <arpa/inet.h>

#include <cstring>

#include "http/characters.h"

namespace tokenweir::http {
namespace {

bool is_port(std::string_view text) {
  if (text.size() > 5 || !all_are(text, kDigit)) return false;
  unsigned port = 0;
  for (const char c : text) port = port * 10 + static_cast<unsigned>(c - '0');
  return port <= 65535;
}

bool is_ipv6(std::string_view text) {
  char terminated[INET6_ADDRSTRLEN + 1];
  if (text.empty() || text.size() > INET6_ADDRSTRLEN) return false;
  std::memcpy(terminated, text.data(), text.size());
  terminated[text.size()] = '\0';
  in6_addr address;
  return inet_pton(AF_INET6, terminated, &address) == 1;
}

// Where the port's colon is, or the end.
std::size_t host_name_size(std::string_view authority) {
  if (!authority.empty() && authority.front() == '[') {
    const std::size_t bracket = authority.find(']');
    return bracket == std::string_view::npos ? authority.size() : bracket + 1;
  }
  return std::min(authority.find(':'), authority.size());
}

// Every percent sign starts an octet, and none is NUL: decoders disagree about the rest.
bool is_well_escaped(std::string_view path) {
  for (std::size_t at = path.find('%'); at != std::string_view::npos; at = path.find('%', at + 1)) {
    if (path.size() - at < 3 || !is(path[at + 1], kHexDigit) || !is(path[at + 2], kHexDigit)) {
      return false;
    }
    if (path[at + 1] == '0' && path[at + 2] == '0') return false;
  }
  return true;
}

bool is_path_and_query(std::string_view text) {
  const std::size_t question = std::min(text.find('?'), text.size());
  const std::string_view path = text.substr(0, question);
  return all_are(path, kPathCharacter) && is_well_escaped(path) &&
         all_are(text.substr(question), kQueryCharacter);
}

std::string_view without_default_port(std::string_view authority, std::string_view port) {
  const std::size_t name = host_name_size(authority);
  const std::string_view given = authority.substr(name);
  const bool is_default = given == ":" || (given.size() > 1 && given.substr(1) == port);
  return is_default ? authority.substr(0, name) : authority;
}

// An authority that differs from Host would let one of them route and the other be believed.
bool parse_absolute_form(RequestHead& head) {
  const std::size_t scheme_size = head.target.find("://");
  if (scheme_size == std::string_view::npos) return false;
  const std::string_view scheme = head.target.substr(0, scheme_size);
  const bool secure = equals_ignoring_case(scheme, "https");
  if (!secure && !equals_ignoring_case(scheme, "http")) return false;
  const std::string_view rest = head.target.substr(scheme_size + 3);
  const std::size_t authority_size = std::min(rest.find_first_of("/?"), rest.size());
  const std::string_view authority = rest.substr(0, authority_size);
  const std::string_view port = secure ? "443" : "80";
  if (!is_host(authority) || !equals_ignoring_case(without_default_port(authority, port),
                                                   without_default_port(head.host, port))) {
    return false;
  }
  head.path_and_query = rest.substr(authority_size);
  if (head.path_and_query.empty()) {
    head.path_and_query = head.method == "OPTIONS" ? std::string_view() : "/";
    return true;
  }
  return head.path_and_query.front() == '/' && is_path_and_query(head.path_and_query);
}

}  // namespace

bool is_host(std::string_view value) {
  const std::size_t name_size = host_name_size(value);
  const std::string_view name = value.substr(0, name_size);
  if (name.empty() || name.size() > 255) return false;
  if (name.front() == '[') {
    if (name.back() != ']' || !is_ipv6(name.substr(1, name.size() - 2))) return false;
  } else if (!all_are(name, kHostCharacter)) {
    return false;
  }
  const std::string_view port = value.substr(name_size);
  return port.empty() || (port.front() == ':' && is_port(port.substr(1)));
}

bool parse_target(RequestHead& head, HeadError& error) {
  if (head.method == "CONNECT" || head.method == "TRACE") {
    error = {501, "method not implemented"};
    return false;
  }
  if (head.target.front() == '/') {
    if (is_path_and_query(head.target)) {
      head.path_and_query = head.target;
      return true;
    }
  } else if (head.target == "*") {
    head.path_and_query = {};
    if (head.method == "OPTIONS") return true;
  } else if (parse_absolute_form(head)) {
    return true;
  }
  error = {400, "malformed request target"};
  return false;
}

}  // namespace tokenweir::http

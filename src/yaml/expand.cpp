#include "yaml/expand.h"

#include <sys/stat.h>

#include <cstdlib>

#include "yaml/utf8.h"

namespace tokenweir::yaml {
namespace {

// Large enough for a bundle of certificates.
constexpr std::size_t kMostFileBytes = 4 * 1024 * 1024;

struct Failed {
  std::string message;
};

bool is_name(std::string_view name) {
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
  return !name.empty() && name.find_first_not_of(kLetters) == std::string_view::npos &&
         (name.front() < '0' || name.front() > '9');
}

std::string checked(std::string value, const std::string& origin) {
  if (value.size() > kMostExpandedBytes) throw Failed{origin + " is too long"};
  const bool one_line = value.find_first_of("\n\r\t") == std::string::npos;
  if (!one_line || first_unprintable(value) != std::string_view::npos) {
    throw Failed{origin + " holds a line end, a control character or bytes that are not UTF-8"};
  }
  return value;
}

std::string variable(std::string_view body, const Environment& environment) {
  const std::size_t colon = body.find(':');
  const std::string name(body.substr(0, colon));
  const std::string_view rest =
      colon == std::string_view::npos ? std::string_view() : body.substr(colon);
  const bool known_form = rest.empty() || rest.starts_with(":-") || rest.starts_with(":?");
  if (!is_name(name) || !known_form) {
    throw Failed{
        "malformed ${env:...}; write ${env:NAME}, ${env:NAME:-default} or "
        "${env:NAME:?message}"};
  }
  const auto value = environment.variable(name);
  // As in a shell, `:-` and `:?` also act on an empty variable.
  if (value && (!value->empty() || rest.empty())) {
    return checked(*value, "environment variable " + name);
  }
  if (rest.starts_with(":-")) return std::string(rest.substr(2));
  if (rest.starts_with(":?")) {
    throw Failed{"environment variable " + name + " is not set: " + in_quotes(rest.substr(2))};
  }
  throw Failed{"environment variable " + name + " is not set"};
}

std::string file(std::string_view path, const Environment& environment, std::string_view folder) {
  if (path.empty()) throw Failed{"malformed ${file:...}; a path is missing"};
  std::string why;
  auto text = environment.file(resolve(folder, path), why);
  if (!text) throw Failed{"file " + in_quotes(path) + " " + why};
  if (text->ends_with('\n')) text->pop_back();
  if (text->ends_with('\r')) text->pop_back();
  return checked(std::move(*text), "file " + in_quotes(path));
}

std::string expanded(std::string_view text, const Environment& environment, std::string_view folder,
                     bool& foreign) {
  std::string out;
  while (!text.empty()) {
    const std::size_t dollar = text.find('$');
    out += text.substr(0, dollar);
    if (dollar == std::string_view::npos) break;
    text.remove_prefix(dollar);
    if (text.starts_with("$$")) {
      out += '$';
      text.remove_prefix(2);
      continue;
    }
    if (!text.starts_with("${")) {
      out += '$';
      text.remove_prefix(1);
      continue;
    }
    const std::size_t close = text.find('}');
    if (close == std::string_view::npos)
      throw Failed{"\"${\" without \"}\"; write $$ for a dollar"};
    const std::string_view body = text.substr(2, close - 2);
    text.remove_prefix(close + 1);
    if (body.starts_with("env:")) {
      out += variable(body.substr(4), environment);
    } else if (body.starts_with("file:")) {
      out += file(body.substr(5), environment, folder);
    } else {
      throw Failed{
          "unknown expansion; known are ${env:NAME} and ${file:PATH}, and $$ for a dollar"};
    }
    foreign = true;
    if (out.size() > kMostExpandedBytes) throw Failed{"the expanded value is too long"};
  }
  return out;
}

}  // namespace

std::optional<std::string> SystemEnvironment::variable(const std::string& name) const {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

std::optional<std::string> SystemEnvironment::file(const std::string& path,
                                                   std::string& why) const {
  return read_file(path, kMostFileBytes, why);
}

bool SystemEnvironment::readable_by_all(const std::string& path) const {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && (status.st_mode & S_IROTH) != 0;
}

void expand(Node& node, const Environment& environment, std::string_view folder,
            const Report& report) {
  for (Node& item : node.items) expand(item, environment, folder, report);
  for (Node::Entry& entry : node.entries) expand(entry.value, environment, folder, report);
  if (node.kind != Kind::scalar || node.text.find('$') == std::string::npos) return;
  try {
    bool foreign = false;
    std::string text = expanded(node.text, environment, folder, foreign);
    node.text = std::move(text);
    node.expanded = foreign;
  } catch (const Failed& failed) {
    report.error(node.mark, failed.message);
  }
}

std::string resolve(std::string_view folder, std::string_view path) {
  if (path.starts_with('/') || folder.empty() || folder == ".") return std::string(path);
  std::string joined(folder);
  if (!joined.ends_with('/')) joined += '/';
  return joined.append(path);
}

std::string folder_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return std::string(path.substr(0, slash == 0 ? 1 : slash));
}

}  // namespace tokenweir::yaml

#include "options.h"

#include <sstream>
#include <stdexcept>
#include <string_view>

namespace loadtest {
namespace {

Mode mode_of(std::string_view name) {
  if (name == "closed") return Mode::closed;
  if (name == "open") return Mode::open;
  if (name == "connect") return Mode::connect;
  if (name == "sse") return Mode::sse;
  if (name == "idle") return Mode::idle;
  throw std::runtime_error("unknown mode " + std::string(name) +
                           " (closed, open, connect, sse, idle)");
}

std::vector<pid_t> processes_of(const std::string& list) {
  std::vector<pid_t> processes;
  std::istringstream stream(list);
  for (std::string item; std::getline(stream, item, ',');) processes.push_back(std::stoi(item));
  return processes;
}

}  // namespace

Options parse_options(int count, char** arguments) {
  if (count < 2)
    throw std::runtime_error("usage: load_generator MODE --port PORT [--option value]");
  Options options;
  options.mode = mode_of(arguments[1]);
  for (int index = 2; index < count; index += 2) {
    const std::string_view name = arguments[index];
    if (index + 1 >= count) throw std::runtime_error(std::string(name) + " needs a value");
    const std::string value = arguments[index + 1];
    if (name == "--address") {
      options.address = value;
    } else if (name == "--port") {
      options.port = static_cast<std::uint16_t>(std::stoi(value));
    } else if (name == "--path") {
      options.path = value;
    } else if (name == "--connections") {
      options.connections = static_cast<unsigned>(std::stoul(value));
    } else if (name == "--seconds") {
      options.seconds = std::stod(value);
    } else if (name == "--warmup") {
      options.warmup = std::stod(value);
    } else if (name == "--rate") {
      options.rate = std::stod(value);
    } else if (name == "--requests") {
      options.requests = std::stoull(value);
    } else if (name == "--fresh") {
      options.fresh = value == "yes";
    } else if (name == "--watch") {
      options.watch = processes_of(value);
    } else if (name == "--mock") {
      options.mock = processes_of(value);
    } else {
      throw std::runtime_error("unknown option " + std::string(name));
    }
  }
  if (options.port == 0) throw std::runtime_error("--port is needed");
  return options;
}

}  // namespace loadtest

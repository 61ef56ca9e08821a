// The walls between the rooms of src/, as src/README.md draws them.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>

namespace {

namespace fs = std::filesystem;
using Rooms = std::set<std::string>;

const fs::path kSource = fs::path(TOKENWEIR_SOURCE_DIR) / "src";

// Parses the table of src/README.md, so that map and test cannot drift apart.
std::map<std::string, Rooms> allowed_includes() {
  std::map<std::string, Rooms> table;
  Rooms everything;
  std::ifstream map(kSource / "README.md");
  const std::regex row(R"(^\| `([a-z]+)/` \| .* \| ?([a-z ]*) ?\|$)");
  std::map<std::string, std::string> cells;
  for (std::string line; std::getline(map, line);) {
    std::smatch match;
    if (!std::regex_match(line, match, row)) continue;
    cells[match[1]] = match[2];
    everything.insert(match[1]);
  }
  for (const auto& [room, cell] : cells) {
    if (cell.starts_with("everything")) {
      table[room] = everything;
      if (cell.find("but cli") != std::string::npos) table[room].erase("cli");
      continue;
    }
    std::istringstream words(cell);
    for (std::string word; words >> word;) table[room].insert(word);
  }
  return table;
}

template <typename Visit>
void for_each_source(Visit visit) {
  for (const auto& entry : fs::recursive_directory_iterator(kSource)) {
    const auto extension = entry.path().extension();
    if (extension != ".h" && extension != ".cpp") continue;
    std::ifstream file(entry.path());
    int number = 0;
    const fs::path relative = fs::relative(entry.path(), kSource);
    for (std::string line; std::getline(file, line);) visit(relative, ++number, line);
  }
}

std::string room_of(const fs::path& relative) {
  return relative.has_parent_path() ? relative.begin()->string() : std::string("main");
}

TEST(Layering, EveryRoomIncludesOnlyWhatTheMapAllows) {
  const auto allowed = allowed_includes();
  ASSERT_GE(allowed.size(), 19u) << "the table of src/README.md could not be read";
  const std::regex include(R"(^#include \"([a-z]+)/.*)");
  for_each_source([&](const fs::path& file, int number, const std::string& line) {
    std::smatch match;
    if (!std::regex_match(line, match, include)) return;
    const std::string from = room_of(file);
    const std::string to = match[1];
    if (from == "main" || from == to) return;
    ASSERT_TRUE(allowed.contains(from)) << file << " is in a room the map does not know";
    EXPECT_TRUE(allowed.at(from).contains(to))
        << file.string() << ":" << number << ": " << from << " may not include " << to;
  });
}

TEST(Layering, NoTwoRoomsIncludeEachOther) {
  const auto allowed = allowed_includes();
  for (const auto& [room, others] : allowed) {
    for (const std::string& other : others) {
      if (other == room || room == "cli" || room == "app") continue;
      EXPECT_FALSE(allowed.contains(other) && allowed.at(other).contains(room) && other != "app")
          << room << " and " << other;
    }
  }
}

TEST(Layering, OnlyTheShellTouchesSockets) {
  const Rooms shell = {"exchange", "listen", "forward", "platform", "admin", "app", "cli"};
  const std::regex sockets(R"(^#include <(boost/asio|boost/beast|openssl/ssl|sys/socket).*)");
  for_each_source([&](const fs::path& file, int number, const std::string& line) {
    if (!std::regex_match(line, sockets)) return;
    EXPECT_TRUE(shell.contains(room_of(file))) << file.string() << ":" << number << ": " << line;
  });
}

TEST(Layering, RealClocksAreReadOnlyInThePlatform) {
  const std::regex clock(
      R"((system_clock|steady_clock)::now\(|clock_gettime|gettimeofday|[^_a-z]time\(nullptr\))");
  for_each_source([&](const fs::path& file, int number, const std::string& line) {
    if (room_of(file) == "platform") return;
    EXPECT_FALSE(std::regex_search(line, clock)) << file.string() << ":" << number << ": " << line;
  });
}

TEST(Layering, NothingWithADestructorIsBuiltInsideCoAwait) {
  const std::regex trap(R"(co_await[^;]*(\[[^\]]+\]\s*[({]|[A-Za-z_>]\{\s*\.))");
  for_each_source([&](const fs::path& file, int number, const std::string& line) {
    EXPECT_FALSE(std::regex_search(line, trap)) << file.string() << ":" << number << ": " << line;
  });
}

// g++ 12 awaits in the condition of a loop even where && or || says that it need not.
TEST(Layering, NoLoopAwaitsBehindAShortCircuit) {
  const std::regex trap(R"((while|for)\s*\(.*(&&|\|\|).*co_await)");
  for_each_source([&](const fs::path& file, int number, const std::string& line) {
    EXPECT_FALSE(std::regex_search(line, trap)) << file.string() << ":" << number << ": " << line;
  });
}

}  // namespace

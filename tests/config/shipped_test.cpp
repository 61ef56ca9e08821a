// Every configuration the project ships is accepted, and its price lists exist.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "config/load.h"
#include "fixture.h"
#include "pricing/price_file.h"

namespace tokenweir::config {
namespace {

namespace fs = std::filesystem;

// Whatever an example asks of its surroundings is there.
class Accommodating final : public yaml::Environment {
 public:
  std::optional<std::string> variable(const std::string& name) const override {
    if (name.ends_with("PORT")) return std::to_string(20'000 + name.size());
    if (name.ends_with("ORIGIN")) return "https://provider.example";
    if (name.ends_with("PRICES")) return std::string(TOKENWEIR_SOURCE_DIR) + "/config/prices";
    return name + "-value";
  }
  std::optional<std::string> file(const std::string& path, std::string& why) const override {
    if (path.starts_with("/usr/share/zoneinfo/")) return yaml::read_file(path, 1 << 20, why);
    if (path.ends_with("token")) return "a-token-of-sixteen\n";
    const bool is_key =
        path.find("key") != std::string::npos || path.find("KEY") != std::string::npos;
    return is_key ? first_pair().key : first_pair().certificate;
  }
  bool readable_by_all(const std::string&) const override { return false; }
};

std::vector<fs::path> shipped() {
  const fs::path root = TOKENWEIR_SOURCE_DIR;
  std::vector<fs::path> files;
  for (const auto folder : {"config", "config/demo", "deploy"}) {
    if (!fs::exists(root / folder)) continue;
    for (const auto& entry : fs::directory_iterator(root / folder)) {
      if (entry.path().extension() == ".yaml") files.push_back(entry.path());
    }
  }
  return files;
}

TEST(Shipped, EveryExampleIsAcceptedWithPricesThatExist) {
  const std::vector<fs::path> files = shipped();
  ASSERT_GE(files.size(), 2u);
  for (const fs::path& path : files) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    yaml::Problems problems;
    const auto config = load_text(text.str(), path.string(), Accommodating(), problems);
    ASSERT_TRUE(config) << problems.text();
    const auto prices = pricing::load_prices(config->price_files, problems);
    ASSERT_TRUE(prices) << problems.text();
    validate_prices(*config, *prices, problems);
    EXPECT_EQ(problems.text(), "");
  }
}

TEST(Shipped, TheDocumentationNamesEveryKey) {
  std::ifstream file(fs::path(TOKENWEIR_SOURCE_DIR) / "docs/configuration.md");
  std::ostringstream text;
  text << file.rdbuf();
  for (const std::string& path : yaml::key_paths(config_shape())) {
    const std::string key = path.substr(path.rfind('.') + 1);
    const bool named = text.str().find("`" + key + "`") != std::string::npos;
    EXPECT_TRUE(named) << path << " is missing in docs/configuration.md";
  }
}

}  // namespace
}  // namespace tokenweir::config

// The commands against a real admin listener on a free port, over real sockets.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "../admin/house.h"
#include "admin/admin_server.h"
#include "cli/admin_client.h"
#include "cli/cli.h"
#include "core/exit_codes.h"
#include "platform/http_client.h"

namespace tokenweir::admin {
namespace {

using budget::kDollar;
using budget::Property;

class Commands : public House {
 protected:
  Commands() {
    config::Admin settings;
    settings.port = 0;
    settings.token = kToken;
    server_ = std::make_unique<AdminServer>(settings, actions_, &operators());
    const auto port = server_->start();
    EXPECT_TRUE(port.has_value()) << port.error();
    port_ = port.value_or(0);
    std::ofstream(token_file()) << kToken << '\n';
  }
  ~Commands() override { server_->stop(); }
  [[nodiscard]] std::string token_file() const { return folder_.file("token"); }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

  // `tokenweir COMMAND...` with the server named; words are divided by spaces, `~` stands for one.
  int run(const std::string& command, bool with_server = true) {
    std::vector<std::string> words = {"tokenweir"};
    std::istringstream stream(command);
    for (std::string word; stream >> word;) {
      std::ranges::replace(word, '~', ' ');
      words.push_back(word);
    }
    if (with_server) {
      for (const std::string& word : {std::string("--admin"), url(), std::string("--token-file"),
                                      token_file(), std::string("--as"), std::string("jo")}) {
        words.push_back(word);
      }
    }
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    const int code = cli::run(static_cast<int>(arguments.size()), arguments.data());
    out_ = ::testing::internal::GetCapturedStdout();
    error_ = ::testing::internal::GetCapturedStderr();
    return code;
  }
  bool says(std::string_view text) const { return out_.find(text) != std::string::npos; }
  bool complains(std::string_view text) const { return error_.find(text) != std::string::npos; }

  std::unique_ptr<AdminServer> server_;
  std::uint16_t port_ = 0;
  std::string out_, error_;
};

TEST_F(Commands, KillListAndRelease) {
  ASSERT_EQ(run("kill --run r-7 --reason it~loops --for 1h"), 0) << error_;
  EXPECT_TRUE(says("killed run r-7 until 2026-11-21T05:08:56.123Z")) << out_;
  EXPECT_TRUE(says("tokenweir release 1"));
  EXPECT_TRUE(killed(Property::run, "r-7"));
  ASSERT_EQ(run("kill --all --reason fire"), 0) << error_;
  EXPECT_TRUE(says("killed everything: new"));
  ASSERT_EQ(run("kill --list"), 0);
  EXPECT_TRUE(says("run r-7     2026-11-21T04:08:56.123Z  2026-11-21T05:08:56.123Z  jo  it loops"))
      << out_;
  EXPECT_TRUE(says("everything")) << out_;
  ASSERT_EQ(run("release --all"), 0) << error_;
  ASSERT_EQ(run("release 1 --reason fixed"), 0) << error_;
  EXPECT_TRUE(says("released run r-7"));
  EXPECT_FALSE(process_->kills.any());
  EXPECT_EQ(run("release 1"), kExitFailed);
  EXPECT_TRUE(complains("no kill switch of that id")) << error_;
  ASSERT_EQ(run("audit"), 0);
  EXPECT_TRUE(says("jo  release  run=r-7     fixed")) << out_;
}

TEST_F(Commands, KillNeedsATargetAndAReason) {
  EXPECT_EQ(run("kill --reason x"), kExitUsage);
  EXPECT_TRUE(complains("name a target"));
  EXPECT_EQ(run("kill --run r"), kExitUsage);
  EXPECT_TRUE(complains("--reason is missing"));
  EXPECT_EQ(run("kill --run r --workflow w --reason x"), kExitUsage);
  EXPECT_TRUE(complains("one target")) << error_;
  EXPECT_EQ(run("kill --run r --reason x --for soon"), kExitUsage);
  EXPECT_EQ(run("release"), kExitUsage);
  EXPECT_EQ(run("release 1 --run r"), kExitUsage);
  EXPECT_FALSE(process_->kills.any());
}

TEST_F(Commands, BudgetsAreShownAndChanged) {
  ASSERT_EQ(run("budget list"), 0) << error_;
  EXPECT_TRUE(says("daily")) << out_;
  EXPECT_TRUE(says("usd     $10     $0    $0   $10       0  2026-11-22T00:00:00.000Z")) << out_;
  ASSERT_EQ(run("budget set daily --limit usd=12.5 --limit requests=80 --for 24h --reason launch"),
            0)
      << error_;
  EXPECT_TRUE(says("$12.5")) << out_;
  EXPECT_TRUE(says("overridden until 2026-11-22T04:08:56.123Z")) << out_;
  EXPECT_TRUE(admits(11 * kDollar));
  ASSERT_EQ(run("budget clear daily"), 0) << error_;
  EXPECT_FALSE(admits(11 * kDollar));
  ASSERT_EQ(run("budget spent daily --usd 9.75 --amount requests=4 --reason invoice"), 0) << error_;
  EXPECT_TRUE(says("$9.75")) << out_;
  EXPECT_TRUE(says("97.5")) << out_;
  EXPECT_FALSE(admits(kDollar));
  ASSERT_EQ(run("budget show daily --json"), 0);
  EXPECT_TRUE(says(R"("spent":{"usd":"9.75","usd_picodollars":9750000000000,"requests":4)"));
  ASSERT_EQ(run("budget set each-user --account a/b --create --limit usd=3 --reason x"), 0)
      << error_;
  EXPECT_TRUE(says("a/b")) << out_;
  EXPECT_EQ(run("budget set each-user --account x/y --limit usd=3 --reason x"), kExitFailed);
  EXPECT_TRUE(complains("no such account")) << error_;
  EXPECT_EQ(run("budget set dayly --limit usd=3 --reason x"), kExitFailed);
  EXPECT_TRUE(complains("daily, each-user, rolling")) << error_;
  EXPECT_EQ(run("budget set daily --limit usd --reason x"), kExitUsage);
  EXPECT_EQ(run("budget set daily --limit eur=3 --reason x"), kExitUsage);
  EXPECT_EQ(run("budget trust"), kExitUsage);
  EXPECT_EQ(run("budget trust --reason backup"), 0) << error_;
}

TEST_F(Commands, EnforcementIsSwitchedOffForAWhile) {
  EXPECT_EQ(run("enforce off --reason x"), kExitUsage);
  ASSERT_EQ(run("enforce off --for 1h --reason false~alarms"), 0) << error_;
  EXPECT_TRUE(says("enforcement is OFF until 2026-11-21T05:08:56.123Z, by jo: false alarms"));
  EXPECT_FALSE(enforcing());
  ASSERT_EQ(run("enforce status"), 0);
  EXPECT_TRUE(says("OFF"));
  ASSERT_EQ(run("enforce on"), 0) << error_;
  EXPECT_TRUE(says("enforcement is on"));
  EXPECT_TRUE(enforcing());
  EXPECT_EQ(run("enforce off --for 25h --reason x"), kExitUsage);
}

TEST_F(Commands, RunsAndTopShowWhatGoesOn) {
  runs::Signs signs;
  const runs::RunName name{"app", "triage", "r-1\x1b[2J", {}};
  (void)process_->runs.begin(name, signs, clock_.now(), clock_.monotonic());
  ASSERT_EQ(run("runs"), 0) << error_;
  EXPECT_TRUE(says("triage")) << out_;
  EXPECT_TRUE(says("working")) << out_;
  EXPECT_FALSE(says("\x1b"));
  ASSERT_EQ(run("runs --workflow other"), 0);
  EXPECT_TRUE(complains("no such runs"));
  ASSERT_EQ(run("runs end r-2 --reason done"), 0) << error_;
  EXPECT_TRUE(killed(Property::run, "r-2"));

  Record record = publish::testing::sample("a");
  const publish::Figures figures = publish::figures_of(record);
  const publish::Entry entry{&record, &figures};
  ASSERT_TRUE(process_->ledger->append(std::span(&entry, 1)).has_value());
  ASSERT_EQ(run("top --once"), 0) << error_;
  EXPECT_TRUE(says("$0.0147 in 1 request(s), $0.0029/min  kill switches: 1")) << out_;
  EXPECT_TRUE(says("support-triage  run-7")) << out_;
  ASSERT_EQ(run("top --json"), 0);
  EXPECT_TRUE(says(R"("usd_per_minute":"0.00294")")) << out_;
}

TEST_F(Commands, SayWhatToDoWhereTheServerCannotBeAsked) {
  EXPECT_EQ(run("budget list", false), kExitUsage);
  EXPECT_TRUE(complains("-c FILE, or --admin URL")) << error_;
  EXPECT_EQ(run("budget list --admin https://localhost:9090", false), kExitUsage);
  EXPECT_TRUE(complains("plain HTTP"));
  EXPECT_EQ(run("budget list --admin " + url(), false), kExitFailed);
  EXPECT_TRUE(complains("--token-file")) << error_;
  std::ofstream(folder_.file("wrong")) << "wrong";
  EXPECT_EQ(run("budget list --admin " + url() + " --token-file " + folder_.file("wrong"), false),
            kExitFailed);
  EXPECT_EQ(run("budget list --admin " + url() + " --token-file /nonexistent", false), kExitUsage);
  server_->stop();
  server_ = std::make_unique<AdminServer>(config::Admin{}, actions_);
  EXPECT_EQ(run("budget list"), kExitUnreachable);
  EXPECT_TRUE(complains("is the server running")) << error_;
}

TEST_F(Commands, FindTheServerByItsConfiguration) {
  std::ofstream(folder_.file("tokenweir.yaml"))
      << "schema: 1\nlisten: [{address: 127.0.0.1:0}]\nadmin: {address: 127.0.0.1:" << port_
      << ", token: \"${file:" << token_file() << "}\"}\n"
      << "providers: [{name: p, origin: https://api.openai.com, dialect: openai}]\n"
      << "ledger: {path: " << folder_.file("ledger.db") << "}\n";
  EXPECT_EQ(run("enforce status -c " + folder_.file("tokenweir.yaml"), false), 0) << error_;
  EXPECT_EQ(run("enforce status -c " + folder_.file("nothing.yaml"), false), kExitConfiguration);
  EXPECT_TRUE(complains("--admin URL")) << error_;
}

TEST_F(Commands, TheListenerBoundsWhatItReads) {
  platform::HttpQuestion question;
  question.host = "127.0.0.1";
  question.port = port_;
  question.method = "POST";
  question.target = "/api/v1/kill";
  question.fields = {{"Authorization", "Bearer " + std::string(kToken)},
                     {"Content-Type", "application/json"}};
  question.body = std::string(100'000, ' ');
  auto answer = platform::http_ask(question);
  ASSERT_TRUE(answer.has_value()) << answer.error();
  EXPECT_EQ(answer->status, 413);
  question.body.clear();
  question.fields.emplace_back("X-Long", std::string(20'000, 'x'));
  answer = platform::http_ask(question);
  ASSERT_TRUE(answer.has_value()) << answer.error();
  EXPECT_EQ(answer->status, 431);
  question.fields.pop_back();
  question.method = "GET";
  answer = platform::http_ask(question);
  ASSERT_TRUE(answer.has_value()) << answer.error();
  EXPECT_EQ(answer->body, "{\"kills\":[]}\n");
  question.method = "HEAD";
  answer = platform::http_ask(question);
  ASSERT_TRUE(answer.has_value()) << answer.error();
  EXPECT_EQ(answer->status, 200);
}

TEST(AdminPlaces, AreReadFromUrls) {
  const auto read = [](std::string_view url) {
    const auto place = cli::place_of_url(url);
    return place ? place->host + " " + std::to_string(place->port) : "none";
  };
  EXPECT_EQ(read("http://127.0.0.1:9090"), "127.0.0.1 9090");
  EXPECT_EQ(read("localhost:9090/"), "localhost 9090");
  EXPECT_EQ(read("http://[::1]:9090"), "::1 9090");
  for (const char* bad : {"", "http://", "localhost", "localhost:", "localhost:0",
                          "localhost:99999", ":9090", "localhost:90x"}) {
    EXPECT_EQ(read(bad), "none") << bad;
  }
}

}  // namespace
}  // namespace tokenweir::admin

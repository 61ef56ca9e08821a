#include "publish/access_log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "sample.h"

namespace tokenweir::publish {
namespace {

using namespace testing;

std::string line_of(const Record& record) {
  std::string out;
  TimeText time;
  append_access_line(out, record, figures_of(record), time);
  return out;
}

TEST(AccessLog, ALineTellsTheExchange) {
  EXPECT_EQ(line_of(sample("a1")),
            R"({"time":"2026-11-21T04:08:58.468Z","event":"exchange","id":"a1",)"
            R"("workflow":"support-triage","run":"run-7","team":"support","cost_center":"4711",)"
            R"("environment":"prod","credential":"support-app","provider":"openai",)"
            R"("dialect":"openai_chat","endpoint":"chat.completions","method":"POST",)"
            R"("path":"/v1/chat/completions","model_requested":"gpt-x",)"
            R"("model_served":"gpt-x-2026-08-01","response_id":"chatcmpl-a1","http_status":200,)"
            R"("end_state":"complete","result":"ok","streaming":false,"input_tokens":1000,)"
            R"("cache_read_tokens":24000,"output_tokens":500,"reasoning_tokens":120,)"
            R"("usage_source":"reported","pricing":"priced",)"
            R"("price_id":"openai/gpt-x@2026-08-01#abc","cost_picodollars":14700000000,)"
            R"("cost_usd":"0.0147","ttft_us":400000,"duration_us":2345000,"overhead_us":85,)"
            R"("request_bytes":98304,"response_bytes":2048})"
            "\n");
}

TEST(AccessLog, HostileTextStaysWithinItsLineAndQueriesStayOut) {
  Record record = sample("x");
  record.path = "/v1/models\r\n{\"event\":\"forged\"}?key=secret";
  record.attribution.workflow = "a\nb\x1B[2J\xC2\x85";
  const std::string line = line_of(record);
  EXPECT_EQ(std::ranges::count(line, '\n'), 1);
  EXPECT_EQ(line.find('\x1B'), std::string::npos);
  EXPECT_EQ(line.find("secret"), std::string::npos);
  EXPECT_NE(line.find("\"workflow\":\"a\\nb\\u001b[2J\\u0085\""), std::string::npos) << line;
}

TEST(AccessLog, WritesToAFileAndFollowsARotation) {
  const TemporaryFolder folder;
  const std::string path = folder.file("access.log");
  {
    AccessLog log(path);
    log.write("one\n", 1);
    // Moved away while open, as log rotation does; lines after reopen() go to the new file.
    while (read_file(path) != "one\n") std::this_thread::yield();
    std::filesystem::rename(path, folder.file("access.log.1"));
    log.reopen();
    while (!std::filesystem::exists(path)) std::this_thread::yield();
    log.write("two\n", 1);
  }
  EXPECT_EQ(read_file(folder.file("access.log.1")), "one\n");
  EXPECT_EQ(read_file(path), "two\n");
}

TEST(AccessLog, AReaderThatDoesNotReadDelaysNobody) {
  const TemporaryFolder folder;
  const std::string path = folder.file("pipe");
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const int reader = ::open(path.c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  {
    AccessLog log(path);
    const std::string line(1'000'000, 'x');
    for (int i = 0; i < 40; ++i) log.write(line + "\n", 1);
    EXPECT_GT(log.dropped(), 0u);
  }
  ::close(reader);
}

TEST(AccessLog, AReaderThatLeftEndsNothing) {
  const TemporaryFolder folder;
  const std::string path = folder.file("pipe");
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const int reader = ::open(path.c_str(), O_RDONLY | O_NONBLOCK);
  AccessLog log(path);
  ::close(reader);
  log.write("nobody hears\n", 1);
  while (log.dropped() == 0) std::this_thread::yield();
  EXPECT_EQ(log.dropped(), 1u);
}

TEST(AccessLog, OffWritesNothing) {
  AccessLog log("off");
  EXPECT_FALSE(log.enabled());
  log.write("x\n", 1);
  EXPECT_EQ(log.dropped(), 0u);
}

}  // namespace
}  // namespace tokenweir::publish

// One JSON line an exchange, to standard output, a file or nowhere. Lines are handed over in memory
// and written by a thread of the log's own: a blocked pipe or a full disk delays neither the event
// loops nor the ledger; lines that find the buffer full are dropped and counted.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "core/record.h"
#include "publish/figures.h"
#include "publish/text.h"

namespace tokenweir::publish {

// Appends the line of a record with its newline. Holds no query string, no body, no secret; money
// is exact: integer picodollars and a decimal string of dollars.
void append_access_line(std::string& out, const Record& record, const Figures& figures,
                        TimeText& time);

class AccessLog {
 public:
  // "-": standard output; "off"; or the path of a file, which is appended to.
  explicit AccessLog(std::string target);
  ~AccessLog();
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  [[nodiscard]] bool enabled() const { return target_ != "off"; }
  // Whole lines. Never blocks on the target.
  void write(std::string_view lines, std::uint64_t count);
  // Writes what waits, as far as the target takes it in time, and ends the thread.
  void stop();
  // Opens the file again, after it was moved away by a log rotation. Any thread.
  void reopen();
  // Lines lost because the target did not take them in time or refused them.
  [[nodiscard]] std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  void run();
  void open_target();
  void write_out(std::string_view lines);

  const std::string target_;
  std::atomic<std::uint64_t> dropped_ = 0;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::string waiting_;              // guarded by mutex_
  std::uint64_t waiting_lines_ = 0;  // guarded by mutex_
  bool reopen_ = false;              // guarded by mutex_
  std::atomic<bool> stopping_ = false;
  int file_ = -1;  // the writing thread's
  bool owns_file_ = false;
  bool regular_file_ = false;
  std::thread thread_;
};

}  // namespace tokenweir::publish

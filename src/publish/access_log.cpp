#include "publish/access_log.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace tokenweir::publish {
namespace {

constexpr std::size_t kWaitingBytesMax = 8 * 1024 * 1024;
// A pipe that polls writable takes this much without blocking.
constexpr std::size_t kPipeChunk = 4096;
constexpr int kPollMs = 100;

// A reader that went away must end neither the thread nor the process.
void block_broken_pipe_signal() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

std::uint64_t lines_in(std::string_view text) {
  return static_cast<std::uint64_t>(std::ranges::count(text, '\n'));
}

}  // namespace

AccessLog::AccessLog(std::string target) : target_(std::move(target)) {
  if (!enabled()) return;
  open_target();
  thread_ = std::thread([this] { run(); });
}

void AccessLog::stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

AccessLog::~AccessLog() {
  stop();
  if (owns_file_ && file_ >= 0) ::close(file_);
}

void AccessLog::open_target() {
  if (owns_file_ && file_ >= 0) ::close(file_);
  owns_file_ = target_ != "-";
  file_ = owns_file_
              ? ::open(target_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640)
              : STDOUT_FILENO;
  struct stat status {};
  regular_file_ = file_ >= 0 && ::fstat(file_, &status) == 0 && S_ISREG(status.st_mode);
}

void AccessLog::write(std::string_view lines, std::uint64_t count) {
  if (!enabled() || lines.empty()) return;
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() + lines.size() > kWaitingBytesMax) {
      dropped_.fetch_add(count, std::memory_order_relaxed);
      return;
    }
    waiting_ += lines;
    waiting_lines_ += count;
  }
  wake_.notify_one();
}

void AccessLog::reopen() {
  {
    const std::lock_guard lock(mutex_);
    reopen_ = true;
  }
  wake_.notify_one();
}

void AccessLog::run() {
  block_broken_pipe_signal();
  std::string writing;
  while (true) {
    bool reopen_now = false;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || reopen_ || !waiting_.empty(); });
      writing.clear();
      writing.swap(waiting_);
      waiting_lines_ = 0;
      reopen_now = std::exchange(reopen_, false);
      if (writing.empty() && stopping_) return;
    }
    // What was logged before the rotation belongs to the old file.
    write_out(writing);
    if (reopen_now) open_target();
  }
}

void AccessLog::write_out(std::string_view lines) {
  bool stuck_once = false;
  while (!lines.empty()) {
    if (!regular_file_ && file_ >= 0) {
      pollfd waiting{.fd = file_, .events = POLLOUT, .revents = 0};
      const int ready = ::poll(&waiting, 1, kPollMs);
      if (ready == 0 || (ready < 0 && errno == EINTR)) {
        // At the end of the process a reader that does not read gets one more moment only.
        if (!stopping_ || !std::exchange(stuck_once, true)) continue;
        break;
      }
    }
    const std::size_t chunk = regular_file_ ? lines.size() : std::min(lines.size(), kPipeChunk);
    const ssize_t written = file_ < 0 ? -1 : ::write(file_, lines.data(), chunk);
    if (written < 0 && file_ >= 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (written <= 0) break;
    lines.remove_prefix(static_cast<std::size_t>(written));
  }
  if (!lines.empty()) dropped_.fetch_add(lines_in(lines), std::memory_order_relaxed);
}

}  // namespace tokenweir::publish

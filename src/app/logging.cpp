#include "app/logging.h"

#include <spdlog/async.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace tokenweir::app {
namespace {

constexpr std::size_t kQueuedLines = 8192;

}  // namespace

void start_logging(const std::string& level) {
  spdlog::init_thread_pool(kQueuedLines, 1);
  auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  auto logger =
      std::make_shared<spdlog::async_logger>("tokenweir", std::move(sink), spdlog::thread_pool(),
                                             spdlog::async_overflow_policy::overrun_oldest);
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
  logger->set_level(spdlog::level::from_str(level));
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

void stop_logging() {
  // Kept until the writing thread has been joined: it may still be at the last lines.
  const std::shared_ptr<spdlog::logger> logger = spdlog::default_logger();
  spdlog::shutdown();
}

}  // namespace tokenweir::app

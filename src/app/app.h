// The house: built from one configuration file, owns every object, starts, reloads, drains, stops.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "admin/admin_server.h"
#include "admin/operators.h"
#include "app/calibration_file.h"
#include "app/generation.h"
#include "app/worker.h"
#include "exchange/books.h"
#include "forward/egress.h"
#include "platform/system_clock.h"
#include "publish/publisher.h"

namespace tokenweir::app {

class App final : public admin::Actions {
 public:
  explicit App(std::string config_file);
  ~App() override;

  // Runs until SIGTERM or SIGINT; returns the process's exit code. Call from the main thread.
  [[nodiscard]] int run();

  bool alive() override;
  std::vector<std::string> unready_reasons() override;
  std::string metrics() override;
  std::string reload() override;
  void drain() override;
  std::optional<std::string> record(std::string_view id) override;
  std::string records(const std::map<std::string, std::string, std::less<>>& query) override;

 private:
  enum class Signal : std::uint8_t { none, stop, reload };

  [[nodiscard]] int start();
  [[nodiscard]] Result<void, std::string> obey_orders();
  [[nodiscard]] int bind_workers();
  Signal next_signal(std::chrono::milliseconds wait);
  void serve_until_told();
  void tick();
  void keep_calibration();
  [[nodiscard]] publish::CountingSample counting_sample();
  void follow_secrets();
  void finish();
  [[nodiscard]] bool wait_unless_told(std::chrono::milliseconds wait);
  [[nodiscard]] bool quiet() const;

  std::string config_file_;
  platform::SystemClock clock_;
  forward::Egress egress_;
  exchange::LiveFigures live_;
  std::mutex reload_mutex_;
  Generation generation_;
  exchange::Books books_;
  std::unique_ptr<exchange::Counters> counters_;
  std::optional<CalibrationFile> calibration_file_;
  std::unique_ptr<publish::OperatorStore> orders_;
  std::optional<publish::SpendReader> spend_;
  std::optional<admin::Operators> operators_;
  std::uint64_t kill_changes_ = 0;
  Instant swept_at_{};
  Instant calibration_kept_at_{};
  std::unique_ptr<publish::Publisher> publisher_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<admin::AdminServer> admin_;
  std::atomic<bool> asked_to_drain_{false};
};

}  // namespace tokenweir::app

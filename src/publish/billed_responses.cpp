#include "publish/billed_responses.h"

#include <utility>

#include "publish/exchange_columns.h"

namespace tokenweir::publish {
namespace {

constexpr std::size_t kGenerationMax = 65'536;

std::string key_of(std::string_view provider, std::string_view response_id) {
  std::string key(provider);
  key += '\0';
  key += response_id;
  return key;
}

}  // namespace

BilledResponses::BilledResponses(const std::string& path) {
  auto database = Database::open(path, Database::Access::read_only);
  if (!database) return;
  database_ = std::move(*database);
  auto find = database_.prepare(
      "SELECT 1 FROM exchange e JOIN context c ON c.number = e.context "
      "WHERE e.response_id = ? AND e.replayable = 1 AND c.provider = ? LIMIT 1");
  if (find) find_ = std::move(*find);
}

bool BilledResponses::known(const std::string& key, std::string_view provider,
                            std::string_view response_id) {
  if (young_.contains(key) || old_.contains(key)) return true;
  if (!find_) return false;
  find_->bind(1, response_id);
  find_->bind(2, provider);
  const auto row = find_->step();
  find_->reset();
  return row && *row;
}

void BilledResponses::remember(std::string key) {
  if (young_.size() >= kGenerationMax) {
    old_ = std::move(young_);
    young_.clear();
  }
  young_.insert(std::move(key));
}

bool BilledResponses::already_billed(std::string_view provider,
                                     std::string_view response_id) noexcept {
  const std::lock_guard lock(mutex_);
  return known(key_of(provider, response_id), provider, response_id);
}

bool BilledResponses::claim(std::string_view provider, std::string_view response_id) noexcept {
  const std::lock_guard lock(mutex_);
  std::string key = key_of(provider, response_id);
  if (known(key, provider, response_id)) return false;
  remember(std::move(key));
  return true;
}

void BilledResponses::note(const Record& record) noexcept {
  if (!is_replayable(record)) return;
  const std::lock_guard lock(mutex_);
  remember(key_of(record.provider, record.answer.response_id));
}

}  // namespace tokenweir::publish

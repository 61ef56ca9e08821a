#include "settle/waste.h"

namespace tokenweir::settle {

std::string_view waste_of(const Record& record, const Ending& ending) {
  if (!record.sent) return {};
  if (ending.looping) return "loop";
  const bool same_body = record.retry_cause == "same_body";
  if (!record.retry_cause.empty() && !same_body) return "retry";
  if (same_body && !ending.after_cut) return "duplicate";
  if (ending.client_left) return "client_abort";
  return {};
}

bool is_cut(const Record& record) {
  return record.sent && record.waste.empty() && !record.cap_source.empty() &&
         record.answer.end_state == EndState::truncated;
}

}  // namespace tokenweir::settle

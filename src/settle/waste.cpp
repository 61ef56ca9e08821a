#include "settle/waste.h"

namespace tokenweir::settle {

std::string_view waste_of(const Record& record, bool looping, bool client_left) {
  if (!record.sent) return {};
  if (looping) return "loop";
  if (record.retry_cause == "same_body") return "duplicate";
  if (!record.retry_cause.empty()) return "retry";
  if (client_left) return "client_abort";
  // The cap that was applied is what cut it short: it will have to be asked again.
  const bool capped_by_us = !record.cap_source.empty();
  if (record.answer.end_state == EndState::truncated && capped_by_us) return "truncated";
  return {};
}

}  // namespace tokenweir::settle

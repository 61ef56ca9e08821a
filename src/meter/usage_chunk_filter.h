// Takes the usage chunk that only we asked for out of an OpenAI-style event stream again, so that a
// client which did not ask never sees it. Bytes pass through at once; at most the part of an event
// that may still turn out to be the usage chunk (empty `choices`, non-null `usage`) is held.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace tokenweir::meter {

class UsageChunkFilter {
 public:
  UsageChunkFilter();
  ~UsageChunkFilter();
  UsageChunkFilter(UsageChunkFilter&&) noexcept;
  UsageChunkFilter& operator=(UsageChunkFilter&&) noexcept;

  // Appends to `out` what may be delivered.
  void feed(std::string_view bytes, std::string& out);
  // The stream has ended: appends what is still held, unless it is the usage chunk.
  void finish(std::string& out);
  [[nodiscard]] bool removed_any() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tokenweir::meter

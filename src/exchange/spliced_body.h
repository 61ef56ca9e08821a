// A stored body with its splices applied, handed out piece by piece: everything outside the spliced
// ranges keeps its bytes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "platform/body_store.h"
#include "provider/dialect.h"

namespace tokenweir::exchange {

class SplicedBody {
 public:
  // Both are borrowed. Splices are sorted and lie inside the body.
  SplicedBody(const platform::BodyStore& body, std::span<const provider::Splice> splices);

  [[nodiscard]] std::uint64_t size() const { return size_; }
  // Next piece; empty when all is out, or when the store failed (then done() is false).
  [[nodiscard]] std::string_view next(std::string& buffer);
  [[nodiscard]] bool done() const { return given_ == size_; }

 private:
  const platform::BodyStore& body_;
  std::span<const provider::Splice> splices_;
  std::uint64_t size_ = 0;
  std::uint64_t given_ = 0;
  std::uint64_t offset_ = 0;
  std::size_t next_splice_ = 0;
};

}  // namespace tokenweir::exchange

// Reads a request body as it arrives and remembers the few facts the product acts on. Bounded
// memory whatever the body's size; the same result however the bytes are cut.
#pragma once

#include <memory>
#include <string_view>

#include "provider/dialect.h"

namespace tokenweir::provider {

class RequestReader {
 public:
  // `endpoint` must outlive the reader. `content_type` and `content_encoding` are header values; a
  // compressed body is decoded on the side (bounded), and then never edited.
  RequestReader(const Endpoint& endpoint, Family family, std::string_view content_type,
                std::string_view content_encoding);
  ~RequestReader();
  RequestReader(RequestReader&&) noexcept;
  RequestReader& operator=(RequestReader&&) noexcept;

  void feed(std::string_view bytes);
  [[nodiscard]] Asked finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tokenweir::provider

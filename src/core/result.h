// Expected failures as values. Used everywhere an error is a normal outcome (a refusal, a reset, a
// bad request); exceptions are left for bugs and broken setup.
#pragma once

#include <tl/expected.hpp>

namespace tokenweir {

template <typename Value, typename Error>
class [[nodiscard]] Result : public tl::expected<Value, Error> {
 public:
  using tl::expected<Value, Error>::expected;
};

template <typename Error>
using Failure = tl::unexpected<Error>;

template <typename Error>
[[nodiscard]] Failure<std::decay_t<Error>> failure(Error&& error) {
  return Failure<std::decay_t<Error>>(std::forward<Error>(error));
}

}  // namespace tokenweir

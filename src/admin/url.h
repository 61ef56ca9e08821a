// The percent encoding of paths and queries.
#pragma once

#include <string>
#include <string_view>

namespace tokenweir::admin {

// `%41` becomes `A`; what is no escape stays as it is.
[[nodiscard]] std::string url_decoded(std::string_view text);
// Encodes everything but letters, digits and `-._~`.
[[nodiscard]] std::string url_encoded(std::string_view text);

}  // namespace tokenweir::admin

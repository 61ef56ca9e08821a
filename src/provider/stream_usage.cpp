#include "provider/stream_usage.h"

namespace tokenweir::provider {

bool adds_null_usage(std::string_view host) {
  return host == "api.openai.com" || host.ends_with(".openai.azure.com") ||
         host == "api.deepseek.com";
}

}  // namespace tokenweir::provider

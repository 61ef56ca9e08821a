// Collects what makes a request dearer than its text: media, references, tools, cache writes,
// thinking. Private to the request reader.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "provider/dialect.h"
#include "provider/request_fields.h"
#include "stream/json_extractor.h"

namespace tokenweir::provider {

class RequestExtras {
 public:
  void take(const RequestPlace& place, const stream::JsonValue& value);
  // Another model that may answer.
  void add_model(std::string_view name);
  void add_model(const stream::JsonValue& value);
  // A file in a form.
  void on_form_file(Dialect dialect);
  // Fills extras, reasoning, provider tools and other models. `understood`: the body was read.
  void finish(const Endpoint& endpoint, Family family, bool understood, Asked& asked);

 private:
  // One block of content: its type may come before or behind what it refers to.
  struct Block {
    bool image = false;
    bool other = false;
    bool remote = false;
  };
  struct Tool {
    std::vector<std::string> types;
    std::optional<std::int64_t> uses;
    bool declared = false;  // functions of the client's
  };

  void take_kind(std::string_view type, Block* block);
  void end_block(Block& block);
  void end_tool();
  void note_tool(std::string_view type);

  Extras extras_;
  Reasoning reasoning_;
  std::array<Block, 2> blocks_;
  Tool tool_;
  std::vector<std::string> provider_tools_;
  std::vector<std::string> other_models_;
  std::int64_t written_caches_ = 0;
  bool long_caches_ = false;
  bool looping_tools_ = false;    // bounded by max_tool_calls where the request sets it
  bool unlimited_tools_ = false;  // by nothing
  bool grounded_ = false;
  bool models_unclear_ = false;
  bool tools_unclear_ = false;
  std::optional<std::int64_t> tool_calls_max_;
};

}  // namespace tokenweir::provider

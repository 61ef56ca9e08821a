// Collects what the wanted places of one request body say and draws the conclusions: which of
// several caps counts, what is said twice, and where a splice would ask for usage. Private to the
// request reader.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "provider/dialect.h"
#include "provider/request_fields.h"
#include "stream/json_extractor.h"

namespace tokenweir::provider {

class RequestFacts final : public stream::JsonSink {
 public:
  explicit RequestFacts(const RequestFields& fields) : fields_(fields) {}

  void on_value(const stream::JsonValue& value) override;
  // One form field of a multipart body, already decoded.
  void on_form_field(std::string_view name, std::string_view value);

  // Everything but `readable` and `ask_for_usage`.
  [[nodiscard]] Asked asked() const;
  // Only for a whole JSON object that was read uncompressed.
  [[nodiscard]] std::optional<Splice> ask_for_usage(const stream::JsonExtractor& document) const;

 private:
  // The first byte says enough of a value; where it lies is what a splice needs.
  struct Place {
    int times = 0;
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    std::string raw;  // bounded by the path's capture limit
  };
  struct Text {
    std::string value;
    int rank = 256;
  };
  struct Cap {
    std::optional<std::int64_t> value;
    int rank = 256;
  };

  void take_text(Text& text, int rank, const stream::JsonValue& value);
  void take_cap(int rank, std::string_view raw);
  static void take_place(Place& place, const stream::JsonValue& value);

  const RequestFields& fields_;
  Text model_, tier_, search_context_, user_, session_, workflow_;
  Cap cap_;
  Place stream_, options_, include_usage_;
  int model_times_ = 0;
  int choices_times_ = 0;
  bool continuous_usage_ = false;
  bool background_ = false;
  std::int64_t choices_ = 1;
  std::int64_t best_of_ = 1;
  std::int64_t prompts_ = 1;
  std::int64_t prompt_items_ = 0;
  std::optional<std::uint64_t> spoken_characters_;
  std::size_t messages_ = 0;
  std::size_t message_items_ = 0;
};

}  // namespace tokenweir::provider

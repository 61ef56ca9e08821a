// Collects what the wanted places of one request body say and draws the conclusions: which of
// several caps counts, what is said twice, and where a splice would ask for usage. Private to the
// request reader.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "provider/dialect.h"
#include "provider/request_caps.h"
#include "provider/request_extras.h"
#include "provider/request_fields.h"
#include "stream/json_extractor.h"

namespace tokenweir::provider {

class RequestFacts final : public stream::JsonSink {
 public:
  RequestFacts(const RequestFields& fields, const Endpoint& endpoint, Family family)
      : fields_(fields), endpoint_(endpoint), family_(family) {}

  void on_value(const stream::JsonValue& value) override;
  // One form field of a multipart body, already decoded.
  void on_form_field(std::string_view name, std::string_view value);

  void on_form_file() { extras_.on_form_file(endpoint_.dialect); }

  // Everything but `readable`, `splicable`, `decoded_bytes` and `ask_for_usage`. Once only.
  // `understood`: the body was read to its end, as JSON or as a form.
  [[nodiscard]] Asked asked(const stream::JsonExtractor& document, bool understood);
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
  void take_text(Text& text, int rank, const stream::JsonValue& value);
  static void take_place(Place& place, const stream::JsonValue& value);

  void take_fact(const RequestPlace& place, const stream::JsonValue& value);
  void take_model(const stream::JsonValue& value);
  void note_reading(std::string name);
  [[nodiscard]] bool generates(bool understood) const;

  const RequestFields& fields_;
  const Endpoint& endpoint_;
  const Family family_;
  RequestCaps caps_;
  RequestExtras extras_;
  Text model_, tier_, search_context_, user_, session_, workflow_, speed_, region_;
  Place stream_, options_, include_usage_, model_place_;
  int choices_times_ = 0;
  bool continuous_usage_ = false;
  bool background_ = false;
  bool model_unclear_ = false;
  std::vector<std::string> other_readings_;  // of the model's name, as far as they are few
  bool asks_ = false;
  std::string session_type_;
  std::int64_t choices_ = 1;
  std::int64_t best_of_ = 1;
  std::int64_t prompts_ = 1;
  std::int64_t prompt_items_ = 0;
  std::optional<std::uint64_t> spoken_characters_;
  std::size_t messages_ = 0;
  std::size_t message_items_ = 0;
};

}  // namespace tokenweir::provider

#include <array>
#include <charconv>
#include <cstring>
#include <optional>

#include "core/text.h"
#include "publish/access_log.h"
#include "publish/row_json.h"

namespace tokenweir::publish {
namespace {

// Writes through a pointer into room that is made once for several fields: a line has thirty, and
// appending each in five parts was half of its cost.
class Line {
 public:
  explicit Line(std::string& out) : out_(out), at_(out.size()) { *room(1) = '{'; }
  ~Line() { out_.resize(at_); }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  // Text that is empty and numbers without a value are not told, so they are left out.
  void text(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    start(name);
    if (is_plain_json(value)) {
      char* const at = room(value.size() + 2);
      *at = '"';
      std::memcpy(at + 1, value.data(), value.size());
      at[value.size() + 1] = '"';
      return;
    }
    std::string escaped;
    append_json_string(escaped, value);
    put(escaped);
  }
  template <std::integral Integer>
  void number(std::string_view name, Integer value) {
    start(name);
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    put({digits, static_cast<std::size_t>(end - digits)});
  }
  void number(std::string_view name, const std::optional<std::int64_t>& value) {
    if (value) number(name, *value);
  }
  void flag(std::string_view name, bool value) {
    start(name);
    put(value ? "true" : "false");
  }
  void json(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    start(name);
    put(value);
  }
  void end() { put("}\n"); }

 private:
  void start(std::string_view name) {
    char* at = room(name.size() + 4);
    if (first_) {
      --at_;
    } else {
      *at++ = ',';
    }
    first_ = false;
    *at++ = '"';
    std::memcpy(at, name.data(), name.size());
    at += name.size();
    *at++ = '"';
    *at = ':';
  }
  void put(std::string_view text) { std::memcpy(room(text.size()), text.data(), text.size()); }
  char* room(std::size_t size) {
    if (out_.size() - at_ < size) out_.resize(at_ + size + 1024);
    char* const at = out_.data() + at_;
    at_ += size;
    return at;
  }

  std::string& out_;
  std::size_t at_;
  bool first_ = true;
};

struct NamedKind {
  std::string_view name;
  CostKind kind;
};
constexpr std::array<NamedKind, kTokenKinds> kTokens = {{
    {"input_tokens", CostKind::input},
    {"cache_read_tokens", CostKind::cache_read},
    {"cache_write_tokens", CostKind::cache_write},
    {"output_tokens", CostKind::output},
    {"reasoning_tokens", CostKind::reasoning},
    {"audio_input_tokens", CostKind::input_audio},
    {"audio_output_tokens", CostKind::output_audio},
    {"image_input_tokens", CostKind::input_image},
    {"image_output_tokens", CostKind::output_image},
}};

void add_attribution(Line& line, const Attribution& attribution) {
  line.text("workflow", attribution.workflow);
  line.text("run", attribution.run);
  line.text("parent_run", attribution.parent_run);
  line.text("user", attribution.user);
  line.text("customer", attribution.customer);
  line.text("team", attribution.team);
  line.text("cost_center", attribution.cost_center);
  line.text("environment", attribution.environment);
  line.text("purpose", attribution.purpose);
  line.text("credential", attribution.credential);
  line.text("outcome", attribution.outcome);
  if (!attribution.tags.empty()) line.json("tags", json_object(attribution.tags));
}

void add_exchange(Line& line, const Record& record) {
  line.text("provider", record.provider);
  line.text("dialect", record.dialect);
  line.text("endpoint", record.endpoint);
  line.text("method", record.method);
  line.text("path", std::string_view(record.path).substr(0, record.path.find('?')));
  line.text("model_requested", record.model_requested);
  line.text("model_served", record.answer.model_served);
  line.text("service_tier", record.answer.service_tier.empty() ? record.service_tier_requested
                                                               : record.answer.service_tier);
  line.text("provider_request_id", record.provider_request_id);
  line.text("response_id", record.answer.response_id);
  if (record.http_status != 0) line.number("http_status", record.http_status);
  line.text("end_state", name_of(record.answer.end_state));
  line.text("result", outcome_of(record));
  line.text("refusal", record.refusal);
  line.text("provider_fault", record.provider_fault);
  line.text("error_type", record.answer.error_type);
  line.flag("streaming", record.streaming);
  if (!record.edits.empty()) line.json("edits", json_array(record.edits));
}

void add_money(Line& line, const Bill& bill) {
  line.text("pricing", name_of(bill.pricing));
  line.text("price_id", bill.price_id);
  if (!bill.cost) return;
  line.number("cost_picodollars", bill.cost->picodollars());
  line.text("cost_usd", bill.cost->to_dollars());
}

}  // namespace

void append_access_line(std::string& out, const Record& record, const Figures& figures,
                        TimeText& time) {
  Line line(out);
  line.text("time", time.format(record.finished_at));
  line.text("event", "exchange");
  line.text("id", record.id);
  add_attribution(line, record.attribution);
  line.number("step", record.step);
  add_exchange(line, record);
  for (const NamedKind& tokens : kTokens) line.number(tokens.name, figures[tokens.kind]);
  line.text("usage_source", name_of(usage_source_of(record)));
  add_money(line, record.bill);
  line.number("cap_applied", record.cap_applied);
  line.text("would_refuse", record.would_refuse);
  line.text("would_clamp", record.would_clamp);
  line.text("retry_of", record.retry_of);
  line.text("waste", record.waste);
  line.number("ttft_us", record.ttft_us);
  line.number("duration_us", record.duration_us);
  line.number("overhead_us", record.overhead_us);
  line.number("request_bytes", record.request_bytes);
  line.number("response_bytes", record.response_bytes);
  line.end();
}

}  // namespace tokenweir::publish

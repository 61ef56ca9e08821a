// A developer's tool: meters the recorded answers of a corpus file without a proxy, whole and cut
// at random, and prints one JSON line an exchange for tests/corpus/judge.py.
//   corpus_check FILE.jsonl[.gz] [SEED]
#include <simdjson.h>
#include <zlib.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "meter/answer_meter.h"
#include "provider/dialect.h"

namespace {

using tokenweir::Answer;
using tokenweir::CallClass;
using tokenweir::TokenClass;
using tokenweir::Usage;
using tokenweir::provider::Endpoint;
using tokenweir::provider::Family;
using Json = simdjson::dom::element;

std::string_view text_of(const Json& object, std::string_view key) {
  std::string_view text;
  if (object.at_key(key).get(text) != simdjson::SUCCESS) return {};
  return text;
}

bool flag_of(const Json& object, std::string_view key) {
  bool flag = false;
  return object.at_key(key).get(flag) == simdjson::SUCCESS && flag;
}

bool left_out(const Json& exchange) {
  if (text_of(exchange, "provider") == "bedrock") return true;
  if (text_of(exchange, "body_kind") == "websocket") return true;
  simdjson::dom::array quirks;
  if (exchange.at_key("quirks").get(quirks) != simdjson::SUCCESS) return false;
  return std::ranges::any_of(quirks, [](const Json& quirk) {
    std::string_view word;
    return quirk.get(word) == simdjson::SUCCESS &&
           (word == "sdk_level_snapshot_not_wire_bytes" || word == "stream_as_json_array");
  });
}

Family family_of(std::string_view provider) {
  const auto named = tokenweir::provider::family_named(provider);
  return named.value_or(Family::openai);
}

std::string from_base64(std::string_view text) {
  std::string bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    constexpr std::string_view kDigits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const std::size_t digit = kDigits.find(c);
    if (digit == std::string_view::npos) continue;
    bits = (bits << 6) | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes += static_cast<char>((bits >> count) & 0xFF);
    }
  }
  return bytes;
}

template <typename Cut>
Answer meter(const Endpoint& endpoint, const tokenweir::meter::Question& question,
             const tokenweir::http::ResponseHead& head, std::string_view body, Cut cut) {
  tokenweir::meter::AnswerMeter meter(endpoint, question);
  meter.begin(head);
  while (!body.empty()) {
    const std::size_t size = std::min(cut(), body.size());
    meter.feed(body.substr(0, size));
    body.remove_prefix(size);
  }
  meter.finish(true);
  return meter.take();
}

void append_string(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) >= 0x20) out += c;
  }
  out += '"';
}

void append_count(std::string& out, std::string_view name, std::optional<std::uint64_t> count) {
  out.append(",\"").append(name).append("\":");
  out += count ? std::to_string(*count) : "null";
}

std::optional<std::uint64_t> sum_of(const Usage& usage, std::initializer_list<TokenClass> classes) {
  std::optional<std::uint64_t> sum;
  for (const TokenClass one : classes) {
    if (usage[one]) sum = sum.value_or(0) + *usage[one];
  }
  return sum;
}

std::string line_for(const Json& exchange, std::mt19937_64& random) {
  const std::string_view provider = text_of(exchange, "provider");
  const std::string path(text_of(exchange, "path"));
  const Endpoint endpoint = tokenweir::provider::recognise(
      family_of(provider), text_of(exchange, "method"), path, text_of(exchange, "query"));

  tokenweir::meter::Question question;
  question.family = family_of(provider);
  question.streaming = flag_of(exchange, "streaming");
  question.model = text_of(exchange, "model");
  tokenweir::http::ResponseHead head;
  std::int64_t status = 200;
  if (exchange.at_key("status").get(status) == simdjson::SUCCESS) {
    head.status = static_cast<int>(status);
  }
  Json headers;
  if (exchange.at_key("response_headers").get(headers) == simdjson::SUCCESS &&
      headers.is_object()) {
    const std::string_view type = text_of(headers, "content-type");
    if (!type.empty()) head.fields.push_back({"Content-Type", type});
  }
  std::string body(text_of(exchange, "response_body"));
  if (flag_of(exchange, "response_body_base64")) body = from_base64(body);

  const Answer whole = meter(endpoint, question, head, body, [&] { return body.size(); });
  const Answer cut = meter(endpoint, question, head, body,
                           [&] { return static_cast<std::size_t>(random() % 97 + 1); });
  Usage sum;
  for (const tokenweir::Inference& inference : whole.inferences) sum.add(inference.usage);

  std::string out = "{\"id\":";
  append_string(out, text_of(exchange, "id"));
  out += ",\"dialect\":";
  append_string(out, name_of(endpoint.dialect));
  out += ",\"endpoint\":";
  append_string(out, endpoint.name);
  out += ",\"end_state\":";
  append_string(out, name_of(whole.end_state));
  out += ",\"usage_source\":";
  append_string(out, name_of(whole.source));
  out += ",\"model_served\":";
  append_string(out, whole.model_served);
  append_count(out, "total_input", sum.total_input());
  append_count(out, "total_output", sum.total_output());
  append_count(out, "cache_read",
               sum_of(sum, {TokenClass::cache_read, TokenClass::audio_cache_read,
                            TokenClass::image_cache_read}));
  append_count(out, "cache_write",
               sum_of(sum, {TokenClass::cache_write_5m, TokenClass::cache_write_30m,
                            TokenClass::cache_write_1h, TokenClass::cache_write_12h,
                            TokenClass::cache_write_unknown}));
  append_count(out, "reasoning", sum[TokenClass::reasoning]);
  append_count(out, "web_search", sum[CallClass::web_search]);
  append_count(out, "search_query", sum[CallClass::search_query]);
  append_count(out, "grounded_prompt", sum[CallClass::grounded_prompt]);
  append_count(out, "provider_cost_picodollars",
               whole.provider_cost ? std::optional<std::uint64_t>(static_cast<std::uint64_t>(
                                         whole.provider_cost->picodollars()))
                                   : std::nullopt);
  out += whole.usage_anomaly ? ",\"anomaly\":true" : ",\"anomaly\":false";
  out += cut == whole ? ",\"same_when_cut\":true}" : ",\"same_when_cut\":false}";
  return out;
}

bool read_line(gzFile file, std::string& line) {
  line.clear();
  char buffer[64 * 1024];
  while (gzgets(file, buffer, sizeof buffer) != nullptr) {
    line += buffer;
    if (line.ends_with('\n')) return true;
  }
  return !line.empty();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: corpus_check FILE.jsonl[.gz] [SEED]\n";
    return 64;
  }
  gzFile file = gzopen(argv[1], "rb");
  if (file == nullptr) {
    std::cerr << "cannot open " << argv[1] << '\n';
    return 66;
  }
  std::mt19937_64 random(argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1);
  simdjson::dom::parser parser;
  std::string line;
  int bad = 0;
  while (read_line(file, line)) {
    Json exchange;
    if (parser.parse(line).get(exchange) != simdjson::SUCCESS) {
      ++bad;
      continue;
    }
    if (!left_out(exchange)) std::cout << line_for(exchange, random) << '\n';
  }
  gzclose(file);
  if (bad > 0) std::cerr << bad << " lines are not JSON\n";
  return bad == 0 ? 0 : 65;
}

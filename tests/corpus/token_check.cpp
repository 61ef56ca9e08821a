// Counts recorded exchanges with the product's counter, without a proxy: reads JSON lines on stdin,
// writes one on stdout for each. tests/corpus/tokens.py compares them with the reported usage.
#include <simdjson.h>

#include <cctype>
#include <iostream>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "count/answer_text.h"
#include "count/request_count.h"

namespace {

using tokenweir::count::ModelCounting;
using tokenweir::count::OutputCounter;
using tokenweir::provider::Endpoint;
using tokenweir::provider::Family;
using Json = simdjson::dom::element;

std::string_view text_of(const Json& object, std::string_view key) {
  std::string_view text;
  if (object.at_key(key).get(text) != simdjson::SUCCESS) return {};
  return text;
}

// What is said in an answer: the lines of an event stream or of NDJSON, else one document.
void count_answer(const Endpoint& endpoint, const Json& exchange, OutputCounter& out) {
  const std::string_view body = text_of(exchange, "response_body");
  const std::string_view kind = text_of(exchange, "body_kind");
  if (kind != "sse" && kind != "ndjson") {
    tokenweir::count::count_answer_document(endpoint.dialect, false, body, out);
    return;
  }
  for (std::size_t at = 0; at < body.size();) {
    const std::size_t end = std::min(body.find('\n', at), body.size());
    std::string_view line = body.substr(at, end - at);
    at = end + 1;
    if (line.starts_with("data:")) line.remove_prefix(5);
    while (!line.empty() && line.front() == ' ') line.remove_prefix(1);
    if (line.starts_with('{'))
      tokenweir::count::count_answer_document(endpoint.dialect, true, line, out);
  }
}

class Judge {
 public:
  Judge(const std::string& models, const std::string& vocabularies)
      : map_(*tokenweir::tokenizer::ModelMap::read(models)), vocabularies_(vocabularies) {}

  std::string line(const Json& exchange);

 private:
  const ModelCounting& counting(std::string_view family, std::string_view model) {
    auto [at, added] = known_.try_emplace({std::string(family), std::string(model)});
    if (added) at->second = tokenweir::count::counting_of(map_, vocabularies_, family, model);
    return at->second;
  }

  tokenweir::tokenizer::ModelMap map_;
  tokenweir::tokenizer::Vocabularies vocabularies_;
  std::map<std::pair<std::string, std::string>, ModelCounting> known_;
  tokenweir::count::Memories memories_;
};

std::string Judge::line(const Json& exchange) {
  const std::string_view provider = text_of(exchange, "family");
  const Family family = tokenweir::provider::family_named(provider).value_or(Family::openai);
  const std::string path(text_of(exchange, "path"));
  const Endpoint endpoint = tokenweir::provider::recognise(family, text_of(exchange, "method"),
                                                           path, text_of(exchange, "query"));
  const std::string_view body = text_of(exchange, "request_body");
  const auto transcript =
      tokenweir::count::read_transcript(endpoint, body, tokenweir::count::HashKey{1, 2});
  std::string model(text_of(exchange, "model"));
  if (model.empty()) model = endpoint.model;
  const ModelCounting& counting = this->counting(provider, model);
  const auto count = tokenweir::count::count_request(
      {endpoint, counting, model, body, transcript, map_.host_extra(text_of(exchange, "host"))},
      &memories_, 0);
  OutputCounter output(endpoint.dialect, counting);
  count_answer(endpoint, exchange, output);

  std::string out = "{\"dialect\":\"" + std::string(name_of(endpoint.dialect)) + "\"";
  out += count.readable ? ",\"readable\":true" : ",\"readable\":false";
  out += ",\"tokens\":" + std::to_string(count.tokens);
  out += ",\"upper\":" + (count.upper_bound ? std::to_string(*count.upper_bound) : "null");
  for (std::size_t i = 0; i < tokenweir::count::kSlices; ++i) {
    out += ",\"" + std::string(name_of(static_cast<tokenweir::count::Slice>(i))) +
           "\":" + std::to_string(count.parts[i]);
  }
  out += ",\"vocabulary\":\"" + std::string(name_of(count.vocabulary)) + "\"";
  out += ",\"template\":\"" + std::string(name_of(counting.choice.framing)) + "\"";
  out += ",\"grade\":\"" + std::string(name_of(count.grade)) + "\"";
  out += ",\"output\":" + std::to_string(output.total());
  out += ",\"output_upper\":" + std::to_string(output.upper_bound());
  out += ",\"output_reasoning\":" + std::to_string(output.reasoning()) + "}";
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: token_check MODELS.yaml [VOCABULARIES] <exchanges.jsonl\n";
    return 64;
  }
  std::ios::sync_with_stdio(false);
  Judge judge(argv[1], argc > 2 ? argv[2] : "");
  simdjson::dom::parser parser;
  for (std::string line; std::getline(std::cin, line);) {
    Json exchange;
    if (parser.parse(line).get(exchange) != simdjson::SUCCESS) {
      std::cout << "null\n";
      continue;
    }
    std::cout << judge.line(exchange) << '\n';
  }
  return 0;
}

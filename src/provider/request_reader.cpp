#include "provider/request_reader.h"

#include "provider/request_facts.h"
#include "provider/request_fields.h"
#include "provider/request_multipart.h"
#include "stream/decompressor.h"
#include "stream/json_extractor.h"

namespace tokenweir::provider {

struct RequestReader::State final : stream::ByteSink {
  State(const Endpoint& the_endpoint, Family family, std::string_view content_type,
        std::string_view content_encoding)
      : endpoint(the_endpoint),
        fields(request_fields(endpoint.dialect)),
        facts(fields, endpoint, family),
        document(fields.paths),
        decompressor(content_encoding),
        compressed(!decompressor.identity()),
        plain_charset(has_plain_charset(content_type)) {
    if (const auto boundary = multipart_boundary(content_type)) {
      form = std::make_unique<MultipartReader>(*boundary);
    }
  }

  void on_bytes(std::string_view bytes) override {
    size += bytes.size();
    if (form) {
      form->feed(bytes, facts);
    } else {
      document.feed(bytes, facts);
    }
  }

  const Endpoint& endpoint;
  const RequestFields& fields;
  RequestFacts facts;
  stream::JsonExtractor document;
  stream::Decompressor decompressor;
  bool compressed;
  bool plain_charset;
  std::uint64_t size = 0;
  std::unique_ptr<MultipartReader> form;
};

RequestReader::RequestReader(const Endpoint& endpoint, Family family, std::string_view content_type,
                             std::string_view content_encoding)
    : state_(std::make_unique<State>(endpoint, family, content_type, content_encoding)) {}
RequestReader::~RequestReader() = default;
RequestReader::RequestReader(RequestReader&&) noexcept = default;
RequestReader& RequestReader::operator=(RequestReader&&) noexcept = default;

void RequestReader::feed(std::string_view bytes) { state_->decompressor.feed(bytes, *state_); }

Asked RequestReader::finish() {
  State& state = *state_;
  const bool decoded = state.decompressor.finish() == stream::Decompressor::State::ok;
  state.document.finish(state.facts);
  const bool readable = !state.form && decoded && state.plain_charset &&
                        state.document.complete() && state.document.root_is_object() &&
                        state.document.valid_utf8();
  Asked asked = state.facts.asked(state.document, readable || (state.form && decoded));
  asked.readable = readable;
  asked.splicable = readable && !state.compressed && !asked.duplicate_keys && !asked.caps.too_many;
  asked.decoded_bytes = state.size;
  const bool can_ask = state.endpoint.dialect == Dialect::openai_chat ||
                       state.endpoint.dialect == Dialect::openai_completions;
  if (readable && !state.compressed && can_ask) {
    asked.ask_for_usage = state.facts.ask_for_usage(state.document);
  }
  if (state.endpoint.streams) {
    asked.stream = state.endpoint.streams;
  } else if (!asked.stream && state.endpoint.streams_by_default) {
    asked.stream = true;
  }
  return asked;
}

}  // namespace tokenweir::provider

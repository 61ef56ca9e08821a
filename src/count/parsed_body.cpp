#include "count/parsed_body.h"

#include <charconv>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "count/document.h"

namespace tokenweir::count {

namespace {

// What a larger body grew is given back when it is done.
constexpr std::size_t kKeptCapacity = 512 * 1024;
constexpr std::size_t kKeptDocuments = 16;

// Half of a surrogate pair stands for no character: as servers do, U+FFFD is read in its place,
// which the parser does not do by itself. Empty: there is none.
std::string with_replacements(std::string_view body) {
  const auto unit_at = [body](std::size_t at) -> std::uint32_t {
    std::uint32_t unit = 0;
    if (at + 6 > body.size() || body[at] != '\\' || body[at + 1] != 'u') return 0;
    const auto [end, error] = std::from_chars(&body[at + 2], &body[at + 2] + 4, unit, 16);
    return error == std::errc{} && end == &body[at + 2] + 4 ? unit : 0;
  };
  std::string out;
  std::size_t copied = 0;
  for (std::size_t at = body.find('\\'); at != std::string_view::npos; at = body.find('\\', at)) {
    const std::uint32_t unit = unit_at(at);
    if ((unit & 0xF800) != 0xD800) {
      at += 2;
      continue;
    }
    const bool leads = unit < 0xDC00;
    if (leads && (unit_at(at + 6) & 0xFC00) == 0xDC00) {
      at += 12;
      continue;
    }
    out += body.substr(copied, at - copied);
    out += "\\ufffd";
    at += 6;
    copied = at;
  }
  if (copied > 0) out += body.substr(copied);
  return out;
}

bool parse(simdjson::dom::parser& parser, std::string_view body, Json& root) {
  if (body.empty() || body.size() > kMostTranscriptBytes) return false;
  auto error = parser.parse(body.data(), body.size()).get(root);
  if (error == simdjson::STRING_ERROR) {
    const std::string repaired = with_replacements(body);
    if (!repaired.empty()) error = parser.parse(repaired.data(), repaired.size()).get(root);
  }
  return error == simdjson::SUCCESS;
}

using Document = ParsedBody::Document;

std::vector<std::unique_ptr<Document>>& kept_documents() {
  thread_local std::vector<std::unique_ptr<Document>> kept;
  return kept;
}

Document* take_document() {
  auto& kept = kept_documents();
  if (kept.empty()) return new Document;
  Document* const document = kept.back().release();
  kept.pop_back();
  return document;
}

}  // namespace

void ParsedBody::GiveBack::operator()(Document* document) const {
  std::unique_ptr<Document> owned(document);
  auto& kept = kept_documents();
  if (owned->parser.capacity() <= kKeptCapacity && kept.size() < kKeptDocuments)
    kept.push_back(std::move(owned));
}

ParsedBody::ParsedBody(provider::Dialect dialect, std::string_view body)
    : document_(take_document()) {
  if (parse(document_->parser, body, document_->root)) {
    find_sources(dialect, document_->root, document_->sources);
  } else {
    document_.reset();
  }
}

const Json* parse_body(std::string_view body) {
  thread_local std::unique_ptr<simdjson::dom::parser> parser;
  thread_local Json root;
  if (parser == nullptr || parser->capacity() > kKeptCapacity)
    parser = std::make_unique<simdjson::dom::parser>(kMostTranscriptBytes);
  return parse(*parser, body, root) ? &root : nullptr;
}

}  // namespace tokenweir::count

// One dialect's answers, document by document: which JSON paths matter and what they add up to. The
// meter undoes the framing and feeds the values; a new dialect is one subclass and one row in
// make_answer_reader. Pure, bounded memory.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/answer.h"
#include "http/message.h"
#include "provider/dialect.h"
#include "stream/json_extractor.h"

namespace tokenweir::provider {

// The paths a dialect reads, each with the number its reader knows it by.
class WantedPaths {
 public:
  struct Want {
    std::string_view path;
    int field;
    std::size_t capture_limit;
  };
  WantedPaths() = default;
  explicit WantedPaths(std::span<const Want> wants);
  void add(const Want& want);

  [[nodiscard]] const stream::PathSet& paths() const { return paths_; }
  [[nodiscard]] int field_of(int path) const { return fields_[static_cast<std::size_t>(path)]; }

 private:
  stream::PathSet paths_;
  std::vector<int> fields_;
};

// Capture limits: a short word (an id, a type), an object of figures, mere presence.
inline constexpr std::size_t kWord = 512;
inline constexpr std::size_t kObject = 64 * 1024;
inline constexpr std::size_t kPresence = 0;

// Facts about the answer that do not depend on the run of the exchange.
struct AnswerContext {
  const Endpoint* endpoint = nullptr;  // outlives the reader
  Family family = Family::opaque;
  std::string model;  // requested
  std::string host;
};

class AnswerReader : public stream::JsonSink {
 public:
  AnswerReader(AnswerContext context, const WantedPaths& wanted);

  [[nodiscard]] const stream::PathSet& paths() const { return wanted_->paths(); }

  // The answer's header fields, before any document.
  virtual void head(std::span<const http::Field> fields);
  // A document (an event's data, a line, an array's element, a whole body) is over. `event` is its
  // name where the framing has one; `whole` says that it was one complete JSON value.
  void document(std::string_view event, bool whole);
  // An event whose data was "[DONE]".
  void done_marker() { terminal_ = true; }
  void on_value(const stream::JsonValue& value) final;

  // The dialect's own terminator, or everything a terminator would tell, has been seen.
  [[nodiscard]] bool terminal() const { return terminal_ || (finished_ && has_usage()); }
  // The answer's content is over, although the dialect's terminator may still be missing.
  [[nodiscard]] bool finished() const { return finished_ || terminal_; }
  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] bool truncated() const { return truncated_; }
  [[nodiscard]] std::uint64_t content_documents() const { return content_documents_; }
  // Whether a stream of this dialect says itself where it ends.
  [[nodiscard]] virtual bool has_terminator() const { return true; }

  // Everything known so far but the end state. `ended`: nothing more will come.
  void write(Answer& answer, bool ended) const;

 protected:
  // `raw` is the verbatim text of a wanted value that is not null.
  virtual void value(int field, const stream::JsonValue& value) = 0;
  virtual void document_end(std::string_view event, bool whole) = 0;
  [[nodiscard]] virtual bool has_usage() const = 0;
  // Sets inferences, cost, raw usage and what else the usage objects tell.
  virtual void write_usage(Answer& answer, bool ended) const = 0;

  // Keeps the first id and the latest model, tier: bounded, printable text only.
  void keep_id(std::string_view raw);
  void keep_model(std::string_view raw);
  void keep_tier(std::string_view raw);
  // An error was reported; the first word found is its type. Text that is not a word is dropped: it
  // may quote the prompt.
  void fail() { failed_ = true; }
  void keep_error_type(std::string_view raw);
  void finish_content(bool at_limit);

  AnswerContext context_;
  Answer known_;  // id, model, tier, region, job, error type
  bool terminal_ = false;
  bool finished_ = false;
  bool failed_ = false;
  bool truncated_ = false;
  bool content_ = false;  // the present document carried content

 private:
  const WantedPaths* wanted_;
  std::uint64_t content_documents_ = 0;
};

// Null where nothing of the answer is understood.
[[nodiscard]] std::unique_ptr<AnswerReader> make_answer_reader(AnswerContext context);

std::unique_ptr<AnswerReader> make_openai_reader(AnswerContext context);
std::unique_ptr<AnswerReader> make_responses_reader(AnswerContext context);
std::unique_ptr<AnswerReader> make_anthropic_reader(AnswerContext context);
std::unique_ptr<AnswerReader> make_gemini_reader(AnswerContext context);
std::unique_ptr<AnswerReader> make_interactions_reader(AnswerContext context);
std::unique_ptr<AnswerReader> make_cohere_reader(AnswerContext context);
std::unique_ptr<AnswerReader> make_ollama_reader(AnswerContext context);

// What a JSON string says, cut to `limit`, without control characters; empty when it is no string.
[[nodiscard]] std::string plain_text(std::string_view raw, std::size_t limit = 256);
// A count up to 10^12 written as "12" or "12.0".
[[nodiscard]] std::optional<std::uint64_t> count_from_text(std::string_view text);
// A non-empty string, array or object.
[[nodiscard]] bool has_content(const stream::JsonValue& value);

}  // namespace tokenweir::provider

#include "exchange/token_count.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "core/decimal.h"
#include "count/answer_text.h"

namespace tokenweir::exchange {
namespace {

// Counting so much takes less than a millisecond.
constexpr std::size_t kCountedHere = 64 * 1024;
// A document that repeats a whole long answer need not be kept to be counted.
constexpr std::size_t kDocumentsMost = 2 * 1024 * 1024;

runs::PartKind kind_of(count::PartKind kind) {
  switch (kind) {
    case count::PartKind::system:
      return runs::PartKind::system;
    case count::PartKind::tools:
      return runs::PartKind::tools;
    case count::PartKind::user:
      return runs::PartKind::user;
    case count::PartKind::assistant:
      return runs::PartKind::assistant;
    case count::PartKind::tool_result:
      return runs::PartKind::tool_result;
    case count::PartKind::other:
      return runs::PartKind::other;
  }
  return runs::PartKind::other;
}

std::string parts_json(const count::RequestCount& request) {
  std::string out;
  for (std::size_t i = 0; i < count::kSlices; ++i) {
    if (request.parts[i] == 0) continue;
    out += out.empty() ? "{\"" : ",\"";
    out += count::name_of(static_cast<count::Slice>(i));
    out += "\":";
    append_number(out, request.parts[i]);
  }
  if (!out.empty()) out += '}';
  return out;
}

}  // namespace

TokenCount::~TokenCount() = default;

void TokenCount::read(const provider::Endpoint& endpoint, std::string_view family,
                      std::string_view host, std::string_view model, std::string_view body) {
  if (counters_ == nullptr) return;
  read_ = true;
  endpoint_ = endpoint;
  family_ = family;
  name_ = model;
  host_ = counters_->host_extra(host);
  resolve();
  parsed_ = count::ParsedBody(endpoint_.dialect, body);
  transcript_ = count::read_transcript(endpoint_, parsed_, body, counters_->key());
  if (body.size() > kCountedHere) parsed_ = {};
}

bool TokenCount::resolve() {
  if (model_ != nullptr || !read_) return model_ != nullptr;
  model_ = counters_->model(family_, name_);
  if (model_ != nullptr) output_.emplace(endpoint_.dialect, *model_);
  const bool may_be_stored = endpoint_.dialect == provider::Dialect::openai_responses ||
                             endpoint_.dialect == provider::Dialect::gemini_interactions;
  if (output_ && may_be_stored) output_->keep_calls();
  return model_ != nullptr;
}

runs::Signs TokenCount::signs(std::uint32_t sdk_retries) const {
  runs::Signs signs;
  signs.sdk_retries = sdk_retries;
  signs.body = transcript_.body;
  signs.parts.reserve(transcript_.parts.size());
  for (const count::Part& part : transcript_.parts) {
    signs.parts.push_back({kind_of(part.kind), part.hash});
  }
  signs.calls.reserve(transcript_.calls.size());
  for (const count::ToolCall& call : transcript_.calls) {
    signs.calls.push_back(
        {call.part, call.name, call.arguments, call.result, call.failed, call.waiting});
  }
  signs.question = transcript_.question;
  signs.stored_context = transcript_.stored_context;
  for (const count::LooseResult& one : transcript_.loose_results) {
    signs.loose_results.push_back({one.result, one.failed, one.waiting});
  }
  return signs;
}

std::vector<runs::ToolCall> TokenCount::made_calls() const {
  std::vector<runs::ToolCall> made;
  if (!output_) return made;
  for (const count::OutputCounter::Call& call : output_->kept_calls()) {
    runs::ToolCall& one = made.emplace_back();
    one.name = call.name.substr(0, count::kMostToolNameBytes);
    one.arguments = count::hash_of_arguments(call.arguments, counters_->key());
  }
  return made;
}

std::uint64_t TokenCount::scope_of(std::string_view scope) const {
  if (scope.empty()) return 0;
  return count::SipHash(counters_->key()).finish(scope) | 1;
}

bool TokenCount::counts_alike(const count::ModelCounting& counting, std::string_view other) const {
  const auto searches = [](std::string_view name) { return name.ends_with(":online"); };
  return model_ != nullptr && counting.choice == model_->choice &&
         counting.images == model_->images && searches(other) == searches(name_);
}

const count::RequestCount* TokenCount::request() const {
  const count::RequestCount* request = request_ ? &*request_ : nullptr;
  if (job_ != nullptr && done()) request = &job_->count;
  return request != nullptr && request->readable ? request : nullptr;
}

void TokenCount::count_request(std::string_view body, std::string_view scope) {
  if (!must_count()) return;
  if (resolve() && body.size() <= kCountedHere) {
    const count::RequestQuestion question{endpoint_,   *model_, name_,   body,
                                          transcript_, host_,   &parsed_};
    request_ = count::count_request(question, &counters_->memories(), scope_of(scope));
    parsed_ = {};
    return;
  }
  parsed_ = {};
  job_ = std::make_shared<Job>();
  job_->body = body;
  job_->transcript = transcript_;
  job_->endpoint = endpoint_;
  job_->model = model_;
  job_->family = family_;
  job_->name = name_;
  job_->host = host_;
  job_->scope = scope_of(scope);
  boost::asio::post(counters_->pool(), [job = job_, counters = counters_] {
    // The one thread there loads a vocabulary before what was asked for after it.
    if (job->model == nullptr) job->model = counters->model(job->family, job->name);
    if (job->model != nullptr) {
      const count::RequestQuestion question{job->endpoint, *job->model,     job->name,
                                            job->body,     job->transcript, job->host};
      job->count = count::count_request(question, &counters->memories(), job->scope);
    }
    job->done.store(true, std::memory_order_release);
  });
}

bool TokenCount::done() const {
  return job_ == nullptr || job_->done.load(std::memory_order_acquire);
}

void TokenCount::on_document(std::string_view document) {
  if (!read_ || documents_.size() + document.size() > kDocumentsMost) return;
  documents_.append(document);
  ends_.push_back(documents_.size());
}

void TokenCount::count_documents() {
  if (ends_.empty() || !resolve()) return;
  std::size_t begin = 0;
  for (const std::size_t end : ends_) {
    const std::string_view document = std::string_view(documents_).substr(begin, end - begin);
    count::count_answer_document(endpoint_.dialect, streaming_, document, *output_);
    begin = end;
  }
  documents_.clear();
  ends_.clear();
}

std::int64_t TokenCount::delivered() const {
  return output_ ? static_cast<std::int64_t>(output_->upper_bound()) : 0;
}

void TokenCount::write(Record& record) const {
  if (const count::RequestCount* request = this->request()) {
    record.counted_input_tokens = counters_->calibration().corrected(
        record.provider_label, name_, request->kind, request->grade, request->tokens);
    record.input_parts = parts_json(*request);
    record.context_repeated_tokens = request->repeated;
    record.counted_upper_bound = request->upper_bound;
    record.counted_tokenizer = tokenizer::name_of(request->vocabulary);
    record.counted_confidence = count::name_of(request->grade);
  }
  if (output_ && output_->total() > 0) {
    record.counted_output_tokens = static_cast<std::int64_t>(output_->total());
  }
}

void TokenCount::learn(const Record& record, Time now) const {
  const count::RequestCount* request = this->request();
  // What the provider holds part of (no bound) would teach nothing.
  if (request == nullptr || !request->upper_bound) return;
  if (record.input_source != UsageSource::reported || record.answer.inferences.size() != 1) return;
  const auto reported = record.answer.inferences.front().usage.total_input();
  if (!reported) return;
  counters_->calibration().add(record.provider_label, name_, request->kind, request->grade,
                               request->tokens, static_cast<std::int64_t>(*reported), now);
}

bool TokenCount::input_is_exact() const {
  const count::RequestCount* request = this->request();
  return request != nullptr && request->grade == count::Grade::exact;
}

bool TokenCount::output_is_exact() const { return output_ && output_->is_exact(); }

}  // namespace tokenweir::exchange

#include "count/output_counter.h"

#include <algorithm>

namespace tokenweir::count {

namespace {

using provider::Dialect;
using tokenizer::Confidence;
using tokenizer::Template;

// Choices and calls run side by side, so several blocks are open at once; the oldest is closed when
// there are more.
constexpr std::size_t kMostOpen = 16;

// What usage counts beside what is said (fitted to recorded answers): the token that ends it, the
// name of its channel, and the marks around calls.
struct Marks {
  std::uint64_t answer = 0;
  std::uint64_t call = 12;
  std::uint64_t calls = 0;  // where there are any
};

Marks marks_of(Template name, Dialect dialect) {
  const bool responses = dialect == Dialect::openai_responses;
  switch (name) {
    case Template::openai:
      return {responses ? 1u : 0u, 6, 1};
    case Template::openai_reasoning:
      return {responses ? 4u : 3u, 6, 1};
    case Template::harmony:
      return {5, 6, 0};
    case Template::anthropic:
      return {3, 30, 2};
    case Template::gemini:
      return {0, 4, 0};
    case Template::deepseek:
      return {0, 12, 12};
    case Template::mistral:
      return {1, 10, 0};
    case Template::chatml:
    case Template::llama:
      return {1, 12, 0};
    default:
      return {};
  }
}

std::uint64_t digits_of(std::string_view text) {
  return static_cast<std::uint64_t>(
      std::ranges::count_if(text, [](char c) { return c >= '0' && c <= '9'; }));
}

}  // namespace

OutputCounter::OutputCounter(Dialect dialect, const ModelCounting& model)
    : model_(model),
      exact_(model.vocabulary != nullptr && model.choice.confidence != Confidence::estimated) {
  const Marks marks = marks_of(model.choice.framing, dialect);
  marks_of_answer_ = marks.answer;
  marks_of_call_ = marks.call;
  marks_of_calls_ = marks.calls;
}

OutputCounter::Sum OutputCounter::sum_of(const Block& block) const {
  const std::uint64_t count = block.count.count();
  if (exact_) return {count, count};
  std::uint64_t tokens = scaled(model_.choice, count, block.bytes, block.other_bytes);
  // Deltas cut numbers anywhere, so runs of digits are not looked for.
  const std::uint64_t digits = block.digits * 2 / 3;
  if (model_.choice.digits_apart) tokens += digits;
  const std::uint64_t most = most_of_estimate(model_.choice, tokens, block.bytes);
  return {tokens, std::max(most, tokens + (model_.choice.digits_apart ? 0 : digits))};
}

void OutputCounter::close(const Block& block) {
  const Sum sum = sum_of(block);
  closed_.tokens += sum.tokens;
  closed_.bound += sum.bound;
  if (block.channel != Channel::reasoning) return;
  closed_reasoning_.tokens += sum.tokens;
  closed_reasoning_.bound += sum.bound;
}

OutputCounter::Block& OutputCounter::block_of(Channel channel, std::uint32_t index) {
  for (Block& block : open_) {
    if (block.channel == channel && block.index == index) return block;
  }
  if (open_.size() >= kMostOpen) {
    close(open_.front());
    open_.erase(open_.begin());
  }
  return open_.emplace_back(
      Block{channel, index, 0, 0, 0, tokenizer::RunningCount(model_.vocabulary)});
}

void OutputCounter::keep(Channel channel, std::uint32_t index, std::string_view delta) {
  constexpr std::size_t kMostCalls = 64;
  constexpr std::size_t kMostBytes = 32 * 1024;
  if (channel == Channel::tool_name) {
    if (kept_calls_.size() < kMostCalls) kept_calls_.push_back({index, std::string(delta), {}});
  } else if (channel == Channel::tool_arguments) {
    const auto call = std::find_if(kept_calls_.rbegin(), kept_calls_.rend(),
                                   [&](const Call& kept) { return kept.index == index; });
    if (call != kept_calls_.rend() && call->arguments.size() + delta.size() <= kMostBytes) {
      call->arguments += delta;
    }
  }
}

void OutputCounter::push(Channel channel, std::uint32_t index, std::string_view delta) {
  if (delta.empty()) return;
  if (keeps_calls_) keep(channel, index, delta);
  if (channel == Channel::reasoning) saw_reasoning_ = true;
  if (channel == Channel::tool_name) ++calls_;
  if (model_.vocabulary == nullptr) {
    bytes_without_vocabulary_ += delta.size();
    return;
  }
  Block& block = block_of(channel, index);
  block.count.append(delta);
  block.bytes += delta.size();
  if (!exact_) block.digits += digits_of(delta);
  if (model_.choice.per_thousand != model_.choice.per_thousand_other_scripts)
    block.other_bytes += bytes_of_other_scripts(delta);
}

std::uint64_t OutputCounter::total() const {
  std::uint64_t tokens = closed_.tokens + bytes_without_vocabulary_ / 4;
  for (const Block& block : open_) tokens += sum_of(block).tokens;
  return tokens == 0 ? 0 : tokens + marks();
}

std::uint64_t OutputCounter::upper_bound() const {
  std::uint64_t tokens = closed_.bound + bytes_without_vocabulary_;
  for (const Block& block : open_) tokens += sum_of(block).bound;
  return tokens == 0 ? 0 : tokens + marks() * 2 + 4;
}

std::uint64_t OutputCounter::reasoning() const {
  std::uint64_t tokens = closed_reasoning_.tokens;
  for (const Block& block : open_) {
    if (block.channel == Channel::reasoning) tokens += sum_of(block).tokens;
  }
  return tokens;
}

}  // namespace tokenweir::count

#include "provider/request_facts.h"

#include <algorithm>

#include "provider/request_values.h"

namespace tokenweir::provider {

namespace {

constexpr std::size_t kTextMax = 512;
// No server completes more than this at once; it keeps products of counts far from overflow.
constexpr std::int64_t kChoicesMax = 1'000'000;

std::int64_t at_least_one(std::optional<std::int64_t> count) {
  return std::clamp<std::int64_t>(count.value_or(1), 1, kChoicesMax);
}

bool opens_with_member(std::string_view object) {
  const std::size_t next = object.find_first_not_of(" \t\r\n", 1);
  return next != std::string_view::npos && object[next] == '"';
}

bool is_empty_object(std::string_view object) {
  const std::size_t next = object.find_first_not_of(" \t\r\n", 1);
  return next != std::string_view::npos && object[next] == '}';
}

// Code points of a whole string.
std::optional<std::uint64_t> characters_of(const stream::JsonValue& value) {
  if (value.cut || !value.raw.starts_with('"')) return std::nullopt;
  const std::string text = stream::string_value(value.raw, value.raw.size());
  return static_cast<std::uint64_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace

void RequestFacts::on_value(const stream::JsonValue& value) {
  const RequestPlace place = fields_.places[static_cast<std::size_t>(value.path)];
  switch (place.field) {
    case RequestField::model:
      ++model_times_;
      take_text(model_, place.rank, value);
      break;
    case RequestField::stream:
      take_place(stream_, value);
      break;
    case RequestField::output_cap:
      if (!value.cut) take_cap(place.rank, value.raw);
      break;
    case RequestField::choices:
      ++choices_times_;
      choices_ = at_least_one(count_value(value.raw));
      break;
    case RequestField::best_of:
      best_of_ = at_least_one(count_value(value.raw));
      break;
    case RequestField::prompt_item:
      // Bare numbers are the tokens of one prompt.
      if (value.raw == "\"" || value.raw == "[") ++prompt_items_;
      break;
    case RequestField::prompt:
      prompts_ = at_least_one(prompt_items_);
      prompt_items_ = 0;
      break;
    case RequestField::message:
      ++message_items_;
      break;
    case RequestField::messages:
      messages_ = value.raw == "\"" ? 1 : message_items_;
      message_items_ = 0;
      break;
    case RequestField::background:
      background_ = value.raw == "true";
      break;
    case RequestField::service_tier:
      take_text(tier_, place.rank, value);
      break;
    case RequestField::search_context:
      take_text(search_context_, place.rank, value);
      break;
    case RequestField::speech_text:
      spoken_characters_ = characters_of(value);
      break;
    case RequestField::user:
      take_text(user_, place.rank, value);
      break;
    case RequestField::session:
      take_text(session_, place.rank, value);
      break;
    case RequestField::workflow:
      take_text(workflow_, place.rank, value);
      break;
    case RequestField::stream_options:
      take_place(options_, value);
      break;
    case RequestField::include_usage:
      take_place(include_usage_, value);
      break;
    case RequestField::continuous_usage:
      continuous_usage_ = true;
      break;
  }
}

void RequestFacts::on_form_field(std::string_view name, std::string_view value) {
  const std::string text(value.substr(0, kTextMax));
  if (name == "model") {
    ++model_times_;
    model_.value = text;
  } else if (name == "user") {
    user_.value = text;
  } else if (name == "n") {
    ++choices_times_;
    choices_ = at_least_one(count_value(text));
  } else if (name == "stream") {
    ++stream_.times;
    stream_.raw = text;
  }
}

// Of duplicates the last counts, as most JSON readers have it; of places, the one of lower rank.
void RequestFacts::take_text(Text& text, int rank, const stream::JsonValue& value) {
  if (value.cut || !value.raw.starts_with('"') || rank > text.rank) return;
  std::string read = stream::string_value(value.raw, kTextMax + 1);
  if (read.empty() || read.size() > kTextMax) return;
  text.value = std::move(read);
  text.rank = rank;
}

// Said twice at one rank, the larger counts: whichever of them the server reads, it is no more.
void RequestFacts::take_cap(int rank, std::string_view raw) {
  const std::optional<std::int64_t> count = count_value(raw);
  if (!count || rank > cap_.rank) return;
  cap_.value = rank == cap_.rank && cap_.value ? std::max(*cap_.value, *count) : *count;
  cap_.rank = rank;
}

void RequestFacts::take_place(Place& place, const stream::JsonValue& value) {
  ++place.times;
  place.offset = value.offset;
  place.size = value.size;
  place.raw = value.raw;
}

Asked RequestFacts::asked() const {
  Asked asked;
  asked.model = model_.value;
  asked.stream = bool_value(stream_.raw);
  asked.output_cap = cap_.value;
  asked.choices = std::min(std::max(choices_, best_of_) * prompts_, kChoicesMax);
  asked.background = background_;
  asked.service_tier = tier_.value;
  asked.search_context = search_context_.value;
  asked.spoken_characters = spoken_characters_;
  asked.user = user_.value;
  asked.session = session_.value;
  asked.workflow = workflow_.value;
  asked.duplicate_keys = model_times_ > 1 || stream_.times > 1 || choices_times_ > 1;
  asked.message_count = messages_;
  return asked;
}

std::optional<Splice> RequestFacts::ask_for_usage(const stream::JsonExtractor& document) const {
  const bool streams = stream_.times == 1 && stream_.raw == "true";
  // With duplicates nobody can say which of them the server would read. Who asks for continuous
  // figures speaks to a server that sends the last one unasked.
  if (!streams || options_.times > 1 || include_usage_.times > 1 || continuous_usage_) {
    return std::nullopt;
  }
  if (options_.times == 0) {
    const bool alone = document.root_is_empty_object();
    return Splice{document.root_open_end(), 0,
                  std::string(R"("stream_options":{"include_usage":true})") + (alone ? "" : ",")};
  }
  if (options_.raw == "null") {
    return Splice{options_.offset, options_.size, R"({"include_usage":true})"};
  }
  if (!options_.raw.starts_with('{')) return std::nullopt;
  if (include_usage_.times == 1) {
    if (include_usage_.raw != "false" && include_usage_.raw != "null") return std::nullopt;
    return Splice{include_usage_.offset, include_usage_.size, "true"};
  }
  if (is_empty_object(options_.raw)) {
    return Splice{options_.offset + 1, 0, R"("include_usage":true)"};
  }
  if (!opens_with_member(options_.raw)) return std::nullopt;
  return Splice{options_.offset + 1, 0, R"("include_usage":true,)"};
}

}  // namespace tokenweir::provider

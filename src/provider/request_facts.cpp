#include "provider/request_facts.h"

#include <algorithm>
#include <array>

#include "provider/request_values.h"

namespace tokenweir::provider {

namespace {

constexpr std::size_t kTextMax = 512;
// No server completes more than this at once; it keeps products of counts far from overflow.
constexpr std::int64_t kChoicesMax = 1'000'000;

std::int64_t at_least_one(const LimitValue& count) {
  if (count.says != CapPlace::Says::number) return 1;
  return std::clamp<std::int64_t>(count.tokens, 1, kChoicesMax);
}
std::int64_t at_least_one(const stream::JsonValue& value) {
  return at_least_one(limit_value(value.raw, value.cut));
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

// Vertex serves models of any kind by one method.
bool makes_text(std::string_view model) {
  return std::ranges::none_of(
      std::to_array<std::string_view>(
          {"embedding", "imagen", "imagetext", "image", "veo-", "lyria", "chirp", "try-on"}),
      [&](std::string_view word) { return model.find(word) != model.npos; });
}

}  // namespace

void RequestFacts::on_value(const stream::JsonValue& value) {
  const RequestPlace& place = fields_.places[static_cast<std::size_t>(value.path)];
  if (place.field == RequestField::cap || place.field == RequestField::cap_container) {
    asks_ = asks_ || place.scope == CapScope::completion_args;
    caps_.take(place, value);
  } else if (value.exact_keys || family_ == Family::ollama) {
    // Ollama is a Go program: Go's decoder takes keys in any case.
    take_fact(place, value);
  } else if (place.field == RequestField::choices || place.field == RequestField::best_of) {
    // Who might read it as a number of choices must not be given more than are paid for.
    take_fact(place, value);
  } else if (place.field == RequestField::model) {
    extras_.add_model(value);
    note_reading(stream::string_value(value.raw, kTextMax + 1));
  } else {
    extras_.take(place, value);
  }
}

void RequestFacts::take_fact(const RequestPlace& place, const stream::JsonValue& value) {
  switch (place.field) {
    case RequestField::model:
      take_model(value);
      break;
    case RequestField::stream:
      take_place(stream_, value);
      break;
    case RequestField::choices:
      ++choices_times_;
      choices_ = std::max(choices_, at_least_one(value));
      break;
    case RequestField::best_of:
      best_of_ = std::max(best_of_, at_least_one(value));
      break;
    case RequestField::prompt_item:
      // Bare numbers are the tokens of one prompt.
      if (value.raw == "\"" || value.raw == "[") ++prompt_items_;
      break;
    case RequestField::instance:
      ++prompt_items_;
      break;
    case RequestField::asks:
      asks_ = asks_ || value.raw != "n";  // null
      break;
    case RequestField::session_type:
      session_type_ = stream::string_value(value.raw, kTextMax);
      break;
    case RequestField::prompt:
      prompts_ = std::clamp(prompt_items_, prompts_, kChoicesMax);
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
    case RequestField::speed:
      take_text(speed_, place.rank, value);
      break;
    case RequestField::region:
      take_text(region_, place.rank, value);
      break;
    default:
      extras_.take(place, value);
      break;
  }
}

void RequestFacts::on_form_field(std::string_view name, std::string_view value) {
  const std::string text(value.substr(0, kTextMax));
  if (name == "model") {
    if (model_place_.times++ > 0) {
      extras_.add_model(model_.value);
      note_reading(model_.value);
    }
    model_.value = text;
  } else if (name == "user") {
    user_.value = text;
  } else if (name == "n") {
    ++choices_times_;
    choices_ = std::max(choices_, at_least_one(limit_value(text, false)));
  } else if (name == "stream") {
    ++stream_.times;
    stream_.raw = text;
  }
}

// Said twice, another reader may take the other name.
void RequestFacts::take_model(const stream::JsonValue& value) {
  take_place(model_place_, value);
  if (value.raw == "null") return;
  const std::string before = model_.value;
  const std::string read =
      value.cut ? std::string() : stream::string_value(value.raw, kTextMax + 1);
  model_unclear_ = model_unclear_ || read.empty() || read.size() > kTextMax;
  take_text(model_, 0, value);
  if (before.empty() || before == model_.value) return;
  extras_.add_model(before);
  note_reading(before);
}

void RequestFacts::note_reading(std::string name) {
  constexpr std::size_t kFew = 4;  // two of them differ, or all are the same
  if (other_readings_.size() < kFew &&
      (other_readings_.empty() || other_readings_.back() != name)) {
    other_readings_.push_back(std::move(name));
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

void RequestFacts::take_place(Place& place, const stream::JsonValue& value) {
  ++place.times;
  place.offset = value.offset;
  place.size = value.size;
  place.raw = value.raw;
}

bool RequestFacts::generates(bool understood) const {
  if (!understood) return true;
  if (endpoint_.name == "conversations") return asks_ || model_place_.times > 0;
  if (endpoint_.name == "predict") return makes_text(endpoint_.model);
  return session_type_ != "transcription";
}

Asked RequestFacts::asked(const stream::JsonExtractor& document, bool understood) {
  Asked asked;
  asked.model = model_.value;
  asked.stream = bool_value(stream_.raw);
  asked.caps = caps_.finish(document);
  asked.choices = std::min(std::max(choices_, best_of_) * prompts_, kChoicesMax);
  // A run of an assistant that is not streamed is told about by other exchanges.
  asked.background = background_ || (endpoint_.name == "threads.runs" && stream_.raw != "true");
  asked.generates = generates(understood);
  asked.service_tier = tier_.value;
  asked.search_context = search_context_.value;
  asked.spoken_characters = spoken_characters_;
  asked.user = user_.value;
  asked.session = session_.value;
  asked.workflow = workflow_.value;
  asked.duplicate_keys = model_place_.times > 1 || stream_.times > 1 || choices_times_ > 1;
  asked.message_count = messages_;
  asked.speed = speed_.value;
  asked.region = region_.value;
  if (model_place_.times == 1 && model_place_.size > 0) {
    asked.model_value = Splice{model_place_.offset, model_place_.size, {}};
  }
  // What the path says wins over the body: it is what the provider goes by.
  asked.model_unclear = model_unclear_ || !understood;
  asked.model_twice = std::ranges::any_of(
      other_readings_, [&](const std::string& reading) { return reading != asked.model; });
  if (!endpoint_.model.empty()) {
    asked.unheeded_model = std::move(asked.model);
    asked.model = endpoint_.model;
    asked.model_unclear = asked.model_twice = false;
  }
  asked.output_cap = largest_cap(asked.caps, heeded_caps(endpoint_, family_, {}, asked.model));
  extras_.finish(endpoint_, family_, understood, asked);
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

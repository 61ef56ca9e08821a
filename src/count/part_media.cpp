// What a part counter makes of pictures, sounds, films and documents.
#include <algorithm>

#include "count/part_counter.h"

namespace tokenweir::count {

namespace {

using tokenizer::Template;

// Pages of documents, by the vendors' guides: Claude sees each as a picture beside 1,500 to 3,000
// tokens of text, Gemini takes 258 (560 from version 3 on).
constexpr std::uint64_t kClaudePage = 1'600;
constexpr std::uint64_t kGeminiPage = 258;
constexpr std::uint64_t kGemini3Page = 560;
constexpr std::uint64_t kOpenAiPage = 220;
constexpr std::uint64_t kMostOfPage = 4'096;

// OpenAI's realtime guide: ten a second; ai.google.dev: 32 a second.
constexpr std::uint64_t kOpenAiSecond = 10;
constexpr std::uint64_t kGeminiSecond = 32;

// Whether a member names something that lies elsewhere: an address or a stored file.
bool is_place(std::string_view key, const Json& value) {
  const auto ends = [key](std::string_view end) { return key.ends_with(end); };
  if (!value.is_string() || string_of(value)->empty()) return false;
  if (ends("file_id") || ends("fileId") || ends("image_id") || ends("document_id")) return true;
  if (!ends("url") && !ends("uri") && !ends("Url") && !ends("Uri") && !ends("URL")) return false;
  return !data_of_url(*string_of(value));
}

bool refers_elsewhere(const Json& value, int depth = 0) {
  constexpr int kMostDepth = 6;
  bool found = false;
  if (depth > kMostDepth) return true;
  if (value.is_array()) {
    for_each(value, [&](const Json& element) { found |= refers_elsewhere(element, depth + 1); });
  }
  for_each_member(value, [&](std::string_view key, const Json& member) {
    found |= is_place(key, member) || refers_elsewhere(member, depth + 1);
  });
  return found;
}

}  // namespace

void PartCounter::leftovers(const Json& object, std::span<const std::string_view> known) {
  for_each_member(object, [&](std::string_view key, const Json& value) {
    if (value.is_null() || value.is_bool() || value.is_number()) return;
    if (std::ranges::find(known, key) != known.end()) return;
    tally_.guess(0, json(value).bound);
    if (refers_elsewhere(value)) tally_.unknown(0);
  });
}

// Blocks of types that came later than this was written. Their text is counted as it stands; what
// they only point to is known to the provider alone.
void PartCounter::unknown_block(const Json& block) {
  const auto is = members_of(block, "video_url", "input_video", "audio_url", "document_url",
                             "video", "citations", "image", "audio");
  if (is[5] != nullptr && members_of(*is[5], "enabled").is_true(0)) tally_.guess(550, 1000);
  if (const Json* film = first_of(first_of(is[0], is[1]), is[4])) {
    return media_at(film, "video/mp4");
  }
  if (const Json* sound = first_of(is[2], is[7])) return media_at(sound, "audio/mpeg");
  if (is[3] != nullptr) return media_at(is[3], "application/pdf");
  if (is[6] != nullptr && is[6]->is_string()) return image(is[6], {});
  tally_.add(json(block));
  if (refers_elsewhere(block)) tally_.unknown(0);
}

void PartCounter::media_at(const Json* place, std::string_view usual_type) {
  tally_.media = true;
  const auto wrapped = members_of(*place, "url", "data", "format");
  const auto whole = string_of(*place);
  const std::string_view url = whole ? *whole : wrapped[0] != nullptr ? wrapped.text(0) : "";
  if (const auto data = data_of_url(url)) {
    const std::string_view type = url.substr(5, url.find_first_of(";,") - 5);
    media(type.empty() ? usual_type : type, *data);
  } else if (wrapped[1] != nullptr) {
    media(usual_type, wrapped.text(1));
  } else {
    tally_.unknown(1000);
  }
}

Tally PartCounter::ollama_extra(std::string_view key, const Json& value) {
  tally_ = Tally{};
  for_each(value, [&](const Json& element) {
    if (key == "images") {
      image_data(string_of(element).value_or(""), {});
    } else {
      tally_.known(1);
    }
  });
  return tally_;
}

void PartCounter::image_data(std::string_view base64, std::string_view detail) {
  tally_.add(count_image(images_, pixels_of(base64), detail));
}

void PartCounter::image(const Json* place, std::string_view detail) {
  const std::string_view url = place != nullptr ? string_of(*place).value_or("") : "";
  if (const auto data = data_of_url(url)) {
    image_data(*data, detail);
  } else {
    tally_.add(count_image(images_, std::nullopt, detail));
  }
}

void PartCounter::document(std::string_view base64) {
  tally_.media = true;
  const std::uint64_t pages = pages_of(base64);
  std::uint64_t page = kOpenAiPage;
  if (name_ == Template::anthropic) page = kClaudePage;
  if (name_ == Template::gemini) {
    const bool is_new = images_.kind == tokenizer::ImageRule::Kind::flat;
    page = is_new ? kGemini3Page : kGeminiPage;
  }
  tally_.guess(pages * page, pages * kMostOfPage + decoded_bytes(base64));
}

void PartCounter::file(std::string_view data, bool elsewhere) {
  tally_.media = true;
  if (elsewhere) {
    tally_.unknown(1000);
    return;
  }
  const auto base64 = data_of_url(data);
  if (data.starts_with("data:text") && base64) {
    tally_.guess(decoded_bytes(*base64) / 4, decoded_bytes(*base64) + 64);
  } else if (data.starts_with("data:image") && base64) {
    image_data(*base64, {});
  } else {
    document(base64.value_or(data));
  }
}

void PartCounter::audio(std::string_view base64) {
  tally_.media = true;
  const std::uint64_t seconds = seconds_of(base64);
  const std::uint64_t rate = name_ == Template::gemini ? kGeminiSecond : kOpenAiSecond;
  tally_.guess(seconds * rate, seconds * rate * 4 + decoded_bytes(base64) / 100 + 64);
}

void PartCounter::media(std::string_view type, std::string_view base64) {
  tally_.media = true;
  if (type.starts_with("image/")) {
    image_data(base64, {});
  } else if (type.starts_with("audio/")) {
    audio(base64);
  } else if (type.starts_with("text/")) {
    tally_.guess(decoded_bytes(base64) / 4, decoded_bytes(base64) + 64);
  } else if (type.starts_with("video/")) {
    // 263 tokens a second (ai.google.dev); films of a million bits a second are small ones.
    const std::uint64_t seconds = decoded_bytes(base64) / 125'000 + 1;
    tally_.guess(seconds * 263, seconds * 263 * 20);
  } else {
    document(base64);
  }
}

}  // namespace tokenweir::count

// What a part counter makes of pictures, sounds, films and documents.
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

}  // namespace

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

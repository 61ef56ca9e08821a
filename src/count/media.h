// Pictures, sounds and documents inside a request: what they measure and what the vendors make of
// that. Only as much of a file is decoded as its head needs. Private to the room.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "count/text_counter.h"
#include "tokenizer/model_map.h"

namespace tokenweir::count {

struct Pixels {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
};

// From the head of a PNG, JPEG, GIF or WebP in base64; no value when it is none of them or damaged.
[[nodiscard]] std::optional<Pixels> pixels_of(std::string_view base64);

// The data of "data:TYPE;base64,DATA"; no value for any other URL.
[[nodiscard]] std::optional<std::string_view> data_of_url(std::string_view url);

// A picture by the model's rule. `detail` is OpenAI's word (low, high, auto or empty). Without
// pixels (a URL, a file id) a usual size is taken, and the largest for the bound.
[[nodiscard]] Tally count_image(const tokenizer::ImageRule& rule, std::optional<Pixels> pixels,
                                std::string_view detail);

// Pages of a PDF in base64, as far as its page objects are not compressed; at least one.
[[nodiscard]] std::uint64_t pages_of(std::string_view base64);

// Seconds of a WAV or MP3 in base64, rounded up; of anything else by a usual bit rate.
[[nodiscard]] std::uint64_t seconds_of(std::string_view base64);

// Bytes that base64 text stands for.
[[nodiscard]] constexpr std::uint64_t decoded_bytes(std::string_view base64) {
  return base64.size() / 4 * 3;
}

}  // namespace tokenweir::count

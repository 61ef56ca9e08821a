#include "count/media.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

namespace tokenweir::count {

namespace {

using tokenizer::ImageRule;

// A JPEG's size may stand behind profiles and thumbnails; no further than this is looked.
constexpr std::size_t kMostHeadBytes = 512 * 1024;
// Nobody takes larger pictures; a head that says so is damaged or hostile.
constexpr std::uint32_t kMostPixels = 100'000;

int digit_of(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  if (c == '/' || c == '_') return 63;
  return -1;
}

// The first bytes of what base64 text stands for.
std::string decoded_head(std::string_view base64, std::size_t most) {
  std::string out;
  out.reserve(std::min(most, base64.size()));
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : base64) {
    const int digit = digit_of(c);
    if (digit < 0) continue;
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    out.push_back(static_cast<char>(bits >> held & 0xFF));
    if (out.size() >= most) break;
  }
  return out;
}

class Bytes {
 public:
  explicit Bytes(std::string_view bytes) : bytes_(bytes) {}
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  // Zero beyond the end.
  [[nodiscard]] std::uint32_t at(std::size_t i) const {
    return i < bytes_.size() ? static_cast<unsigned char>(bytes_[i]) : 0;
  }
  [[nodiscard]] std::uint32_t big16(std::size_t i) const { return at(i) << 8 | at(i + 1); }
  [[nodiscard]] std::uint32_t big32(std::size_t i) const { return big16(i) << 16 | big16(i + 2); }
  [[nodiscard]] std::uint32_t little16(std::size_t i) const { return at(i + 1) << 8 | at(i); }
  [[nodiscard]] std::uint32_t little24(std::size_t i) const {
    return little16(i) | at(i + 2) << 16;
  }
  [[nodiscard]] std::uint32_t little32(std::size_t i) const {
    return little16(i) | little16(i + 2) << 16;
  }
  [[nodiscard]] bool starts(std::string_view word, std::size_t i = 0) const {
    return i <= bytes_.size() && bytes_.substr(i).starts_with(word);
  }

 private:
  std::string_view bytes_;
};

// The frame header of a JPEG (ITU T.81 B.2.2): any SOF marker but DHT, JPG and DAC.
std::optional<Pixels> jpeg_pixels(const Bytes& bytes) {
  std::size_t at = 2;
  while (at + 9 < bytes.size()) {
    if (bytes.at(at) != 0xFF) return std::nullopt;
    const std::uint32_t marker = bytes.at(at + 1);
    if (marker == 0xFF) {
      ++at;
      continue;
    }
    if (marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC)
      return Pixels{bytes.big16(at + 7), bytes.big16(at + 5)};
    at += 2 + std::max<std::size_t>(bytes.big16(at + 2), 2);
  }
  return std::nullopt;
}

// Google's container: lossy, lossless and extended frames each tell the size their own way.
std::optional<Pixels> webp_pixels(const Bytes& bytes) {
  if (bytes.starts("VP8 ", 12))
    return Pixels{bytes.little16(26) & 0x3FFF, bytes.little16(28) & 0x3FFF};
  if (bytes.starts("VP8L", 12)) {
    const std::uint32_t bits = bytes.little32(21);
    return Pixels{(bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1};
  }
  if (bytes.starts("VP8X", 12)) return Pixels{bytes.little24(24) + 1, bytes.little24(27) + 1};
  return std::nullopt;
}

std::uint64_t squares(double width, double height, double side) {
  return static_cast<std::uint64_t>(std::ceil(width / side) * std::ceil(height / side));
}

// OpenAI's images guide: into a square of 2048, then the short side down to 768.
std::uint64_t openai_tiles(const Pixels& pixels) {
  double width = pixels.width;
  double height = pixels.height;
  const double fit = std::min(1.0, 2048 / std::max(width, height));
  width *= fit;
  height *= fit;
  const double shrink = std::min(1.0, 768 / std::min(width, height));
  return squares(std::floor(width * shrink), std::floor(height * shrink), 512);
}

// The same guide for models that see patches of 32 pixels.
std::uint64_t openai_patches(const Pixels& pixels, double most) {
  const double width = pixels.width;
  const double height = pixels.height;
  const std::uint64_t patches = squares(width, height, 32);
  if (static_cast<double>(patches) <= most) return patches;
  double ratio = std::sqrt(most * 32 * 32 / (width * height));
  const double across = width * ratio / 32;
  const double down = height * ratio / 32;
  ratio *= std::min(std::floor(across) / across, std::floor(down) / down);
  const std::uint64_t shrunk = squares(std::floor(width * ratio), std::floor(height * ratio), 32);
  return std::min(shrunk, static_cast<std::uint64_t>(most));
}

// ai.google.dev, tokens: 258 for a small picture, else for each tile. A tile's side is the shorter
// side over 1.5, between 256 and 768.
std::uint64_t gemini_tiles(const Pixels& pixels) {
  if (pixels.width <= 384 && pixels.height <= 384) return 1;
  const double shorter = std::min(pixels.width, pixels.height);
  const double side = std::clamp(std::floor(shorter / 1.5), 256.0, 768.0);
  return std::min<std::uint64_t>(squares(pixels.width, pixels.height, side), 64);
}

// A size most pictures on the web come near to, for those whose size is not in the request.
constexpr Pixels kUsualPixels{640, 480};

// OpenAI's images guide, detail: original.
constexpr std::uint32_t kMostOriginalPatches = 10'000;

struct ImageTokens {
  std::uint64_t usual;
  std::uint64_t most;  // of a picture of any size
};

ImageTokens by_rule(const ImageRule& rule, const Pixels& pixels) {
  switch (rule.kind) {
    case ImageRule::Kind::tiles:
      return {rule.base + openai_tiles(pixels) * rule.tile,
              rule.base + std::uint64_t{8} * rule.tile};
    case ImageRule::Kind::patches:
      return {openai_patches(pixels, rule.most) * rule.per_thousand / 1000 + 1,
              (std::uint64_t{rule.most} * rule.per_thousand + 999) / 1000};
    case ImageRule::Kind::area: {
      const double longest = std::max(pixels.width, pixels.height);
      const double fit = std::min(1.0, rule.edge / longest);
      const double area = pixels.width * fit * pixels.height * fit;
      const auto tokens = static_cast<std::uint64_t>(area / rule.tile) + 1;
      return {std::min<std::uint64_t>(tokens, rule.most), rule.most};
    }
    case ImageRule::Kind::gemini_tiles:
      return {258 * gemini_tiles(pixels), 258 * 16};
    case ImageRule::Kind::flat:
      return {rule.base, std::max<std::uint64_t>(rule.most, rule.base)};
  }
  return {0, 0};
}

// The most of a picture whose size is known. Tiles are billed as the guide says; what is said of
// patches and areas is off by up to a third for some models (recorded usage). Of other models
// little is known: their encoders see squares of 14 pixels at the least, and blow small ones up.
std::uint64_t most_of_known(const ImageRule& rule, const ImageTokens& tokens,
                            const Pixels& pixels) {
  constexpr std::uint64_t kBlownUp = 3'400;
  constexpr std::uint64_t kSmallestSquare = 14 * 14;
  switch (rule.kind) {
    case ImageRule::Kind::tiles:
      return tokens.usual * 5 / 4 + 32;
    case ImageRule::Kind::flat: {
      const std::uint64_t squares =
          std::uint64_t{pixels.width} * pixels.height * 5 / 4 / kSmallestSquare;
      return std::min(tokens.most, std::max(squares, kBlownUp)) + 64;
    }
    default:
      return tokens.usual * 3 / 2 + 32;
  }
}

}  // namespace

std::optional<Pixels> pixels_of(std::string_view base64) {
  const std::string head = decoded_head(base64, 64);
  const Bytes bytes(head);
  std::optional<Pixels> pixels;
  if (bytes.starts("\x89PNG")) {
    pixels = Pixels{bytes.big32(16), bytes.big32(20)};
  } else if (bytes.starts("GIF8")) {
    pixels = Pixels{bytes.little16(6), bytes.little16(8)};
  } else if (bytes.starts("RIFF") && bytes.starts("WEBP", 8)) {
    pixels = webp_pixels(bytes);
  } else if (bytes.starts("\xFF\xD8")) {
    const std::string more = decoded_head(base64, kMostHeadBytes);
    pixels = jpeg_pixels(Bytes(more));
  }
  if (!pixels || pixels->width == 0 || pixels->height == 0 || pixels->width > kMostPixels ||
      pixels->height > kMostPixels)
    return std::nullopt;
  return pixels;
}

std::optional<std::string_view> data_of_url(std::string_view url) {
  if (!url.starts_with("data:")) return std::nullopt;
  const std::size_t comma = url.substr(0, 256).find(',');
  if (comma == std::string_view::npos) return std::nullopt;
  return url.substr(comma + 1);
}

Tally count_image(const ImageRule& rule, std::optional<Pixels> pixels, std::string_view detail) {
  Tally tally;
  tally.media = true;
  if (rule.kind == ImageRule::Kind::tiles && detail == "low") {
    tally.known(rule.base);
    tally.framed_exactly = false;
    return tally;
  }
  ImageRule allowed = rule;
  // The newest models take so many patches where the original is asked for.
  if (detail == "original") allowed.most = std::max(rule.most, kMostOriginalPatches);
  const ImageTokens tokens = by_rule(allowed, pixels.value_or(kUsualPixels));
  tally.guess(tokens.usual, pixels ? most_of_known(allowed, tokens, *pixels)
                                   : std::max(tokens.most, tokens.usual * 3 / 2) + 64);
  return tally;
}

std::uint64_t pages_of(std::string_view base64) {
  const std::string bytes = decoded_head(base64, 4 * 1024 * 1024);
  std::uint64_t pages = 0;
  for (std::size_t at = bytes.find("/Page"); at != std::string::npos;
       at = bytes.find("/Page", at + 5)) {
    const char next = at + 5 < bytes.size() ? bytes[at + 5] : ' ';
    const bool longer = (next >= 'a' && next <= 'z') || (next >= 'A' && next <= 'Z');
    std::size_t before = at;
    while (before > 0 && bytes[before - 1] == ' ') --before;
    if (!longer && before >= 5 && std::string_view(bytes).substr(before - 5, 5) == "/Type") ++pages;
  }
  return std::max<std::uint64_t>(pages, 1);
}

std::uint64_t seconds_of(std::string_view base64) {
  const std::string head = decoded_head(base64, 64);
  const Bytes bytes(head);
  std::uint64_t rate = 16'000;  // 128 kbit/s
  if (bytes.starts("RIFF") && bytes.starts("WAVE", 8) && bytes.starts("fmt ", 12))
    rate = std::clamp<std::uint64_t>(bytes.little32(28), 1000, 10'000'000);
  return decoded_bytes(base64) / rate + 1;
}

}  // namespace tokenweir::count

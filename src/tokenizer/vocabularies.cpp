#include <array>
#include <fstream>
#include <iterator>
#include <mutex>
#include <system_error>

#include "tokenizer/embedded.h"
#include "tokenizer/vocabulary.h"

namespace tokenweir::tokenizer {

namespace {

constexpr std::uintmax_t kMostFileBytes = 64u << 20;

Result<std::string, std::string> read_file(const std::filesystem::path& path) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (error) {
    return failure("vocabulary file " + path.string() + ": " + error.message() +
                   " (./dev vendor fetches the optional ones)");
  }
  if (size > kMostFileBytes) return failure("vocabulary file " + path.string() + " is too large");
  std::ifstream file(path, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file) return failure("vocabulary file " + path.string() + " cannot be read");
  return bytes;
}

// Differs from o200k_base in special tokens only.
VocabularyName same_ranks(VocabularyName name) {
  return name == VocabularyName::o200k_harmony ? VocabularyName::o200k_base : name;
}

}  // namespace

struct Vocabularies::Shelf {
  struct Place {
    std::mutex loading;
    SharedVocabulary vocabulary;
    std::string error;  // a failure is final until the process starts again
  };
  std::filesystem::path folder;
  std::array<Place, kVocabularyNames.size()> places;
};

Vocabularies::Vocabularies(std::filesystem::path folder) : shelf_(std::make_unique<Shelf>()) {
  shelf_->folder = std::move(folder);
}
Vocabularies::~Vocabularies() = default;

Result<SharedVocabulary, std::string> Vocabularies::get(VocabularyName name) {
  name = same_ranks(name);
  Shelf::Place& place = shelf_->places[static_cast<std::size_t>(name)];
  const std::lock_guard lock(place.loading);
  if (place.vocabulary) return place.vocabulary;
  if (!place.error.empty()) return failure(place.error);
  std::string file;
  std::string_view bytes = embedded_vocabulary(name);
  if (bytes.empty()) {
    auto read = read_file(shelf_->folder / (std::string(name_of(name)) + ".tkv"));
    if (!read) {
      place.error = std::move(read.error());
      return failure(place.error);
    }
    file = std::move(*read);
    bytes = file;
  }
  auto built = Vocabulary::build(name, bytes);
  if (!built) {
    place.error = "vocabulary " + std::string(name_of(name)) + ": " + built.error();
    return failure(place.error);
  }
  place.vocabulary = std::move(*built);
  return place.vocabulary;
}

}  // namespace tokenweir::tokenizer

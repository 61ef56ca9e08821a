// Counts strings for tests/tokenizer/exact.py. Standard input holds frames: four bytes of length
// (little-endian), then the text. Arguments: VOCABULARY [--folder FOLDER] [--cuts SEED].
// Answers one decimal count a line; with --cuts each text is also fed to a RunningCount in deltas
// of random length and a difference at any cut ends the program.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "tokenizer/tokenizer.h"

using namespace tokenweir::tokenizer;

namespace {

bool read_frame(std::string& text) {
  unsigned char size[4];
  if (std::fread(size, 1, 4, stdin) != 4) return false;
  text.resize(static_cast<std::size_t>(size[0]) | static_cast<std::size_t>(size[1]) << 8 |
              static_cast<std::size_t>(size[2]) << 16 | static_cast<std::size_t>(size[3]) << 24);
  return std::fread(text.data(), 1, text.size(), stdin) == text.size();
}

// The count of every prefix a delta ends at must be that of the prefix as a whole.
void check_cuts(const SharedVocabulary& vocabulary, const std::string& text, std::mt19937& random) {
  RunningCount running(vocabulary);
  const std::size_t most = 1 + random() % 60;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = std::min<std::size_t>(text.size() - at, 1 + random() % most);
    // A copy of the exact size lets the sanitizers see reads beyond it.
    const std::vector<char> delta(text.begin() + static_cast<std::ptrdiff_t>(at),
                                  text.begin() + static_cast<std::ptrdiff_t>(at + length));
    running.append({delta.data(), delta.size()});
    at += length;
    const std::size_t whole = count(*vocabulary, std::string_view(text).substr(0, at));
    if (running.count() == whole) continue;
    std::printf("at byte %zu of \"", at);
    for (const char c : text) std::printf("\\x%02x", static_cast<unsigned char>(c));
    std::printf("\": running %zu, whole %zu\n", static_cast<std::size_t>(running.count()), whole);
    std::exit(1);
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::string folder;
  bool cuts = false;
  std::mt19937 random(1);
  for (int i = 2; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--folder") == 0) folder = argv[i + 1];
    if (std::strcmp(argv[i], "--cuts") == 0) {
      cuts = true;
      random.seed(static_cast<unsigned>(std::atoi(argv[i + 1])));
    }
  }
  const auto name = vocabulary_named(argc > 1 ? argv[1] : "");
  if (!name) {
    std::fprintf(stderr, "usage: token_counts VOCABULARY [--folder FOLDER] [--cuts SEED]\n");
    return 64;
  }
  Vocabularies vocabularies(folder);
  const auto vocabulary = vocabularies.get(*name);
  if (!vocabulary) {
    std::fprintf(stderr, "%s\n", vocabulary.error().c_str());
    return 1;
  }
  for (std::string text; read_frame(text);) {
    std::printf("%zu\n", count(**vocabulary, text));
    if (cuts) check_cuts(*vocabulary, text, random);
  }
  return 0;
}

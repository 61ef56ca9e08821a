// A counter for loadtest/tokens/run.py. Reads commands from standard input, one a line:
//   fresh NAME    load the vocabulary again, with nothing learned from texts
//   count FILE    count its tokens; answers "tokens cpu-seconds", reading the file not included
//   stream FILE   the same in deltas of four bytes, asking for the count after each
#include <ctime>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>

#include "tokenizer/tokenizer.h"

using namespace tokenweir::tokenizer;

namespace {

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

std::size_t stream(const SharedVocabulary& vocabulary, std::string_view text) {
  RunningCount running(vocabulary);
  for (std::size_t at = 0; at < text.size(); at += 4) {
    running.append(text.substr(at, 4));
    (void)running.count();
  }
  return running.count();
}

}  // namespace

int main() {
  std::optional<Vocabularies> vocabularies;
  SharedVocabulary vocabulary;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string command, argument;
    words >> command >> argument;
    if (command == "fresh") {
      const auto name = vocabulary_named(argument);
      if (!name) return 64;
      vocabulary.reset();
      vocabularies.emplace("");
      const double begin = cpu_seconds();
      vocabulary = *vocabularies->get(*name);
      std::cout << memory_of(*vocabulary) << ' ' << cpu_seconds() - begin << std::endl;
      continue;
    }
    std::ifstream file(argument, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(file)),
                           std::istreambuf_iterator<char>());
    const double begin = cpu_seconds();
    const std::size_t tokens =
        command == "stream" ? stream(vocabulary, text) : count(*vocabulary, text);
    std::cout << tokens << ' ' << cpu_seconds() - begin << std::endl;
  }
}

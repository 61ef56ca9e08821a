// Takes the member `"usage":null` out of the chunks of an OpenAI-style event stream: some providers
// add it to every chunk when asked for usage, and a client that did not ask must not see it.
// Everything else passes at once; at most the twelve bytes that may be the member are held.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tokenweir::meter {

class NullUsageFilter {
 public:
  // Appends to `out` what may be delivered.
  void feed(std::string_view bytes, std::string& out);
  // The stream has ended: appends what is still held.
  void finish(std::string& out);

 private:
  void follow(char byte);

  std::string held_;         // a possible beginning of the member, with its spaces
  std::size_t matched_ = 0;  // bytes of the member in it, spaces not counted
  int depth_ = 0;            // of objects and lists in this line
  bool in_string_ = false;
  bool escaped_ = false;
};

}  // namespace tokenweir::meter

// A request's body parsed once, for everybody who reads it: its transcript, then its count. What a
// parser has grown is kept by the thread for the next body.
#pragma once

#include <memory>
#include <string_view>

#include "provider/dialect.h"

namespace tokenweir::count {

class ParsedBody {
 public:
  ParsedBody() = default;  // of nothing
  // Copies what it needs of `body`, which is decoded.
  ParsedBody(provider::Dialect dialect, std::string_view body);

  // JSON in UTF-8 of a size that is looked into. Says nothing about its shape.
  [[nodiscard]] explicit operator bool() const { return document_ != nullptr; }

  struct Document;  // private to the room
  [[nodiscard]] const Document& document() const { return *document_; }

 private:
  struct GiveBack {
    void operator()(Document* document) const;
  };
  std::unique_ptr<Document, GiveBack> document_;
};

}  // namespace tokenweir::count

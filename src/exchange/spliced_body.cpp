#include "exchange/spliced_body.h"

namespace tokenweir::exchange {

SplicedBody::SplicedBody(const platform::BodyStore& body, std::span<const provider::Splice> splices)
    : body_(body), splices_(splices), size_(body.size()) {
  for (const provider::Splice& splice : splices) {
    size_ += splice.insert.size();
    size_ -= splice.remove;
  }
}

std::string_view SplicedBody::next(std::string& buffer) {
  while (next_splice_ < splices_.size() && splices_[next_splice_].offset == offset_) {
    const provider::Splice& splice = splices_[next_splice_++];
    offset_ += splice.remove;
    if (splice.insert.empty()) continue;
    given_ += splice.insert.size();
    return splice.insert;
  }
  const std::uint64_t end =
      next_splice_ < splices_.size() ? splices_[next_splice_].offset : body_.size();
  const std::string_view piece = body_.read(offset_, end - offset_, buffer);
  offset_ += piece.size();
  given_ += piece.size();
  return piece;
}

}  // namespace tokenweir::exchange

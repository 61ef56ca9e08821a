// The port through which every exchange leaves. Apart from the other ports because publish/, which
// implements it, needs no sockets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "budget/book.h"
#include "core/record.h"

namespace tokenweir::exchange {

// A run that its loop guard has stopped, as long as no operator lets it go on.
struct RunStop {
  std::string detector;
  std::int64_t seen = 0;
  std::int64_t limit = 0;
  std::string tool;
  std::uint64_t hash = 0;  // keyed, of what repeated
};

// The answer of an earlier exchange that turned out to be waste.
struct Wasted {
  std::string record;         // its id
  std::string_view waste;     // the class; static text
  std::optional<Money> cost;  // what it cost, as its record says
};

// What becomes durable together with a record, or not at all.
struct Booking {
  std::vector<budget::Posting> postings;  // what its accounts spent
  std::optional<std::size_t> slot;        // of the journal of holds, free once the row is durable
  std::string evidence;                   // JSON array of what the loop guard found, or empty
  std::optional<RunStop> run_stop;        // of the run of this request
  std::optional<Wasted> wasted;           // because this one asked the same again
};

// Hears from the publisher's thread when records are on the disk.
class DurableWatch {
 public:
  virtual ~DurableWatch() = default;
  // The record that was published with this slot is durable.
  virtual void slot_done(std::size_t slot) noexcept = 0;
  // So many commits has the ledger seen in its life.
  virtual void committed(std::int64_t commits) noexcept = 0;
};

// The single exit of every exchange.
class Publisher {
 public:
  virtual ~Publisher() = default;
  // Thread-safe, never blocks, never throws, never loses: the queue's room was reserved by
  // try_reserve before anything was forwarded.
  virtual void publish(std::unique_ptr<Record> record, Booking booking) noexcept = 0;
  // Takes one place in the bounded queue for a record to come. False: no room, the exchange must
  // wait or be refused. Every true is followed by exactly one publish().
  [[nodiscard]] virtual bool try_reserve() noexcept = 0;
  // The ledger accepts and stores; false while the disk is full or failing.
  [[nodiscard]] virtual bool healthy() const noexcept = 0;
  // True exactly once for each stored answer that can be read again by id (OpenAI Responses, Gemini
  // interactions, assistants' runs), over restarts: its usage is billed with this exchange. False:
  // it was billed with an earlier one. May read the disk, so ask only where an answer with usage
  // was read by id.
  [[nodiscard]] virtual bool claim_stored_answer(std::string_view /*provider*/,
                                                 std::string_view /*response_id*/) noexcept {
    return true;
  }
};

}  // namespace tokenweir::exchange

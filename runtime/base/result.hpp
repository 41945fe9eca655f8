// The outcome of calls that can be refused. A refusal is an ordinary answer with a name; it is
// never an exception and never loses what the caller handed in.
#pragma once

#include <cstdint>

namespace ekiden::runtime {

enum class Status : std::uint8_t {
  kOk,
  kPending,      // not yet; the waker that was given is woken when it is worth asking again
  kInvalid,      // an argument is wrong
  kStale,        // the handle's generation is gone
  kForeign,      // the handle belongs to another owner
  kWrongThread,  // only a worker that polls may call this
  kWrongState,   // the object exists but is not in a state that allows the call
  kFull,         // a bounded queue is at its capacity; try again later
  kLimit,        // the owner's own limit is reached
  kDraining,     // the owner or the runtime takes no new work
  kClosed,       // the other side is gone
  kCancelled,
  kFailed,
  kNoMemory,
  kTooBig,
  kOsError,  // the call's error number says which
};

}  // namespace ekiden::runtime

// Which owner's code a thread is in, so that an unload waits only for threads that are in *that*
// owner's code, and never for somebody else's stuck one.
//
// Every thread that calls into a plugin has a record, registered once. `enter` publishes the owner
// before the first instruction of its code runs; the outermost value is restored when the call
// returns (calls nest: a drop inside a poll). The unloader calls `anyone_in`.
//
// Why it holds: an owner's code is entered only through its tasks, jobs and callbacks, and those
// are gone or refused (a locked or atomic count that reads zero) before the unloader looks. What
// can remain is a thread that has finished the count's last decrement inside a scope it has not
// left yet. Its publication happened before that decrement, so the unloader, who has seen the
// decrement (acquire), sees the publication too, and waits until the release store that clears it.
//
// A thread that the plugin started itself comes and goes as often as it likes: it is a visitor, for
// the length of one host call each time. Waiting for a moment without visitors could last for ever;
// so what counts is that every visitor who was there has left once. Visits that begin later have
// seen that the owner takes nothing new.
#pragma once

#include <cstdint>

#include "runtime/base/atomic.hpp"
#include "runtime/task/owner.hpp"

namespace ekiden::runtime {

namespace presence {

// No code of anybody's.
inline constexpr OwnerId kNobody = ~OwnerId{0};

struct Record {
  Atomic<OwnerId> current{kNobody};  // written by its own thread only
  Atomic<std::uint32_t> visits{0};   // written by its own thread only
  Record* next = nullptr;            // immutable once the record is in the list
  Atomic<bool> in_use{true};
};

// This thread's record; made and registered on first use, handed back when the thread ends.
Record& this_thread();

// True if some thread that was in `owner`'s code when the call began was not seen to leave it.
// Looks at each for as long as a host call takes, about a hundred microseconds. Any thread.
bool anyone_in(OwnerId owner);

// Publishes a visitor: its thread is in nobody's code. seq_cst: what it then reads of the owner
// comes after the publication for anyone_in() too.
inline void begin_visit(Record& record, OwnerId owner) noexcept {
  // release: pairs with the acquire in anyone_in(): the visits before have ended.
  record.visits.store(record.visits.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  record.current.exchange(owner, std::memory_order_seq_cst);
}
inline void end_visit(Record& record) noexcept {
  // release: pairs with the acquire in anyone_in(): all that the visit did has happened before.
  record.current.store(kNobody, std::memory_order_release);
}

}  // namespace presence

// Publishes `owner` for this thread while it lives.
class PresenceScope {
 public:
  explicit PresenceScope(OwnerId owner) : PresenceScope(presence::this_thread(), owner) {}
  PresenceScope(presence::Record& record, OwnerId owner)
      : record_(record), outer_(record.current.load(std::memory_order_relaxed)) {
    // relaxed: made visible by the count that the code inside decrements with release.
    if (outer_ != owner) record_.current.store(owner, std::memory_order_relaxed);
  }
  ~PresenceScope() {
    // release: pairs with the acquire in anyone_in(): all that ran inside has happened before.
    record_.current.store(outer_, std::memory_order_release);
  }
  PresenceScope(const PresenceScope&) = delete;
  PresenceScope& operator=(const PresenceScope&) = delete;

 private:
  presence::Record& record_;
  const OwnerId outer_;
};

}  // namespace ekiden::runtime

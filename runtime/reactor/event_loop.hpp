// The operating system's events behind an interface that names no library: who waits for what, one
// wait that blocks for ever when nothing is due, one way to interrupt it and one deadline.
//
// The reactor sits on one of these, and so does any server that runs a thread of its own.
//
// Threads. `turn` belongs to one thread at a time, the holder; handing it on needs a happens-before
// edge of the caller's own (a lock, an exchange). Everything else may be called by any thread at
// any time, also on the same registration, also from within on_ready().
//
// A registration moves between two states in each direction, and can be gone:
//
//     idle --watch()--> watched --event--> idle, and on_ready() is called
//
// It is a name with a generation: the memory behind it lives as long as the loop, so a late call
// with an old one is refused and never touches whoever uses that memory next.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "runtime/base/clock.hpp"
#include "runtime/reactor/readiness.hpp"

namespace ekiden::runtime {

// Who is told. Called by turn() on the holder's thread.
class EventSink {
 public:
  // `token` is what add() was given. Facts: kReadable or kWritable by direction (a hang-up and an
  // error count as both), with kError where the descriptor can no longer be watched.
  virtual void on_ready(std::uint64_t token, ReadySet facts) noexcept = 0;

 protected:
  ~EventSink() = default;
};

enum class Wait : std::uint8_t {
  kNoWait,  // takes what is there
  kGlance,  // the same for who comes back at once: may leave over what is there beyond one event
  kBlock,   // a glance that sleeps until an event, the armed deadline or an interrupt, without any
            // other limit
};

class EventLoop {
 public:
  struct Entry;  // the backend's record of one descriptor

  class Registration {
   public:
    Registration() = default;
    Registration(Entry* entry, std::uint32_t generation) : entry_(entry), generation_(generation) {}
    Entry* entry() const { return entry_; }
    std::uint32_t generation() const { return generation_; }
    explicit operator bool() const { return entry_ != nullptr; }

   private:
    Entry* entry_ = nullptr;
    std::uint32_t generation_ = 0;
  };

  struct Added {
    Registration registration;
    int error = 0;  // an errno value; 0: registered
    // Set when the number belonged to an older registration whose file is gone (see add()).
    bool displaced = false;
    std::uint64_t displaced_token = 0;
  };

  struct Turn {
    std::size_t reports = 0;   // calls of on_ready()
    bool interrupted = false;  // only of a turn that may block
    bool deadline_passed = false;
  };

  // Throws std::system_error when the kernel refuses (descriptors, memory).
  static std::unique_ptr<EventLoop> create();

  // Closes every descriptor that is still registered. Nobody may use the loop any more.
  virtual ~EventLoop() = default;
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Registers an open descriptor and sets O_NONBLOCK on it. On success the loop owns it; on an
  // error it stays the caller's. Errors: EPERM for what the kernel cannot wait for (regular files,
  // folders, /dev/null: they are always ready, use the blocking pool); EEXIST when this very
  // descriptor is registered already (the loop then loses some 200 bytes until it ends, so do not
  // use it as a test); EBADF, ENOMEM, ENOSPC.
  //
  // A number that is in the table although its file was closed behind the loop's back now names the
  // new file. The old registration is displaced: its waits are reported with kError, watch() on it
  // says false, and removing it touches no descriptor.
  virtual Added add(int fd, std::uint64_t token) = 0;

  // Asks for one report when the descriptor is ready in this direction. If it is ready now, the
  // next turn reports it: watching after a call that would have blocked loses nothing. Does nothing
  // when the direction is watched already. Costs one epoll_ctl and allocates nothing.
  // False: the registration is gone or displaced.
  virtual bool watch(Registration registration, Interest interest) = 0;

  // The same for who waits again and again, and each time only after a call has shown that nothing
  // is left (it would have blocked, or was short): reports what comes from then on. May cost no
  // system call, and then
  // - what was there before the call, and reported together with what the call took (the end of the
  //   stream, behind the last data), may be reported some milliseconds late;
  // - reports may come that nobody asked for, from the first call on.
  // A registration's direction is either watched or followed, from its first wait on.
  virtual bool follow(Registration registration, Interest interest) = 0;

  // Unregisters and closes the descriptor. False: it was gone already.
  // After it returns no report for the registration begins. One that the holder has already begun
  // may still be on its way into the sink, unless the caller is the holder: that is why tokens
  // should carry a generation. The descriptor is closed when this returns.
  virtual bool remove(Registration registration) = 0;

  // Unregisters without closing and gives the descriptor back, or -1 when the registration is gone
  // or displaced. Reports end as with remove().
  virtual int release(Registration registration) = 0;

  // Makes a blocking turn return. Sticky: a turn that starts to block later returns at once. Many
  // calls before that count as one, and cost no system call while no turn blocks. Safe in signal
  // handlers.
  virtual void interrupt() noexcept = 0;

  // Sets the one deadline, nanoseconds of CLOCK_MONOTONIC; kNever disarms. A system call only when
  // the value changes. A deadline that has passed is spent once a turn has reported it. Also a turn
  // that does not block may do so, therefore whoever is about to block arms first.
  virtual void arm(Nanos deadline_ns) noexcept = 0;
  // The same, but never makes it later.
  virtual void arm_no_later_than(Nanos deadline_ns) noexcept = 0;

  // Dispatches at most `max_events` (at least 1) events, what is left over comes first next time.
  // With kBlock it returns when something was reported, the deadline passed or it was interrupted.
  virtual Turn turn(EventSink& sink, Wait wait, std::size_t max_events) = 0;

 protected:
  EventLoop() = default;
};

}  // namespace ekiden::runtime

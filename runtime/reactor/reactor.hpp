// The reactor: turns the operating system's readiness into wakes.
//
// Tasks call try-first operations (read, write, and in sockets.hpp accept and connect): the system
// call is tried, and only after EAGAIN is the task's waker left in the source and the descriptor
// followed. One thread, the holder, turns the event loop and wakes whom the events are for. A
// descriptor that nobody has waited for yet is not watched; the first wait costs one epoll_ctl.
//
// Threads: all calls from any thread, on the same source too, except turn(), which belongs to the
// holder (try_hold). The WakeTarget is called from turn(), close() and close_all() only, on their
// callers' threads, and never while a lock is held.
//
// The life of an event:
//
//   task: read() -> EAGAIN, clear(tick)        (readiness word: not readable)
//         waiter = me; look again; follow()    -> kPending
//   ...                                        epoll reports the descriptor
//   holder: set(readable), tick + 1
//           take the waiter, wake it           -> the task runs read() again
//
// Why no event and no closing is lost. Two words on each side, all seq_cst, so that there is one
// order of them on which all threads agree (Dekker):
//
//   task                                   holder, or the thread that closes
//   (1) waiter.store(me)                   (3) readiness.set(event), or life.begin_close()
//   (2) readiness.load(), is_closing()     (4) waiter.take()
//
// If (2) misses what (3) wrote, (2) comes before (3) in that order, so (1) comes before (4), and
// (4) takes the waiter: it is woken. If (4) misses the waiter, then (4) comes before (1), hence (3)
// before (2): the task sees the event, or the closing, and does not wait. With release and acquire
// alone the store (1) could still sit in its core's buffer while (2) reads the old word, and the
// same on the other side: the task would wait with the event delivered and nobody to wake it.
//
// Following goes on from one wait to the next: an event sets the word after the waiter was stored,
// or the waiter sees it. What was there before that and shares its event with what the task has
// taken is reported for the asking (EventLoop::follow, after (2)). A waker that was taken for an
// event that no longer holds (somebody else read the bytes, or nobody waited) costs one empty poll
// at most.
//
// The words have a generation: an event on its way to a source that was closed finds another one
// and is dropped (ReadinessWord::set). Should it still take the next source's waiter, that waiter
// is woken once too often, never once too seldom.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "runtime/base/clock.hpp"
#include "runtime/base/handle.hpp"
#include "runtime/base/result.hpp"
#include "runtime/reactor/event_loop.hpp"
#include "runtime/reactor/readiness.hpp"
#include "runtime/reactor/source_table.hpp"
#include "runtime/task/owner.hpp"
#include "runtime/task/waker.hpp"

namespace ekiden::runtime {

// What one try of a system call found.
enum class Attempt : std::uint8_t {
  kDone,
  kDrained,  // done, and a short count showed that nothing more is there just now
  kEnded,    // done, and the peer has closed this direction
  kWouldBlock,
  kFailed,
  kBroken,  // failed, and this direction is closed for good
};

// Asked at most once in a call, before the system call is tried for somebody who waits: only where
// the source may be ready, so that asking many quiet ones costs nothing.
class TryGate {
 public:
  // False: the call answers kPending without leaving the waker.
  virtual bool may_try() noexcept = 0;

 protected:
  ~TryGate() = default;
};

// For lists and dumps.
struct SourceInfo {
  OwnerId owner = 0;
  int descriptor = -1;  // -1: the number was given to another file behind the reactor's back
  ReadySet facts;
  bool read_waited = false;
  bool write_waited = false;
  Waker reader;  // who waits in that direction; null: nobody
  Waker writer;
  std::string local_address;  // empty where there is none
  std::string peer_address;
};

// In all calls on a source: kStale when the handle is old or the source is being closed, kForeign
// when it is another owner's, and `os_error` is written with kOsError only.
//
// `waker` is left behind with kPending: one a source and direction, the newest replaces the one
// before. A null waker leaves nothing: the call is a mere try.
class Reactor final : private SourceCloser {
 public:
  explicit Reactor(WakeTarget& target);  // throws std::system_error when the kernel refuses
  ~Reactor();                            // closes every source that is left; wakes nobody
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  // Takes an open descriptor over: it is made non-blocking (for everybody who shares the open
  // file), and close() closes it. With any other answer than kOk it stays the caller's.
  // kInvalid: no descriptor's number. kOsError: EBADF; EPERM for what is always ready (a regular
  // file, a folder); EEXIST when it was adopted before. kNoMemory: a million sources are there.
  Status adopt(OwnerId owner, int fd, Handle& out, int& os_error);
  // The same for a stream socket made by the caller, which saves the look at what it is.
  // `facts`: what is known or worth a try: a connecting socket, for example, has none.
  Status adopt_stream(OwnerId owner, int fd, ReadySet facts, Handle& out, int& os_error);

  // Ends the source; its waiters are woken, and their next call gets kStale. The descriptor is
  // closed when this returns, unless another thread is within a call on it: then when that returns.
  Status close(OwnerId owner, Handle handle);

  // kOk with what is known, kPending with `waker` left behind. kOk can be wrong (a new source
  // counts as ready until a call has shown otherwise): make the call, and after EAGAIN give
  // clear_ready() the same `out`. It does nothing where an event came in between, and rightly so.
  Status poll_ready(OwnerId owner, Handle handle, Interest interest, Waker waker, Readiness& out);
  Status clear_ready(OwnerId owner, Handle handle, Interest interest, Readiness observed);

  // At most `size` bytes (at least 1, else kInvalid). kOk with count 0 is the end of the stream.
  Status read(OwnerId owner, Handle handle, Waker waker, void* data, std::size_t size,
              std::size_t& count, int& os_error, TryGate* gate = nullptr);
  // kOk with count <= size. A peer that is gone is EPIPE or ECONNRESET, and never a SIGPIPE.
  Status write(OwnerId owner, Handle handle, Waker waker, const void* data, std::size_t size,
               std::size_t& count, int& os_error, TryGate* gate = nullptr);

  // What the calls above are made of. `try_once(int fd, SourceKind)` makes one non-blocking system
  // call and says what it found; it is called until it is done, has failed or would block and
  // nothing came since. The descriptor stays open during each call.
  template <class TryOnce>
  Status attempt(OwnerId owner, Handle handle, Interest interest, Waker waker, TryOnce&& try_once,
                 TryGate* gate = nullptr);

  // Calls `call(int fd)` with the descriptor kept open. For options and the like.
  template <class Call>
  Status with_descriptor(OwnerId owner, Handle handle, Call&& call);

  // The holder's side. try_hold: true for one thread until it lets go; both are one atomic.
  bool try_hold() noexcept {
    // acquire: pairs with the release in let_go(); the loop's own state comes along.
    return !held_.load(std::memory_order_relaxed) &&
           !held_.exchange(true, std::memory_order_acquire);
  }
  void let_go() noexcept { held_.store(false, std::memory_order_release); }
  // Dispatches at most `max_events` events; see EventLoop::turn. Returns how many wakers it woke.
  std::size_t turn(Wait wait, std::size_t max_events);

  // See EventLoop. Any thread; interrupt() also from a signal handler.
  void interrupt() noexcept { loop_->interrupt(); }
  void arm(Nanos deadline_ns) noexcept { loop_->arm(deadline_ns); }
  void arm_no_later_than(Nanos deadline_ns) noexcept { loop_->arm_no_later_than(deadline_ns); }

  // For an unload. close_all ends every source of the owner that it finds and says how many; a
  // source that is adopted meanwhile may be missed, so admission is stopped before.
  std::size_t close_all(OwnerId owner);
  // Sources whose descriptor is not closed yet. 0 is exact once nothing can be adopted any more.
  std::size_t count(OwnerId owner) const { return sources_.count(owner); }
  // The same by who made them; looks at every source.
  MakerCounts count_makers(OwnerId owner);

  // False when the handle is stale.
  bool describe(Handle handle, SourceInfo& out);

 private:
  class Dispatch;

  Status adopt_as(OwnerId owner, int fd, SourceKind kind, ReadySet facts, Handle& out,
                  int& os_error);
  void forget_number(std::uint64_t displaced_token);
  Status wait(Source& source, std::uint32_t generation, Interest interest, Waker waker);
  bool end(Source& source);
  void close_descriptor(Source& source) noexcept override;

  WakeTarget& target_;
  const std::unique_ptr<EventLoop> loop_;
  SourceTable sources_;
  alignas(kCacheLineBytes) Atomic<bool> held_{false};
};

template <class TryOnce>
Status Reactor::attempt(OwnerId owner, Handle handle, Interest interest, Waker waker,
                        TryOnce&& try_once, TryGate* gate) {
  SourceUse source;
  const Status found = sources_.use(owner, handle, source);
  if (found != Status::kOk) return found;
  for (;;) {
    const Readiness seen = source->readiness.load();
    // Who does not wait wants to know now, and an event may be on its way.
    if (waker.is_null() || seen.is_ready_for(interest)) {
      if (gate != nullptr && !waker.is_null() && !std::exchange(gate, nullptr)->may_try()) {
        return Status::kPending;
      }
      // relaxed: set once before the handle existed, and to -1 by a race of the owner's own making.
      const int fd = source->descriptor.load(std::memory_order_relaxed);
      switch (try_once(fd, source->kind)) {
        case Attempt::kDone:
          return Status::kOk;
        case Attempt::kDrained:
          // Whatever came after `seen` stands; then the next call merely tries once too often.
          static_cast<void>(source->readiness.clear(seen, event_for(interest)));
          return Status::kOk;
        case Attempt::kEnded:
          static_cast<void>(source->readiness.set(handle.generation(), closed_for(interest)));
          return Status::kOk;
        case Attempt::kBroken:
          static_cast<void>(source->readiness.set(handle.generation(), closed_for(interest)));
          return Status::kOsError;
        case Attempt::kFailed:
          return Status::kOsError;
        case Attempt::kWouldBlock:
          // Closed and error facts go too: the kernel has just said otherwise.
          if (source->readiness.clear(seen, facts_for(interest)) == ReadinessWord::Clear::kNewer) {
            continue;
          }
      }
    }
    const Status waiting = wait(*source, handle.generation(), interest, waker);
    if (waiting != Status::kOk) return waiting;
  }
}

template <class Call>
Status Reactor::with_descriptor(OwnerId owner, Handle handle, Call&& call) {
  SourceUse source;
  const Status found = sources_.use(owner, handle, source);
  if (found == Status::kOk) call(source->descriptor.load(std::memory_order_relaxed));
  return found;
}

}  // namespace ekiden::runtime

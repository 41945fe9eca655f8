// The event loop over Boost.Asio's io_context. The files named asio_… are the only ones that
// include Boost.Asio: asio_event_loop.cpp has what any thread may call, asio_turn.cpp what the
// holder does.
//
// What it relies on, as read in boost/asio/detail/impl/{epoll_reactor,scheduler}.ipp:
//
// - async_wait() on an idle direction does EPOLL_CTL_MOD, which makes the kernel report again what
//   is ready already. That is the level-at-arming which watch() promises.
// - Everything is registered edge-triggered (EPOLLET), and an event finds only the operations that
//   are in the queue then.
// - run_one() and poll_one() run at most one handler; a step for a descriptor that nobody waits on
//   counts as one too. run_one() sleeps in epoll_wait without a timeout as long as Asio's own
//   timerfd exists and no Asio timer is used, and the context never stops while the guard holds.
// - Handlers of waits that release() cancelled are queued and run in a later turn. So an entry is
//   used again only when both of its handlers have run.
// - Hint 1 ("one thread at a time runs the context") keeps every lock, and saves the wake-up of
//   idle threads that do not exist.
// - A descriptor that epoll refuses with EPERM is accepted silently and fails later: so we ask
//   epoll ourselves before.
// - Asio objects are not safe for concurrent use: each entry has a mutex.
// - Where EPOLL_CTL_ADD fails, Asio keeps its record of some 200 bytes until the context ends.
//
// Following, with operations that stay (DirectDescriptor). An edge stands for all that has happened
// to the descriptor until the kernel reports it: data and the end of the stream may share one. Who
// has read the data by then and waits again would wait for an edge that does not come. So a wait
// that begins on an operation which is out already puts its entry on the list of the unchecked, and
// the loop asks poll(2) about those on it: at once where it is about to sleep and they are few,
// else every kCheckPeriodNs while there are any, all in one call. A wait that was served meanwhile
// is not asked about; under load nearly all are. Once asked, the wait is sure of its next edge.
//
// Nobody is forgotten: an entry is put on the list before follow() returns, and the period's timer
// is armed by whoever comes first of
//   the holder, in each turn that finds the list not empty;
//   who puts the first entry on the list while the holder sleeps:
//     follow(): list = entry (seq_cst)            turn: sleeps = true (seq_cst)
//               if sleeps (seq_cst): arm                if list (seq_cst): check or arm
// which is the Dekker pair of interrupt_event.hpp again. When the list is empty no timer is armed,
// but for the one that was armed last.
#pragma once

#include <array>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "runtime/base/atomic.hpp"
#include "runtime/base/mutex.hpp"
#include "runtime/reactor/asio_descriptor.hpp"
#include "runtime/reactor/deadline_timer.hpp"
#include "runtime/reactor/event_loop.hpp"
#include "runtime/reactor/interrupt_event.hpp"
#include "runtime/reactor/operation_memory.hpp"

#if !defined(BOOST_ASIO_HAS_EPOLL) || defined(BOOST_ASIO_HAS_IO_URING_AS_DEFAULT)
#error "Ekiden's event loop needs Boost.Asio's epoll backend."
#endif

namespace ekiden::runtime {

// Made once, never freed before the loop, used by one registration after another.
struct EventLoop::Entry {
  struct Direction {
    bool out = false;    // an operation that has not finished, also of a registration that is gone
    bool keeps = false;  // it stays
    bool waits = false;  // somebody waits for it since an event that is over
  };

  Mutex mutex;
  std::optional<AsioDescriptor> descriptor EKIDEN_GUARDED_BY(mutex);
  std::uint64_t token EKIDEN_GUARDED_BY(mutex) = 0;
  std::uint32_t generation EKIDEN_GUARDED_BY(mutex) = 1;
  bool live EKIDEN_GUARDED_BY(mutex) = false;
  bool displaced EKIDEN_GUARDED_BY(mutex) = false;
  bool unchecked EKIDEN_GUARDED_BY(mutex) = false;  // on the list
  std::array<Direction, kInterests> directions EKIDEN_GUARDED_BY(mutex) = {};
  // Written by who puts it on the list, then the holder's.
  Entry* next_unchecked = nullptr;

  bool is(Registration registration) const EKIDEN_REQUIRES(mutex) {
    return live && generation == registration.generation();
  }
  bool has_operations() const EKIDEN_REQUIRES(mutex) {
    return directions[0].out || directions[1].out;
  }
};

class AsioEventLoop final : public EventLoop, private OperationOwner {
 public:
  AsioEventLoop();
  ~AsioEventLoop() override;

  Added add(int fd, std::uint64_t token) override EKIDEN_EXCLUDES(table_mutex_);
  bool watch(Registration registration, Interest interest) override;
  bool follow(Registration registration, Interest interest) override;
  bool remove(Registration registration) override;
  int release(Registration registration) override;
  void interrupt() noexcept override { interrupt_.raise(); }
  void arm(Nanos deadline_ns) noexcept override { deadline_.arm(deadline_ns); }
  void arm_no_later_than(Nanos deadline_ns) noexcept override {
    deadline_.arm_no_later_than(deadline_ns);
  }
  Turn turn(EventSink& sink, Wait wait, std::size_t max_events) override;

 private:
  using OwnDescriptor = boost::asio::posix::basic_stream_descriptor<AsioContext::executor_type>;
  struct Fired {
    Entry* entry;
    Interest interest;
  };

  static constexpr std::size_t index_of(Interest interest) {
    return static_cast<std::size_t>(interest);
  }

  // asio_event_loop.cpp
  Entry& take_entry() EKIDEN_REQUIRES(table_mutex_);
  void enter(int fd, std::uint64_t token, Added& added) EKIDEN_EXCLUDES(table_mutex_);
  void make_room_for(int fd) EKIDEN_REQUIRES(table_mutex_);
  int assign(Entry& entry, int fd) EKIDEN_REQUIRES(table_mutex_);
  std::uint64_t displace(Entry& entry) EKIDEN_REQUIRES(table_mutex_);
  void recycle(Entry& entry) EKIDEN_REQUIRES(table_mutex_, entry.mutex);
  std::optional<int> unregister(Registration registration) EKIDEN_EXCLUDES(table_mutex_);

  void put_on_list(Entry& entry) EKIDEN_REQUIRES(entry.mutex);
  void arm_check() noexcept;

  // asio_turn.cpp
  void finished(Entry& entry, Interest interest, bool failed) noexcept override
      EKIDEN_EXCLUDES(table_mutex_);
  void fired(Entry& entry, Interest interest) noexcept override;
  void report(Entry& entry, Interest interest) noexcept;
  void report_fired() noexcept;
  void watch_own_descriptors();
  void watch_check_timer();
  void after_handler();
  std::size_t block();
  bool looks_for_more(Wait wait, std::size_t handlers);
  bool are_few_unchecked(const Entry* head) const;
  void check_before_sleep();
  void check();
  bool is_still(Entry& entry, std::uint32_t generation);

  // Entries end after the context, whose last operations live in their memory.
  Mutex table_mutex_;  // taken before an entry's
  std::deque<Entry> entries_ EKIDEN_GUARDED_BY(table_mutex_);
  std::vector<Entry*> free_ EKIDEN_GUARDED_BY(table_mutex_);
  std::vector<Entry*> by_number_ EKIDEN_GUARDED_BY(table_mutex_);  // who owns a descriptor's number
  alignas(kCacheLineBytes) Atomic<Entry*> unchecked_{nullptr};  // put by any, taken by the holder
  Atomic<bool> sleeps_{false};
  OperationMemory interrupt_memory_;
  OperationMemory deadline_memory_;
  OperationMemory check_memory_;

  AsioContext context_{1};
  boost::asio::executor_work_guard<AsioContext::executor_type> work_{context_.get_executor()};
  // These come before our own descriptors: Asio falls back to periodic wake-ups where it gets no
  // timerfd for itself, and where it gets none, ours throw.
  OwnDescriptor interrupt_waiter_{context_};
  OwnDescriptor deadline_waiter_{context_};
  OwnDescriptor check_waiter_{context_};
  InterruptEvent interrupt_;
  DeadlineTimer deadline_;
  DeadlineTimer check_timer_;

  // The holder only, while it is in turn().
  bool interrupt_watched_ = false;
  bool deadline_watched_ = false;
  bool check_watched_ = false;
  bool check_is_due_ = false;
  bool ends_ = false;     // in the destructor
  bool several_ = false;  // the last turn that looked for a second event found one
  unsigned turns_ = 0;    // that took one event
  EventSink* sink_ = nullptr;
  Turn turn_;
  std::array<Fired, kInterests> fired_;  // by the handler that runs
  std::size_t fired_count_ = 0;
};

}  // namespace ekiden::runtime

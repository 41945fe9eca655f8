// The event loop over Boost.Asio's io_context. The only file that includes Boost.Asio.
//
// What it relies on, as read in boost/asio/detail/impl/{epoll_reactor,scheduler}.ipp:
//
// - async_wait() on an idle direction does EPOLL_CTL_MOD, which makes the kernel report again what
//   is ready already. That is the level-at-arming which watch() promises.
// - run_one() and poll_one() run at most one handler; a step for a descriptor that nobody waits on
//   counts as one too. run_one() sleeps in epoll_wait without a timeout as long as Asio's own
//   timerfd exists and no Asio timer is used, and the context never stops while the guard holds.
// - Handlers of waits that release() cancelled are queued and run in a later turn. So an entry is
//   used again only when both of its handlers have run.
// - Hint 1 ("one thread at a time runs the context") keeps every lock, and saves the wake-up of
// idle
//   threads that do not exist.
// - A descriptor that epoll refuses with EPERM is accepted silently and fails later: so we ask
//   epoll ourselves before.
// - Asio objects are not safe for concurrent use: each entry has a mutex.
// - Where EPOLL_CTL_ADD fails, Asio keeps its record of some 200 bytes until the context ends.
#include "runtime/reactor/event_loop.hpp"

#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <cerrno>
#include <deque>
#include <new>
#include <optional>
#include <vector>

#include "runtime/base/check.hpp"
#include "runtime/base/mutex.hpp"
#include "runtime/reactor/deadline_timer.hpp"
#include "runtime/reactor/interrupt_event.hpp"
#include "runtime/reactor/operation_memory.hpp"

#if !defined(BOOST_ASIO_HAS_EPOLL) || defined(BOOST_ASIO_HAS_IO_URING_AS_DEFAULT)
#error "Ekiden's event loop needs Boost.Asio's epoll backend."
#endif

namespace ekiden::runtime {

namespace {

namespace asio = boost::asio;

using Context = asio::io_context;
// With the executor's concrete type: the default one is type-erased and called through pointers.
using Descriptor = asio::posix::basic_stream_descriptor<Context::executor_type>;
using WaitType = asio::posix::descriptor_base::wait_type;

constexpr WaitType wait_type(Interest interest) {
  return interest == Interest::kRead ? WaitType::wait_read : WaitType::wait_write;
}

constexpr std::size_t index_of(Interest interest) { return static_cast<std::size_t>(interest); }

// 0, or why the kernel cannot wait for it.
int probe(int fd) {
  struct stat status {};
  if (fstat(fd, &status) != 0) return errno;
  if (S_ISSOCK(status.st_mode) || S_ISFIFO(status.st_mode)) return 0;
  if (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode)) return EPERM;
  // Devices and anonymous files: some can be waited for, some cannot, and only epoll knows.
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) return errno;
  epoll_event event{};
  const int error = epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : errno;
  close(epoll);
  return error;
}

}  // namespace

// Made once, never freed before the loop, used by one registration after another.
struct EventLoop::Entry {
  Mutex mutex;
  std::optional<Descriptor> descriptor EKIDEN_GUARDED_BY(mutex);
  std::uint64_t token EKIDEN_GUARDED_BY(mutex) = 0;
  std::uint32_t generation EKIDEN_GUARDED_BY(mutex) = 1;
  bool live EKIDEN_GUARDED_BY(mutex) = false;
  bool displaced EKIDEN_GUARDED_BY(mutex) = false;
  // Handlers that have not run yet, also those of a registration that is gone.
  std::array<bool, kInterests> watched EKIDEN_GUARDED_BY(mutex) = {};
  // Used by watch() under the mutex, and by Asio between that and the handler.
  std::array<OperationMemory, kInterests> memory;

  bool is(Registration registration) const EKIDEN_REQUIRES(mutex) {
    return live && generation == registration.generation();
  }
  bool has_handlers() const EKIDEN_REQUIRES(mutex) { return watched[0] || watched[1]; }
};

namespace {

class AsioEventLoop final : public EventLoop {
 public:
  AsioEventLoop();
  ~AsioEventLoop() override;

  Added add(int fd, std::uint64_t token) override EKIDEN_EXCLUDES(table_mutex_);
  bool watch(Registration registration, Interest interest) override;
  bool remove(Registration registration) override;
  int release(Registration registration) override;
  void interrupt() noexcept override { interrupt_.raise(); }
  void arm(Nanos deadline_ns) noexcept override { deadline_.arm(deadline_ns); }
  void arm_no_later_than(Nanos deadline_ns) noexcept override {
    deadline_.arm_no_later_than(deadline_ns);
  }
  Turn turn(EventSink& sink, Wait wait, std::size_t max_events) override;

 private:
  Entry& take_entry() EKIDEN_REQUIRES(table_mutex_);
  void enter(int fd, std::uint64_t token, Added& added) EKIDEN_EXCLUDES(table_mutex_);
  void make_room_for(int fd) EKIDEN_REQUIRES(table_mutex_);
  int assign(Entry& entry, int fd) EKIDEN_REQUIRES(table_mutex_);
  std::uint64_t displace(Entry& entry) EKIDEN_REQUIRES(table_mutex_);
  void recycle(Entry& entry) EKIDEN_REQUIRES(table_mutex_, entry.mutex);
  std::optional<int> unregister(Registration registration) EKIDEN_EXCLUDES(table_mutex_);

  void on_event(Entry& entry, Interest interest, bool failed) noexcept
      EKIDEN_EXCLUDES(table_mutex_);
  void watch_own_descriptors();
  std::size_t block();

  // Entries end after the context, whose last operations live in their memory.
  Mutex table_mutex_;  // taken before an entry's
  std::deque<Entry> entries_ EKIDEN_GUARDED_BY(table_mutex_);
  std::vector<Entry*> free_ EKIDEN_GUARDED_BY(table_mutex_);
  std::vector<Entry*> by_number_ EKIDEN_GUARDED_BY(table_mutex_);  // who owns a descriptor's number
  OperationMemory interrupt_memory_;
  OperationMemory deadline_memory_;

  Context context_{1};
  asio::executor_work_guard<Context::executor_type> work_{context_.get_executor()};
  // These come before our own descriptors: Asio falls back to periodic wake-ups where it gets no
  // timerfd for itself, and where it gets none, ours throw.
  Descriptor interrupt_waiter_{context_};
  Descriptor deadline_waiter_{context_};
  InterruptEvent interrupt_;
  DeadlineTimer deadline_;

  // The holder only, while it is in turn().
  bool interrupt_watched_ = false;
  bool deadline_watched_ = false;
  EventSink* sink_ = nullptr;
  Turn turn_;
};

AsioEventLoop::AsioEventLoop() {
  interrupt_waiter_.assign(interrupt_.descriptor());
  interrupt_waiter_.native_non_blocking(true);
  deadline_waiter_.assign(deadline_.descriptor());
  deadline_waiter_.native_non_blocking(true);
}

AsioEventLoop::~AsioEventLoop() {
  interrupt_waiter_.release();
  deadline_waiter_.release();
  MutexLock table(table_mutex_);
  for (Entry& entry : entries_) {
    MutexLock lock(entry.mutex);
    entry.descriptor.reset();  // closes what is still registered
  }
}

EventLoop::Added AsioEventLoop::add(int fd, std::uint64_t token) {
  Added added;
  added.error = probe(fd);
  if (added.error != 0) return added;
  try {
    enter(fd, token, added);
  } catch (const std::bad_alloc&) {
    added.error = ENOMEM;
  }
  return added;
}

void AsioEventLoop::enter(int fd, std::uint64_t token, Added& added) {
  MutexLock table(table_mutex_);
  make_room_for(fd);
  Entry& entry = take_entry();
  added.error = assign(entry, fd);
  Entry* const former = by_number_[static_cast<std::size_t>(fd)];
  if (added.error == 0 && former != nullptr) {
    // epoll knows files, not numbers: it took the number, so the former file is gone. Letting go of
    // the former entry deletes what epoll has under this number, which is ours; so we enter again.
    added.displaced = true;
    added.displaced_token = displace(*former);
    by_number_[static_cast<std::size_t>(fd)] = nullptr;
    added.error = assign(entry, fd);
  }
  MutexLock lock(entry.mutex);
  if (added.error != 0) {
    recycle(entry);
    return;
  }
  by_number_[static_cast<std::size_t>(fd)] = &entry;
  entry.token = token;
  entry.live = true;
  entry.displaced = false;
  added.registration = Registration(&entry, entry.generation);
}

// All that allocates comes before anything is registered, or is undone with the entry.
void AsioEventLoop::make_room_for(int fd) {
  const std::size_t numbers = static_cast<std::size_t>(fd) + 1;
  if (by_number_.size() < numbers) by_number_.resize(std::max(numbers, 2 * by_number_.size()));
  // Every entry fits into the free list: recycling cannot fail.
  if (free_.capacity() <= entries_.size()) free_.reserve(2 * entries_.size() + 16);
}

EventLoop::Entry& AsioEventLoop::take_entry() {
  if (free_.empty()) return entries_.emplace_back();
  Entry& entry = *free_.back();
  free_.pop_back();
  return entry;
}

int AsioEventLoop::assign(Entry& entry, int fd) {
  MutexLock lock(entry.mutex);
  boost::system::error_code error;
  if (!entry.descriptor) entry.descriptor.emplace(context_);
  if (entry.descriptor->is_open()) entry.descriptor->release();
  entry.descriptor->assign(fd, error);
  if (error) return error.value();
  entry.descriptor->native_non_blocking(true, error);
  if (error) entry.descriptor->release();
  return error.value();
}

// The entry loses its number and whatever it watched; its waiters hear of it in the next turn.
std::uint64_t AsioEventLoop::displace(Entry& entry) {
  MutexLock lock(entry.mutex);
  entry.displaced = true;
  entry.descriptor->release();
  return entry.token;
}

// Puts back an entry whose registration is gone, once no handler of it is left: called by whoever
// ends the registration, and by the last handler.
void AsioEventLoop::recycle(Entry& entry) {
  const bool worn_out = entry.generation == 0;  // wrapped: never used again
  if (!worn_out && !entry.has_handlers()) free_.push_back(&entry);
}

bool AsioEventLoop::watch(Registration registration, Interest interest) {
  if (!registration) return false;
  Entry& entry = *registration.entry();
  MutexLock lock(entry.mutex);
  if (!entry.is(registration) || entry.displaced) return false;
  bool& watched = entry.watched[index_of(interest)];
  if (watched) return true;
  watched = true;
  const auto report = [this, &entry, interest](const boost::system::error_code& error) {
    on_event(entry, interest, static_cast<bool>(error));
  };
  entry.descriptor->async_wait(wait_type(interest),
                               Handler(entry.memory[index_of(interest)], report));
  return true;
}

// The descriptor, -1 when it has been displaced, nothing when the registration is gone.
std::optional<int> AsioEventLoop::unregister(Registration registration) {
  if (!registration) return std::nullopt;
  Entry& entry = *registration.entry();
  MutexLock table(table_mutex_);
  MutexLock lock(entry.mutex);
  if (!entry.is(registration)) return std::nullopt;
  int fd = -1;
  if (!entry.displaced) {
    fd = entry.descriptor->release();
    by_number_[static_cast<std::size_t>(fd)] = nullptr;  // before the number is given out again
  }
  entry.live = false;
  ++entry.generation;
  recycle(entry);
  return fd;
}

bool AsioEventLoop::remove(Registration registration) {
  const std::optional<int> fd = unregister(registration);
  if (fd && *fd >= 0) close(*fd);  // outside the locks: closing can take its time
  return fd.has_value();
}

int AsioEventLoop::release(Registration registration) {
  return unregister(registration).value_or(-1);
}

void AsioEventLoop::on_event(Entry& entry, Interest interest, bool failed) noexcept {
  std::uint64_t token = 0;
  bool live = false;
  bool last = false;
  {
    MutexLock lock(entry.mutex);
    entry.watched[index_of(interest)] = false;
    live = entry.live;
    last = !live && !entry.has_handlers();
    token = entry.token;
  }
  if (live) {
    const ReadySet facts = event_for(interest);
    ++turn_.reports;
    sink_->on_ready(token, failed ? facts | kError : facts);
  } else if (last) {
    MutexLock table(table_mutex_);
    MutexLock lock(entry.mutex);
    recycle(entry);
  }
}

// Our own descriptors are watched again just before the next sleep, not in their handlers: two
// system calls less between an interrupt and the work that it announces.
void AsioEventLoop::watch_own_descriptors() {
  if (!interrupt_watched_) {
    interrupt_watched_ = true;
    interrupt_.drain();
    const auto raised = [this](const boost::system::error_code&) { interrupt_watched_ = false; };
    interrupt_waiter_.async_wait(WaitType::wait_read, Handler(interrupt_memory_, raised));
  }
  if (!deadline_watched_) {
    deadline_watched_ = true;
    const auto expired = [this](const boost::system::error_code&) {
      deadline_watched_ = false;
      if (deadline_.consume()) turn_.deadline_passed = true;
    };
    deadline_waiter_.async_wait(WaitType::wait_read, Handler(deadline_memory_, expired));
  }
}

// Sleeps until something happened that a caller should hear of. Returns the handlers it ran; most
// often one. Handlers that report nothing (removed descriptors, late interrupts) do not end it.
std::size_t AsioEventLoop::block() {
  std::size_t handlers = 0;
  do {
    // Before the look at the pending interrupt: a write that is drained here belongs to an
    // interrupt that the look then sees; one that comes after the look is not drained.
    watch_own_descriptors();
    if (!interrupt_.begin_blocking()) break;
    EKIDEN_CHECK(context_.run_one() == 1);
    ++handlers;
  } while (turn_.reports == 0 && !turn_.deadline_passed);
  interrupt_.end_blocking();
  return handlers;
}

EventLoop::Turn AsioEventLoop::turn(EventSink& sink, Wait wait, std::size_t max_events) {
  EKIDEN_CHECK(max_events > 0);
  EKIDEN_CHECK(sink_ == nullptr);  // two holders, or a turn within a report
  sink_ = &sink;
  turn_ = Turn{};
  std::size_t handlers = wait == Wait::kBlock ? block() : 0;
  while (handlers < max_events && context_.poll_one() > 0) {
    ++handlers;
  }
  if (wait == Wait::kBlock) turn_.interrupted = interrupt_.consume();
  sink_ = nullptr;
  return turn_;
}

}  // namespace

std::unique_ptr<EventLoop> EventLoop::create() { return std::make_unique<AsioEventLoop>(); }

}  // namespace ekiden::runtime

#include <algorithm>
#include <span>
#include <utility>

#include "runtime/base/check.hpp"
#include "runtime/reactor/asio_event_loop.hpp"
#include "runtime/reactor/level_check.hpp"

namespace ekiden::runtime {

namespace {

using WaitType = boost::asio::posix::descriptor_base::wait_type;

// So few are asked about at once before the loop sleeps; for more it is cheaper to see who is
// served meanwhile.
constexpr std::size_t kCheckAtOnce = 8;
// One in so many turns looks for a second event although the one before found only one.
constexpr unsigned kProbeEvery = 8;

}  // namespace

// --- Reports -----------------------------------------------------------------------------------

void AsioEventLoop::finished(Entry& entry, Interest interest, bool failed) noexcept {
  std::uint64_t token = 0;
  bool live = false;
  bool last = false;
  {
    MutexLock lock(entry.mutex);
    entry.directions[index_of(interest)] = {};
    live = entry.live;
    last = !live && !entry.has_operations();
    token = entry.token;
  }
  if (live) {
    const ReadySet facts = event_for(interest);
    ++turn_.reports;
    sink_->on_ready(token, failed ? facts | kError : facts);
  } else if (last && !ends_) {
    MutexLock table(table_mutex_);
    MutexLock lock(entry.mutex);
    recycle(entry);
  }
}

void AsioEventLoop::fired(Entry& entry, Interest interest) noexcept {
  EKIDEN_CHECK(fired_count_ < fired_.size());  // each operation once a handler
  fired_[fired_count_++] = {&entry, interest};
}

// An event for an operation that stays: it is out, so the entry is nobody else's meanwhile.
void AsioEventLoop::report(Entry& entry, Interest interest) noexcept {
  std::uint64_t token = 0;
  {
    MutexLock lock(entry.mutex);
    if (!entry.live) return;
    entry.directions[index_of(interest)].waits = false;
    token = entry.token;
  }
  ++turn_.reports;
  sink_->on_ready(token, event_for(interest));
}

// Behind a handler.
void AsioEventLoop::report_fired() noexcept {
  for (const Fired& fired : std::span(fired_).first(std::exchange(fired_count_, 0)))
    report(*fired.entry, fired.interest);
}

// --- Waits that began on an old edge -----------------------------------------------------------

// The holder: nobody else takes entries off the list, so their links stand.
bool AsioEventLoop::are_few_unchecked(const Entry* head) const {
  std::size_t count = 0;
  for (; head != nullptr && count <= kCheckAtOnce; head = head->next_unchecked)
    ++count;
  return count <= kCheckAtOnce;
}

// The list is looked at behind the announcement of the sleep.
void AsioEventLoop::check_before_sleep() {
  sleeps_.store(true, std::memory_order_seq_cst);
  const Entry* const head = unchecked_.load(std::memory_order_seq_cst);
  if (head == nullptr) return;
  if (are_few_unchecked(head)) {
    check();
  } else {
    arm_check();
  }
}

void AsioEventLoop::check() {
  struct Wait {
    Entry* entry;
    std::uint32_t generation;
  };
  LevelCheck<Wait> level;
  const auto ready = [this](Wait wait, Interest interest) {
    if (is_still(*wait.entry, wait.generation)) report(*wait.entry, interest);
  };
  // acquire: pairs with the release in put_on_list().
  Entry* next = unchecked_.exchange(nullptr, std::memory_order_acquire);
  while (next != nullptr) {
    Entry& entry = *std::exchange(next, next->next_unchecked);
    {
      MutexLock lock(entry.mutex);
      entry.unchecked = false;  // from here on the link may be written again
      if (!entry.live || entry.displaced) continue;
      const bool reads = entry.directions[index_of(Interest::kRead)].waits;
      const bool writes = entry.directions[index_of(Interest::kWrite)].waits;
      if (!reads && !writes) continue;
      level.add(entry.descriptor->number(), reads, writes, {&entry, entry.generation});
    }
    if (level.is_full()) level.ask(ready);
  }
  level.ask(ready);
}

bool AsioEventLoop::is_still(Entry& entry, std::uint32_t generation) {
  MutexLock lock(entry.mutex);
  return entry.live && entry.generation == generation;
}

// --- Turning -----------------------------------------------------------------------------------

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
  watch_check_timer();
}

void AsioEventLoop::watch_check_timer() {
  if (check_watched_) return;
  check_watched_ = true;
  const auto expired = [this](const boost::system::error_code&) {
    check_watched_ = false;
    check_is_due_ = check_timer_.consume();
  };
  check_waiter_.async_wait(WaitType::wait_read, Handler(check_memory_, expired));
}

// Behind a handler, which may have been the check timer's.
void AsioEventLoop::after_handler() {
  report_fired();
  if (std::exchange(check_is_due_, false)) check();
}

// Sleeps until something happened that a caller should hear of. Returns the handlers it ran; most
// often one. Handlers that report nothing (removed descriptors, late interrupts) do not end it.
std::size_t AsioEventLoop::block() {
  std::size_t handlers = 0;
  do {
    // Before the look at the pending interrupt: a write that is drained here belongs to an
    // interrupt that the look then sees; one that comes after the look is not drained.
    watch_own_descriptors();
    check_before_sleep();
    if (turn_.reports > 0 || !interrupt_.begin_blocking()) break;
    EKIDEN_CHECK(context_.run_one() == 1);
    ++handlers;
    after_handler();
  } while (turn_.reports == 0 && !turn_.deadline_passed);
  // relaxed: who still reads true only arms a timer for nothing.
  sleeps_.store(false, std::memory_order_relaxed);
  interrupt_.end_blocking();
  return handlers;
}

// Each look for another event costs an epoll_wait, so where events come one by one, it is made in
// some turns only. What is left in Asio's queue then comes first in the next turn.
bool AsioEventLoop::looks_for_more(Wait wait, std::size_t handlers) {
  return wait == Wait::kNoWait || handlers != 1 || several_ || ++turns_ % kProbeEvery == 0;
}

EventLoop::Turn AsioEventLoop::turn(EventSink& sink, Wait wait, std::size_t max_events) {
  EKIDEN_CHECK(max_events > 0);
  EKIDEN_CHECK(sink_ == nullptr);  // two holders, or a turn within a report
  sink_ = &sink;
  turn_ = Turn{};
  std::size_t handlers = wait == Wait::kBlock ? block() : 0;
  if (wait != Wait::kBlock && unchecked_.load(std::memory_order_relaxed) != nullptr) {
    watch_check_timer();
    arm_check();
  }
  while (handlers < max_events && looks_for_more(wait, handlers)) {
    const bool found = context_.poll_one() > 0;
    if (handlers != 0) several_ = found || handlers > 1;
    if (!found) break;
    ++handlers;
    after_handler();
  }
  if (wait == Wait::kBlock) turn_.interrupted = interrupt_.consume();
  sink_ = nullptr;
  return turn_;
}

}  // namespace ekiden::runtime

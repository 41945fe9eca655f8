#include "runtime/reactor/asio_event_loop.hpp"

#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <new>

#include "runtime/base/check.hpp"

namespace ekiden::runtime {

namespace {

// The unchecked are asked about this often while the loop is busy. As late may the end of a stream
// be seen that came together with its last data.
constexpr Nanos kCheckPeriodNs = 5 * kNanosPerMilli;

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

std::unique_ptr<EventLoop> EventLoop::create() { return std::make_unique<AsioEventLoop>(); }

AsioEventLoop::AsioEventLoop() {
  const auto own = [](OwnDescriptor& waiter, int fd) {
    waiter.assign(fd);
    waiter.native_non_blocking(true);
  };
  own(interrupt_waiter_, interrupt_.descriptor());
  own(deadline_waiter_, deadline_.descriptor());
  own(check_waiter_, check_timer_.descriptor());
}

AsioEventLoop::~AsioEventLoop() {
  interrupt_waiter_.release();
  deadline_waiter_.release();
  check_waiter_.release();
  MutexLock table(table_mutex_);
  for (Entry& entry : entries_) {
    MutexLock lock(entry.mutex);
    if (entry.live && !entry.displaced) close(entry.descriptor->release());
    entry.live = false;
    ++entry.generation;
  }
  // The operations finish before the memory goes that they are in.
  ends_ = true;
  while (context_.poll_one() > 0)
    fired_count_ = 0;
  for (Entry& entry : entries_) {
    MutexLock lock(entry.mutex);
    entry.descriptor.reset();
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
  OperationOwner& owner = *this;
  if (!entry.descriptor) entry.descriptor.emplace(context_, owner, entry);
  if (entry.descriptor->is_open()) entry.descriptor->release();
  return entry.descriptor->open(fd);
}

// The entry loses its number and whatever it watched; its waiters hear of it in the next turn.
std::uint64_t AsioEventLoop::displace(Entry& entry) {
  MutexLock lock(entry.mutex);
  entry.displaced = true;
  entry.descriptor->release();
  return entry.token;
}

// Puts back an entry whose registration is gone, once no operation of it is out: called by whoever
// ends the registration, and by the last operation.
void AsioEventLoop::recycle(Entry& entry) {
  const bool worn_out = entry.generation == 0;  // wrapped: never used again
  if (!worn_out && !entry.has_operations()) free_.push_back(&entry);
}

bool AsioEventLoop::watch(Registration registration, Interest interest) {
  if (!registration) return false;
  Entry& entry = *registration.entry();
  MutexLock lock(entry.mutex);
  if (!entry.is(registration) || entry.displaced) return false;
  Entry::Direction& direction = entry.directions[index_of(interest)];
  if (direction.out) return true;
  direction = {/*out=*/true, /*keeps=*/false, /*waits=*/false};
  entry.descriptor->start(interest);
  return true;
}

bool AsioEventLoop::follow(Registration registration, Interest interest) {
  if (!registration) return false;
  Entry& entry = *registration.entry();
  MutexLock lock(entry.mutex);
  if (!entry.is(registration) || entry.displaced) return false;
  Entry::Direction& direction = entry.directions[index_of(interest)];
  if (direction.out) {
    direction.waits = direction.keeps;
    if (direction.waits && !entry.unchecked) put_on_list(entry);
    return true;
  }
  direction = {/*out=*/true, AsioDescriptor::kKeeps, /*waits=*/false};
  entry.descriptor->start_kept(interest);
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

void AsioEventLoop::put_on_list(Entry& entry) {
  entry.unchecked = true;
  Entry* head = unchecked_.load(std::memory_order_relaxed);
  do {
    entry.next_unchecked = head;
    // seq_cst: before the look at sleeps_; pairs with check_before_sleep(). Its release brings the
    // link to the holder.
  } while (!unchecked_.compare_exchange_weak(head, &entry, std::memory_order_seq_cst,
                                             std::memory_order_relaxed));
  if (head == nullptr && sleeps_.load(std::memory_order_seq_cst)) arm_check();
}

void AsioEventLoop::arm_check() noexcept {
  check_timer_.arm_no_later_than(SystemClock::instance().now_ns() + kCheckPeriodNs);
}

}  // namespace ekiden::runtime

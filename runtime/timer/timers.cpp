#include "runtime/timer/timers.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "runtime/base/check.hpp"

namespace ekiden::runtime {

Timers::Timers(WakeTarget& target, unsigned wheel_count, Turning turning)
    : target_(target),
      wheel_count_(wheel_count),
      turning_(turning),
      lanes_(std::make_unique<Lane[]>(wheel_count)) {
  EKIDEN_CHECK(wheel_count >= 1);
  EKIDEN_CHECK(wheel_count <= std::numeric_limits<std::uint16_t>::max());
}

// --- Slots and handles -------------------------------------------------------------------------

inline Status Timers::find(Handle timer, TimerSlot*& out) const noexcept {
  if (timer.kind() != HandleKind::kTimer || timer.is_null()) return Status::kInvalid;
  if (timer.index() >= arena_.used_slots()) return Status::kStale;
  out = &slot(timer.index());
  return Status::kOk;
}

// Runs body(home, slot) under the lock of the timer's home if the handle is good.
template <class Body>
Status Timers::with_timer(OwnerId owner, Handle timer, Body body) const {
  TimerSlot* found = nullptr;
  if (const Status status = find(timer, found); status != Status::kOk) return status;
  for (;;) {
    // relaxed: a guess, which the look under its lock confirms.
    const std::uint16_t home = found->home.load(std::memory_order_relaxed);
    Lane& lane = lanes_[home];
    ShortLockGuard guard(lane.lock);
    // While we hold the home's lock it stays the home. acquire: pairs with the release in arm().
    // Who moved the timer here wrote the slot under another wheel's lock, and that may have been
    // after the guess: the timer can have left and come back meanwhile.
    if (found->home.load(std::memory_order_acquire) != home) continue;
    // acquire: pairs with the release in create().
    const TimerIdentity identity = found->identity.load(std::memory_order_acquire);
    const Status status = identity.check(owner, timer.generation());
    return status == Status::kOk ? body(lane, *found) : status;
  }
}

Status Timers::create(OwnerId owner, SlotArena::Cache* cache, Handle& out) {
  if (owner >= kMaxOwners) return Status::kInvalid;
  const std::uint32_t index = arena_.allocate(cache);
  if (index == SlotArena::kNone) return Status::kNoMemory;
  TimerSlot& timer = slot(index);
  // relaxed: only this thread has the free slot, and got it after the store in close().
  const TimerIdentity identity = timer.identity.load(std::memory_order_relaxed).taken_by(owner);
  // relaxed: published with the identity.
  timer.maker.store(maker::current(), std::memory_order_relaxed);
  // release: pairs with the acquire in with_timer(), for a handle that was guessed.
  timer.identity.store(identity, std::memory_order_release);
  out = Handle(HandleKind::kTimer, index, identity.generation());
  return Status::kOk;
}

Status Timers::close(OwnerId owner, Handle timer, SlotArena::Cache* cache) {
  bool worn_out = false;
  const Status status = with_timer(owner, timer, [&](Lane& lane, TimerSlot& mine) {
    lane.lock.assert_held();
    unlink(lane, mine);
    mine.state = TimerState::kIdle;
    mine.waker = Waker();
    const TimerIdentity identity = mine.identity.load(std::memory_order_relaxed);
    worn_out = identity.is_worn_out();
    // release: pairs with the acquire in count(): who sees it gone sees what its owner did.
    mine.identity.store(identity.freed(), std::memory_order_release);
    return Status::kOk;
  });
  if (status == Status::kOk && !worn_out) arena_.release(timer.index(), cache);
  return status;
}

std::size_t Timers::count(OwnerId owner) const noexcept {
  std::size_t held = 0;
  const std::uint32_t used = arena_.used_slots();
  for (std::uint32_t index = 0; index < used; ++index) {
    const TimerIdentity identity = slot(index).identity.load(std::memory_order_acquire);
    if (identity.is_held() && identity.owner() == owner) ++held;
  }
  return held;
}

MakerCounts Timers::count_makers(OwnerId owner) const {
  MakerCounts counts;
  const std::uint32_t used = arena_.used_slots();
  for (std::uint32_t index = 0; index < used; ++index) {
    // acquire: pairs with the release in create(), which wrote the maker before.
    const TimerIdentity identity = slot(index).identity.load(std::memory_order_acquire);
    if (!identity.is_held() || identity.owner() != owner) continue;
    // relaxed: the slot may get its next user meanwhile, and then this is that one's.
    ++counts[slot(index).maker.load(std::memory_order_relaxed)];
  }
  return counts;
}

std::size_t Timers::close_all(OwnerId owner) {
  std::size_t closed = 0;
  const std::uint32_t used = arena_.used_slots();
  for (std::uint32_t index = 0; index < used; ++index) {
    const TimerIdentity identity = slot(index).identity.load(std::memory_order_acquire);
    if (!identity.is_held() || identity.owner() != owner) continue;
    const Handle timer(HandleKind::kTimer, index, identity.generation());
    if (close(owner, timer, nullptr) == Status::kOk) ++closed;
  }
  return closed;
}

bool Timers::describe(Handle timer, Nanos& deadline) const {
  TimerSlot* found = nullptr;
  if (find(timer, found) != Status::kOk) return false;
  const OwnerId owner = found->identity.load(std::memory_order_acquire).owner();
  bool armed = false;
  with_timer(owner, timer, [&](Lane&, TimerSlot& shown) {
    armed = shown.state == TimerState::kArmed;
    deadline = shown.deadline;
    return Status::kOk;
  });
  return armed;
}

// --- Arming, polling, cancelling ---------------------------------------------------------------

// Links the armed timer. True if that lowered the wheel's next deadline.
bool Timers::link(Lane& lane, TimerSlot& timer) const {
  const Tick tick = tick_not_before(timer.deadline);
  lane.wheel.insert(timer, tick);
  const Nanos due = tick_start(tick);
  // relaxed: `next` is written under the lock only.
  if (due >= lane.next.load(std::memory_order_relaxed)) return false;
  if (turning_ == Turning::kByHand) return false;
  // seq_cst: before the caller's look whether somebody sleeps, after a sleeper's announcement.
  // Were it weaker, both could miss each other and the timer would wait for another wake-up.
  lane.next.store(due, std::memory_order_seq_cst);
  return true;
}

void Timers::unlink(Lane& lane, TimerSlot& timer) {
  if (!timer.is_linked()) return;
  lane.wheel.remove(timer);
  // relaxed, both: only settle() reads the flag, and it looks again under the lock.
  if (tick_start(timer.tick) <= lane.next.load(std::memory_order_relaxed)) {
    lane.too_early.store(true, std::memory_order_relaxed);
  }
}

Status Timers::arm(OwnerId owner, Handle timer, Nanos deadline, unsigned wheel, bool& lowered) {
  EKIDEN_CHECK(wheel < wheel_count_);
  lowered = false;
  Lane& destination = lanes_[wheel];
  const auto new_home = static_cast<std::uint16_t>(wheel);
  TimerSlot* moving = nullptr;
  const Status status = with_timer(owner, timer, [&](Lane& lane, TimerSlot& mine) {
    lane.lock.assert_held();
    unlink(lane, mine);
    mine.deadline = deadline;
    mine.state = TimerState::kArmed;
    if (&lane == &destination) {
      lowered = link(lane, mine);
    } else {
      moving = &mine;
      // release: pairs with the acquire in with_timer(). The last write under this lock.
      mine.home.store(new_home, std::memory_order_release);
    }
    return Status::kOk;
  });
  if (moving != nullptr) lowered = arrive(destination, new_home, *moving, timer.generation());
  return status;
}

// All that a timer that is armed needs, under one lock: the slot's last home is mostly this wheel.
Status Timers::start(OwnerId owner, SlotArena::Cache* cache, const Start& how, Handle& out,
                     bool& lowered) {
  EKIDEN_CHECK(how.wheel < wheel_count_);
  lowered = false;
  if (owner >= kMaxOwners) return Status::kInvalid;
  const std::uint32_t index = arena_.allocate(cache);
  if (index == SlotArena::kNone) return Status::kNoMemory;
  TimerSlot& timer = slot(index);
  const auto new_home = static_cast<std::uint16_t>(how.wheel);
  const bool is_due = how.deadline <= how.now;
  // relaxed, all three: as in create(); and nobody else moves a timer that is not held.
  const TimerIdentity identity = timer.identity.load(std::memory_order_relaxed).taken_by(owner);
  const std::uint16_t home = timer.home.load(std::memory_order_relaxed);
  timer.maker.store(maker::current(), std::memory_order_relaxed);
  out = Handle(HandleKind::kTimer, index, identity.generation());
  {
    Lane& lane = lanes_[home];
    ShortLockGuard guard(lane.lock);
    timer.deadline = how.deadline;
    timer.state = is_due ? TimerState::kFired : TimerState::kArmed;
    timer.waker = is_due ? Waker() : how.waker;
    // release: as in create().
    timer.identity.store(identity, std::memory_order_release);
    if (is_due) return Status::kOk;
    if (home == new_home) {
      lane.wheel.catch_up(tick_at(how.now));
      lowered = link(lane, timer);
      return Status::kPending;
    }
    // release: as in arm(). The last write under this lock.
    timer.home.store(new_home, std::memory_order_release);
  }
  lowered = arrive(lanes_[new_home], new_home, timer, identity.generation());
  return Status::kPending;
}

// The second step of a move. Others may have been there between the steps, see timers.hpp.
bool Timers::arrive(Lane& lane, std::uint16_t wheel, TimerSlot& timer, std::uint32_t generation) {
  ShortLockGuard guard(lane.lock);
  if (timer.home.load(std::memory_order_acquire) != wheel) return false;
  const TimerIdentity identity = timer.identity.load(std::memory_order_acquire);
  if (!identity.is_held() || identity.generation() != generation) return false;
  if (timer.state != TimerState::kArmed || timer.is_linked()) return false;
  return link(lane, timer);
}

Status Timers::poll(OwnerId owner, Handle timer, Waker waker, Nanos now) {
  return with_timer(owner, timer, [&](Lane& lane, TimerSlot& mine) {
    lane.lock.assert_held();
    if (mine.state == TimerState::kIdle) return Status::kWrongState;
    if (mine.state == TimerState::kFired) return Status::kOk;
    if (mine.deadline > now) {
      // A null waker only asks, and leaves whoever waits alone.
      if (!waker.is_null()) mine.waker = waker;
      return Status::kPending;
    }
    unlink(lane, mine);
    mine.state = TimerState::kFired;
    mine.waker = Waker();
    return Status::kOk;
  });
}

Status Timers::cancel(OwnerId owner, Handle timer) {
  return with_timer(owner, timer, [&](Lane& lane, TimerSlot& mine) {
    lane.lock.assert_held();
    unlink(lane, mine);
    mine.state = TimerState::kIdle;
    mine.waker = Waker();
    return Status::kOk;
  });
}

// --- Time passes -------------------------------------------------------------------------------

Nanos Timers::next_deadline() const noexcept {
  Nanos earliest = kNever;
  for (unsigned wheel = 0; wheel < wheel_count_; ++wheel) {
    earliest = std::min(earliest, next_deadline(wheel));
  }
  return earliest;
}

// Brings `next` up to what the wheel says. Both are lower bounds, so the later one is the better.
void Timers::raise_next(Lane& lane) {
  lane.too_early.store(false, std::memory_order_relaxed);
  const Nanos found = tick_start(lane.wheel.next_tick());
  if (found > lane.next.load(std::memory_order_relaxed)) {
    lane.next.store(found, std::memory_order_seq_cst);
  }
}

Nanos Timers::settle() noexcept {
  Nanos earliest = kNever;
  for (unsigned wheel = 0; wheel < wheel_count_; ++wheel) {
    Lane& lane = lanes_[wheel];
    // relaxed: a cancel that is missed costs one wake-up that nobody needed.
    if (lane.too_early.load(std::memory_order_relaxed)) {
      ShortLockGuard guard(lane.lock);
      raise_next(lane);
    }
    earliest = std::min(earliest, next_deadline(wheel));
  }
  return earliest;
}

void Timers::fire_batch(Lane& lane, Tick now, Batch& batch) {
  std::array<Wheel::Entry*, kBatch> due;
  ShortLockGuard guard(lane.lock);
  const Wheel::Turned turned = lane.wheel.turn(now, due);
  batch.count = 0;
  batch.fired += turned.due;
  for (std::size_t i = 0; i < turned.due; ++i) {
    TimerSlot& timer = *static_cast<TimerSlot*>(due[i]);
    timer.state = TimerState::kFired;
    if (!timer.waker.is_null()) batch.wakers[batch.count++] = timer.waker;
    timer.waker = Waker();
  }
  // Until then `next` stays in the past, so that others go on here if this thread is held up.
  batch.finished = turned.finished;
  if (turned.finished) raise_next(lane);
}

std::size_t Timers::advance(unsigned wheel, Nanos now) noexcept {
  EKIDEN_CHECK(wheel < wheel_count_);
  Lane& lane = lanes_[wheel];
  if (next_deadline(wheel) > now) return 0;
  std::size_t linked;
  {
    ShortLockGuard guard(lane.lock);
    linked = lane.wheel.size();
  }
  std::size_t woken = 0;
  Batch batch;
  while (!batch.finished && batch.fired <= linked) {
    fire_batch(lane, tick_at(now), batch);
    for (std::size_t i = 0; i < batch.count; ++i)
      target_.wake(batch.wakers[i]);
    woken += batch.count;
  }
  return woken;
}

std::size_t Timers::advance_due(Nanos now) noexcept {
  std::size_t woken = 0;
  for (unsigned wheel = 0; wheel < wheel_count_; ++wheel)
    woken += advance(wheel, now);
  return woken;
}

// --- By hand -----------------------------------------------------------------------------------

// Runs body(home, slot) under the lock of the slot's home if somebody holds the slot.
template <class Body>
void Timers::with_held(std::uint32_t index, Body body) const {
  // acquire: pairs with the release in create().
  const TimerIdentity identity = slot(index).identity.load(std::memory_order_acquire);
  if (!identity.is_held()) return;
  const Handle timer(HandleKind::kTimer, index, identity.generation());
  // Stale where it was closed meanwhile: then there is nothing to look at.
  static_cast<void>(with_timer(identity.owner(), timer, [&](Lane& lane, TimerSlot& held) {
    body(lane, held);
    return Status::kOk;
  }));
}

Nanos Timers::earliest() const noexcept {
  Nanos first = kNever;
  const std::uint32_t used = arena_.used_slots();
  for (std::uint32_t index = 0; index < used; ++index) {
    with_held(index, [&](Lane&, const TimerSlot& timer) {
      if (timer.state == TimerState::kArmed) first = std::min(first, timer.deadline);
    });
  }
  return first;
}

// One that is on its way between two wheels is not linked, and fires all the same: whoever moves it
// finds it fired, and leaves it so.
std::size_t Timers::fire_due(Nanos now) noexcept {
  std::size_t fired = 0;
  Waker waiting;
  const auto fire = [&](Lane& lane, TimerSlot& timer) {
    lane.lock.assert_held();
    if (timer.state != TimerState::kArmed || timer.deadline > now) return;
    unlink(lane, timer);
    timer.state = TimerState::kFired;
    waiting = std::exchange(timer.waker, Waker());
    ++fired;
  };
  const std::uint32_t used = arena_.used_slots();
  for (std::uint32_t index = 0; index < used; ++index) {
    with_held(index, fire);
    if (!waiting.is_null()) target_.wake(std::exchange(waiting, Waker()));
  }
  return fired;
}

}  // namespace ekiden::runtime

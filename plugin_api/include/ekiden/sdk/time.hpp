// Time: sleep, timeout, Interval. All of it is CLOCK_MONOTONIC, in std::chrono's nanoseconds.
//
//   co_await sleep(20ms);
//   if (auto line = co_await timeout(5s, read_line(peer))) …
#pragma once

#include <ekiden/sdk/detail/scope.hpp>

#include <chrono>
#include <optional>

EKIDEN_SDK_BEGIN

using Nanoseconds = std::chrono::nanoseconds;

// A moment of the host's clock.
struct TimePoint {
  std::uint64_t ns = 0;

  friend TimePoint operator+(TimePoint at, Nanoseconds by) {
    if (by.count() < 0) {
      const auto back = 0 - static_cast<std::uint64_t>(by.count());
      return {at.ns > back ? at.ns - back : 0};
    }
    const auto step = static_cast<std::uint64_t>(by.count());
    return {at.ns > ~std::uint64_t{0} - step ? ~std::uint64_t{0} : at.ns + step};
  }
  friend Nanoseconds operator-(TimePoint a, TimePoint b) {
    return Nanoseconds(static_cast<std::int64_t>(a.ns - b.ns));
  }
  friend auto operator<=>(TimePoint, TimePoint) = default;
};

// [any] Read now.
inline TimePoint now() { return {detail::bound.time->now_ns(detail::bound.ctx)}; }

namespace detail {

// A timer of the host that is started once.
class Alarm {
 public:
  Alarm() = default;
  Alarm(Alarm&& other) noexcept : timer_(std::exchange(other.timer_, 0)) {}
  Alarm& operator=(Alarm&&) = delete;
  ~Alarm() { close(); }

  // True: it has come already, or there is no timer to be had (code() says).
  bool start(TimePoint at, ekd_waker waker) noexcept {
    code_ = bound.time->start(bound.ctx, at.ns, waker, &timer_);
    return code_ != EKD_PENDING;
  }
  // True: it has come.
  bool poll(ekd_waker waker) noexcept {
    code_ = bound.time->poll(bound.ctx, timer_, waker);
    return code_ != EKD_PENDING;
  }
  void close() noexcept {
    if (timer_ != 0) bound.time->close(bound.ctx, std::exchange(timer_, 0));
  }
  std::int32_t code() const { return code_; }
  bool is_set() const { return timer_ != 0; }

 private:
  ekd_timer timer_ = 0;
  std::int32_t code_ = EKD_PENDING;
};

class SleepWait final : public Wait {
 public:
  explicit SleepWait(TimePoint until) : until_(until) {}
  explicit SleepWait(Nanoseconds length) : length_(length) {}

  bool begin() noexcept override {
    if (length_) until_ = TimePoint{bound.time->now_ns(bound.ctx)} + *length_;
    return alarm_.start(until_, waker());
  }
  bool poll() noexcept override { return alarm_.poll(waker()); }
  void result() const { check(alarm_.code(), "sleep"); }

 private:
  TimePoint until_;
  std::optional<Nanoseconds> length_;  // counted from the await on
  Alarm alarm_;
};

template <class T>
class TimeoutWait final : public Scope {
 public:
  TimeoutWait(TimePoint until, Task<T> task) : until_(until), part_(std::move(task)) {}
  TimeoutWait(TimeoutWait&&) = default;

  bool begin() noexcept override {
    start(part_);
    if (is_over()) return true;
    if (!alarm_.start(until_, waker())) return false;
    // An instance that drains gets no timers: then the deadline of the drain is all there is.
    if (alarm_.code() == EKD_E_DRAINING) return false;
    return expire();
  }
  bool poll() noexcept override {
    return !expired_ && alarm_.is_set() && alarm_.poll(waker()) && expire();
  }
  // bool for void.
  auto result() {
    if (!part_.ended()) check(alarm_.code(), "timeout");
    if constexpr (std::is_void_v<T>) {
      if (part_.ended()) part_.outcome().get();
      return part_.ended();
    } else {
      using Value = std::optional<ValueOf<T>>;
      return part_.ended() ? Value(part_.outcome().get_value()) : Value();
    }
  }

 private:
  bool expire() noexcept {
    expired_ = true;
    cancel_parts();
    return is_over();
  }
  void cancel_parts() noexcept override { Scope::cancel(part_); }
  void part_ended(PartBase&, bool) noexcept override {}

  const TimePoint until_;
  Part<T> part_;
  Alarm alarm_;
  bool expired_ = false;
};

}  // namespace detail

// co_await: goes on when the time has come; never early. Cancellation-safe.
inline detail::SleepWait sleep(Nanoseconds length) { return detail::SleepWait(length); }
inline detail::SleepWait sleep_until(TimePoint at) { return detail::SleepWait(at); }

// co_await: what `part` gives, as a std::optional (bool for void, a std::reference_wrapper in it
// for a reference); empty where the time was up
// first. Then `part` has been cancelled, and is gone. The time counts from this call on.
template <Awaitable A>
auto timeout_at(TimePoint at, A part) {
  return detail::TimeoutWait<AwaitResult<A>>(at, detail::as_task(std::move(part)));
}
template <Awaitable A>
auto timeout(Nanoseconds length, A part) {
  return timeout_at(now() + length, std::move(part));
}

// What an Interval does about ticks that it has missed.
enum class MissedTicks : std::uint8_t {
  kBurst,  // they come at once, one behind the other, until it has caught up
  kDelay,  // the next comes a whole period after this one
  kSkip,   // they are left out; the next comes at a multiple of the period
};

// Ticks a period apart; the first at once, or at `start`.
class Interval {
 public:
  // Throws Error (EKD_E_INVALID) where the period is not above zero.
  explicit Interval(Nanoseconds period, MissedTicks missed = MissedTicks::kBurst)
      : Interval(now(), period, missed) {}
  Interval(TimePoint start, Nanoseconds period, MissedTicks missed = MissedTicks::kBurst)
      : next_(start), period_(period), missed_(missed) {
    if (period.count() <= 0) throw Error(EKD_E_INVALID, "the period of an interval is above 0 ns");
  }

  class TickWait final : public detail::Wait {
   public:
    explicit TickWait(Interval& interval) : interval_(interval) {}
    bool begin() noexcept override { return alarm_.start(interval_.next_, waker()); }
    bool poll() noexcept override { return alarm_.poll(waker()); }
    // When it was due.
    TimePoint result() {
      detail::check(alarm_.code(), "interval");
      return interval_.advance();
    }

   private:
    Interval& interval_;
    detail::Alarm alarm_;
  };

  // co_await: when the next tick was due. Cancellation-safe: a tick that nobody took comes again.
  TickWait tick() { return TickWait(*this); }
  Nanoseconds period() const { return period_; }
  // The next tick comes a period from now.
  void reset() { next_ = now() + period_; }

 private:
  TimePoint advance() {
    const TimePoint due = next_;
    next_ = due + period_;
    if (missed_ == MissedTicks::kBurst) return due;
    const TimePoint at = now();
    if (next_ > at) return due;
    if (missed_ == MissedTicks::kDelay) {
      next_ = at + period_;
    } else {
      next_ = due + period_ * ((at - due) / period_ + 1);
    }
    return due;
  }

  TimePoint next_;
  Nanoseconds period_;
  MissedTicks missed_;
};

EKIDEN_SDK_END

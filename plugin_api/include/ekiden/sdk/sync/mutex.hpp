// Mutex: one task at a time.
//
//   Mutex<std::vector<int>> list;
//   auto held = co_await list.lock();   // unlocked when it goes
//   held->push_back(1);
//
//   Mutex turn;                         // guards what its owner says it does
//   auto mine = co_await turn.lock();
//
// For what is held across a co_await. A std::mutex is quicker, and right, where it is not.
#pragma once

#include <ekiden/sdk/detail/guarded.hpp>
#include <ekiden/sdk/detail/permits.hpp>

#include <optional>
#include <utility>

EKIDEN_SDK_BEGIN

template <class T>
class Mutex;

// Holds the lock. Move-only; unlocks when it goes, on whatever thread that is. The Mutex must live
// as long.
template <class T>
class [[nodiscard("a lock that nobody keeps is unlocked at once")]] MutexGuard {
 public:
  MutexGuard(MutexGuard && other) noexcept : of_(std::exchange(other.of_, nullptr)) {}
  MutexGuard& operator=(MutexGuard&& other) noexcept {
    if (this == &other) return *this;
    unlock();
    of_ = std::exchange(other.of_, nullptr);
    return *this;
  }
  ~MutexGuard() { unlock(); }

  // What it guards. It holds the lock.
  std::add_lvalue_reference_t<T> operator*() const noexcept requires(!std::is_void_v<T>) {
    return of_->guarded_.value;
  }
  T* operator->() const noexcept requires(!std::is_void_v<T>) { return &of_->guarded_.value; }
  // It holds the lock.
  explicit operator bool() const noexcept { return of_ != nullptr; }

  // [any] Now.
  void unlock() noexcept {
    if (of_ != nullptr) std::exchange(of_, nullptr)->permits_.give(1);
  }

 private:
  friend class Mutex<T>;
  explicit MutexGuard(Mutex<T> & of) noexcept : of_(&of) {}

  Mutex<T>* of_;
};

// Fair: it goes to those who wait in the order of coming, and a newcomer does not overtake them.
// Not recursive: a task that locks it twice waits for itself. Neither moved nor copied. Destroying
// it while it is locked or waited for ends the process.
template <class T = void>
class Mutex {
 public:
  class LockWait final : public detail::PermitWait {
   public:
    explicit LockWait(Mutex& of) : PermitWait(of.permits_, 1), of_(of) {}
    MutexGuard<T> result() noexcept {
      take();
      return MutexGuard<T>(of_);
    }

   private:
    Mutex& of_;
  };

  // What it guards is made of them.
  template <class... Args>
  requires std::constructible_from<detail::Guarded<T>, Args...>
  explicit Mutex(Args&&... args) : guarded_(std::forward<Args>(args)...) {}
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;
  ~Mutex() {
    if (permits_.available() != 1)
      detail::die(permits_.what(), "was destroyed while it was locked");
  }

  // co_await: a MutexGuard<T>. Cancellation-safe: who is cancelled loses its place, and a lock that
  // it was given goes to the next.
  LockWait lock() { return LockWait(*this); }
  // [any] Nothing where it is locked.
  std::optional<MutexGuard<T>> try_lock() noexcept {
    if (permits_.try_take(1) != detail::Permits::Try::kTaken) return std::nullopt;
    return MutexGuard<T>(*this);
  }

 private:
  friend class MutexGuard<T>;

  detail::Guarded<T> guarded_;
  detail::Permits permits_{"a Mutex", 1};
};

EKIDEN_SDK_END

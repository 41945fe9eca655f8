// RwLock: many readers, or one writer.
//
//   RwLock<Table> table;
//   auto shared = co_await table.read();    // const Table&
//   auto sole = co_await table.write();     // Table&
#pragma once

#include <ekiden/sdk/detail/guarded.hpp>
#include <ekiden/sdk/detail/permits.hpp>

#include <optional>
#include <utility>

EKIDEN_SDK_BEGIN

template <class T>
class RwLock;

namespace detail {

// The part of the lock that a guard holds. A reader has one permit, a writer all of them.
template <class T>
class RwHold {
 public:
  RwHold(RwHold&& other) noexcept : of_(std::exchange(other.of_, nullptr)), count_(other.count_) {}
  RwHold& operator=(RwHold&& other) noexcept {
    if (this == &other) return *this;
    unlock();
    of_ = std::exchange(other.of_, nullptr);
    count_ = other.count_;
    return *this;
  }

  // It holds the lock.
  explicit operator bool() const noexcept { return of_ != nullptr; }
  // [any] Now.
  void unlock() noexcept {
    if (of_ != nullptr) std::exchange(of_, nullptr)->permits_.give(count_);
  }

 protected:
  RwHold(RwLock<T>* of, std::uint64_t count) noexcept : of_(of), count_(count) {}
  ~RwHold() { unlock(); }
  T& value() const noexcept { return of_->guarded_.value; }
  // Of a writer: keeps one permit, and hands that to the caller.
  RwLock<T>* keep_one() noexcept {
    of_->permits_.give(count_ - 1);
    return std::exchange(of_, nullptr);
  }

 private:
  RwLock<T>* of_;
  std::uint64_t count_;
};

}  // namespace detail

// Holds it for reading. Move-only; unlocks when it goes. The RwLock must live as long.
template <class T>
class [[nodiscard("a lock that nobody keeps is unlocked at once")]] ReadGuard
    : public detail::RwHold<T> {
 public:
  const T& operator*() const noexcept { return this->value(); }
  const T* operator->() const noexcept { return &this->value(); }

 private:
  template <class>
  friend class RwLock;
  template <class>
  friend class WriteGuard;
  ReadGuard(RwLock<T> * of, std::uint64_t count) noexcept : detail::RwHold<T>(of, count) {}
};

// Holds it for writing. Move-only; unlocks when it goes. The RwLock must live as long.
template <class T>
class [[nodiscard("a lock that nobody keeps is unlocked at once")]] WriteGuard
    : public detail::RwHold<T> {
 public:
  T& operator*() const noexcept { return this->value(); }
  T* operator->() const noexcept { return &this->value(); }

  // [any] Reads on, with nobody writing in between; other readers may come. It holds the lock, and
  // this guard does not afterwards.
  ReadGuard<T> downgrade() noexcept { return {this->keep_one(), 1}; }

 private:
  template <class>
  friend class RwLock;
  WriteGuard(RwLock<T> * of, std::uint64_t count) noexcept : detail::RwHold<T>(of, count) {}
};

// Fair: it goes to those who wait in the order of coming; readers that come behind a waiting writer
// wait too, so writers are not starved. So a task that reads and wants to read once more may wait
// for ever. Neither moved nor copied. Destroying it while it is locked or waited for ends the
// process.
template <class T>
class RwLock {
 public:
  // Readers at the same time; more of them wait.
  static constexpr std::uint64_t kMaxReaders = std::uint64_t{1} << 30;

  template <class Guard, std::uint64_t kCount>
  class LockWait final : public detail::PermitWait {
   public:
    explicit LockWait(RwLock& of) : PermitWait(of.permits_, kCount), of_(of) {}
    Guard result() noexcept {
      take();
      return of_.template guard<Guard>(kCount);
    }

   private:
    RwLock& of_;
  };
  using ReadWait = LockWait<ReadGuard<T>, 1>;
  using WriteWait = LockWait<WriteGuard<T>, kMaxReaders>;

  // What it guards is made of them.
  template <class... Args>
  requires std::constructible_from<detail::Guarded<T>, Args...>
  explicit RwLock(Args&&... args) : guarded_(std::forward<Args>(args)...) {}
  RwLock(const RwLock&) = delete;
  RwLock& operator=(const RwLock&) = delete;
  ~RwLock() {
    if (permits_.available() != kMaxReaders)
      detail::die(permits_.what(), "was destroyed while it was locked");
  }

  // co_await: a ReadGuard<T>, a WriteGuard<T>. Cancellation-safe: who is cancelled loses its place,
  // and a lock that it was given goes to the next; readers behind a cancelled writer go on.
  ReadWait read() { return ReadWait(*this); }
  WriteWait write() { return WriteWait(*this); }
  // [any] Nothing where they would have to wait.
  std::optional<ReadGuard<T>> try_read() noexcept { return try_lock<ReadGuard<T>>(1); }
  std::optional<WriteGuard<T>> try_write() noexcept { return try_lock<WriteGuard<T>>(kMaxReaders); }

 private:
  friend class detail::RwHold<T>;

  template <class Guard>
  Guard guard(std::uint64_t count) noexcept {
    return {this, count};
  }
  template <class Guard>
  std::optional<Guard> try_lock(std::uint64_t count) noexcept {
    if (permits_.try_take(count) != detail::Permits::Try::kTaken) return std::nullopt;
    return guard<Guard>(count);
  }

  detail::Guarded<T> guarded_;
  detail::Permits permits_{"an RwLock", kMaxReaders};
};

EKIDEN_SDK_END

// Semaphore: a number of permits to do something.
//
//   Semaphore connections(100);
//   Permit permit = co_await connections.acquire();   // given back when it goes
#pragma once

#include <ekiden/sdk/detail/permits.hpp>

#include <algorithm>
#include <optional>
#include <utility>

EKIDEN_SDK_BEGIN

class Semaphore;

namespace detail {
class AcquireWait;
}  // namespace detail

// Permits that somebody holds. Move-only; gives them back when it goes. May be given to another
// task or thread. The semaphore must live as long.
class [[nodiscard("a permit that nobody keeps is given back at once")]] Permit {
 public:
  Permit() noexcept = default;
  Permit(Permit && other) noexcept
      : permits_(std::exchange(other.permits_, nullptr)), count_(std::exchange(other.count_, 0)) {}
  Permit& operator=(Permit&& other) noexcept {
    if (this == &other) return *this;
    release();
    permits_ = std::exchange(other.permits_, nullptr);
    count_ = std::exchange(other.count_, 0);
    return *this;
  }
  ~Permit() { release(); }

  // How many; 0: it holds nothing.
  std::uint32_t count() const noexcept { return count_; }
  // [any] Gives them back now.
  void release() noexcept {
    if (permits_ != nullptr) std::exchange(permits_, nullptr)->give(std::exchange(count_, 0));
  }
  // They are never given back: the semaphore has that many fewer.
  void forget() noexcept {
    permits_ = nullptr;
    count_ = 0;
  }
  // A part of them as a permit of its own. Throws Error (EKD_E_INVALID) where it holds fewer.
  Permit split(std::uint32_t count) {
    if (count > count_) throw Error(EKD_E_INVALID, "a permit can be split only as far as it goes");
    count_ -= count;
    return Permit(permits_, count);
  }
  // Takes over what the other holds. Throws Error (EKD_E_INVALID), and changes nothing, where that
  // is of another semaphore, or the sum over Semaphore::kMaxPermits.
  void merge(Permit && other) {
    if (other.permits_ == nullptr || &other == this) return;
    if (permits_ == nullptr) {
      *this = std::move(other);
      return;
    }
    if (permits_ != other.permits_)
      throw Error(EKD_E_INVALID, "permits of different semaphores cannot be merged");
    if (other.count_ > ~std::uint32_t{0} - count_)
      throw Error(EKD_E_INVALID, "a permit holds at most Semaphore::kMaxPermits");
    count_ += other.count_;
    other.forget();
  }

 private:
  friend class Semaphore;
  friend class detail::AcquireWait;
  Permit(detail::Permits * permits, std::uint32_t count) noexcept
      : permits_(permits), count_(count) {}

  detail::Permits* permits_ = nullptr;
  std::uint32_t count_ = 0;
};

namespace detail {

class AcquireWait final : public PermitWait {
 public:
  AcquireWait(Permits& permits, std::uint32_t count) : PermitWait(permits, count) {}

  Permit result() {
    if (!take()) throw Closed("the semaphore is closed");
    return {&permits(), static_cast<std::uint32_t>(waiter().value)};
  }
};

}  // namespace detail

// Fair: who waits gets its permits in the order of coming, and a newcomer takes none while somebody
// waits; so one who wants many is not starved by those who want few. Neither moved nor copied.
// Destroying it while a task waits for it ends the process.
class Semaphore {
 public:
  static constexpr std::uint32_t kMaxPermits = ~std::uint32_t{0};

  // Any number of permits, also none.
  explicit Semaphore(std::uint32_t permits) : permits_("a Semaphore", permits) {}

  // co_await: a Permit for `count`, once there are that many and nobody is before us. Throws
  // Closed. Wanting more than there have ever been is no error, for they may be released: it waits
  // until they are, and everybody who comes later waits behind it. Cancellation-safe: who is
  // cancelled loses its place, and what it was given goes to the next.
  detail::AcquireWait acquire(std::uint32_t count = 1) { return {permits_, count}; }

  // [any] The same without waiting: nothing where there are too few, or somebody waits. Throws
  // Closed.
  std::optional<Permit> try_acquire(std::uint32_t count = 1) {
    using Try = detail::Permits::Try;
    const Try how = permits_.try_take(count);
    if (how == Try::kClosed) throw Closed("the semaphore is closed");
    if (how == Try::kNone) return std::nullopt;
    return Permit(&permits_, count);
  }

  // [any] Adds permits, new ones or such as were forgotten. Throws Error (EKD_E_INVALID), and adds
  // none, where more than kMaxPermits would be available.
  void release(std::uint32_t count = 1) {
    if (!permits_.give_up_to(kMaxPermits, count))
      throw Error(EKD_E_INVALID, "a semaphore has at most Semaphore::kMaxPermits permits");
  }

  // [any] No permit is given from here on: who waits, and who comes, gets Closed. Those that are
  // held stay good.
  void close() noexcept { permits_.close(); }
  // [any] As of now.
  bool is_closed() const noexcept { return permits_.closed(); }
  std::uint32_t available() const noexcept {
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(permits_.available(), kMaxPermits));
  }

 private:
  detail::Permits permits_;
};

EKIDEN_SDK_END

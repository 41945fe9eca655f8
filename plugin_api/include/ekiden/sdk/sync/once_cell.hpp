// OnceCell: a value that the first who needs it makes.
//
//   OnceCell<Config> config;
//   const Config& c = co_await config.get_or_init([] { return load_config(); });
#pragma once

#include <ekiden/sdk/detail/permits.hpp>
#include <ekiden/sdk/task.hpp>

#include <concepts>
#include <new>
#include <utility>

EKIDEN_SDK_BEGIN

// Neither moved nor copied. Destroying it while a task waits for it ends the process.
template <class T>
class OnceCell {
 public:
  OnceCell() = default;
  explicit OnceCell(T value) { fill(std::move(value)); }
  OnceCell(const OnceCell&) = delete;
  OnceCell& operator=(const OnceCell&) = delete;
  ~OnceCell() {
    if (T* const value = get()) value->~T();
  }

  // [any] Null: there is none yet. It stays where it is as long as the cell.
  T* get() noexcept {
    // acquire: pairs with the release in fill().
    return full_.load(std::memory_order_acquire) ? stored() : nullptr;
  }
  const T* get() const noexcept { return const_cast<OnceCell*>(this)->get(); }

  // The value. Where there is none, `make()`, a coroutine or a wait, gives it; of several tasks one
  // makes it, and the others wait. Where that one throws or is cancelled, the next in line makes
  // it; the exception is its own. A `make` that awaits this cell waits for itself.
  // Cancellation-safe.
  template <std::invocable F>
  Task<T&> get_or_init(F make) {
    if (T* const value = get()) co_return *value;
    Turn turn(co_await TurnWait(turns_));
    if (T* const value = get()) co_return *value;
    fill(co_await make());
    co_return *stored();
  }

  // [any] False, and nothing is changed: there is a value, or somebody makes it.
  bool set(T value) {
    if (turns_.try_take(1) != detail::Permits::Try::kTaken) return false;
    const Turn turn(&turns_);
    if (get() != nullptr) return false;
    fill(std::move(value));
    return true;
  }

 private:
  // One task at a time may make it.
  class Turn {
   public:
    explicit Turn(detail::Permits* turns) : turns_(turns) {}
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() {
      if (turns_ != nullptr) turns_->give(1);
    }

   private:
    detail::Permits* const turns_;
  };
  class TurnWait final : public detail::PermitWait {
   public:
    explicit TurnWait(detail::Permits& turns) : PermitWait(turns, 1) {}
    // Null: nobody needs one, for there is a value.
    detail::Permits* result() noexcept { return take() ? &permits() : nullptr; }
  };

  T* stored() noexcept { return std::launder(reinterpret_cast<T*>(room_)); }
  void fill(T&& value) {
    ::new (static_cast<void*>(room_)) T(std::move(value));
    // release: pairs with the acquire in get().
    full_.store(true, std::memory_order_release);
    turns_.close();
  }

  alignas(T) std::byte room_[sizeof(T)];
  std::atomic<bool> full_{false};
  detail::Permits turns_{"a OnceCell", 1};
};

EKIDEN_SDK_END

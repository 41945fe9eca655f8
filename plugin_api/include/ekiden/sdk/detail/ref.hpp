// A counted reference to what several handles share: the state of a channel.
#pragma once

#include <ekiden/sdk/base.hpp>

#include <atomic>
#include <cstdint>
#include <utility>

EKIDEN_SDK_BEGIN

namespace detail {

// [any] thread. T is final, or destroyed well through Counted<T>'s T.
template <class T>
class Counted {
 public:
  // `refs`: references that are adopted.
  explicit Counted(std::uint32_t refs = 0) noexcept : refs_(refs) {}
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

  // relaxed: who copies a reference has one.
  void retain() noexcept { refs_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    // acq_rel: who destroys it knows all that the others did with it.
    if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete static_cast<T*>(this);
  }

 protected:
  ~Counted() = default;

 private:
  std::atomic<std::uint32_t> refs_;
};

template <class T>
class Ref {
 public:
  Ref() noexcept = default;
  explicit Ref(T* of) noexcept : of_(of) {
    if (of_ != nullptr) of_->retain();
  }
  // Takes over a reference that is counted already.
  static Ref adopt(T* of) noexcept {
    Ref ref;
    ref.of_ = of;
    return ref;
  }
  Ref(const Ref& other) noexcept : Ref(other.of_) {}
  Ref(Ref&& other) noexcept : of_(std::exchange(other.of_, nullptr)) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(of_, other.of_);
    return *this;
  }
  ~Ref() { reset(); }

  void reset() noexcept {
    if (T* const of = std::exchange(of_, nullptr)) of->release();
  }
  explicit operator bool() const noexcept { return of_ != nullptr; }
  T* get() const noexcept { return of_; }
  T* operator->() const noexcept { return of_; }

 private:
  T* of_ = nullptr;
};

}  // namespace detail

EKIDEN_SDK_END

// Rests between the tries of something that has no room: the first lets others run, the next are
// longer and longer. For waits.
#pragma once

#include <ekiden/sdk/time.hpp>

EKIDEN_SDK_BEGIN

namespace detail {

class Backoff {
 public:
  // False: it still rests, and the task is woken when that is over.
  bool may_try(ekd_waker waker) noexcept { return !armed_ || alarm_.poll(waker); }
  // The try was in vain.
  void rest(TaskCore& core) noexcept {
    alarm_.close();
    armed_ = false;
    if (rest_ns_ == 0) {
      rest_ns_ = kRestMinNs;
      return core.request_yield();
    }
    const ekd_cx& cx = *core.turn().cx;
    armed_ = !alarm_.start({cx.now_ns + rest_ns_}, cx.waker);
    if (!armed_) core.request_yield();
    rest_ns_ = rest_ns_ < kRestMaxNs ? 2 * rest_ns_ : kRestMaxNs;
  }

 private:
  static constexpr std::uint64_t kRestMinNs = 50 * EKD_NS_PER_US;
  static constexpr std::uint64_t kRestMaxNs = 5 * EKD_NS_PER_MS;

  Alarm alarm_;
  std::uint64_t rest_ns_ = 0;
  bool armed_ = false;
};

}  // namespace detail

EKIDEN_SDK_END

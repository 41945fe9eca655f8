// A stack of its own and a place to go on: what a model's threads are, all on one thread of the
// operating system, so that a run does exactly what the checker chooses. ucontext, because it needs
// no assembly and a run switches only where the checker changes threads.
#pragma once

#include <ucontext.h>

#include <cstddef>
#include <memory>

namespace ekiden::model {

class Fiber {
 public:
  using Body = void (*)(void* argument);

  Fiber() = default;
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // From the body's beginning at the next switch; what was on the stack is forgotten. The body must
  // not return.
  void start(Body body, void* argument);
  // Leaves `from` where it is and goes on in `to`.
  static void change(Fiber& from, Fiber& to);

 private:
  static void enter();

  static constexpr std::size_t kStackBytes = 256 * 1024;

  std::unique_ptr<std::byte[]> stack_;  // none: the thread's own
  ucontext_t context_{};
  Body body_ = nullptr;
  void* argument_ = nullptr;
  // For AddressSanitizer.
  const void* bottom_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace ekiden::model

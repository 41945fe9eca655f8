#include "tests/model/checker/fiber.hpp"

#if defined(__SANITIZE_ADDRESS__)
#define EKIDEN_MODEL_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define EKIDEN_MODEL_ASAN 1
#endif
#endif

#ifdef EKIDEN_MODEL_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace ekiden::model {

namespace {

// Who was left last, and who is entered: enter() has no argument of its own.
Fiber* left = nullptr;
Fiber* entered = nullptr;

}  // namespace

Fiber::~Fiber() {
#ifdef EKIDEN_MODEL_ASAN
  if (stack_) __asan_unpoison_memory_region(stack_.get(), kStackBytes);
#endif
}

void Fiber::start(Body body, void* argument) {
  if (!stack_) stack_.reset(new std::byte[kStackBytes]);
#ifdef EKIDEN_MODEL_ASAN
  // A run may have been left in the middle of its functions.
  __asan_unpoison_memory_region(stack_.get(), kStackBytes);
#endif
  bottom_ = stack_.get();
  bytes_ = kStackBytes;
  body_ = body;
  argument_ = argument;
  getcontext(&context_);
  context_.uc_stack.ss_sp = stack_.get();
  context_.uc_stack.ss_size = kStackBytes;
  context_.uc_link = nullptr;
  makecontext(&context_, &Fiber::enter, 0);
}

void Fiber::enter() {
#ifdef EKIDEN_MODEL_ASAN
  __sanitizer_finish_switch_fiber(nullptr, left->stack_ ? nullptr : &left->bottom_,
                                  left->stack_ ? nullptr : &left->bytes_);
#endif
  entered->body_(entered->argument_);
}

void Fiber::change(Fiber& from, Fiber& to) {
  left = &from;
  entered = &to;
#ifdef EKIDEN_MODEL_ASAN
  void* fake = nullptr;
  __sanitizer_start_switch_fiber(&fake, to.bottom_, to.bytes_);
#endif
  swapcontext(&from.context_, &to.context_);
#ifdef EKIDEN_MODEL_ASAN
  // The bounds of the thread's own stack are learnt from whoever was entered from it.
  __sanitizer_finish_switch_fiber(fake, left->stack_ ? nullptr : &left->bottom_,
                                  left->stack_ ? nullptr : &left->bytes_);
#endif
}

}  // namespace ekiden::model

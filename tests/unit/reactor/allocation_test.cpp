// Waiting allocates nothing once a descriptor is registered. This file counts the whole program's
// calls of operator new; sanitizers bring their own, and then the test says nothing.
#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <new>

#include "tests/unit/reactor/support.hpp"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define EKIDEN_OWN_NEW 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define EKIDEN_OWN_NEW 0
#endif
#endif
#ifndef EKIDEN_OWN_NEW
#define EKIDEN_OWN_NEW 1
#endif

#if EKIDEN_OWN_NEW

namespace {
std::atomic<long> allocations{0};
}  // namespace

void* operator new(std::size_t bytes) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(bytes > 0 ? bytes : 1)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace ekiden::runtime::test {

TEST_CASE("a round of waiting and waking allocates nothing") {
  class NullTarget final : public WakeTarget {
   public:
    void wake(Waker) noexcept override { ++wakes; }
    int wakes = 0;
  };
  NullTarget target;
  Reactor reactor(target);
  static_cast<void>(reactor.try_hold());
  Pair pair = make_socket_pair();
  Handle handle;
  int os_error = 0;
  REQUIRE(reactor.adopt(kOwner, pair.near.give(), handle, os_error) == Status::kOk);

  int failures = 0;
  long before = 0;
  for (int round = 0; round < 100; ++round) {
    if (round == 1) before = allocations.load();
    char buffer[8];
    std::size_t count = 0;
    const auto read = [&] {
      return reactor.read(kOwner, handle, task(1), buffer, sizeof buffer, count, os_error);
    };
    if (read() != Status::kPending) ++failures;
    if (::write(pair.far.get(), "x", 1) != 1) ++failures;
    reactor.interrupt();
    reactor.arm(static_cast<Nanos>(round) + 1);
    while (target.wakes <= round)
      reactor.turn(Wait::kBlock, 64);
    if (read() != Status::kOk) ++failures;
  }
  const long made = allocations.load() - before;
  CHECK(failures == 0);
  CHECK(made == 0);
}

}  // namespace ekiden::runtime::test

#endif

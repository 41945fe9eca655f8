#include <ekiden/sdk/channel/mpsc.hpp>

#include <time.h>

#include <chrono>
#include <cstdio>

#include "tests/unit/sdk/fixture.hpp"

namespace ekiden::test {
namespace {

Task<> produce(mpsc::Sender<std::uint64_t> tx, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i)
    co_await tx.send(i);
}

Task<std::uint64_t> many_to_one(unsigned senders, std::uint64_t messages) {
  auto [tx, rx] = mpsc::channel<std::uint64_t>(1024);
  for (unsigned i = 0; i < senders; ++i)
    spawn(produce(tx, messages / senders)).detach();
  tx.reset();
  std::uint64_t sum = 0;
  while (auto got = co_await rx.recv())
    sum += *got;
  co_return sum;
}
Task<std::uint64_t> mpsc_one_to_one(std::uint64_t messages) { return many_to_one(1, messages); }
Task<std::uint64_t> mpsc_eight_to_one(std::uint64_t messages) { return many_to_one(8, messages); }

double cpu_ns() {
  timespec at{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
  return 1e9 * static_cast<double>(at.tv_sec) + static_cast<double>(at.tv_nsec);
}

template <class F>
void measure(const char* name, unsigned workers, F make) {
  World world(workers);
  constexpr std::uint64_t kMessages = 8'000'000;
  world.run(make(kMessages / 10));
  double best = 1e9;
  for (int i = 0; i < 5; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const double cpu = cpu_ns();
    world.run(make(kMessages));
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
    std::printf("%s %u workers: %.1f ns, processor %.1f ns\n", name, workers,
                took.count() / kMessages, (cpu_ns() - cpu) / kMessages);
    best = std::min(best, took.count() / kMessages);
  }
}

}  // namespace

TEST_CASE("mpsc bench", "[.bench]") {
  for (unsigned workers : {1u, 2u}) {
    measure("1to1", workers, mpsc_one_to_one);
    measure("8to1", workers, mpsc_eight_to_one);
  }
}

}  // namespace ekiden::test

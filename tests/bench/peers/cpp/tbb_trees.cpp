// The fork-join workloads on oneTBB: structured, compiled into one program.
//
//   tbb_trees skynet_1m|fib_25_fork [ROUNDS [THREADS]]
//
// Prints one line of JSON, with the same fields as the plugin `bench`.
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <vector>

namespace {

namespace tbb = oneapi::tbb;

constexpr std::uint64_t kChildren = 10;
constexpr std::uint64_t kLeaves = 1'000'000;
constexpr std::uint64_t kNodes = (kLeaves * kChildren - 1) / (kChildren - 1);
constexpr std::uint64_t kLeafSum = kLeaves * (kLeaves - 1) / 2;
constexpr unsigned kFib = 25;
constexpr std::uint64_t kFibResult = 75'025;
constexpr std::uint64_t kFibCalls = 242'785;

// One for all groups: a context of its own would cost a group as much as its tasks do.
tbb::task_group_context& context() {
  static tbb::task_group_context shared;
  return shared;
}

// A tree with ten children a node; the leaves' numbers are summed upwards.
std::uint64_t skynet(std::uint64_t first, std::uint64_t leaves) {
  if (leaves == 1) return first;
  const std::uint64_t each = leaves / kChildren;
  std::array<std::uint64_t, kChildren> sums;
  tbb::task_group children{context()};
  for (std::uint64_t i = 1; i < kChildren; i++) {
    children.run([&sums, first, each, i] { sums[i] = skynet(first + i * each, each); });
  }
  sums[0] = skynet(first, each);
  children.wait();
  std::uint64_t sum = 0;
  for (const std::uint64_t part : sums)
    sum += part;
  return sum;
}

// fib(n - 1) is forked, fib(n - 2) goes on here.
std::uint64_t fib(unsigned n) {
  if (n < 2) return n;
  std::uint64_t forked = 0;
  tbb::task_group group{context()};
  group.run([&forked, n] { forked = fib(n - 1); });
  const std::uint64_t here = fib(n - 2);
  group.wait();
  return forked + here;
}

struct Workload {
  const char* name;
  std::uint64_t operations;
  std::uint64_t expected;
  std::function<std::uint64_t()> run;
};

// Nanoseconds an operation.
double round(const Workload& workload) {
  const auto began = std::chrono::steady_clock::now();
  const std::uint64_t result = workload.run();
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - began;
  if (result != workload.expected) {
    std::fprintf(stderr, "tbb_trees: %s came to a wrong result\n", workload.name);
    std::exit(1);
  }
  return took.count() / static_cast<double>(workload.operations);
}

void report(const Workload& workload, unsigned long rounds) {
  const double first = round(workload);
  std::vector<double> sorted(rounds);
  for (double& each : sorted)
    each = round(workload);
  std::sort(sorted.begin(), sorted.end());
  std::printf(
      "{\"workload\":\"%s\",\"unit\":\"ns\",\"ns_per_op\":%.1f,\"min\":%.1f,\"max\":%.1f,"
      "\"first_round\":%.1f,\"ops\":%llu,\"rounds\":%lu}\n",
      workload.name, sorted[rounds / 2], sorted.front(), sorted.back(), first,
      static_cast<unsigned long long>(workload.operations), rounds);
}

}  // namespace

int main(int argc, char** argv) {
  const std::array<Workload, 2> workloads{{
      {"skynet_1m", kNodes, kLeafSum, [] { return skynet(0, kLeaves); }},
      {"fib_25_fork", kFibCalls, kFibResult, [] { return fib(kFib); }},
  }};
  const unsigned long rounds = std::max(1UL, argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 7);
  const int threads = argc > 3 ? static_cast<int>(std::strtol(argv[3], nullptr, 10)) : 2;
  const tbb::global_control limit{tbb::global_control::max_allowed_parallelism,
                                  static_cast<std::size_t>(threads)};
  for (const Workload& workload : workloads) {
    if (argc > 1 && std::strcmp(argv[1], workload.name) == 0) {
      tbb::task_arena arena{threads};
      arena.execute([&] { report(workload, rounds); });
      return 0;
    }
  }
  std::fputs("usage: tbb_trees skynet_1m|fib_25_fork [ROUNDS [THREADS]]\n", stderr);
  return 64;
}

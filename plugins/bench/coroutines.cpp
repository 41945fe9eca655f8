// The workloads that are coroutines of the SDK. Each is a task that ends its round.
#include "coroutines.h"

#include <ekiden/sdk/fork.hpp>
#include <ekiden/sdk/spawn.hpp>

#include <cstdint>

namespace {

using namespace ekiden;

constexpr std::size_t kChildren = 10;

Task<std::uint64_t> skynet(std::uint64_t first, std::uint64_t leaves) {
  if (leaves == 1) co_return first;
  const std::uint64_t each = leaves / kChildren;
  std::uint64_t sum = 0;
  for (const std::uint64_t part :
       co_await fork_n<kChildren>([=](std::size_t i) { return skynet(first + i * each, each); })) {
    sum += part;
  }
  co_return sum;
}

// One side of every step in a task of its own, the other goes on here.
Task<std::uint64_t> fib(std::uint64_t n) {
  if (n < 2) co_return n;
  auto [one, other] = co_await fork([n] { return fib(n - 1); }, [n] { return fib(n - 2); });
  co_return one + other;
}

// What it throws ends the round.
Task<> answer(round* round, Task<std::uint64_t> task) {
  std::int32_t code = EKD_E_FAILED;
  try {
    const std::uint64_t result = co_await task;
    round_answer(round, result);
    co_return;
  } catch (const Error& e) {
    code = e.code();
  } catch (...) {
  }
  round_refuse(round, code);
}

std::int32_t begin(round* round, Task<std::uint64_t> task) {
  try {
    spawn(answer(round, std::move(task))).detach();
    return EKD_OK;
  } catch (const Error& e) {
    return e.code();
  }
}

}  // namespace

std::int32_t coroutines_bind(ekd_ctx* ctx, const ekd_host* host, ekd_error* err) {
  try {
    bind(ctx, *host);
    return EKD_OK;
  } catch (const Error& e) {
    return ekd_error_set(err, e.code(), e.what());
  }
}

std::int32_t coroutines_skynet(round* round, std::uint64_t leaves) {
  return begin(round, skynet(0, leaves));
}

std::int32_t coroutines_fib(round* round, std::uint64_t n) { return begin(round, fib(n)); }

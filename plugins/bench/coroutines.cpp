// The workloads that are coroutines of the SDK. Each is a task that ends its round.
#include "coroutines.h"

#include <ekiden/sdk/channel/mpsc.hpp>
#include <ekiden/sdk/channel/oneshot.hpp>
#include <ekiden/sdk/spawn.hpp>
#include <ekiden/sdk/structured/fork.hpp>

#include <atomic>
#include <cstdint>

namespace {

using namespace ekiden;

constexpr std::size_t kChildren = 10;

// In the coroutines that are not the smallest: it costs more than a step of those.
void note_this_worker() { note_worker(this_task::core().turn().cx); }

Task<std::uint64_t> skynet(std::uint64_t first, std::uint64_t leaves) {
  if (leaves == 1) co_return first;
  note_this_worker();
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
  if (n > 6) note_this_worker();
  auto [one, other] = co_await fork([n] { return fib(n - 1); }, [n] { return fib(n - 2); });
  co_return one + other;
}

// The other side waits for as long as it takes, so it is there.
Task<> partner(oneshot::Receiver<int> ping, oneshot::Sender<int> pong) {
  const int got = co_await ping;
  static_cast<void>(pong.send(got));
}

Task<> pair() {
  auto [ping, pinged] = oneshot::channel<int>();
  auto [pong, ponged] = oneshot::channel<int>();
  auto other = [pinged = std::move(pinged), pong = std::move(pong)]() mutable {
    return partner(std::move(pinged), std::move(pong));
  };
  co_await spawn_detached_when_room(std::move(other));
  static_cast<void>(ping.send(1));
  co_await ponged;
  note_this_worker();
}

// The last pair ends the round.
Task<> counted_pair(round* round, std::uint64_t n, std::atomic<std::uint64_t>* ended) {
  co_await pair();
  // acq_rel: what each pair did is seen by whoever looks at the result.
  if (ended->fetch_add(1, std::memory_order_acq_rel) + 1 != n) co_return;
  delete ended;
  round_answer(round, n);
}

Task<> pairs(round* round, std::uint64_t n) {
  auto* const shared = new std::atomic<std::uint64_t>(0);  // the last pair's
  for (std::uint64_t i = 0; i < n; ++i)
    co_await spawn_detached_when_room([=] { return counted_pair(round, n, shared); });
}

Task<> produce(mpsc::Sender<std::uint64_t> to, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i)
    co_await to.send(i);
  note_this_worker();
}

Task<std::uint64_t> through_channel(std::uint64_t messages, unsigned senders) {
  auto [to, from] = mpsc::channel<std::uint64_t>(1024);
  for (unsigned i = 0; i < senders; ++i)
    spawn_detached(produce(to, messages / senders));
  to.reset();
  std::uint64_t received = 0;
  while (auto message = co_await from.recv())
    ++received;
  co_return received;
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

std::int32_t begin_task(Task<> task) {
  try {
    spawn_detached(std::move(task));
    return EKD_OK;
  } catch (const Error& e) {
    return e.code();
  }
}
std::int32_t begin(round* round, Task<std::uint64_t> task) {
  return begin_task(answer(round, std::move(task)));
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

void coroutines_unbind() { unbind(); }

std::int32_t coroutines_skynet(round* round, std::uint64_t leaves) {
  return begin(round, skynet(0, leaves));
}

std::int32_t coroutines_fib(round* round, std::uint64_t n) { return begin(round, fib(n)); }

std::int32_t coroutines_ping_pong(round* round, std::uint64_t pairs_wanted) {
  return begin_task(pairs(round, pairs_wanted));
}

std::int32_t coroutines_mpsc(round* round, std::uint64_t messages, std::uint32_t senders) {
  return begin(round, through_channel(messages, senders));
}

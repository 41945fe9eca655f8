// A spawn in one call: what the new task's state holds, and what a refusal leaves behind.

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "tests/unit/scheduler/fixture.hpp"

namespace ekiden::runtime::test {
namespace {

enum class From { kOutside, kPoll, kDrop };

// Calls `act` there, and returns when it has run.
void run_in(Fixture& f, TypeId type, From from, const std::function<void()>& act) {
  if (from == From::kOutside) return act();
  std::atomic<bool> done{false};
  const auto note = [&] {
    act();
    done = true;
  };
  if (from == From::kPoll) {
    f.spawn(type, [&](PollContext&) {
      note();
      return kPollReady;
    });
  } else {
    // A function's state goes with its task.
    std::shared_ptr<void> at_end(nullptr, [note](void*) { note(); });
    f.spawn(type, [at_end = std::move(at_end)](PollContext&) { return kPollReady; });
  }
  REQUIRE(eventually([&] { return done.load(); }));
}

// What the task of a test finds in its state, which begins with a pointer to this.
struct Expected {
  std::size_t total = 0;
  std::size_t given = 0;
  std::atomic<int> right{0};
  std::atomic<int> wrong{0};
  std::atomic<int> drops{0};
};

constexpr unsigned char kPattern = 0xa5;

Expected& expected_of(void* state) {
  Expected* expected = nullptr;
  std::memcpy(&expected, state, sizeof(expected));
  return *expected;
}

std::int32_t check_state(void* state, PollContext*) {
  Expected& expected = expected_of(state);
  const auto* bytes = static_cast<unsigned char*>(state);
  const bool copied = std::all_of(bytes + sizeof(void*), bytes + expected.given,
                                  [](unsigned char byte) { return byte == kPattern; });
  const bool zero = std::all_of(bytes + expected.given, bytes + expected.total,
                                [](unsigned char byte) { return byte == 0; });
  ++(copied && zero ? expected.right : expected.wrong);
  return kPollReady;
}

TypeId plain_type(Fixture& f, OwnerId owner, std::size_t size, std::size_t align = 16) {
  TaskTypeSpec spec;
  spec.name = "plain" + std::to_string(size);
  spec.poll = check_state;
  spec.drop = [](void* state) { ++expected_of(state).drops; };
  spec.state_size = size;
  spec.state_align = align;
  TypeId id = 0;
  REQUIRE(f.runtime().type_register(owner, spec, id) == Status::kOk);
  return id;
}

std::vector<unsigned char> state_for(Expected& expected, std::size_t given) {
  std::vector<unsigned char> bytes(given, kPattern);
  const Expected* pointer = &expected;
  std::memcpy(bytes.data(), &pointer, sizeof(pointer));
  return bytes;
}

TEST_CASE("the state is copied and the rest of it is zero, wherever the spawn comes from") {
  const unsigned workers = GENERATE(1u, 2u, 4u, 8u);
  const From from = GENERATE(From::kOutside, From::kPoll, From::kDrop);
  CAPTURE(workers, static_cast<int>(from));
  Fixture f(workers);
  const TypeId helper = f.type("helper");
  // In slots of every size, and on the heap.
  for (const std::size_t total : {8u, 48u, 200u, 944u, 5000u}) {
    const TypeId type = plain_type(f, f.owner(), total, total == 200 ? 64 : 16);
    // The whole of it first, so that the slots that follow are dirty.
    for (const std::size_t given : {total, std::max<std::size_t>(8, total / 2), std::size_t{8}}) {
      CAPTURE(total, given);
      Expected expected;
      expected.total = total;
      expected.given = given;
      const std::vector<unsigned char> state = state_for(expected, given);
      std::atomic<int> refused{0};
      run_in(f, helper, from, [&] {
        for (int i = 0; i < 20; ++i) {
          Handle task;
          if (f.runtime().spawn(f.owner(), type, state.data(), given, {}, task) != Status::kOk ||
              task.is_null()) {
            ++refused;
          }
        }
      });
      CHECK(refused == 0);
      CHECK(eventually([&] { return expected.drops == 20; }));
      CHECK(expected.right == 20);
      CHECK(expected.wrong == 0);
    }
  }
  f.wait_until_all_ended();
}

TEST_CASE("a spawn that is refused says why and leaves nothing behind") {
  const unsigned workers = GENERATE(1u, 2u, 4u);
  const From from = GENERATE(From::kOutside, From::kPoll, From::kDrop);
  CAPTURE(workers, static_cast<int>(from));
  Fixture f(workers);
  const TypeId helper = f.type("helper");
  const TypeId type = plain_type(f, f.owner(), 64);
  OwnerId other = 0;
  REQUIRE(f.runtime().owner_open("other", 0, other) == Status::kOk);
  const TypeId foreign = plain_type(f, other, 64);
  Expected expected;
  expected.total = 64;
  expected.given = 64;
  const std::vector<unsigned char> state = state_for(expected, 65);
  const auto spawn = [&](OwnerId owner, TypeId of, std::size_t size, bool child = false) {
    SpawnOptions options;
    options.child = child;
    Handle task;
    return f.runtime().spawn(owner, of, state.data(), size, options, task);
  };
  std::vector<Status> got;
  std::uint64_t left_behind = 0;
  run_in(f, helper, from, [&] {
    const std::uint64_t before = f.runtime().live_tasks();
    got = {spawn(f.owner(), type, 65), spawn(f.owner(), foreign, 64), spawn(f.owner(), 60'000, 64),
           spawn(f.owner(), 0, 64), spawn(other, type, 64)};
    if (from != From::kPoll) got.push_back(spawn(f.owner(), type, 64, /*child=*/true));
    f.runtime().owner_stop_admission(f.owner());
    got.push_back(spawn(f.owner(), type, 64));
    left_behind = f.runtime().live_tasks() - before;
  });
  std::vector<Status> wanted = {Status::kTooBig, Status::kForeign, Status::kInvalid,
                                Status::kInvalid, Status::kForeign};
  if (from != From::kPoll) wanted.push_back(Status::kWrongThread);
  wanted.push_back(Status::kDraining);
  CHECK(got == wanted);
  CHECK(left_behind == 0);
  CHECK(expected.right + expected.wrong + expected.drops == 0);
  f.wait_until_all_ended();
}

TEST_CASE("a spawn beyond the owner's limit is refused, and a child is not counted then") {
  const unsigned workers = GENERATE(1u, 2u);
  CAPTURE(workers);
  Fixture f(Fixture::with_workers(workers), /*task_limit=*/3);
  const TypeId helper = f.type("helper");
  const TypeId type = plain_type(f, f.owner(), 64);
  Expected expected;
  expected.total = 64;
  expected.given = 8;
  const std::vector<unsigned char> state = state_for(expected, 8);
  SpawnOptions options;
  options.child = true;
  options.join = true;
  std::atomic<int> accepted{0};
  std::atomic<int> limited{0};
  std::atomic<std::uint32_t> children{0};
  Handle held[5];
  std::atomic<bool> done{false};
  f.spawn(helper, [&](PollContext& cx) {
    for (Handle& task : held) {
      const Status why = f.runtime().spawn(f.owner(), type, state.data(), 8, options, task);
      if (why == Status::kOk) ++accepted;
      if (why == Status::kLimit) ++limited;
    }
    children = f.runtime().task_info(Handle(cx.waker))->children;
    done = true;
    return kPollReady;
  });
  REQUIRE(eventually([&] { return done.load(); }));
  CHECK(accepted == 2);
  CHECK(limited == 3);
  CHECK(children == 2);
  for (int i = 0; i < 2; ++i)
    CHECK(f.runtime().join_close(f.owner(), held[i]) == Status::kOk);
  f.wait_until_all_ended();
  CHECK(expected.drops == 2);
}

TEST_CASE("a spawn that finds all queues full leaves nothing behind") {
  const From from = GENERATE(From::kOutside, From::kPoll);
  const bool child = GENERATE(false, true);
  if (from == From::kOutside && child) return;
  CAPTURE(static_cast<int>(from), child);
  Options options = Fixture::with_workers(1);
  options.local_queue_capacity = 4;
  options.global_queue_capacity = 8;
  options.stall_replace_max = 0;
  Fixture f(options);
  const TypeId helper = f.type("helper");
  const TypeId type = plain_type(f, f.owner(), 64);
  Expected expected;
  expected.total = 64;
  expected.given = 64;
  const std::vector<unsigned char> state = state_for(expected, 64);
  int accepted = 0;
  int full = 0;
  std::uint64_t live = 0;
  const auto fill = [&] {
    for (int i = 0; i < 50; ++i) {
      SpawnOptions how;
      how.child = child;
      Handle task;
      const Status why = f.runtime().spawn(f.owner(), type, state.data(), 64, how, task);
      if (why == Status::kOk) ++accepted;
      if (why == Status::kFull) ++full;
    }
    live = f.runtime().live_tasks();
  };
  Gate gate;
  if (from == From::kOutside) {
    std::atomic<bool> inside{false};
    f.spawn(helper, [&](PollContext&) {
      inside = true;
      gate.pass();
      return kPollReady;
    });
    REQUIRE(eventually([&] { return inside.load(); }));
    fill();
    gate.open();
  } else {
    run_in(f, helper, from, fill);
  }
  CHECK(accepted >= 8);
  CHECK(full > 0);
  CHECK(accepted + full == 50);
  // And the one that spawned, or that was in the way.
  CHECK(live == static_cast<std::uint64_t>(accepted) + 1);
  CHECK(f.runtime().queue_info().refusals == static_cast<std::uint64_t>(full));
  f.wait_until_all_ended();
  CHECK(expected.right == accepted);
  CHECK(expected.drops == accepted);
}

TEST_CASE("spawns in one call race with the end of the admission") {
  const unsigned workers = GENERATE(1u, 2u, 4u);
  CAPTURE(workers);
  for (int round = 0; round < 20; ++round) {
    Fixture f(workers);
    const TypeId helper = f.type("helper");
    const TypeId type = plain_type(f, f.owner(), 64);
    Expected expected;
    expected.total = 64;
    expected.given = 64;
    const std::vector<unsigned char> state = state_for(expected, 64);
    std::atomic<int> accepted{0};
    std::atomic<int> others{0};
    const auto spawn = [&](bool child) {
      SpawnOptions options;
      options.child = child;
      Handle task;
      const Status why = f.runtime().spawn(f.owner(), type, state.data(), 64, options, task);
      if (why == Status::kOk) ++accepted;
      if (why != Status::kOk && why != Status::kDraining && why != Status::kFull) ++others;
      return why != Status::kDraining;
    };
    for (unsigned i = 0; i < workers; ++i)
      f.spawn(helper, [&, i](PollContext&) { return spawn(i % 2 == 0) ? kPollYield : kPollReady; });
    std::thread outside([&] {
      while (spawn(false)) {
      }
    });
    REQUIRE(eventually([&] { return accepted > 100; }));
    f.runtime().owner_stop_admission(f.owner());
    outside.join();
    f.wait_until_all_ended();
    CHECK(others == 0);
    CHECK(expected.drops == accepted);
    CHECK(expected.wrong == 0);
  }
}

// --- Reservations ------------------------------------------------------------------------------

TEST_CASE("a wake of a reservation does nothing, before and while it is committed") {
  const unsigned workers = GENERATE(1u, 2u, 4u, 8u);
  CAPTURE(workers);
  Fixture f(workers);
  const TypeId type = f.type("reserved");
  constexpr int kRounds = 3000;
  std::atomic<std::uint64_t> named{0};
  std::atomic<bool> stop{false};
  std::atomic<int> runs{0};
  std::vector<std::thread> wakers;
  for (int i = 0; i < 2; ++i) {
    wakers.emplace_back([&] {
      while (!stop)
        f.runtime().wake(Waker(named.load()));
    });
  }
  int wrong = 0;
  for (int round = 0; round < kRounds; ++round) {
    Handle task;
    if (f.reserve(
            type,
            [&](PollContext&) {
              ++runs;
              return kPollReady;
            },
            task) != Status::kOk) {
      ++wrong;
      continue;
    }
    named = task.bits();
    if (f.runtime().abort(f.owner(), task) != Status::kWrongState) ++wrong;
    if (round % 5 == 0) {
      const auto info = f.runtime().task_info(task);
      if (!info || info->state != TaskState::kReserved || info->polls != 0) ++wrong;
    }
    if (f.runtime().commit(f.owner(), task, {}) != Status::kOk) ++wrong;
  }
  CHECK(eventually([&] { return runs == kRounds; }));
  stop = true;
  for (std::thread& waker : wakers)
    waker.join();
  CHECK(wrong == 0);
  f.wait_until_all_ended();
}

TEST_CASE("a wake that came before the commit is no second poll") {
  Fixture f(1);
  const TypeId type = f.type("reserved");
  Handle task;
  REQUIRE(f.reserve(
              type, [](PollContext&) { return kPollPending; }, task) == Status::kOk);
  for (int i = 0; i < 3; ++i)
    f.runtime().wake(task);
  REQUIRE(f.runtime().commit(f.owner(), task, {}) == Status::kOk);
  REQUIRE(eventually([&] { return f.runtime().task_info(task)->state == TaskState::kWaiting; }));
  CHECK(f.runtime().task_info(task)->polls == 1);
  CHECK_FALSE(f.runtime().task_info(task)->cancelled);
}

}  // namespace
}  // namespace ekiden::runtime::test

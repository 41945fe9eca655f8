#include <cstring>
#include <stdexcept>

#include "tests/unit/scheduler/fixture.hpp"

namespace ekiden::runtime::test {
namespace {

SpawnOptions held() {
  SpawnOptions options;
  options.join = true;
  return options;
}

// Polls from outside, with no waker, until it has ended.
JoinResult join(Fixture& f, Handle task) {
  JoinResult result;
  Status status = Status::kPending;
  REQUIRE(eventually([&] {
    status = f.runtime().join_poll(f.owner(), task, Waker(), result);
    return status != Status::kPending;
  }));
  REQUIRE(status == Status::kOk);
  return result;
}

TEST_CASE("a result stays in the state until the hold is closed") {
  const unsigned workers = GENERATE(from_range(std::begin(kWorkerCounts), std::end(kWorkerCounts)));
  CAPTURE(workers);
  Fixture f(workers);
  TaskTypeSpec spec;
  spec.name = "answer";
  spec.state_size = sizeof(int);
  static std::atomic<int> drops{0};
  drops = 0;
  spec.poll = [](void* state, PollContext*) {
    *static_cast<int*>(state) = 42;
    return kPollReady;
  };
  spec.drop = [](void*) { ++drops; };
  TypeId type = 0;
  REQUIRE(f.runtime().type_register(f.owner(), spec, type) == Status::kOk);
  void* state = nullptr;
  Handle task;
  REQUIRE(f.runtime().reserve(f.owner(), type, 0, 0, state, task) == Status::kOk);
  REQUIRE(f.runtime().commit(f.owner(), task, held()) == Status::kOk);
  const JoinResult result = join(f, task);
  CHECK(result.status == Status::kOk);
  CHECK(result.state == state);
  CHECK(*static_cast<int*>(result.state) == 42);
  CHECK(drops == 0);
  // This thread is no worker: the drop runs on one, soon.
  CHECK(f.runtime().join_close(f.owner(), task) == Status::kOk);
  CHECK(eventually([&] { return drops == 1; }));
  JoinResult late;
  CHECK(eventually(
      [&] { return f.runtime().join_poll(f.owner(), task, Waker(), late) == Status::kStale; }));
}

TEST_CASE("the end of a task wakes who joins it (no end is missed)") {
  const unsigned workers = GENERATE(from_range(std::begin(kWorkerCounts), std::end(kWorkerCounts)));
  CAPTURE(workers);
  Fixture f(workers);
  const TypeId type = f.type("joiner");
  std::atomic<int> joined{0};
  for (int i = 0; i < 500; ++i) {
    f.spawn(type, [&, child = Handle()](PollContext& cx) mutable {
      if (child.is_null()) {
        child = f.spawn(
            type, [](PollContext&) { return kPollReady; }, held());
      }
      JoinResult result;
      const Status status = f.runtime().join_poll(f.owner(), child, Waker(cx.waker), result);
      if (status == Status::kPending) return kPollPending;
      if (status == Status::kOk && result.status == Status::kOk) ++joined;
      static_cast<void>(f.runtime().join_close(f.owner(), child));
      return kPollReady;
    });
  }
  CHECK(eventually([&] { return joined == 500; }));
  CHECK(eventually([&] { return f.dropped() == 1000; }));
}

TEST_CASE("failures carry their text") {
  Fixture f(2);
  const TypeId type = f.type("failing");
  struct Case {
    const char* name;
    Fixture::Body body;
    std::string text;
    std::int32_t code;
  };
  const Case cases[] = {
      {"failed", [](PollContext&) { return kPollFailed; }, "", 0},
      {"unknown answer", [](PollContext&) { return 99; }, "", 0},
      {"negative answer", [](PollContext&) { return -1; }, "", 0},
      {"with text",
       [&f](PollContext&) {
         static_cast<void>(f.runtime().fail_text(f.owner(), -7, "no luck"));
         return kPollFailed;
       },
       "no luck", -7},
      {"std::exception",
       [](PollContext&) -> std::int32_t { throw std::runtime_error("thrown text"); }, "thrown text",
       0},
      {"another exception", [](PollContext&) -> std::int32_t { throw 17; },
       "an exception that is no std::exception left the poll", 0},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const Handle task = f.spawn(type, c.body, held());
    const JoinResult result = join(f, task);
    CHECK(result.status == Status::kFailed);
    CHECK(result.fail_text == c.text);
    CHECK(result.fail_code == c.code);
    CHECK(result.state == nullptr);
    CHECK(f.runtime().join_close(f.owner(), task) == Status::kOk);
  }
  CHECK(f.runtime().fail_text(f.owner(), 0, "outside") == Status::kWrongThread);
  CHECK(eventually([&] { return f.dropped() == std::size(cases); }));
}

TEST_CASE("closing a hold early detaches the task") {
  Fixture f(2);
  const TypeId type = f.type("detached");
  std::atomic<bool> go{false};
  const Handle task = f.spawn(
      type, [&](PollContext&) { return go ? kPollReady : kPollPending; }, held());
  CHECK(f.runtime().join_close(f.owner(), task) == Status::kOk);
  CHECK(f.runtime().join_close(f.owner(), task) == Status::kWrongState);
  JoinResult result;
  CHECK(f.runtime().join_poll(f.owner(), task, Waker(), result) == Status::kWrongState);
  go = true;
  f.runtime().wake(task);
  CHECK(eventually([&] { return f.dropped() == 1; }));
}

TEST_CASE("closing races with the end, and the drop still runs once (invariant 2)") {
  const unsigned workers = GENERATE(from_range(std::begin(kWorkerCounts), std::end(kWorkerCounts)));
  CAPTURE(workers);
  Fixture f(workers);
  const TypeId type = f.type("race");
  constexpr int kTasks = 3000;
  for (int i = 0; i < kTasks; ++i) {
    const Handle task = f.spawn(
        type, [](PollContext&) { return kPollReady; }, held());
    CHECK(f.runtime().join_close(f.owner(), task) == Status::kOk);
  }
  CHECK(eventually([&] { return f.dropped() == kTasks; }));
}

TEST_CASE("another owner cannot join, close or abort") {
  Fixture f(1);
  const TypeId type = f.type("mine");
  OwnerId other = 0;
  REQUIRE(f.runtime().owner_open("other", 0, other) == Status::kOk);
  const Handle task = f.spawn(
      type, [](PollContext&) { return kPollPending; }, held());
  JoinResult result;
  CHECK(f.runtime().join_poll(other, task, Waker(), result) == Status::kForeign);
  CHECK(f.runtime().join_close(other, task) == Status::kForeign);
  CHECK(f.runtime().abort(other, task) == Status::kForeign);
}

TEST_CASE("a parent goes on when its last child is dropped") {
  const unsigned workers = GENERATE(from_range(std::begin(kWorkerCounts), std::end(kWorkerCounts)));
  CAPTURE(workers);
  Fixture f(workers);
  const TypeId type = f.type("family");
  std::atomic<long> total{0};
  std::atomic<int> early{0};
  SpawnOptions child;
  child.child = true;
  for (int p = 0; p < 50; ++p) {
    f.spawn(type,
            [&, sum = std::make_shared<std::atomic<long>>(0), begun = false](PollContext&) mutable {
              if (!begun) {
                begun = true;
                for (int i = 0; i < 10; ++i) {
                  f.spawn(
                      type,
                      [sum, i, n = 0](PollContext&) mutable {
                        if (n++ < i) return kPollYield;
                        *sum += i;
                        return kPollReady;
                      },
                      child);
                }
              }
              if (f.runtime().children_poll(f.owner()) == Status::kPending) return kPollPending;
              if (*sum != 45) ++early;
              total += *sum;
              return kPollReady;
            });
  }
  CHECK(eventually([&] { return total == 50 * 45; }));
  CHECK(early == 0);
  CHECK(f.runtime().children_poll(f.owner()) == Status::kWrongThread);
}

TEST_CASE("a parent that ends first is kept, undropped, until its last child is gone") {
  const unsigned workers = GENERATE(1u, 2u, 4u);
  Fixture f(workers);
  const TypeId type = f.type("kept");
  SpawnOptions as_child;
  as_child.child = true;
  std::atomic<bool> let_go{false};
  std::atomic<Handle> child{Handle()};
  f.spawn(type, [&](PollContext&) {
    child = f.spawn(
        type, [&](PollContext&) { return let_go ? kPollReady : kPollPending; }, as_child);
    return kPollReady;
  });
  REQUIRE(eventually([&] { return !child.load().is_null(); }));
  std::this_thread::sleep_for(20ms);  // gives a wrong implementation the time to drop
  CHECK(f.dropped() == 0);
  let_go = true;
  f.runtime().wake(child);
  CHECK(eventually([&] { return f.dropped() == 2; }));
}

}  // namespace
}  // namespace ekiden::runtime::test

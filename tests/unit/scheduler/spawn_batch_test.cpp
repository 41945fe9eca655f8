// Many spawns in one call: in order until one is refused, and nothing is left of that one.

#include <cstring>
#include <vector>

#include "tests/unit/scheduler/as_child.hpp"
#include "tests/unit/scheduler/fixture.hpp"

namespace ekiden::runtime::test {
namespace {

// Where the tasks of a batch leave their marks.
struct Board {
  explicit Board(std::size_t count) : marks(count) {}
  std::vector<std::atomic<int>> marks;
  std::atomic<int> drops{0};
};

struct Mark {
  Board* board;
  std::uint64_t index;
};

// A state, and what lies between it and the next one.
struct Stepped {
  Mark mark;
  std::uint64_t other = ~std::uint64_t{0};
};

TypeId mark_type(Fixture& f) {
  TaskTypeSpec spec;
  spec.name = "mark";
  spec.poll = [](void* state, PollContext*) {
    const auto* mark = static_cast<Mark*>(state);
    mark->board->marks[mark->index].fetch_add(1);
    return kPollReady;
  };
  spec.drop = [](void* state) { static_cast<Mark*>(state)->board->drops.fetch_add(1); };
  spec.state_size = sizeof(Mark);
  TypeId id = 0;
  REQUIRE(f.runtime().type_register(f.owner(), spec, id) == Status::kOk);
  return id;
}

std::vector<Stepped> states_for(Board& board) {
  std::vector<Stepped> states(board.marks.size());
  for (std::size_t i = 0; i < states.size(); ++i)
    states[i].mark = {&board, i};
  return states;
}

NewTasks batch_of(const Fixture& f, TypeId type, const std::vector<Stepped>& states) {
  return {f.owner(), type, states.data(), sizeof(Mark), sizeof(Stepped), states.size()};
}

int count_marked(const Board& board) {
  int marked = 0;
  for (const auto& mark : board.marks)
    marked += mark == 1;
  return marked;
}

// Runs `act` on this thread or in a poll, and returns when it has.
void run_in(Fixture& f, bool in_poll, const std::function<void()>& act) {
  if (!in_poll) return act();
  const TypeId type = f.type("caller");
  std::atomic<bool> done{false};
  f.spawn(type, [&](PollContext&) {
    act();
    done = true;
    return kPollReady;
  });
  REQUIRE(eventually([&] { return done.load(); }));
}

TEST_CASE("each task of a batch has its own state, and all of them run once") {
  const unsigned workers = GENERATE(1u, 2u, 4u, 8u);
  const bool in_poll = GENERATE(false, true);
  const std::size_t count = GENERATE(0u, 1u, 7u, 300u, 9000u);  // over the ring, over a portion
  CAPTURE(workers, in_poll, count);
  Fixture f(workers);
  Board board(count);
  const auto states = states_for(board);
  const TypeId type = mark_type(f);
  std::vector<std::uint64_t> handles(count);
  std::size_t spawned = 99;
  Status status = Status::kInvalid;
  run_in(f, in_poll, [&] {
    status = f.runtime().spawn_n(batch_of(f, type, states), {}, handles.data(), spawned);
  });
  CHECK(status == Status::kOk);
  CHECK(spawned == count);
  CHECK(eventually([&] { return board.drops == static_cast<int>(count); }));
  CHECK(count_marked(board) == static_cast<int>(count));
  std::size_t null = 0;
  for (const std::uint64_t handle : handles)
    null += Handle(handle).is_null();
  CHECK(null == 0);
  f.wait_until_all_ended();
}

TEST_CASE("a batch ends at the first one that is refused, of which nothing is left") {
  const bool in_poll = GENERATE(false, true);
  CAPTURE(in_poll);
  Options options = Fixture::with_workers(1);
  options.local_queue_capacity = 4;
  options.global_queue_capacity = 16;
  Fixture f(options);
  Board board(200);
  const auto states = states_for(board);
  const TypeId type = mark_type(f);
  // From outside the queue fills while the worker is held up; in a poll the poll itself does that.
  Gate gate;
  std::atomic<bool> held{false};
  if (!in_poll) {
    f.spawn(f.type("holder"), [&](PollContext&) {
      held = true;
      gate.pass();
      return kPollReady;
    });
    REQUIRE(eventually([&] { return held.load(); }));
  }
  std::size_t spawned = 0;
  std::uint64_t live = 0;
  Status status = Status::kOk;
  run_in(f, in_poll, [&] {
    status = f.runtime().spawn_n(batch_of(f, type, states), {}, nullptr, spawned);
    live = f.runtime().live_tasks();
  });
  CHECK(status == Status::kFull);
  CHECK(spawned >= 16);
  CHECK(spawned <= 16 + 4 + 2);
  CHECK(live == spawned + 1);
  gate.open();
  CHECK(eventually([&] { return board.drops == static_cast<int>(spawned); }));
  CHECK(count_marked(board) == static_cast<int>(spawned));
  f.wait_until_all_ended();
}

TEST_CASE("children of a batch of which some are refused: the parent goes on after the others") {
  const unsigned workers = GENERATE(1u, 2u, 4u);
  CAPTURE(workers);
  Options options = Fixture::with_workers(workers);
  options.local_queue_capacity = 4;
  options.global_queue_capacity = 4;
  Fixture f(options);
  constexpr int kRounds = 300;
  Board board(64);
  const auto states = states_for(board);
  const TypeId type = mark_type(f);
  std::atomic<int> rounds{0};
  std::atomic<std::size_t> spawned_in_all{0};
  f.spawn(f.type("parent"), [&, waits = false](PollContext&) mutable {
    for (;;) {
      if (waits && f.runtime().children_poll(f.owner()) == Status::kPending) return kPollPending;
      if (waits) ++rounds;
      if (rounds == kRounds) return kPollReady;
      std::size_t spawned = 0;
      static_cast<void>(
          f.runtime().spawn_n(batch_of(f, type, states), as_child(), nullptr, spawned));
      spawned_in_all += spawned;
      waits = true;
    }
  });
  CHECK(eventually([&] { return rounds == kRounds; }));
  f.wait_until_all_ended();
  CHECK(board.drops == static_cast<int>(spawned_in_all));
}

TEST_CASE("a batch that cannot be: nothing is spawned") {
  Fixture f(2);
  OwnerId other = 0;
  REQUIRE(f.runtime().owner_open("other", 0, other) == Status::kOk);
  Board board(3);
  const auto states = states_for(board);
  const TypeId type = mark_type(f);
  std::size_t spawned = 9;
  NewTasks batch = batch_of(f, type, states);
  SpawnOptions options;
  Status expected = Status::kInvalid;
  SECTION("no such type") { batch.type = 60000; }
  SECTION("another owner's type") {
    batch.owner = other;
    expected = Status::kForeign;
  }
  SECTION("a state larger than the type's") {
    batch.size = sizeof(Mark) + 1;
    expected = Status::kTooBig;
  }
  SECTION("children outside a poll") {
    options.child = true;
    expected = Status::kWrongThread;
  }
  SECTION("an owner that leaves") {
    f.runtime().owner_stop_admission(f.owner());
    expected = Status::kDraining;
  }
  CHECK(f.runtime().spawn_n(batch, options, nullptr, spawned) == expected);
  CHECK(spawned == 0);
  CHECK(f.runtime().live_tasks() == 0);
}

}  // namespace
}  // namespace ekiden::runtime::test

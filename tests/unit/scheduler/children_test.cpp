// Children on the stack of their parent's worker: in which order they run, who else gets them, what
// a full stack means, and when their parent goes on.

#include <algorithm>
#include <mutex>
#include <vector>

#include "tests/unit/scheduler/as_child.hpp"
#include "tests/unit/scheduler/stuck.hpp"

namespace ekiden::runtime::test {
namespace {

// Never looks into the global queue before its own, nor for its oldest child.
Options one_worker_in_order() {
  Options options = Fixture::with_workers(1);
  options.global_queue_interval = 1'000'000;
  return options;
}

// In which order tasks ran.
class Order {
 public:
  Fixture::Body note(int number) {
    return [this, number](PollContext&) {
      const std::lock_guard lock(mutex_);
      numbers_.push_back(number);
      return kPollReady;
    };
  }
  std::vector<int> numbers() const {
    const std::lock_guard lock(mutex_);
    return numbers_;
  }
  std::size_t size() const { return numbers().size(); }

 private:
  mutable std::mutex mutex_;
  std::vector<int> numbers_;
};

std::vector<Handle> reserve_many(Fixture& f, TypeId type, std::size_t count,
                                 const std::function<Fixture::Body(std::size_t)>& body) {
  std::vector<Handle> tasks(count);
  for (std::size_t i = 0; i < count; ++i)
    static_cast<void>(f.reserve(type, body(i), tasks[i]));
  return tasks;
}

std::vector<std::uint64_t> bits_of(const std::vector<Handle>& tasks) {
  std::vector<std::uint64_t> bits;
  for (const Handle task : tasks)
    bits.push_back(task.bits());
  return bits;
}

// --- Order -------------------------------------------------------------------------------------

TEST_CASE("a worker runs the children of a task newest first, one by one or as a batch") {
  const bool batch = GENERATE(false, true);
  CAPTURE(batch);
  Fixture f(one_worker_in_order());
  const TypeId type = f.type("family");
  Order order;
  f.spawn(type, [&](PollContext&) {
    if (batch) {
      const auto tasks =
          reserve_many(f, type, 6, [&](std::size_t i) { return order.note(static_cast<int>(i)); });
      std::size_t committed = 0;
      const auto bits = bits_of(tasks);
      return f.runtime().commit_n(f.owner(), bits.data(), 6, as_child(), committed) == Status::kOk
                 ? kPollReady
                 : kPollFailed;
    }
    for (int i = 0; i < 6; ++i)
      f.spawn(type, order.note(i), as_child());
    return kPollReady;
  });
  REQUIRE(eventually([&] { return order.size() == 6; }));
  CHECK(order.numbers() == std::vector<int>{5, 4, 3, 2, 1, 0});
}

TEST_CASE("the hint NEXT displaces what runs next, the default does not, LAST goes to the end") {
  Fixture f(one_worker_in_order());
  const TypeId type = f.type("hints");
  const bool child = GENERATE(false, true);
  CAPTURE(child);
  Order order;
  f.spawn(type, [&](PollContext&) {
    const auto spawn = [&](int number, SpawnHint hint) {
      SpawnOptions options;
      options.hint = hint;
      options.child = child && hint == SpawnHint::kDefault;
      f.spawn(type, order.note(number), options);
    };
    spawn(1, SpawnHint::kDefault);  // the LIFO slot, or the child stack
    spawn(2, SpawnHint::kDefault);  // the ring, or the child stack
    spawn(3, SpawnHint::kNext);     // displaces 1 from the LIFO slot
    spawn(4, SpawnHint::kLast);
    return kPollReady;
  });
  REQUIRE(eventually([&] { return order.size() == 4; }));
  CHECK(order.numbers() == std::vector<int>{3, 2, 1, 4});
}

TEST_CASE("a tree of tasks is walked depth first: few of them are alive at a time") {
  const unsigned workers = GENERATE(1u, 2u, 4u, 8u);
  // Polls; the oldest child has its turn as often as the global queue.
  const unsigned interval = GENERATE(61u, 1'000'000u);
  CAPTURE(workers, interval);
  Options options = Fixture::with_workers(workers);
  options.global_queue_interval = interval;
  Fixture f(options);
  const TypeId type = f.type("tree");
  std::atomic<int> leaves{0};
  std::atomic<int> live{0};
  std::atomic<int> most{0};
  struct Alive {
    explicit Alive(std::atomic<int>& count) : count_(&count) {}
    ~Alive() { --*count_; }
    std::atomic<int>* count_;
  };
  std::function<void(int, bool)> grow = [&](int depth, bool is_root) {
    const int now = ++live;
    int seen = most;
    while (now > seen && !most.compare_exchange_weak(seen, now)) {
    }
    f.spawn(
        type,
        [&, depth, alive = std::make_shared<Alive>(live)](PollContext&) {
          if (depth == 0) {
            ++leaves;
            return kPollReady;
          }
          for (int i = 0; i < 10; ++i)
            grow(depth - 1, false);
          return kPollReady;
        },
        is_root ? SpawnOptions() : as_child());
  };
  grow(4, true);
  CHECK(eventually([&] { return leaves == 10'000; }));
  f.wait_until_all_ended();
  CHECK(live == 0);
  // The root and four levels of ten, and where the oldest have their turn what those have brought.
  // First in, first out there would be ten thousand.
  if (workers == 1) CHECK(most <= (interval == 61 ? 1000 : 41));
}

// --- Thieves -----------------------------------------------------------------------------------

TEST_CASE("all that a worker in a long poll has is taken from it, its children oldest first") {
  const unsigned workers = GENERATE(2u, 4u, 8u);
  CAPTURE(workers);
  Fixture f(workers);
  const TypeId type = f.type("stuck");
  Gate gate;
  Order order;
  std::atomic<int> others{0};
  const auto other = [&](PollContext&) {
    ++others;
    return kPollReady;
  };
  f.spawn(type, [&](PollContext&) {
    for (int i = 0; i < 20; ++i)
      f.spawn(type, order.note(i), as_child());
    SpawnOptions hint;
    for (const SpawnHint each : {SpawnHint::kLast, SpawnHint::kLast, SpawnHint::kNext}) {
      hint.hint = each;
      f.spawn(type, other, hint);
    }
    gate.pass();
    return kPollReady;
  });
  CHECK(eventually([&] { return order.size() == 20; }));
  CHECK(eventually([&] { return others == 3; }));
  std::vector<int> numbers = order.numbers();
  // Two thieves may note what they have taken the other way round.
  if (workers == 2) CHECK(std::is_sorted(numbers.begin(), numbers.end()));
  std::sort(numbers.begin(), numbers.end());
  CHECK(std::adjacent_find(numbers.begin(), numbers.end()) == numbers.end());
  gate.open();
  f.wait_until_all_ended();
}

TEST_CASE("a worker's replacement takes the children from its stack") {
  const unsigned workers = GENERATE(1u, 2u, 4u);
  CAPTURE(workers);
  Fixture f(quick_to_replace(workers));
  const TypeId type = f.type("stuck");
  std::atomic<unsigned> children{0};
  {
    Stuck stuck(f, type, workers, [&] {
      for (int i = 0; i < 10; ++i) {
        f.spawn(
            type,
            [&](PollContext&) {
              ++children;
              return kPollReady;
            },
            as_child());
      }
    });
    CHECK(eventually([&] { return children == 10 * workers; }));
  }
  f.wait_until_all_ended();
}

// --- The parent --------------------------------------------------------------------------------

TEST_CASE("a parent is polled once more for all its children") {
  const unsigned workers = GENERATE(1u, 2u, 4u, 8u);
  const std::size_t count = GENERATE(1u, 2u, 7u);
  CAPTURE(workers, count);
  Fixture f(workers);
  const TypeId type = f.type("parents");
  constexpr int kParents = 300;
  std::atomic<int> ended{0};
  std::atomic<int> wrong{0};
  for (int p = 0; p < kParents; ++p) {
    f.spawn(type, [&, polls = 0](PollContext&) mutable {
      if (++polls == 1) {
        // Counted in advance: no child that is quick can be the last while others are to come.
        const auto tasks = reserve_many(
            f, type, count, [](std::size_t) { return [](PollContext&) { return kPollReady; }; });
        std::size_t committed = 0;
        const auto bits = bits_of(tasks);
        if (f.runtime().commit_n(f.owner(), bits.data(), count, as_child(), committed) !=
            Status::kOk) {
          ++wrong;
        }
        return kPollPending;
      }
      if (polls != 2 || f.runtime().children_poll(f.owner()) != Status::kOk) ++wrong;
      ++ended;
      return kPollReady;
    });
  }
  CHECK(eventually([&] { return ended == kParents; }));
  CHECK(wrong == 0);
  f.wait_until_all_ended();
}

TEST_CASE("a parent that waits for something else is polled once for its children, not again") {
  const unsigned workers = GENERATE(1u, 2u, 4u);
  CAPTURE(workers);
  Fixture f(workers);
  const TypeId type = f.type("parent");
  std::atomic<bool> end{false};
  const Handle parent = f.spawn(type, [&, begun = false](PollContext&) mutable {
    if (!begun) {
      begun = true;
      f.spawn(
          type, [](PollContext&) { return kPollReady; }, as_child());
    }
    return end ? kPollReady : kPollPending;
  });
  REQUIRE(eventually([&] { return f.dropped() == 1; }));
  // All has settled when every worker sleeps.
  REQUIRE(eventually([&] {
    const auto info = f.runtime().task_info(parent);
    return info && info->state == TaskState::kWaiting && info->polls == 2;
  }));
  std::this_thread::sleep_for(20ms);  // gives a wrong implementation the time to poll again
  CHECK(f.runtime().task_info(parent)->polls == 2);
  CHECK(f.runtime().task_info(parent)->children == 0);
  end = true;
  f.runtime().wake(parent);
  f.wait_until_all_ended();
}

// The last child is dropped within the drop of a stranger, who then takes its time.
TEST_CASE("a parent does not wait for a drop that only happened to end its last child") {
  const unsigned workers = GENERATE(2u, 4u);
  CAPTURE(workers);
  Fixture f(workers);
  const TypeId type = f.type("family");
  Gate gate;
  std::atomic<std::uint64_t> child{0};
  std::atomic<bool> went_on{false};
  const Handle parent = f.spawn(type, [&, begun = false](PollContext&) mutable {
    if (!begun) {
      begun = true;
      SpawnOptions held = as_child();
      held.join = true;
      child = f.spawn(
                   type, [](PollContext&) { return kPollReady; }, held)
                  .bits();
      return kPollPending;
    }
    went_on = true;
    return kPollReady;
  });
  REQUIRE(eventually([&] {
    const auto info = f.runtime().task_info(Handle(child.load()));
    return info && info->state == TaskState::kEnded;
  }));
  REQUIRE(eventually([&] { return f.runtime().task_info(parent)->state == TaskState::kWaiting; }));
  std::shared_ptr<void> at_end(nullptr, [&](void*) {
    static_cast<void>(f.runtime().join_close(f.owner(), Handle(child.load())));
    gate.pass();
  });
  f.spawn(type, [at_end = std::move(at_end)](PollContext&) { return kPollReady; });
  CHECK(eventually([&] { return went_on.load(); }, 10s));
  gate.open();
  f.wait_until_all_ended();
}

// --- Refusals ----------------------------------------------------------------------------------

TEST_CASE("children that fit nowhere are refused, and their parent goes on when the rest ended") {
  const bool batch = GENERATE(false, true);
  CAPTURE(batch);
  Options options = one_worker_in_order();
  options.local_queue_capacity = 4;
  options.global_queue_capacity = 16;
  Fixture f(options);
  const TypeId type = f.type("crowded");
  std::atomic<int> accepted{0};
  std::atomic<int> runs{0};
  std::atomic<int> polls{0};
  std::atomic<std::uint32_t> counted{0};
  std::atomic<std::uint64_t> depth{0};
  std::atomic<std::uint64_t> local{0};
  const auto body = [&](PollContext&) {
    ++runs;
    return kPollReady;
  };
  f.spawn(type, [&](PollContext& cx) {
    if (++polls > 1) {
      return f.runtime().children_poll(f.owner()) == Status::kOk ? kPollReady : kPollFailed;
    }
    if (batch) {
      const auto tasks = reserve_many(f, type, 100, [&](std::size_t) { return body; });
      std::size_t committed = 0;
      const auto bits = bits_of(tasks);
      const Status why =
          f.runtime().commit_n(f.owner(), bits.data(), bits.size(), as_child(), committed);
      if (why == Status::kFull) accepted = static_cast<int>(committed);
      for (std::size_t i = committed; i < tasks.size(); ++i)
        f.discard(tasks[i]);
    } else {
      Status why = Status::kOk;
      while (!f.spawn(type, body, as_child(), &why).is_null())
        ++accepted;
      if (why != Status::kFull) accepted = -1;
    }
    counted = f.runtime().task_info(Handle(cx.waker))->children;
    depth = f.runtime().queue_info().global_depth;
    local = f.runtime().list_workers()[0].local_depth;
    return f.runtime().children_poll(f.owner()) == Status::kPending ? kPollPending : kPollFailed;
  });
  CHECK(eventually([&] { return f.runtime().live_tasks() == 0; }));
  // The stack's four, the ring's four, and as many as the global queue takes in halves of a ring.
  CHECK(accepted >= 4 + 4 + 12);
  CHECK(accepted <= 4 + 4 + 16);
  CHECK(depth <= 16);
  CHECK(local + depth == static_cast<std::uint64_t>(accepted));
  CHECK(counted == static_cast<std::uint32_t>(accepted));
  CHECK(runs == accepted);
  CHECK(polls == 2);
  CHECK(f.runtime().queue_info().refusals == 1);
  CHECK(f.runtime().list_types()[0].failed == 0);
}

TEST_CASE("a batch of children with a stale one in it counts those that were taken") {
  const unsigned workers = GENERATE(1u, 2u, 4u, 8u);
  CAPTURE(workers);
  Fixture f(workers);
  const TypeId type = f.type("batch");
  constexpr int kRounds = 200;
  std::atomic<int> runs{0};
  std::atomic<int> wrong{0};
  std::atomic<int> ended{0};
  const auto body = [&](PollContext&) {
    ++runs;
    return kPollReady;
  };
  for (int round = 0; round < kRounds; ++round) {
    f.spawn(type, [&, begun = false](PollContext& cx) mutable {
      if (!begun) {
        begun = true;
        const auto tasks = reserve_many(f, type, 5, [&](std::size_t) { return body; });
        auto bits = bits_of(tasks);
        bits[2] = Handle(HandleKind::kTask, tasks[2].index(), 0x7fff'ffff).bits();
        std::size_t committed = 0;
        const auto commit = [&](std::size_t from, std::size_t count) {
          return f.runtime().commit_n(f.owner(), bits.data() + from, count, as_child(), committed);
        };
        if (commit(0, 5) != Status::kStale || committed != 2) ++wrong;
        if (commit(2, 3) != Status::kStale || committed != 0) ++wrong;
        if (commit(3, 2) != Status::kOk || committed != 2) ++wrong;
        f.discard(tasks[2]);
        const std::uint32_t children = f.runtime().task_info(Handle(cx.waker))->children;
        if (workers == 1 ? children != 4 : children > 4) ++wrong;
      }
      if (f.runtime().children_poll(f.owner()) == Status::kPending) return kPollPending;
      ++ended;
      return kPollReady;
    });
  }
  CHECK(eventually([&] { return ended == kRounds; }));
  CHECK(runs == 4 * kRounds);
  CHECK(wrong == 0);
}

// The parent has seen that it must wait, then commits what is refused: while that was counted, the
// child that it waits for ends, and is not the last one.
TEST_CASE("a child that ends while another is refused still wakes its parent") {
  const unsigned workers = GENERATE(2u, 4u);
  CAPTURE(workers);
  Fixture f(workers);
  const TypeId type = f.type("refused");
  constexpr int kRounds = 5000;
  std::atomic<int> ended{0};
  std::atomic<int> inside{0};
  std::atomic<int> go{0};
  std::atomic<int> wrong{0};
  f.spawn(type, [&, round = 0, waits = false](PollContext&) mutable {
    for (;;) {
      if (f.runtime().children_poll(f.owner()) == Status::kPending) return kPollPending;
      if (std::exchange(waits, false)) ++ended;
      if (round == kRounds) return kPollReady;
      ++round;
      waits = true;
      f.spawn(
          type,
          [&, round](PollContext&) {
            inside = round;
            while (go != round) {
            }
            return kPollReady;
          },
          as_child(SpawnHint::kLast));
      while (inside != round)
        std::this_thread::yield();
      if (f.runtime().children_poll(f.owner()) != Status::kPending) ++wrong;
      go = round;
      for (int i = 0; i < round % 256; ++i)
        cpu_relax();
      const std::uint64_t stale = Handle(HandleKind::kTask, 1, 0x7fff'ffff).bits();
      std::size_t committed = 0;
      if (f.runtime().commit_n(f.owner(), &stale, 1, as_child(), committed) != Status::kStale) {
        ++wrong;
      }
      return kPollPending;
    }
  });
  CHECK(eventually([&] { return ended == kRounds; }));
  CHECK(wrong == 0);
  f.runtime().owner_stop_admission(f.owner());
  f.runtime().owner_cancel_tasks(f.owner());
  f.wait_until_all_ended();
}

}  // namespace
}  // namespace ekiden::runtime::test

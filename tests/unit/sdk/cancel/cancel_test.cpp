// Cancels everything that can be waited for, wherever it is suspended: while it waits, when it has
// been given what it waits for and has not gone on yet, and later.
#include "tests/unit/sdk/cancel/cases.hpp"

#include <ekiden/sdk/time.hpp>

#include <functional>
#include <string>

namespace ekiden::test {

namespace {

constexpr int kTurnsMax = 3;
constexpr int kNoCancel = -1;
// Less than the world has with all of them, so that a failure says which it was.
constexpr auto kStepPatience = kPatience / 2;

Task<> turns(int count) {
  for (int i = 0; i < count; ++i)
    co_await yield();
}

[[noreturn]] void fail(const std::string& what) { throw std::logic_error(what); }

Task<> alive_subject(CancelScenario& scenario, std::atomic<int>& alive) {
  const Alive here(alive);
  co_await scenario.subject();
}

Task<bool> ends(JoinHandle<>& handle) {
  try {
    auto end = co_await timeout(kStepPatience, handle.wait());
    if (!end) fail("a task does not end");
  } catch (const Cancelled&) {
    co_return false;
  }
  co_return true;
}

// One run. `cancel` takes the subject and the scenario from its beginning to its end.
using Cancel = std::function<Task<Fate>(CancelScenario&, std::atomic<int>&)>;

Task<Fate> run_once(const CancelCase& row, const Cancel& cancel) {
  const std::unique_ptr<CancelScenario> scenario = row.make();
  std::atomic<int> alive{0};
  co_await scenario->prepare();
  auto neighbour = spawn([&]() -> Task<> { co_await scenario->neighbour(); });
  const Fate fate = co_await cancel(*scenario, alive);
  if (alive.load() != 0) fail("something of the subject is left");
  if (!co_await ends(neighbour)) fail("the neighbour was cancelled");
  if (!co_await timeout(kStepPatience, scenario->check(fate))) fail("its check does not end");
  co_return fate;
}

// By abort: `before` turns after the start, before let_go() comes.
Task<Fate> abort_before(int before, CancelScenario& scenario, std::atomic<int>& alive) {
  auto subject = spawn([&] { return alive_subject(scenario, alive); });
  co_await turns(before);
  subject.abort();
  const bool ended = co_await ends(subject);
  scenario.let_go();
  co_return ended ? Fate::kEnded : Fate::kCutBefore;
}

// By abort, `after` turns after let_go(). With 0, and one worker, it has been given what it waits
// for and has not gone on.
Task<Fate> abort_after(int before, int after, CancelScenario& scenario, std::atomic<int>& alive) {
  auto subject = spawn([&] { return alive_subject(scenario, alive); });
  co_await turns(before);
  scenario.let_go();
  if (after != kNoCancel) {
    co_await turns(after);
    subject.abort();
  }
  co_return co_await ends(subject) ? Fate::kEnded : Fate::kCut;
}

// As a branch of this task, at its n-th turn.
Task<Fate> cut_at(unsigned turn, CancelScenario& scenario, std::atomic<int>& alive) {
  std::atomic<bool> gone{false};
  auto helper = spawn([&]() -> Task<bool> {
    co_await turns(2);
    const bool before = !gone.load();
    scenario.let_go();
    co_return before;
  });
  const bool ended = co_await cut_after(turn, alive_subject(scenario, alive));
  gone = true;
  const bool was_let_go = co_await helper;
  if (ended) co_return Fate::kEnded;
  co_return was_let_go ? Fate::kCut : Fate::kCutBefore;
}

class Sweep {
 public:
  explicit Sweep(const CancelCase& row) : row_(row) {}

  Task<> run() {
    for (int before = 0; before <= kTurnsMax; ++before) {
      co_await step("aborted before it is let go", before, 0,
                    [&](auto&... with) { return abort_before(before, with...); });
      for (int after = 0; after <= kTurnsMax; ++after)
        co_await step("aborted after it is let go", before, after,
                      [&](auto&... with) { return abort_after(before, after, with...); });
    }
    const Fate left_alone = co_await step("left alone", 1, kNoCancel, [&](auto&... with) {
      return abort_after(1, kNoCancel, with...);
    });
    if (left_alone != Fate::kEnded) fail("it was cancelled by nobody");
    unsigned turn = 0;
    while (co_await step("cut at a turn", static_cast<int>(turn), 0,
                         [&](auto&... with) { return cut_at(turn, with...); }) != Fate::kEnded) {
      turn = next_turn(turn);
      if (turn > kTurnMax) fail("it never ends");
    }
    if (cuts_ == 0) fail("it was never cut");
  }

 private:
  Task<Fate> step(const char* how, int before, int after, Cancel cancel) {
    try {
      const Fate fate = co_await run_once(row_, cancel);
      if (fate != Fate::kEnded) ++cuts_;
      co_return fate;
    } catch (const std::exception& e) {
      fail(std::string(row_.name) + ", " + how + " (" + std::to_string(before) + ", " +
           std::to_string(after) + "): " + e.what());
    }
  }

  const CancelCase& row_;
  int cuts_ = 0;
};

std::vector<CancelCase> all_cases() {
  std::vector<CancelCase> all;
  for (auto cases :
       {task_cancel_cases, sync_cancel_cases, channel_cancel_cases, structured_cancel_cases})
    for (const CancelCase& row : cases())
      all.push_back(row);
  return all;
}

}  // namespace

TEST_CASE("what is cancelled at any of its waits loses nothing", "[sdk][cancel]") {
  const unsigned workers = GENERATE(1u, 2u, 4u, 8u);
  for (const CancelCase& row : all_cases()) {
    DYNAMIC_SECTION(row.name << ", " << workers << " workers") {
      runtime::Options options = daemon::test::Daemon::options(workers);
      if (row.tune != nullptr) row.tune(options);
      World world(options);
      Sweep sweep(row);
      CHECK_NOTHROW(world.run(sweep.run()));
      CHECK(world.all_gone());
    }
  }
}

}  // namespace ekiden::test

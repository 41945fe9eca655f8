// ekd.task/1: how tasks are woken, end and are joined, and what may be called in a poll only.
#include <atomic>
#include <catch2/catch.hpp>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/host/fixture.hpp"

namespace ekiden::daemon::test {
namespace {

// --- Wakes -------------------------------------------------------------------------------------

TEST_CASE("a wake from anywhere polls a task that waits, and only that", "[task]") {
  const unsigned workers = GENERATE(1u, 2u, 4u);
  Daemon daemon(workers);
  Plugin plugin(daemon, "woken");
  std::atomic<ekd_waker> waker{0};
  std::atomic<bool> done{false};
  Probe probe([&](ekd_cx* cx) {
    waker = cx->waker;
    return done || cx->cancelled ? EKD_READY : EKD_PENDING;
  });
  REQUIRE(plugin.spawn(probe) == EKD_OK);
  REQUIRE(eventually([&] { return waker.load() != 0; }));
  std::thread([&] { plugin.api.task->wake(waker); }).join();
  REQUIRE(eventually([&] { return probe.polls.load() >= 2; }));
  done = true;
  plugin.api.task->wake(waker);
  REQUIRE(eventually([&] { return probe.drops.load() == 1; }));
  const int polls = probe.polls.load();

  // It has ended: an old waker does nothing, whoever has the slot now.
  Held next(plugin);
  REQUIRE(eventually([&] { return next.probe.polls.load() == 1; }));
  for (int i = 0; i < 100; ++i)
    plugin.api.task->wake(waker);
  // Numbers that nobody was given.
  for (const ekd_waker number :
       std::vector<ekd_waker>{0, 1, ~ekd_waker{0}, 0xfffffff00000001, 1ull << 60,
                              0x8000000100000001, 0x00fffff000000003}) {
    plugin.api.task->wake(number);
  }
  REQUIRE(plugin.run(end_at_once));
  CHECK(probe.polls.load() == polls);
  CHECK(next.probe.polls.load() == 1);
}

// --- Ending ------------------------------------------------------------------------------------

TEST_CASE("a join learns how a task ended", "[task]") {
  const unsigned workers = GENERATE(1u, 2u, 4u);
  Daemon daemon(workers);
  Plugin plugin(daemon, "joined");
  struct Row {
    const char* what;
    Probe::Body body;
    std::int32_t status;
    std::int32_t code;
    std::string text;
  };
  const ekd_task_api& api = *plugin.api.task;
  ekd_ctx* const ctx = plugin.ctx;
  const std::vector<Row> rows = {
      {"ready", end_at_once, EKD_OK, 0, ""},
      {"failed, and says why",
       [&](ekd_cx*) {
         api.fail(ctx, -77, EKD_STR("no\nluck"));
         return EKD_FAILED;
       },
       EKD_E_FAILED, -77, "no\\nluck"},
      {"failed", [](ekd_cx*) { return EKD_FAILED; }, EKD_E_FAILED, EKD_E_FAILED, ""},
      {"cancelled", [](ekd_cx*) { return EKD_CANCELLED; }, EKD_E_CANCELLED, 0, ""},
      {"an answer that is none", [](ekd_cx*) { return 1234; }, EKD_E_FAILED, EKD_E_FAILED, ""},
      {"an exception",
       [](ekd_cx*) -> std::int32_t { throw std::runtime_error("thrown on purpose"); }, EKD_E_FAILED,
       EKD_E_FAILED, "thrown on purpose"},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    Probe probe(row.body);
    const ekd_spawn_options options = spawn_options(EKD_SPAWN_JOIN);
    ekd_task task = 0;
    REQUIRE(plugin.spawn(probe, &options, &task) == EKD_OK);
    ekd_join_result joined = join_result();
    ekd_error error = ekd_error_init();
    REQUIRE(eventually([&] { return api.join_poll(ctx, task, 0, &joined, &error) == EKD_READY; }));
    CHECK(joined.status == row.status);
    CHECK((joined.state != nullptr) == (row.status == EKD_OK));
    CHECK(error.code == row.code);
    CHECK(text_of(error).find(row.text) != std::string::npos);
    CHECK(probe.drops.load() == 0);
    CHECK(api.join_close(ctx, task) == EKD_OK);
    CHECK(eventually([&] { return probe.drops.load() == 1; }));
  }
}

TEST_CASE("a join handle is good until it is closed", "[task]") {
  const CapturedStderr captured;
  Daemon daemon(2);
  Plugin plugin(daemon, "joined");
  const ekd_task_api& api = *plugin.api.task;
  const ekd_spawn_options options = spawn_options(EKD_SPAWN_JOIN);
  ekd_join_result joined = join_result();
  Probe probe(end_at_once);
  ekd_task task = 0;
  REQUIRE(plugin.spawn(probe, &options, &task) == EKD_OK);
  REQUIRE(eventually(
      [&] { return api.join_poll(plugin.ctx, task, 0, &joined, nullptr) == EKD_READY; }));
  CHECK(api.join_poll(plugin.ctx, task, 0, nullptr, nullptr) == EKD_E_INVALID);
  for (const std::uint32_t lie : {0u, 8u, 0x7fffffffu}) {
    joined.struct_size = lie;
    CHECK(api.join_poll(plugin.ctx, task, 0, &joined, nullptr) == EKD_E_INVALID);
  }
  joined = join_result();
  CHECK(api.abort(plugin.ctx, task) == EKD_OK);  // ended, but still held
  CHECK(api.join_close(plugin.ctx, task) == EKD_OK);
  CHECK(eventually([&] { return probe.drops.load() == 1; }));
  CHECK(api.join_poll(plugin.ctx, task, 0, &joined, nullptr) == EKD_E_STALE);
  CHECK(api.join_close(plugin.ctx, task) == EKD_E_STALE);
  CHECK(api.abort(plugin.ctx, task) == EKD_E_STALE);
  CHECK(captured.lines_with({"ekd.task/1 join_close", "still there"}) == 1);
  CHECK(captured.lines_with({"ekd.task/1 abort"}) == 0);  // a race that nobody can avoid
}

TEST_CASE("a joiner is woken when the task ends", "[task]") {
  const unsigned workers = GENERATE(1u, 2u, 4u);
  Daemon daemon(workers);
  Plugin plugin(daemon, "joiner");
  const ekd_task_api& api = *plugin.api.task;
  Held held(plugin);
  REQUIRE(held.code == EKD_OK);
  std::atomic<std::int32_t> status{1};
  Probe joiner([&](ekd_cx* cx) {
    ekd_join_result joined = join_result();
    const std::int32_t code = api.join_poll(plugin.ctx, held.task, cx->waker, &joined, nullptr);
    if (code == EKD_READY) status = joined.status;
    return code;
  });
  REQUIRE(plugin.spawn(joiner) == EKD_OK);
  REQUIRE(eventually([&] { return joiner.polls.load() == 1; }));
  REQUIRE(api.abort(plugin.ctx, held.task) == EKD_OK);
  CHECK(eventually([&] { return joiner.drops.load() == 1; }));
  CHECK(status.load() == EKD_E_CANCELLED);
}

TEST_CASE("a task is aborted the way its type says", "[task]") {
  const unsigned workers = GENERATE(1u, 2u, 4u);
  Daemon daemon(workers);
  Plugin plugin(daemon, "aborted");
  const ekd_task_api& api = *plugin.api.task;
  struct Row {
    std::uint32_t cancel;
    int polls_after;
  };
  for (const Row& row :
       {Row{EKD_CANCEL_ONE_POLL, 1}, Row{EKD_CANCEL_DROP_NOW, 0}, Row{EKD_CANCEL_ASYNC, 3}}) {
    INFO(row.cancel);
    const ekd_task_type type = Plugin::probe_type(row.cancel);
    std::uint32_t id = 0;
    REQUIRE(api.type_register(plugin.ctx, &type, &id, nullptr) == EKD_OK);
    std::atomic<int> cancelled_polls{0};
    Probe probe([&](ekd_cx* cx) -> std::int32_t {
      if (cx->cancelled == 0) return EKD_PENDING;
      return ++cancelled_polls < 3 ? EKD_YIELD : EKD_READY;
    });
    Probe* state = &probe;
    ekd_task task = 0;
    REQUIRE(api.spawn(plugin.ctx, id, &state, sizeof(state), nullptr, &task) == EKD_OK);
    REQUIRE(eventually([&] { return probe.polls.load() == 1; }));
    CHECK(api.abort(plugin.ctx, task) == EKD_OK);
    CHECK(eventually([&] { return probe.drops.load() == 1; }));
    CHECK(cancelled_polls.load() == row.polls_after);
  }
}

// --- Inside a poll only ------------------------------------------------------------------------

TEST_CASE("some calls are for polls only", "[task]") {
  const CapturedStderr captured;
  Daemon daemon(1);
  Plugin plugin(daemon, "outside");
  const ekd_task_api& api = *plugin.api.task;
  CHECK(api.children_poll(plugin.ctx) == EKD_E_WRONG_THREAD);
  CHECK(api.fail(plugin.ctx, -1, EKD_STR("x")) == EKD_E_WRONG_THREAD);
  CHECK(captured.lines_with({"plugin.outside", "ekd.task/1 children_poll", "thread"}) == 1);
  CHECK(captured.lines_with({"plugin.outside", "ekd.task/1 fail", "thread"}) == 1);
  std::vector<std::int32_t> codes;
  REQUIRE(plugin.run([&](ekd_cx*) {
    codes = {api.fail(plugin.ctx, 0, EKD_STR("x")), api.fail(plugin.ctx, 5, EKD_STR("x")),
             api.fail(plugin.ctx, -5, ekd_str_of(nullptr, 3)), api.children_poll(plugin.ctx)};
    return EKD_READY;
  }));
  CHECK(codes == std::vector<std::int32_t>{EKD_E_INVALID, EKD_E_INVALID, EKD_E_INVALID, EKD_READY});
}

TEST_CASE("a parent waits for its children", "[task]") {
  const unsigned workers = GENERATE(1u, 2u, 4u);
  Daemon daemon(workers);
  Plugin plugin(daemon, "parent");
  Probe child(end_at_once);
  std::atomic<int> spawned{0};
  std::atomic<int> drops_seen{-1};
  Probe parent([&](ekd_cx*) {
    const ekd_spawn_options options = spawn_options(EKD_SPAWN_CHILD);
    while (spawned.load() < 50) {
      if (plugin.spawn(child, &options) != EKD_OK) return EKD_FAILED;
      ++spawned;
    }
    const std::int32_t code = plugin.api.task->children_poll(plugin.ctx);
    if (code == EKD_READY) drops_seen = child.drops.load();
    return code;
  });
  REQUIRE(plugin.spawn(parent) == EKD_OK);
  CHECK(eventually([&] { return parent.drops.load() == 1; }));
  CHECK(spawned.load() == 50);
  CHECK(drops_seen.load() == 50);
}

TEST_CASE("handles of another plugin are refused and told", "[task]") {
  const CapturedStderr captured;
  Daemon daemon(1);
  Plugin one(daemon, "one");
  Plugin two(daemon, "two");
  Held held(one);
  ekd_join_result joined = join_result();
  const ekd_task_api& api = *two.api.task;
  CHECK(api.join_poll(two.ctx, held.task, 0, &joined, nullptr) == EKD_E_FOREIGN);
  CHECK(api.join_close(two.ctx, held.task) == EKD_E_FOREIGN);
  CHECK(api.abort(two.ctx, held.task) == EKD_E_FOREIGN);
  CHECK(api.commit(two.ctx, held.task, nullptr) == EKD_E_FOREIGN);
  CHECK(api.discard(two.ctx, held.task) == EKD_E_FOREIGN);
  CHECK(captured.lines_with({"plugin.two", "belongs to another plugin instance"}) == 5);
  CHECK(held.probe.drops.load() == 0);
}

// --- Budget ------------------------------------------------------------------------------------

TEST_CASE("ready things make a task yield when its budget is spent", "[task]") {
  runtime::Options options = Daemon::options(1);
  options.poll_budget = 4;
  Daemon daemon(options);
  Plugin plugin(daemon, "greedy");
  ekd_timer timer = 0;
  REQUIRE(plugin.api.time->create(plugin.ctx, &timer) == EKD_OK);
  REQUIRE(plugin.api.time->arm(plugin.ctx, timer, 1) == EKD_OK);
  std::atomic<int> ready{0};
  std::vector<int> ready_in_poll;
  Probe probe([&](ekd_cx* cx) -> std::int32_t {
    int found = 0;
    while (plugin.api.time->poll(plugin.ctx, timer, cx->waker) == EKD_READY && found < 100)
      ++found;
    ready += found;
    ready_in_poll.push_back(found);
    return ready_in_poll.size() < 3 ? EKD_PENDING : EKD_READY;
  });
  REQUIRE(plugin.spawn(probe) == EKD_OK);
  // Each time the wake is on its way: nobody else wakes this task.
  REQUIRE(eventually([&] { return probe.drops.load() == 1; }));
  CHECK(ready_in_poll == std::vector<int>{4, 4, 4});
  CHECK(plugin.api.time->close(plugin.ctx, timer) == EKD_OK);
}

TEST_CASE("a spent budget wakes whom the caller named", "[task]") {
  runtime::Options options = Daemon::options(2);
  options.poll_budget = 1;
  Daemon daemon(options);
  Plugin plugin(daemon, "combinator");
  ekd_timer timer = 0;
  REQUIRE(plugin.api.time->create(plugin.ctx, &timer) == EKD_OK);
  REQUIRE(plugin.api.time->arm(plugin.ctx, timer, 1) == EKD_OK);
  std::atomic<ekd_waker> other{0};
  Probe sleeper([&](ekd_cx* cx) {
    other = cx->waker;
    return cx->cancelled ? EKD_READY : EKD_PENDING;
  });
  ekd_task task = 0;
  REQUIRE(plugin.spawn(sleeper, nullptr, &task) == EKD_OK);
  REQUIRE(eventually([&] { return other.load() != 0; }));
  std::vector<std::int32_t> codes;
  REQUIRE(plugin.run([&](ekd_cx* cx) {
    codes.push_back(plugin.api.time->poll(plugin.ctx, timer, cx->waker));
    codes.push_back(plugin.api.time->poll(plugin.ctx, timer, other));
    codes.push_back(plugin.api.time->poll(plugin.ctx, timer, 0));  // a mere question
    return EKD_READY;
  }));
  CHECK(codes == std::vector<std::int32_t>{EKD_READY, EKD_PENDING, EKD_READY});
  CHECK(eventually([&] { return sleeper.polls.load() >= 2; }));
  CHECK(plugin.api.task->abort(plugin.ctx, task) == EKD_OK);
  CHECK(eventually([&] { return sleeper.drops.load() == 1; }));
}

}  // namespace
}  // namespace ekiden::daemon::test

// ekd.task/1: how a task comes to be, and what refuses it.
#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "tests/unit/host/fixture.hpp"

namespace ekiden::daemon::test {
namespace {

// Waits in a poll's thread for a flag that the test sets.
struct Gate {
  std::atomic<bool> reached{false};
  std::atomic<bool> open{false};

  void pass() {
    reached = true;
    eventually([&] { return open.load(); });
  }
};

// --- Types -------------------------------------------------------------------------------------

TEST_CASE("a task type is checked whole", "[task]") {
  const CapturedStderr captured;
  Daemon daemon(1);
  Plugin plugin(daemon, "tester");
  struct Row {
    const char* what;
    std::function<void(ekd_task_type&)> change;
    std::int32_t expected;
  };
  static const std::string longest(63, 'n');
  static const std::string longer(64, 'n');
  const std::vector<Row> rows = {
      {"as it is", [](ekd_task_type&) {}, EKD_OK},
      {"longest name", [](auto& t) { t.name = ekd_str_of(longest.data(), 63); }, EKD_OK},
      {"name too long", [](auto& t) { t.name = ekd_str_of(longer.data(), 64); }, EKD_E_INVALID},
      {"no name", [](auto& t) { t.name = ekd_str_of(nullptr, 0); }, EKD_E_INVALID},
      {"name without bytes", [](auto& t) { t.name = ekd_str_of(nullptr, 5); }, EKD_E_INVALID},
      {"no poll", [](auto& t) { t.poll = nullptr; }, EKD_E_INVALID},
      {"no drop", [](auto& t) { t.drop = nullptr; }, EKD_OK},
      {"no state", [](auto& t) { t.state_size = 0; }, EKD_OK},
      {"largest state", [](auto& t) { t.state_size = EKD_TASK_STATE_MAX; }, EKD_OK},
      {"state too large", [](auto& t) { t.state_size = EKD_TASK_STATE_MAX + 1; }, EKD_E_TOO_BIG},
      {"alignment by default", [](auto& t) { t.state_align = 0; }, EKD_OK},
      {"alignment 64", [](auto& t) { t.state_align = 64; }, EKD_OK},
      {"alignment 3", [](auto& t) { t.state_align = 3; }, EKD_E_INVALID},
      {"alignment 128", [](auto& t) { t.state_align = 128; }, EKD_E_INVALID},
      {"unknown cancel", [](auto& t) { t.cancel = 3; }, EKD_E_UNSUPPORTED},
      {"reserved used", [](auto& t) { t.reserved = 1; }, EKD_E_UNSUPPORTED},
      {"no size", [](auto& t) { t.struct_size = 0; }, EKD_E_INVALID},
      {"the size of 1.0", [](auto& t) { t.struct_size = 56; }, EKD_OK},
      {"size too small", [](auto& t) { t.struct_size = 48; }, EKD_E_INVALID},
      {"room behind the state", [](auto& t) { t.room_size = 4096; }, EKD_OK},
      {"too much room", [](auto& t) { t.room_size = EKD_TASK_STATE_MAX; }, EKD_E_TOO_BIG},
      {"size absurd", [](auto& t) { t.struct_size = 0xffffffff; }, EKD_E_INVALID},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    ekd_task_type type = Plugin::probe_type();
    row.change(type);
    std::uint32_t id = 0;
    ekd_error error = ekd_error_init();
    CHECK(plugin.api.task->type_register(plugin.ctx, &type, &id, &error) == row.expected);
    CHECK((id != 0) == (row.expected == EKD_OK));
    CHECK(error.code == row.expected);
    CHECK((error.text_size != 0) == (row.expected != EKD_OK));
  }
  const ekd_task_type type = Plugin::probe_type();
  std::uint32_t id = 0;
  CHECK(plugin.api.task->type_register(plugin.ctx, nullptr, &id, nullptr) == EKD_E_INVALID);
  CHECK(plugin.api.task->type_register(plugin.ctx, &type, nullptr, nullptr) == EKD_E_INVALID);
}

TEST_CASE("a newer plugin's struct is taken where it asks nothing new", "[task]") {
  const CapturedStderr captured;
  Daemon daemon(1);
  Plugin plugin(daemon, "tester");
  struct Newer {
    ekd_task_type known;
    std::uint64_t tail;
  } newer{Plugin::probe_type(), 0};
  newer.known.struct_size = sizeof(newer);
  std::uint32_t id = 0;
  CHECK(plugin.api.task->type_register(plugin.ctx, &newer.known, &id, nullptr) == EKD_OK);
  newer.tail = 1;
  CHECK(plugin.api.task->type_register(plugin.ctx, &newer.known, &id, nullptr) ==
        EKD_E_UNSUPPORTED);
}

TEST_CASE("an instance may register 1024 types", "[task]") {
  Daemon daemon(1);
  Plugin plugin(daemon, "many");
  const ekd_task_type type = Plugin::probe_type();
  std::uint32_t id = 0;
  std::int32_t code = EKD_OK;
  int made = 1;  // the fixture's own
  while ((code = plugin.api.task->type_register(plugin.ctx, &type, &id, nullptr)) == EKD_OK)
    ++made;
  CHECK(code == EKD_E_LIMIT);
  CHECK(made == 1024);
  Probe probe(end_at_once);
  Probe* state = &probe;
  CHECK(plugin.api.task->spawn(plugin.ctx, id, &state, sizeof(state), nullptr, nullptr) == EKD_OK);
  CHECK(eventually([&] { return probe.drops.load() == 1; }));
}

TEST_CASE("a type's name is text in every list", "[task]") {
  Daemon daemon(1);
  Plugin plugin(daemon, "odd");
  ekd_task_type type = Plugin::probe_type();
  type.name = EKD_STR("a\n\xff");
  std::uint32_t id = 0;
  REQUIRE(plugin.api.task->type_register(plugin.ctx, &type, &id, nullptr) == EKD_OK);
  std::string name;
  for (const runtime::TypeInfo& row : daemon.runtime.list_types()) {
    if (row.id == id) name = row.name;
  }
  CHECK(name == "a??");
}

// --- Reserving and committing ------------------------------------------------------------------

TEST_CASE("reserve says what is wrong", "[task]") {
  const CapturedStderr captured;
  Daemon daemon(1);
  Plugin plugin(daemon, "tester");
  Plugin other(daemon, "other");
  void* state = nullptr;
  ekd_task task = 0;
  struct Row {
    const char* what;
    std::uint32_t type;
    std::uint64_t size;
    std::uint32_t align;
    void** out_state;
    ekd_task* out_task;
    std::int32_t expected;
  };
  const std::uint32_t type = plugin.probe_type_id;
  const std::vector<Row> rows = {
      {"no such type", 60000, 0, 0, &state, &task, EKD_E_INVALID},
      {"type 0", 0, 0, 0, &state, &task, EKD_E_INVALID},
      {"another plugin's type", other.probe_type_id, 0, 0, &state, &task, EKD_E_FOREIGN},
      {"alignment 3", type, 0, 3, &state, &task, EKD_E_INVALID},
      {"alignment 128", type, 0, 128, &state, &task, EKD_E_INVALID},
      {"too large", type, EKD_TASK_STATE_MAX + 1, 0, &state, &task, EKD_E_TOO_BIG},
      {"absurdly large", type, ~std::uint64_t{0}, 0, &state, &task, EKD_E_TOO_BIG},
      {"nowhere to put the state", type, 0, 0, nullptr, &task, EKD_E_INVALID},
      {"nowhere to put the task", type, 0, 0, &state, nullptr, EKD_E_INVALID},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    CHECK(plugin.api.task->reserve(plugin.ctx, row.type, row.size, row.align, row.out_state,
                                   row.out_task) == row.expected);
    CHECK(task == 0);
  }
}

TEST_CASE("a reservation is a block of memory until it is committed", "[task]") {
  const unsigned workers = GENERATE(1u, 2u, 4u);
  Daemon daemon(workers);
  Plugin plugin(daemon, "tester");
  for (const std::uint32_t align : {0u, 1u, 16u, 64u}) {
    for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{300}, std::uint64_t{100000}}) {
      Probe probe(end_at_once);
      void* state = nullptr;
      ekd_task task = 0;
      REQUIRE(plugin.api.task->reserve(plugin.ctx, plugin.probe_type_id, size, align, &state,
                                       &task) == EKD_OK);
      CHECK(reinterpret_cast<std::uintptr_t>(state) % (align == 0 ? 16 : align) == 0);
      std::memset(state, 0xee, size < sizeof(Probe*) ? sizeof(Probe*) : size);
      Probe* pointer = &probe;
      std::memcpy(state, &pointer, sizeof(pointer));
      REQUIRE(plugin.api.task->commit(plugin.ctx, task, nullptr) == EKD_OK);
      CHECK(eventually([&] { return probe.drops.load() == 1; }));
      CHECK(probe.polls.load() == 1);
    }
  }
}

TEST_CASE("commit and discard work once", "[task]") {
  const CapturedStderr captured;
  Daemon daemon(2);
  Plugin plugin(daemon, "tester");
  const ekd_task_api& api = *plugin.api.task;

  Held held(plugin);
  REQUIRE(held.code == EKD_OK);
  CHECK(api.commit(plugin.ctx, held.task, nullptr) == EKD_E_WRONG_STATE);
  CHECK(api.discard(plugin.ctx, held.task) == EKD_E_WRONG_STATE);

  void* state = nullptr;
  ekd_task task = 0;
  REQUIRE(api.reserve(plugin.ctx, plugin.probe_type_id, 0, 0, &state, &task) == EKD_OK);
  CHECK(api.discard(plugin.ctx, task) == EKD_OK);
  CHECK(api.discard(plugin.ctx, task) == EKD_E_STALE);
  CHECK(api.commit(plugin.ctx, task, nullptr) == EKD_E_STALE);
  CHECK(captured.lines_with({"plugin.tester", "ekd.task/1 discard", "still there"}) == 1);
}

TEST_CASE("options are checked, and the reservation stands meanwhile", "[task]") {
  const CapturedStderr captured;
  Daemon daemon(1);
  Plugin plugin(daemon, "tester");
  static const std::string longer(64, 'n');
  struct Row {
    const char* what;
    std::function<void(ekd_spawn_options&)> change;
    std::int32_t expected;
  };
  const std::vector<Row> rows = {
      {"no size", [](auto& o) { o.struct_size = 0; }, EKD_E_INVALID},
      {"size too small", [](auto& o) { o.struct_size = 32; }, EKD_E_INVALID},
      {"size absurd", [](auto& o) { o.struct_size = 1u << 31; }, EKD_E_INVALID},
      {"unknown flag", [](auto& o) { o.flags = 4; }, EKD_E_UNSUPPORTED},
      {"priority", [](auto& o) { o.priority = 1; }, EKD_E_UNSUPPORTED},
      {"unknown hint", [](auto& o) { o.hint = 3; }, EKD_E_UNSUPPORTED},
      {"name without bytes", [](auto& o) { o.name = ekd_str_of(nullptr, 1); }, EKD_E_INVALID},
      {"name too long", [](auto& o) { o.name = ekd_str_of(longer.data(), 64); }, EKD_E_INVALID},
      {"child of nobody", [](auto& o) { o.flags = EKD_SPAWN_CHILD; }, EKD_E_WRONG_THREAD},
  };
  const ekd_task_api& api = *plugin.api.task;
  Probe probe(end_at_once);
  Probe* pointer = &probe;
  void* state = nullptr;
  ekd_task task = 0;
  REQUIRE(api.reserve(plugin.ctx, plugin.probe_type_id, 0, 0, &state, &task) == EKD_OK);
  std::memcpy(state, &pointer, sizeof(pointer));
  for (const Row& row : rows) {
    INFO(row.what);
    ekd_spawn_options options = spawn_options(0);
    row.change(options);
    CHECK(api.commit(plugin.ctx, task, &options) == row.expected);
    CHECK(plugin.spawn(probe, &options) == row.expected);
  }
  CHECK(probe.polls.load() == 0);
  CHECK(api.commit(plugin.ctx, task, nullptr) == EKD_OK);
  CHECK(eventually([&] { return probe.drops.load() == 1; }));
  CHECK(daemon.runtime.live_tasks(daemon.host->owner(plugin.ctx)) == 0);
}

TEST_CASE("a task's name is kept, and is text", "[task]") {
  Daemon daemon(1);
  Plugin plugin(daemon, "tester");
  ekd_spawn_options options = spawn_options(EKD_SPAWN_JOIN);
  options.name = EKD_STR("conn\t\xf0");
  Probe probe([](ekd_cx* cx) { return cx->cancelled ? EKD_READY : EKD_PENDING; });
  ekd_task task = 0;
  REQUIRE(plugin.spawn(probe, &options, &task) == EKD_OK);
  const auto info = daemon.runtime.task_info(runtime::Handle(task));
  REQUIRE(info.has_value());
  CHECK(info->name == "conn??");
  CHECK(info->type == "probe");
  CHECK(plugin.api.task->abort(plugin.ctx, task) == EKD_OK);
  CHECK(plugin.api.task->join_close(plugin.ctx, task) == EKD_OK);
  CHECK(eventually([&] { return probe.drops.load() == 1; }));
}

TEST_CASE("a batch is committed in order until one is refused", "[task]") {
  const CapturedStderr captured;
  const unsigned workers = GENERATE(1u, 2u, 4u);
  Daemon daemon(workers);
  Plugin plugin(daemon, "batch");
  const ekd_task_api& api = *plugin.api.task;
  Probe probe(end_at_once);
  Probe* pointer = &probe;
  std::vector<ekd_task> tasks(10);
  for (ekd_task& task : tasks) {
    void* state = nullptr;
    REQUIRE(api.reserve(plugin.ctx, plugin.probe_type_id, 0, 0, &state, &task) == EKD_OK);
    std::memcpy(state, &pointer, sizeof(pointer));
  }
  REQUIRE(api.discard(plugin.ctx, tasks[6]) == EKD_OK);
  std::uint64_t committed = 99;
  CHECK(api.commit_n(plugin.ctx, tasks.data(), 10, nullptr, nullptr) == EKD_E_INVALID);
  CHECK(api.commit_n(plugin.ctx, nullptr, 10, nullptr, &committed) == EKD_E_INVALID);
  CHECK(committed == 0);
  CHECK(api.commit_n(plugin.ctx, nullptr, 0, nullptr, &committed) == EKD_OK);
  CHECK(api.commit_n(plugin.ctx, tasks.data(), 10, nullptr, &committed) == EKD_E_STALE);
  CHECK(committed == 6);
  CHECK(api.commit_n(plugin.ctx, tasks.data() + 7, 3, nullptr, &committed) == EKD_OK);
  CHECK(committed == 3);
  CHECK(eventually([&] { return probe.drops.load() == 9; }));
  CHECK(probe.polls.load() == 9);
}

// --- Spawning in one call ----------------------------------------------------------------------

// A state whose second half nobody gives: spawn has to make it zero.
struct TwoHalves {
  Probe* probe;
  std::uint64_t rest[4];
};

std::atomic<bool> rest_was_zero{false};

std::int32_t poll_two_halves(void* state, ekd_cx*) {
  const auto* halves = static_cast<const TwoHalves*>(state);
  rest_was_zero = (halves->rest[0] | halves->rest[1] | halves->rest[2] | halves->rest[3]) == 0;
  return EKD_READY;
}

TEST_CASE("spawn copies what it is given and takes the rest as zero", "[task]") {
  const CapturedStderr captured;
  Daemon daemon(1);
  Plugin plugin(daemon, "tester");
  ekd_task_type type = Plugin::probe_type();
  type.poll = poll_two_halves;
  type.state_size = sizeof(TwoHalves);
  std::uint32_t id = 0;
  const ekd_task_api& api = *plugin.api.task;
  REQUIRE(api.type_register(plugin.ctx, &type, &id, nullptr) == EKD_OK);
  Probe probe(end_at_once);
  TwoHalves state{&probe, {1, 2, 3, 4}};

  CHECK(api.spawn(plugin.ctx, id, &state, sizeof(state) + 1, nullptr, nullptr) == EKD_E_TOO_BIG);
  CHECK(api.spawn(plugin.ctx, id, nullptr, 8, nullptr, nullptr) == EKD_E_INVALID);
  CHECK(api.spawn(plugin.ctx, 0, &state, 8, nullptr, nullptr) == EKD_E_INVALID);
  CHECK(api.spawn(plugin.ctx, 60000, &state, 8, nullptr, nullptr) == EKD_E_INVALID);
  Plugin other(daemon, "other");
  CHECK(api.spawn(plugin.ctx, other.probe_type_id, &state, 8, nullptr, nullptr) == EKD_E_FOREIGN);

  // Slots that were used before are dirty.
  for (int round = 0; round < 3; ++round) {
    rest_was_zero = false;
    REQUIRE(api.spawn(plugin.ctx, id, &state, sizeof(Probe*), nullptr, nullptr) == EKD_OK);
    REQUIRE(eventually([&] { return probe.drops.load() == 2 * round + 1; }));
    CHECK(rest_was_zero.load());
    REQUIRE(api.spawn(plugin.ctx, id, &state, sizeof(state), nullptr, nullptr) == EKD_OK);
    REQUIRE(eventually([&] { return probe.drops.load() == 2 * round + 2; }));
    CHECK_FALSE(rest_was_zero.load());
  }
}

// --- Refusals ----------------------------------------------------------------------------------

TEST_CASE("nothing new is made while the instance drains", "[task]") {
  const CapturedStderr captured;
  Daemon daemon(2);
  Plugin plugin(daemon, "draining");
  const ekd_services& api = plugin.api;
  void* state = nullptr;
  ekd_task reserved = 0;
  ekd_timer timer = 0;
  REQUIRE(api.task->reserve(plugin.ctx, plugin.probe_type_id, 0, 0, &state, &reserved) == EKD_OK);
  REQUIRE(api.time->create(plugin.ctx, &timer) == EKD_OK);
  Held held(plugin);
  daemon.host->stop_admission(plugin.ctx);

  Probe probe(end_at_once);
  const ekd_task_type type = Plugin::probe_type();
  std::uint32_t id = 0;
  std::uint64_t made = 0;
  ekd_job_options job{};
  job.struct_size = sizeof(job);
  job.run = [](void*) { return 0; };
  CHECK(plugin.spawn(probe) == EKD_E_DRAINING);
  CHECK(api.task->commit(plugin.ctx, reserved, nullptr) == EKD_E_DRAINING);
  CHECK(api.task->reserve(plugin.ctx, plugin.probe_type_id, 0, 0, &state, &made) == EKD_E_DRAINING);
  CHECK(api.task->type_register(plugin.ctx, &type, &id, nullptr) == EKD_E_DRAINING);
  CHECK(api.time->create(plugin.ctx, &made) == EKD_E_DRAINING);
  CHECK(api.io->tcp_listen(plugin.ctx, EKD_STR("127.0.0.1:0"), nullptr, &made, nullptr) ==
        EKD_E_DRAINING);
  CHECK(api.io->tcp_connect(plugin.ctx, EKD_STR("127.0.0.1:1"), &made, nullptr) == EKD_E_DRAINING);
  CHECK(api.io->accept(plugin.ctx, 1, 0, &made, nullptr) == EKD_E_DRAINING);
  CHECK(api.io->adopt(plugin.ctx, 0, &made, nullptr) == EKD_E_DRAINING);
  CHECK(api.blocking->submit(plugin.ctx, &job, &made, nullptr) == EKD_E_DRAINING);
  CHECK(made == 0);

  // What is there goes on.
  CHECK(api.task->discard(plugin.ctx, reserved) == EKD_OK);
  CHECK(api.time->arm(plugin.ctx, timer, 0) == EKD_OK);
  CHECK(api.time->close(plugin.ctx, timer) == EKD_OK);
  void* block = api.memory->alloc(plugin.ctx, 8, 0);
  CHECK(block != nullptr);
  CHECK(api.memory->free(plugin.ctx, block) == EKD_OK);
}

TEST_CASE("an operator's limit of tasks is kept", "[task]") {
  const unsigned workers = GENERATE(1u, 2u, 4u);
  Daemon daemon(workers);
  Plugin plugin(daemon, "limited", 3);
  {
    Held one(plugin);
    Held two(plugin);
    void* state = nullptr;
    ekd_task reserved = 0;
    REQUIRE(plugin.api.task->reserve(plugin.ctx, plugin.probe_type_id, 0, 0, &state, &reserved) ==
            EKD_OK);
    Probe probe(end_at_once);
    CHECK(plugin.spawn(probe) == EKD_E_LIMIT);
    REQUIRE(plugin.api.task->discard(plugin.ctx, reserved) == EKD_OK);
    CHECK(plugin.spawn(probe) == EKD_OK);
    CHECK(eventually([&] { return probe.drops.load() == 1; }));
  }
  CHECK(daemon.runtime.owner_refusals(daemon.host->owner(plugin.ctx)) == 1);
}

TEST_CASE("an outside spawn beyond the global queue's capacity is refused", "[task]") {
  runtime::Options options = Daemon::options(1);
  options.global_queue_capacity = 8;
  Daemon daemon(options);
  Plugin plugin(daemon, "flood");
  Gate gate;
  Probe blocker([&](ekd_cx*) {
    gate.pass();
    return EKD_READY;
  });
  REQUIRE(plugin.spawn(blocker) == EKD_OK);
  REQUIRE(eventually([&] { return gate.reached.load(); }));
  Probe probe(end_at_once);
  int spawned = 0;
  std::int32_t code = EKD_OK;
  while (spawned < 1000 && (code = plugin.spawn(probe)) == EKD_OK)
    ++spawned;
  gate.open = true;
  CHECK(code == EKD_E_FULL);
  CHECK(spawned >= 8);
  CHECK(spawned < 1000);
  CHECK(eventually([&] { return probe.drops.load() == spawned; }));
  CHECK(plugin.spawn(probe) == EKD_OK);
  CHECK(eventually([&] { return probe.drops.load() == spawned + 1; }));
}

TEST_CASE("spawn_n makes a task of each state, and refuses what cannot be", "[task]") {
  const CapturedStderr captured;
  const unsigned workers = GENERATE(1u, 2u, 4u);
  const bool in_poll = GENERATE(false, true);
  CAPTURE(workers, in_poll);
  Daemon daemon(workers);
  Plugin plugin(daemon, "many");
  const ekd_task_api& api = *plugin.api.task;
  Probe probe(end_at_once);
  std::vector<Probe*> states(100, &probe);
  std::vector<ekd_task> tasks(100, 0);
  const std::uint32_t type = plugin.probe_type_id;
  constexpr std::uint64_t kSize = sizeof(Probe*);
  std::uint64_t spawned = 9;
  const auto spawn_n = [&](const void* from, std::uint64_t size, std::uint64_t stride,
                           std::uint64_t count, std::uint64_t* out) {
    return api.spawn_n(plugin.ctx, type, from, size, stride, count, nullptr, tasks.data(), out);
  };
  std::vector<std::int32_t> codes;
  const auto act = [&] {
    codes = {spawn_n(states.data(), kSize, kSize, 10, nullptr),
             spawn_n(nullptr, kSize, kSize, 10, &spawned),
             spawn_n(states.data(), kSize, kSize - 1, 10, &spawned),
             spawn_n(states.data(), EKD_TASK_STATE_MAX + 1, EKD_TASK_STATE_MAX + 1, 1, &spawned),
             static_cast<std::int32_t>(spawned),
             spawn_n(nullptr, kSize, kSize, 0, &spawned),
             spawn_n(states.data(), kSize, kSize, states.size(), &spawned)};
  };
  if (in_poll) {
    REQUIRE(plugin.run([&](ekd_cx*) {
      act();
      return EKD_READY;
    }));
  } else {
    act();
  }
  CHECK(codes == std::vector<std::int32_t>{EKD_E_INVALID, EKD_E_INVALID, EKD_E_INVALID,
                                           EKD_E_TOO_BIG, 0, EKD_OK, EKD_OK});
  CHECK(spawned == states.size());
  CHECK(eventually([&] { return probe.drops.load() == static_cast<int>(states.size()); }));
  CHECK(std::count(tasks.begin(), tasks.end(), ekd_task{0}) == 0);
}

}  // namespace
}  // namespace ekiden::daemon::test

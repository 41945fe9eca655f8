// The gate in front of every function: contexts that are none, that are gone, that go meanwhile.
#include <atomic>
#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/unit/host/fixture.hpp"

namespace ekiden::daemon::test {
namespace {

struct Entry {
  const char* name;
  std::function<std::int32_t(const ekd_services&, ekd_ctx*)> call;
};

// Every function that takes a context, with arguments that would do.
std::vector<Entry> all_functions() {
  static std::uint32_t id = 0;
  static std::uint64_t number = 0;
  static std::int32_t small = 0;
  static void* pointer = nullptr;
  static char bytes[64];
  static ekd_join_result joined = join_result();
  using S = const ekd_services&;
  return {
      {"lifecycle_done", [](S s, ekd_ctx* c) { return s.host->lifecycle_done(c, 0, nullptr); }},
      {"call_reply",
       [](S s, ekd_ctx* c) { return s.host->call_reply(c, 1, 0, EKD_STR("1"), nullptr); }},
      {"call_progress", [](S s, ekd_ctx* c) { return s.host->call_progress(c, 1, EKD_STR("1")); }},
      {"type_register",
       [](S s, ekd_ctx* c) {
         const ekd_task_type type = Plugin::probe_type();
         return s.task->type_register(c, &type, &id, nullptr);
       }},
      {"reserve", [](S s, ekd_ctx* c) { return s.task->reserve(c, 1, 0, 0, &pointer, &number); }},
      {"commit", [](S s, ekd_ctx* c) { return s.task->commit(c, 1, nullptr); }},
      {"commit_n",
       [](S s, ekd_ctx* c) { return s.task->commit_n(c, nullptr, 0, nullptr, &number); }},
      {"discard", [](S s, ekd_ctx* c) { return s.task->discard(c, 1); }},
      {"spawn", [](S s, ekd_ctx* c) { return s.task->spawn(c, 1, nullptr, 0, nullptr, nullptr); }},
      {"join_poll", [](S s, ekd_ctx* c) { return s.task->join_poll(c, 1, 0, &joined, nullptr); }},
      {"join_close", [](S s, ekd_ctx* c) { return s.task->join_close(c, 1); }},
      {"abort", [](S s, ekd_ctx* c) { return s.task->abort(c, 1); }},
      {"children_poll", [](S s, ekd_ctx* c) { return s.task->children_poll(c); }},
      {"fail", [](S s, ekd_ctx* c) { return s.task->fail(c, -1, EKD_STR("x")); }},
      {"timer create", [](S s, ekd_ctx* c) { return s.time->create(c, &number); }},
      {"timer arm", [](S s, ekd_ctx* c) { return s.time->arm(c, 1, 0); }},
      {"timer poll", [](S s, ekd_ctx* c) { return s.time->poll(c, 1, 0); }},
      {"timer cancel", [](S s, ekd_ctx* c) { return s.time->cancel(c, 1); }},
      {"timer close", [](S s, ekd_ctx* c) { return s.time->close(c, 1); }},
      {"timer start", [](S s, ekd_ctx* c) { return s.time->start(c, 0, 0, &number); }},
      {"tcp_listen",
       [](S s, ekd_ctx* c) {
         return s.io->tcp_listen(c, EKD_STR("127.0.0.1:0"), nullptr, &number, nullptr);
       }},
      {"tcp_connect",
       [](S s, ekd_ctx* c) {
         return s.io->tcp_connect(c, EKD_STR("127.0.0.1:1"), &number, nullptr);
       }},
      {"connect_poll", [](S s, ekd_ctx* c) { return s.io->connect_poll(c, 1, 0, nullptr); }},
      {"accept", [](S s, ekd_ctx* c) { return s.io->accept(c, 1, 0, &number, nullptr); }},
      {"read", [](S s, ekd_ctx* c) { return s.io->read(c, 1, 0, bytes, 1, &number, nullptr); }},
      {"write", [](S s, ekd_ctx* c) { return s.io->write(c, 1, 0, bytes, 1, &number, nullptr); }},
      {"shutdown_write", [](S s, ekd_ctx* c) { return s.io->shutdown_write(c, 1, nullptr); }},
      {"adopt", [](S s, ekd_ctx* c) { return s.io->adopt(c, -1, &number, nullptr); }},
      {"ready_poll", [](S s, ekd_ctx* c) { return s.io->ready_poll(c, 1, 1, 0, nullptr); }},
      {"clear_ready", [](S s, ekd_ctx* c) { return s.io->clear_ready(c, 1, 1, 0); }},
      {"fd", [](S s, ekd_ctx* c) { return s.io->fd(c, 1, &small); }},
      {"local_address", [](S s, ekd_ctx* c) { return s.io->local_address(c, 1, bytes, 64); }},
      {"peer_address", [](S s, ekd_ctx* c) { return s.io->peer_address(c, 1, bytes, 64); }},
      {"set_nodelay", [](S s, ekd_ctx* c) { return s.io->set_nodelay(c, 1, 1, nullptr); }},
      {"io close", [](S s, ekd_ctx* c) { return s.io->close(c, 1); }},
      {"submit",
       [](S s, ekd_ctx* c) {
         ekd_job_options job{};
         job.struct_size = sizeof(job);
         job.run = [](void*) { return 0; };
         return s.blocking->submit(c, &job, &number, nullptr);
       }},
      {"job_poll", [](S s, ekd_ctx* c) { return s.blocking->job_poll(c, 1, 0, &small, nullptr); }},
      {"job_close", [](S s, ekd_ctx* c) { return s.blocking->job_close(c, 1); }},
      {"log write", [](S s, ekd_ctx* c) { return s.log->write(c, EKD_LOG_INFO, EKD_STR("x")); }},
      {"memory free", [](S s, ekd_ctx* c) { return s.memory->free(c, &number); }},
  };
}

// The functions whose answer is no code.
void check_uncoded(const ekd_services& api, ekd_ctx* ctx) {
  CHECK(api.time->now_ns(ctx) == 0);
  CHECK(api.log->enabled(ctx, EKD_LOG_ERROR) == 0);
  CHECK(api.memory->alloc(ctx, 1, 0) == nullptr);
}

TEST_CASE("no function takes NULL or anything else for a context", "[context]") {
  const CapturedStderr captured;
  Daemon daemon(1);
  Plugin plugin(daemon, "tester");
  alignas(64) unsigned char garbage[256] = {1, 2, 3};
  const std::vector<ekd_ctx*> none = {nullptr, reinterpret_cast<ekd_ctx*>(garbage),
                                      reinterpret_cast<ekd_ctx*>(garbage + 1)};
  for (ekd_ctx* ctx : none) {
    for (const Entry& function : all_functions()) {
      INFO(function.name);
      CHECK(function.call(plugin.api, ctx) == EKD_E_INVALID);
    }
    check_uncoded(plugin.api, ctx);
  }
}

TEST_CASE("every late call finds a tombstone", "[context]") {
  const CapturedStderr captured;
  ekd_services api;
  ekd_ctx* ctx = nullptr;
  const auto call_all = [&] {
    for (const Entry& function : all_functions()) {
      INFO(function.name);
      CHECK(function.call(api, ctx) == EKD_E_STALE);
    }
    check_uncoded(api, ctx);
  };
  {
    Daemon daemon(1);
    Plugin plugin(daemon, "gone");
    api = plugin.api;
    ctx = plugin.ctx;
    REQUIRE(plugin.unload());
    call_all();
    Plugin another(daemon, "here");  // may have the owner's number of the one that is gone
    call_all();
  }
  call_all();
  api.task->wake(1);  // with no runtime at all: nothing to do
  CHECK(captured.lines_with({"plugin.gone", "comes too late", "ekd_host lifecycle_done"}) == 1);
}

TEST_CASE("one plugin's code does not get on with another one's context", "[context]") {
  const CapturedStderr captured;
  Daemon daemon(1);
  Plugin one(daemon, "one");
  Plugin two(daemon, "two");
  std::int32_t code = 1;
  ekd_timer timer = 0;
  REQUIRE(one.run([&](ekd_cx*) {
    code = two.api.time->create(two.ctx, &timer);
    return EKD_READY;
  }));
  CHECK(code == EKD_E_FOREIGN);
  CHECK(timer == 0);
  CHECK(captured.lines_with({"plugin.two", "ekd.time/1 create", "another plugin's code"}) == 1);
}

TEST_CASE("misuse is told the first time and at every power of two", "[context]") {
  const CapturedStderr captured;
  Daemon daemon(1);
  Plugin plugin(daemon, "clumsy");
  for (int i = 0; i < 100; ++i) {
    CHECK(plugin.api.time->arm(plugin.ctx, 0x8000000500000007, 0) < 0);
  }
  // 1, 2, 4, 8, 16, 32, 64
  CHECK(captured.lines_with({"plugin.clumsy", "ekd.time/1 arm", "0x8000000500000007"}) == 7);
  CHECK(captured.lines_with({"ekd.time/1 arm", "64 times by now"}) == 1);
  CHECK(plugin.api.time->cancel(plugin.ctx, 0x8000000500000007) < 0);  // counted for itself
  CHECK(captured.lines_with({"plugin.clumsy", "ekd.time/1 cancel"}) == 1);
}

// Threads of the plugin's own are inside the host while the instance is retired: each of their
// calls ends well, before or after.
TEST_CASE("an instance may be retired under its own threads", "[context]") {
  const CapturedStderr captured;
  for (int round = 0; round < 20; ++round) {
    Daemon daemon(1);
    Plugin plugin(daemon, "threads");
    ekd_ctx* const ctx = plugin.ctx;
    const ekd_services api = plugin.api;
    std::atomic<int> started{0};
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) {
      threads.emplace_back([&] {
        for (bool stale = false; !stale;) {
          void* block = api.memory->alloc(ctx, 100, 0);
          ekd_timer timer = 0;
          const std::int32_t code = api.time->create(ctx, &timer);
          if (code == EKD_OK) api.time->close(ctx, timer);
          if (code != EKD_OK && code != EKD_E_DRAINING && code != EKD_E_STALE) wrong.fetch_add(1);
          const std::int32_t freed = api.memory->free(ctx, block);
          stale = freed == EKD_E_STALE;
          if (freed != EKD_OK && !stale) wrong.fetch_add(1);
          started.fetch_add(1);
        }
      });
    }
    const bool running = eventually([&] { return started.load() > 30; });
    const bool unloaded = plugin.unload();
    for (std::thread& thread : threads)
      thread.join();
    CHECK(running);
    CHECK(unloaded);
    CHECK(wrong.load() == 0);
  }
}

TEST_CASE("a thread that ends calls the host in vain", "[context]") {
  Daemon daemon(1);
  Plugin plugin(daemon, "ending");
  std::atomic<std::int32_t> code{1};
  struct AtExit {
    std::function<void()> action;
    ~AtExit() {
      if (action) action();
    }
  };
  std::thread([&] {
    // Made before the host is first called here, hence destroyed after the host's own.
    static thread_local AtExit at_exit;
    at_exit.action = [&] { code = plugin.api.memory->free(plugin.ctx, nullptr); };
    static_cast<void>(plugin.api.time->now_ns(plugin.ctx));
  }).join();
  CHECK(code.load() == EKD_E_WRONG_THREAD);
}

TEST_CASE("services are found by id and size", "[context]") {
  Daemon daemon(1);
  const ekd_host* host = daemon.host->table();
  CHECK(host->struct_size == sizeof(ekd_host));
  CHECK(host->abi_major == EKD_ABI_MAJOR);
  CHECK(host->abi_minor == EKD_ABI_MINOR);
  struct Row {
    const char* id;
    std::uint32_t min_size;
    bool found;
  };
  const std::vector<Row> rows = {
      {EKD_TASK_ID, sizeof(ekd_task_api), true},
      {EKD_TIME_ID, sizeof(ekd_time_api), true},
      {EKD_TIME_ID, offsetof(ekd_time_api, start), true},
      {EKD_IO_ID, sizeof(ekd_io_api), true},
      {EKD_BLOCKING_ID, sizeof(ekd_blocking_api), true},
      {EKD_LOG_ID, sizeof(ekd_log_api), true},
      {EKD_MEMORY_ID, sizeof(ekd_memory_api), true},
      {EKD_MEMORY_ID, 0, true},
      {EKD_METRICS_ID, sizeof(ekd_metrics_api), true},
      {EKD_TASK_ID, sizeof(ekd_task_api) + 8, false},
      {"ekd.task/2", 0, false},
      {"ekd.task", 0, false},
      {"", 0, false},
      {nullptr, 0, false},
  };
  for (const Row& row : rows) {
    INFO((row.id == nullptr ? "NULL" : row.id));
    CHECK((host->get_ext(row.id, row.min_size) != nullptr) == row.found);
  }
}

}  // namespace
}  // namespace ekiden::daemon::test

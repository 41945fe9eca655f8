// ekd.blocking/1.
#include <atomic>
#include <catch2/catch.hpp>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/host/fixture.hpp"

namespace ekiden::daemon::test {
namespace {

struct Work {
  std::function<std::int32_t()> body = [] { return 0; };
  std::atomic<int> runs{0};
  std::atomic<int> drops{0};
};

std::int32_t run_work(void* argument) {
  auto* work = static_cast<Work*>(argument);
  work->runs.fetch_add(1);
  return work->body();
}

void drop_work(void* argument) { static_cast<Work*>(argument)->drops.fetch_add(1); }

ekd_job_options job_of(Work& work) {
  ekd_job_options job{};
  job.struct_size = sizeof(job);
  job.run = run_work;
  job.drop = drop_work;
  job.argument = &work;
  return job;
}

TEST_CASE("a job that has run hands its result over and is not dropped", "[blocking]") {
  const unsigned workers = GENERATE(1u, 2u, 4u);
  Daemon daemon(workers);
  Plugin plugin(daemon, "worker");
  const ekd_blocking_api& api = *plugin.api.blocking;
  Work work;
  work.body = [] { return 42; };
  ekd_job job = 0;
  std::int32_t result = 0;
  Probe probe([&](ekd_cx* cx) -> std::int32_t {
    const ekd_job_options options = job_of(work);
    if (job == 0 && api.submit(plugin.ctx, &options, &job, nullptr) != EKD_OK) return EKD_FAILED;
    return api.job_poll(plugin.ctx, job, cx->waker, &result, nullptr);
  });
  REQUIRE(plugin.spawn(probe) == EKD_OK);
  REQUIRE(eventually([&] { return probe.drops.load() == 1; }));
  CHECK(result == 42);
  CHECK(work.runs.load() == 1);
  CHECK(api.job_close(plugin.ctx, job) == EKD_OK);
  CHECK(work.drops.load() == 0);  // the argument was run's to free
}

TEST_CASE("an exception makes a job fail, with its text", "[blocking]") {
  Daemon daemon(1);
  Plugin plugin(daemon, "thrower");
  const ekd_blocking_api& api = *plugin.api.blocking;
  for (const bool with_drop : {true, false}) {
    Work work;
    work.body = []() -> std::int32_t { throw std::runtime_error("thrown\non purpose"); };
    ekd_job_options options = job_of(work);
    if (!with_drop) options.drop = nullptr;
    ekd_job job = 0;
    REQUIRE(api.submit(plugin.ctx, &options, &job, nullptr) == EKD_OK);
    std::int32_t code = EKD_PENDING;
    std::int32_t result = 0;
    ekd_error error = ekd_error_init();
    REQUIRE(eventually(
        [&] { return (code = api.job_poll(plugin.ctx, job, 0, &result, &error)) != EKD_PENDING; }));
    CHECK(code == EKD_E_FAILED);
    CHECK(error.code == EKD_E_FAILED);
    CHECK(text_of(error).find("on purpose") != std::string::npos);
    CHECK(api.job_close(plugin.ctx, job) == EKD_OK);
    CHECK(work.drops.load() == 0);
  }
}

TEST_CASE("a full queue is backpressure, and a job that waits can be taken back", "[blocking]") {
  runtime::Options options = Daemon::options(1);
  options.blocking_threads_max = 1;
  options.blocking_queue_capacity = 2;
  Daemon daemon(options);
  Plugin plugin(daemon, "busy");
  const ekd_blocking_api& api = *plugin.api.blocking;
  std::atomic<bool> reached{false};
  std::atomic<bool> open{false};
  Work blocker;
  blocker.body = [&] {
    reached = true;
    eventually([&] { return open.load(); });
    return 0;
  };
  Work waiting;
  const ekd_job_options first = job_of(blocker);
  const ekd_job_options next = job_of(waiting);
  ekd_job running = 0;
  ekd_job queued[2] = {};
  ekd_job refused = 0;
  REQUIRE(api.submit(plugin.ctx, &first, &running, nullptr) == EKD_OK);
  REQUIRE(eventually([&] { return reached.load(); }));
  CHECK(api.submit(plugin.ctx, &next, &queued[0], nullptr) == EKD_OK);
  CHECK(api.submit(plugin.ctx, &next, &queued[1], nullptr) == EKD_OK);
  ekd_error error = ekd_error_init();
  CHECK(api.submit(plugin.ctx, &next, &refused, &error) == EKD_E_FULL);
  CHECK(error.code == EKD_E_FULL);
  CHECK(refused == 0);
  CHECK(waiting.drops.load() == 0);  // a job that was refused is still the caller's
  CHECK(api.job_close(plugin.ctx, queued[0]) == EKD_OK);
  CHECK(waiting.drops.load() == 1);
  CHECK(waiting.runs.load() == 0);
  CHECK(api.job_close(plugin.ctx, running) == EKD_OK);  // goes on, unheard
  open = true;
  std::int32_t result = 1;
  CHECK(eventually(
      [&] { return api.job_poll(plugin.ctx, queued[1], 0, &result, nullptr) == EKD_READY; }));
  CHECK(waiting.runs.load() == 1);
  CHECK(api.job_close(plugin.ctx, queued[1]) == EKD_OK);
  CHECK(waiting.drops.load() == 1);  // the one that was taken back, and only that
  CHECK(plugin.unload());
  CHECK(blocker.runs.load() == 1);
  CHECK(blocker.drops.load() == 0);
}

TEST_CASE("misuse of jobs is an error code", "[blocking]") {
  const CapturedStderr captured;
  Daemon daemon(1);
  Plugin plugin(daemon, "tester");
  Plugin other(daemon, "other");
  const ekd_blocking_api& api = *plugin.api.blocking;
  Work work;
  struct Row {
    const char* what;
    std::function<void(ekd_job_options&)> change;
    std::int32_t expected;
  };
  const std::vector<Row> rows = {
      {"no function", [](auto& o) { o.run = nullptr; }, EKD_E_INVALID},
      {"unknown flag", [](auto& o) { o.flags = 1; }, EKD_E_UNSUPPORTED},
      {"no size", [](auto& o) { o.struct_size = 0; }, EKD_E_INVALID},
      {"size too small", [](auto& o) { o.struct_size = 24; }, EKD_E_INVALID},
      {"size absurd", [](auto& o) { o.struct_size = 0xfffffff0; }, EKD_E_INVALID},
  };
  ekd_job job = 0;
  std::int32_t result = 0;
  for (const Row& row : rows) {
    INFO(row.what);
    ekd_job_options options = job_of(work);
    row.change(options);
    CHECK(api.submit(plugin.ctx, &options, &job, nullptr) == row.expected);
    CHECK(job == 0);
  }
  const ekd_job_options options = job_of(work);
  CHECK(api.submit(plugin.ctx, nullptr, &job, nullptr) == EKD_E_INVALID);
  CHECK(api.submit(plugin.ctx, &options, nullptr, nullptr) == EKD_E_INVALID);
  CHECK(work.runs.load() == 0);
  CHECK(work.drops.load() == 0);

  REQUIRE(api.submit(other.ctx, &options, &job, nullptr) == EKD_OK);
  CHECK(api.job_poll(plugin.ctx, job, 0, &result, nullptr) == EKD_E_FOREIGN);
  CHECK(api.job_close(plugin.ctx, job) == EKD_E_FOREIGN);
  CHECK(captured.lines_with({"plugin.tester", "ekd.blocking/1 job_close", "another plugin"}) == 1);
  CHECK(api.job_poll(other.ctx, job, 0, nullptr, nullptr) == EKD_E_INVALID);
  CHECK(api.job_close(other.ctx, job) == EKD_OK);
  CHECK(api.job_close(other.ctx, job) == EKD_E_STALE);
  CHECK(api.job_poll(other.ctx, job, 0, &result, nullptr) == EKD_E_STALE);
  CHECK(api.job_close(other.ctx, 0) == EKD_E_INVALID);
  // Taken back or run, whichever was first.
  CHECK(eventually([&] { return work.drops.load() + work.runs.load() == 1; }));
}

TEST_CASE("jobs may use the host, and are gone when their plugin is", "[blocking]") {
  Daemon daemon(2);
  Plugin plugin(daemon, "worker");
  std::vector<Work> works(20);
  std::atomic<int> wrong{0};
  for (Work& work : works) {
    work.body = [&] {
      void* block = plugin.api.memory->alloc(plugin.ctx, 10, 0);
      if (block == nullptr || plugin.api.memory->free(plugin.ctx, block) != EKD_OK) ++wrong;
      return 0;
    };
    const ekd_job_options options = job_of(work);
    ekd_job job = 0;
    REQUIRE(plugin.api.blocking->submit(plugin.ctx, &options, &job, nullptr) == EKD_OK);
  }
  REQUIRE(eventually([&] {
    int begun = 0;
    for (const Work& work : works)
      begun += work.runs.load();
    return begun == 20;
  }));
  REQUIRE(plugin.unload());
  CHECK(wrong.load() == 0);
}

}  // namespace
}  // namespace ekiden::daemon::test

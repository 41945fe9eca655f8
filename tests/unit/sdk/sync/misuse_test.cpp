// What ends the process: it runs in another one, as a hidden test of this program.
#include <unistd.h>

#include <cstdio>

#include "tests/unit/sdk/sync/support.hpp"

namespace ekiden::test {

namespace {

struct Outcome {
  int status;
  std::string text;
};

// Runs a test of this program by its name.
Outcome run_test(const std::string& name) {
  std::string path(4096, '\0');
  const ssize_t size = readlink("/proc/self/exe", path.data(), path.size());
  REQUIRE(size > 0);
  path.resize(static_cast<std::size_t>(size));
  FILE* const out = popen(("'" + path + "' '" + name + "' 2>&1").c_str(), "r");
  REQUIRE(out != nullptr);
  Outcome outcome;
  char line[256];
  while (fgets(line, sizeof(line), out) != nullptr)
    outcome.text += line;
  outcome.status = pclose(out);
  return outcome;
}

}  // namespace

TEST_CASE("hidden: a mutex is destroyed while it is locked", "[.][ends_the_process]") {
  World world;
  auto mutex = std::make_unique<Mutex<>>();
  auto held = mutex->try_lock();
  mutex.reset();
}

TEST_CASE("hidden: an event is destroyed while a task waits", "[.][ends_the_process]") {
  World world;
  auto event = std::make_unique<Event>();
  world.run([&]() -> Task<> {
    auto destroys = [&]() -> Task<> {
      event.reset();
      co_return;
    };
    co_await join_all(event->wait(), destroys());
  });
}

TEST_CASE("what is destroyed while it is in use ends the process, and says what it was",
          "[sdk][sync]") {
  const Outcome mutex = run_test("hidden: a mutex is destroyed while it is locked");
  CHECK(mutex.status != 0);
  CHECK_THAT(mutex.text, Catch::Contains("a Mutex was destroyed while it was locked"));
  const Outcome event = run_test("hidden: an event is destroyed while a task waits");
  CHECK(event.status != 0);
  CHECK_THAT(event.text, Catch::Contains("an Event was destroyed while a task waits for it"));
}

}  // namespace ekiden::test

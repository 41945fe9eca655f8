// Ending an instance: what is cancelled, what is waited for, and what is said when it does not end.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "tests/unit/plugins/fixture.hpp"

namespace ekiden::daemon {
namespace {

using nlohmann::json;
using test::Asked;
using test::SmallDaemon;

constexpr auto kShort = std::chrono::milliseconds(200);

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("An unload cancels what waits and takes back what was leaked") {
  SmallDaemon daemon;
  REQUIRE(daemon.load("probe").outcome == Outcome::kOk);
  for (int i = 0; i < 20; i++)
    REQUIRE(daemon.call("probe", "park").outcome == Outcome::kOk);
  for (int i = 0; i < 3; i++)
    REQUIRE(daemon.call("probe", "reserve").outcome == Outcome::kOk);
  for (int i = 0; i < 4; i++)
    REQUIRE(daemon.call("probe", "leak").outcome == Outcome::kOk);
  CHECK(daemon.manager().find("probe")->memory_blocks == 4);
  const PluginResult result = daemon.unload("probe");
  INFO(result.message);
  REQUIRE(result.outcome == Outcome::kOk);
  const json answer = json::parse(result.json);
  CHECK(answer.at("leaked_blocks") == 4);
  CHECK(answer.at("leaked_bytes") == 4000);
  CHECK(answer.at("state") == "retired");
  CHECK(daemon.runtime().live_tasks() == 0);
  // One of start, twenty of ours; a reservation is not dropped.
  std::string expected = "init start drain";
  for (int i = 0; i < 21; i++)
    expected += " drop";
  CHECK(daemon.journal() == expected + " fini");
}

TEST_CASE("A task that ends asynchronously has until the deadline and is dropped then") {
  SmallDaemon daemon;
  daemon.settings().unload_ms = 400;
  REQUIRE(daemon.load("probe").outcome == Outcome::kOk);
  REQUIRE(daemon.call("probe", "resist").outcome == Outcome::kOk);
  const PluginResult result = daemon.unload("probe");
  INFO(result.message);
  CHECK(result.outcome == Outcome::kOk);
}

TEST_CASE("A poll, a job or a command that does not return is named, and ended later") {
  struct Row {
    const char* command;
    const char* says;
  };
  for (const Row& row :
       {Row{"stick", "(task type stuck) has not returned for"}, Row{"job", "blocking job 0x"},
        Row{"wait", "its command callback has not returned for"}}) {
    INFO(row.command);
    SmallDaemon daemon({"probe", "minimal"});
    daemon.settings().unload_ms = 300;
    REQUIRE(daemon.load("probe").outcome == Outcome::kOk);
    REQUIRE(daemon.load("minimal").outcome == Outcome::kOk);
    Asked stuck;
    daemon.manager().call("probe", row.command, {}, test::kPatience, stuck.done());
    CHECK(test::wait_until([&] {
      return stuck.is_here() || daemon.journal().empty() || std::string(row.command) == "wait";
    }));
    // On its worker or its thread, so that what is named is what runs.
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    const PluginResult first = daemon.unload("probe");
    INFO(first.message);
    CHECK(first.outcome == Outcome::kTimedOut);
    CHECK(contains(first.message, row.says));
    CHECK(daemon.state_of("probe") == "draining");
    CHECK(contains(daemon.manager().find("probe")->error, row.says));

    CHECK(daemon.load("probe").outcome == Outcome::kConflict);
    CHECK(daemon.call("probe", "count").outcome == Outcome::kConflict);
    CHECK(daemon.unload("probe").outcome == Outcome::kTimedOut);
    CHECK(daemon.unload("minimal").outcome == Outcome::kOk);

    daemon.let_go();
    CHECK(test::wait_until([&] {
      const Outcome outcome = daemon.unload("probe").outcome;
      return outcome == Outcome::kOk || outcome == Outcome::kNotFound;
    }));
    CHECK(daemon.load("probe").outcome == Outcome::kOk);
  }
}

TEST_CASE("A drain that fails or never ends does not keep a plugin from going") {
  for (const char* mode : {"drain_error", "drain_never"}) {
    INFO(mode);
    SmallDaemon daemon({"probe"}, mode);
    daemon.settings().unload_ms = 500;
    REQUIRE(daemon.load("probe").outcome == Outcome::kOk);
    CHECK(daemon.unload("probe").outcome == Outcome::kOk);
    CHECK(daemon.journal() == "init start drain drop fini");
  }
}

TEST_CASE("Calls that wait when a plugin goes are answered") {
  SmallDaemon daemon;
  REQUIRE(daemon.load("probe").outcome == Outcome::kOk);
  std::vector<Asked> silent(5);
  for (Asked& asked : silent) {
    daemon.manager().call("probe", "silent", {}, test::kPatience, asked.done());
  }
  Asked unloaded;
  daemon.manager().unload("probe", unloaded.done());
  for (Asked& asked : silent) {
    const Outcome outcome = asked.get().outcome;
    // Dropped by the unload, or refused because that was there first.
    CHECK((outcome == Outcome::kFailed || outcome == Outcome::kConflict));
  }
  CHECK(unloaded.get().outcome == Outcome::kOk);
}

TEST_CASE("A library whose own thread still runs stays mapped, and the answer says so") {
  SmallDaemon daemon;
  REQUIRE(daemon.load("probe").outcome == Outcome::kOk);
  REQUIRE(daemon.call("probe", "detach").outcome == Outcome::kOk);
  const PluginResult result = daemon.unload("probe");
  REQUIRE(result.outcome == Outcome::kOk);
  const json answer = json::parse(result.json);
  CHECK(answer.at("mapped") == true);
  CHECK(contains(answer.at("mapped_because"), "1 of its own threads"));
  CHECK(test::is_mapped("probe-"));
  CHECK(daemon.load("probe").outcome == Outcome::kOk);
  CHECK(daemon.call("probe", "count").json == "1");
}

TEST_CASE("Told so by the environment, the daemon keeps libraries mapped, for leak checkers") {
  ::setenv("EKIDEN_KEEP_MAPPED", "1", 1);
  SmallDaemon daemon({"minimal"});
  REQUIRE(daemon.load("minimal").outcome == Outcome::kOk);
  ::unsetenv("EKIDEN_KEEP_MAPPED");
  const json answer = json::parse(daemon.unload("minimal").json);
  CHECK(answer.at("mapped") == true);
  CHECK(test::is_mapped("minimal-"));
  CHECK(test::count_files(daemon.copies()) == 0);
  CHECK(daemon.load("minimal").outcome == Outcome::kOk);
}

TEST_CASE("Unloads that are asked for at the same time are all answered") {
  SmallDaemon daemon;
  REQUIRE(daemon.load("probe").outcome == Outcome::kOk);
  std::vector<Asked> asked(4);
  for (Asked& one : asked)
    daemon.manager().unload("probe", one.done());
  for (Asked& one : asked) {
    const Outcome outcome = one.get().outcome;
    CHECK((outcome == Outcome::kOk || outcome == Outcome::kNotFound));
  }
  CHECK(daemon.load("probe").outcome == Outcome::kOk);
}

TEST_CASE("Everything is unloaded side by side, and what is stuck is handed back") {
  SmallDaemon daemon({"probe", "minimal"});
  daemon.manager().load_all();
  REQUIRE(daemon.call("probe", "stick").outcome == Outcome::kOk);
  REQUIRE(test::wait_until([&] {
    return !daemon.runtime().owner_running(daemon.manager().find("probe")->owner).empty();
  }));
  const auto deadline_ns = daemon.runtime().now_ns() + 300 * runtime::kNanosPerMilli;
  const auto leftovers = daemon.manager().unload_all(deadline_ns);
  REQUIRE(leftovers.size() == 1);
  CHECK(leftovers[0].plugin == "probe");
  REQUIRE(leftovers[0].running.size() == 1);
  CHECK(leftovers[0].running[0].what == "task type stuck");
  CHECK(contains(leftovers[0].message, "task type stuck"));
  CHECK(daemon.state_of("minimal") == "none");
}

TEST_CASE("Loads, calls and unloads from many threads leave nothing behind") {
  SmallDaemon daemon({"probe", "minimal"});
  daemon.manager();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; t++) {
    threads.emplace_back([&, t] {
      const std::string name = t % 2 == 0 ? "probe" : "minimal";
      for (int i = 0; i < 25; i++) {
        daemon.load(name);
        daemon.call(name, "count", {}, kShort);
        daemon.manager().list();
        daemon.unload(name);
      }
    });
  }
  for (auto& thread : threads)
    thread.join();
  for (const char* name : {"probe", "minimal"}) {
    daemon.unload(name);
    CHECK(daemon.state_of(name) == "none");
  }
  CHECK(daemon.runtime().live_tasks() == 0);
  CHECK(test::count_files(daemon.copies()) == 0);
}

}  // namespace ekiden::daemon

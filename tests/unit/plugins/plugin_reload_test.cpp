// Upgrades: checked beside what runs, put in its place, and taken back where the new one fails.
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/unit/plugins/fixture.hpp"

namespace ekiden::daemon {
namespace {

using nlohmann::json;
using test::Asked;
using test::SmallDaemon;
using test::wait_until;

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

PluginRow row_of(SmallDaemon& daemon, const std::string& name) {
  const auto row = daemon.manager().find(name);
  REQUIRE(row);
  return *row;
}

// Stuck in a poll, on its worker.
void stick(SmallDaemon& daemon) {
  REQUIRE(daemon.call("probe", "stick").outcome == Outcome::kOk);
  REQUIRE(wait_until(
      [&] { return !daemon.runtime().owner_running(row_of(daemon, "probe").owner).empty(); }));
}

// Asks again until it has gone, and never the one after it: on a loaded machine an unload may have
// missed its deadline and end the first one all the same.
void unload_first(SmallDaemon& daemon) {
  REQUIRE(wait_until([&] {
    const auto row = daemon.manager().find("probe");
    return !row || row->generation != 1 || daemon.unload("probe").outcome == Outcome::kOk;
  }));
}

}  // namespace

TEST_CASE("A reload ends one generation and starts the next, of the same file or another") {
  SmallDaemon daemon;
  REQUIRE(daemon.load("probe").outcome == Outcome::kOk);
  const std::string first = row_of(daemon, "probe").sha256;
  CHECK(daemon.call("probe", "count").json == "1");
  CHECK(daemon.call("probe", "count").json == "2");

  const PluginResult same = daemon.reload("probe");
  INFO(same.message);
  REQUIRE(same.outcome == Outcome::kOk);
  CHECK(json::parse(same.json).at("generation") == 2);
  CHECK(row_of(daemon, "probe").sha256 == first);
  CHECK(daemon.call("probe", "count").json == "1");
  CHECK(daemon.journal() == "init start drain drop fini init start");

  daemon.replace_file("probe", "other");
  REQUIRE(daemon.reload("probe").outcome == Outcome::kOk);
  CHECK(row_of(daemon, "probe").sha256 != first);
  CHECK(row_of(daemon, "probe").generation == 3);
  CHECK(row_of(daemon, "probe").pending_error.empty());
  CHECK(wait_until([&] { return test::count_files(daemon.copies()) == 1; }));
}

TEST_CASE("A new file that fails its checks changes nothing but what the row says") {
  SmallDaemon daemon({"probe", "minimal"});
  REQUIRE(daemon.load("probe").outcome == Outcome::kOk);
  const auto file = daemon.folder() / "probe.so";
  const std::string good = test::read_bytes(file);
  struct Row {
    const char* what;
    std::string bytes;
    mode_t mode;
    Outcome outcome;
  };
  for (const Row& row : {Row{"half", good.substr(0, good.size() / 2), 0755, Outcome::kFailed},
                         Row{"no library", "text", 0755, Outcome::kFailed},
                         Row{"another plugin", test::read_bytes(test::built_plugin("minimal")),
                             0755, Outcome::kFailed},
                         Row{"open to all", good, 0777, Outcome::kDenied}}) {
    INFO(row.what);
    test::write_bytes(file, row.bytes, row.mode);
    const PluginResult result = daemon.reload("probe");
    CHECK(result.outcome == row.outcome);
    const PluginRow now = row_of(daemon, "probe");
    CHECK(now.state == "running");
    CHECK(now.generation == 1);
    CHECK(now.error.empty());
    CHECK(now.pending_error == result.message);
  }
  std::filesystem::remove(file);
  CHECK(daemon.reload("probe").outcome == Outcome::kNotFound);
  CHECK(daemon.call("probe", "count").json == "1");
  CHECK(daemon.journal() == "init start");
  CHECK(test::count_files(daemon.copies()) == 1);

  test::write_bytes(file, good);
  CHECK(daemon.reload("probe").outcome == Outcome::kOk);
  CHECK(row_of(daemon, "probe").pending_error.empty());
}

TEST_CASE("A new file that needs what there is not is found out before the old one is touched") {
  SmallDaemon daemon({"minimal"});
  for (const char* bad : {"needy", "unresolved"}) {
    // The name is checked before, so the files are given the same one as their own.
    test::write_bytes(daemon.folder() / (std::string(bad) + ".so"),
                      test::read_bytes(test::built_plugin(bad)));
  }
  REQUIRE(daemon.load("minimal").outcome == Outcome::kOk);
  test::write_bytes(daemon.folder() / "minimal.so", test::read_bytes(test::built_plugin("needy")));
  CHECK(daemon.reload("minimal").outcome == Outcome::kFailed);
  CHECK(daemon.state_of("minimal") == "running");
  CHECK(daemon.reload("needy").outcome == Outcome::kNotFound);
}

TEST_CASE("Where the new one's start fails, the file that ran before runs again") {
  SmallDaemon daemon;
  REQUIRE(daemon.load("probe").outcome == Outcome::kOk);
  const std::string first = row_of(daemon, "probe").sha256;
  daemon.replace_file("probe", "other");
  daemon.fail_next_start();
  const PluginResult result = daemon.reload("probe");
  INFO(result.message);
  CHECK(result.outcome == Outcome::kFailed);
  CHECK(contains(result.message, "start has found the bad sign"));
  CHECK(contains(result.message, "the file of generation 1 runs again"));
  const PluginRow row = row_of(daemon, "probe");
  CHECK(row.state == "running");
  CHECK(row.generation == 3);
  CHECK(row.sha256 == first);
  CHECK(contains(row.pending_error, "start has found the bad sign"));
  CHECK(daemon.call("probe", "count").json == "1");
  CHECK(wait_until([&] { return test::count_files(daemon.copies()) == 1; }));

  CHECK(daemon.reload("probe").outcome == Outcome::kOk);
  CHECK(row_of(daemon, "probe").sha256 != first);
}

TEST_CASE("Where the old one is stuck, the new one waits for a later unload") {
  SmallDaemon daemon({"probe", "minimal"});
  daemon.settings().unload_ms = 300;
  REQUIRE(daemon.load("probe").outcome == Outcome::kOk);
  REQUIRE(daemon.load("minimal").outcome == Outcome::kOk);
  stick(daemon);
  daemon.replace_file("probe", "other");
  const PluginResult late = daemon.reload("probe");
  INFO(late.message);
  CHECK(late.outcome == Outcome::kTimedOut);
  CHECK(contains(late.message, "task type stuck"));
  CHECK(row_of(daemon, "probe").state == "draining");
  CHECK(contains(row_of(daemon, "probe").pending_error, "waits until generation 1 has ended"));
  CHECK(daemon.reload("probe").outcome == Outcome::kConflict);
  CHECK(daemon.reload("minimal").outcome == Outcome::kOk);
  CHECK(daemon.unload("probe").outcome == Outcome::kTimedOut);

  daemon.let_go();
  unload_first(daemon);
  CHECK(wait_until([&] { return daemon.state_of("probe") == "running"; }));
  CHECK(row_of(daemon, "probe").generation == 2);
  CHECK(row_of(daemon, "probe").pending_error.empty());
}

TEST_CASE("A waiting replacement whose start fails gives way to the file that ran before") {
  SmallDaemon daemon;
  daemon.settings().unload_ms = 300;
  REQUIRE(daemon.load("probe").outcome == Outcome::kOk);
  const std::string first = row_of(daemon, "probe").sha256;
  stick(daemon);
  daemon.replace_file("probe", "other");
  CHECK(daemon.reload("probe").outcome == Outcome::kTimedOut);
  daemon.fail_next_start();
  daemon.let_go();
  unload_first(daemon);
  CHECK(wait_until([&] {
    const auto row = daemon.manager().find("probe");
    return row && row->state == "running" && row->sha256 == first;
  }));
}

TEST_CASE("What is loading or not there cannot be reloaded, and two reloads do not meet") {
  SmallDaemon daemon({"probe"}, "start_never");
  CHECK(daemon.reload("probe").outcome == Outcome::kNotFound);
  Asked loaded;
  daemon.manager().load("probe", loaded.done());
  REQUIRE(wait_until([&] { return daemon.state_of("probe") == "starting"; }));
  CHECK(daemon.reload("probe").outcome == Outcome::kConflict);
  CHECK(daemon.unload("probe").outcome == Outcome::kOk);
  CHECK(loaded.get().outcome == Outcome::kFailed);
}

TEST_CASE("An unload in the middle of an upgrade means that the plugin is unloaded") {
  SmallDaemon daemon;
  REQUIRE(daemon.load("probe").outcome == Outcome::kOk);
  for (int i = 0; i < 50; i++) {
    Asked reloaded;
    daemon.manager().reload("probe", reloaded.done());
    if (i % 3 == 1) std::this_thread::sleep_for(std::chrono::milliseconds(i % 10));
    const Outcome unloaded = daemon.unload("probe").outcome;
    CHECK((unloaded == Outcome::kOk || unloaded == Outcome::kNotFound));
    reloaded.get();
    CHECK(wait_until([&] { return daemon.state_of("probe") == "none"; }));
    REQUIRE(daemon.load("probe").outcome == Outcome::kOk);
  }
}

TEST_CASE("Reloads, loads and unloads from many threads leave nothing behind") {
  SmallDaemon daemon({"probe", "minimal"});
  daemon.manager();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; t++) {
    threads.emplace_back([&, t] {
      const std::string name = t % 2 == 0 ? "probe" : "minimal";
      for (int i = 0; i < 20; i++) {
        daemon.load(name);
        daemon.reload(name);
        daemon.manager().list();
        if (i % 2 == 0) daemon.reload(name);
        daemon.unload(name);
      }
    });
  }
  for (auto& thread : threads)
    thread.join();
  for (const char* name : {"probe", "minimal"}) {
    CHECK(wait_until([&] {
      daemon.unload(name);
      return daemon.state_of(name) == "none";
    }));
  }
  CHECK(daemon.runtime().live_tasks() == 0);
  CHECK(wait_until([&] { return test::count_files(daemon.copies()) == 0; }));
}

TEST_CASE("A daemon that ends takes along what is being replaced") {
  for (int i = 0; i < 10; i++) {
    SmallDaemon daemon;
    REQUIRE(daemon.load("probe").outcome == Outcome::kOk);
    Asked reloaded;
    daemon.manager().reload("probe", reloaded.done());
    if (i % 2 == 1) std::this_thread::sleep_for(std::chrono::milliseconds(i));
    CHECK(daemon.manager()
              .unload_all(daemon.runtime().now_ns() + 20 * runtime::kNanosPerSecond)
              .empty());
    reloaded.get();
  }
}

}  // namespace ekiden::daemon

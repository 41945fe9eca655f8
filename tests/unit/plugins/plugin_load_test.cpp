// From a file in the folder to a running instance, or to a refusal that leaves nothing behind.
#include <ekiden/plugin.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/unit/plugins/fixture.hpp"

namespace ekiden::daemon {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::Asked;
using test::count_files;
using test::SmallDaemon;

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("A plugin is loaded, shown, called and unloaded") {
  SmallDaemon daemon;
  const PluginResult loaded = daemon.load("probe");
  INFO(loaded.message);
  REQUIRE(loaded.outcome == Outcome::kOk);
  CHECK(json::parse(loaded.json) ==
        json({{"name", "probe"}, {"version", "2.5.0"}, {"generation", 1}, {"state", "running"}}));
  const auto row = daemon.manager().find("probe");
  REQUIRE(row);
  CHECK(row->state == "running");
  CHECK(row->abi == std::to_string(EKD_ABI_MAJOR) + "." + std::to_string(EKD_ABI_MINOR));
  CHECK(row->sha256.size() == 64);
  CHECK(row->config_schema == "{\"type\":\"object\"}");
  CHECK(row->tasks == 1);
  CHECK(daemon.manager().owner_plugin(row->owner) == "probe");
  CHECK(count_files(daemon.copies()) == 1);

  CHECK(daemon.call("probe", "echo", "[1,2]").json == "[1,2]");
  const PluginResult unloaded = daemon.unload("probe");
  INFO(unloaded.message);
  REQUIRE(unloaded.outcome == Outcome::kOk);
  CHECK(json::parse(unloaded.json).at("leaked_blocks") == 0);
  CHECK(daemon.journal() == "init start drain drop fini");
  CHECK(daemon.state_of("probe") == "none");
  CHECK(daemon.manager().list().empty());
  CHECK(daemon.manager().owner_plugin(row->owner).empty());
  CHECK(count_files(daemon.copies()) == 0);
}

TEST_CASE("Every generation starts with fresh statics and counts one up") {
  SmallDaemon daemon;
  for (int generation = 1; generation <= 5; generation++) {
    const PluginResult loaded = daemon.load("probe");
    REQUIRE(json::parse(loaded.json).at("generation") == generation);
    CHECK(daemon.call("probe", "count").json == "1");
    CHECK(daemon.call("probe", "count").json == "2");
    const json unloaded = json::parse(daemon.unload("probe").json);
    CHECK(unloaded.at("generation") == generation);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    CHECK(unloaded.at("mapped") == test::is_mapped("probe-"));
#endif
  }
}

TEST_CASE("Plugins that cannot be taken are refused, shown with the reason, and leave nothing") {
  struct Row {
    const char* name;
    const char* says;
  };
  SmallDaemon daemon({"needy", "unresolved", "idle", "function", "minimal"});
  fs::copy(daemon.folder() / "minimal.so", daemon.folder() / "other.so");
  for (const Row& row : {Row{"needy", "ekd.teleport/1"}, Row{"unresolved", "nobody_defines_this"},
                         Row{"idle", "neither init, start nor command"},
                         Row{"function", "data object"}, Row{"other", "names itself 'minimal'"}}) {
    INFO(row.name);
    const PluginResult result = daemon.load(row.name);
    INFO(result.message);
    CHECK(result.outcome == Outcome::kFailed);
    CHECK(contains(result.message, row.says));
    const auto shown = daemon.manager().find(row.name);
    REQUIRE(shown);
    CHECK(shown->state == "refused");
    CHECK(shown->error == result.message);
    CHECK(count_files(daemon.copies()) == 0);
    CHECK_FALSE(test::is_mapped(std::string(row.name) + "-"));
  }
  CHECK(daemon.load("minimal").outcome == Outcome::kOk);
}

TEST_CASE("A name that is running under another stem is refused too") {
  SmallDaemon daemon;
  fs::copy(daemon.folder() / "probe.so", daemon.folder() / "probe2.so");
  REQUIRE(daemon.load("probe").outcome == Outcome::kOk);
  const PluginResult second = daemon.load("probe2");
  CHECK(second.outcome == Outcome::kFailed);
  CHECK(contains(second.message, "names itself 'probe'"));
  CHECK(daemon.state_of("probe") == "running");
}

TEST_CASE("What fails on its way to run is rolled back completely") {
  struct Row {
    const char* mode;
    const char* says;
    const char* journal;
  };
  for (const Row& row :
       {Row{"init_error", "init does not want to", "init"},
        Row{"init_throw", "thrown in init", "init"}, Row{"init_number", "returned 7", "init"},
        Row{"start_error", "start does not want to", "init start drop fini"},
        Row{"start_throw", "start threw", "init start drop fini"},
        Row{"start_later_error", "start failed later", "init start drop fini"}}) {
    INFO(row.mode);
    SmallDaemon daemon({"probe"}, row.mode);
    const PluginResult result = daemon.load("probe");
    INFO(result.message);
    CHECK(result.outcome == Outcome::kFailed);
    CHECK(contains(result.message, row.says));
    const auto shown = daemon.manager().find("probe");
    REQUIRE(shown);
    CHECK(shown->state == "failed");
    CHECK(shown->error == result.message);
    CHECK(daemon.journal() == row.journal);
    CHECK(daemon.runtime().live_tasks() == 0);
    CHECK(count_files(daemon.copies()) == 0);
    CHECK(daemon.unload("probe").outcome == Outcome::kNotFound);
    // It may be tried again.
    CHECK(daemon.load("probe").outcome == Outcome::kFailed);
    CHECK(daemon.manager().find("probe")->generation == 2);
  }
}

TEST_CASE("A start that ends later is waited for, without the caller") {
  SmallDaemon daemon({"probe"}, "start_later");
  CHECK(daemon.load("probe").outcome == Outcome::kOk);
  CHECK(daemon.journal() == "init start");
}

TEST_CASE("A rollback that cannot end leaves the plugin draining, and an unload ends it later") {
  SmallDaemon daemon({"probe"}, "start_stuck_error");
  const PluginResult result = daemon.load("probe");
  CHECK(result.outcome == Outcome::kFailed);
  const auto shown = daemon.manager().find("probe");
  REQUIRE(shown);
  CHECK(shown->state == "draining");
  CHECK(contains(shown->error, "start leaves a mess"));
  CHECK(contains(shown->error, "task type stuck"));
  CHECK(daemon.load("probe").outcome == Outcome::kConflict);
  CHECK(daemon.call("probe", "count").outcome == Outcome::kConflict);
  daemon.let_go();
  CHECK(daemon.unload("probe").outcome == Outcome::kOk);
  CHECK(daemon.journal() == "init start drop fini");
}

TEST_CASE("What is not there, not wanted or there already is told apart") {
  SmallDaemon daemon({"probe", "minimal"});
  daemon.settings().settings["minimal"].enabled = false;
  CHECK(daemon.load("nothing").outcome == Outcome::kNotFound);
  CHECK(daemon.state_of("nothing") == "none");
  CHECK(daemon.load("../probe").outcome == Outcome::kFailed);
  CHECK(daemon.load("").outcome == Outcome::kFailed);
  const PluginResult disabled = daemon.load("minimal");
  CHECK(disabled.outcome == Outcome::kConflict);
  CHECK(contains(disabled.message, "plugins.settings.minimal.enabled"));
  REQUIRE(daemon.load("probe").outcome == Outcome::kOk);
  CHECK(daemon.load("probe").outcome == Outcome::kConflict);
  CHECK(daemon.unload("nothing").outcome == Outcome::kNotFound);
  ::chmod((daemon.folder() / "probe.so").c_str(), 0777);
  REQUIRE(daemon.unload("probe").outcome == Outcome::kOk);
  CHECK(daemon.load("probe").outcome == Outcome::kDenied);
}

TEST_CASE("The folder is loaded as a whole, and what does not fit is listed") {
  SmallDaemon daemon({"probe", "minimal", "needy", "idle"});
  test::write_bytes(daemon.folder() / "Bad Name.so", "x");
  test::write_bytes(daemon.folder() / "readme.txt", "x");
  daemon.settings().settings["idle"].enabled = false;
  daemon.manager().load_all();
  std::vector<std::pair<std::string, std::string>> states;
  for (const auto& row : daemon.manager().list())
    states.emplace_back(row.name, row.state);
  CHECK(states == std::vector<std::pair<std::string, std::string>>{{"Bad Name", "refused"},
                                                                   {"idle", "disabled"},
                                                                   {"minimal", "running"},
                                                                   {"needy", "refused"},
                                                                   {"probe", "running"}});
}

TEST_CASE("Without autoload nothing is loaded, and without a folder nothing fails") {
  SmallDaemon idle;
  idle.settings().autoload = false;
  idle.manager().load_all();
  CHECK(idle.manager().list().empty());
  CHECK(idle.load("probe").outcome == Outcome::kOk);

  SmallDaemon lost;
  lost.settings().directory = lost.folder() / "none";
  lost.manager().load_all();
  CHECK(lost.manager().list().empty());
}

TEST_CASE("Loading the folder ends when the daemon is to stop, also with a start that does not") {
  SmallDaemon daemon({"probe", "minimal"}, "start_never");
  daemon.manager();
  std::thread stopper([&] {
    test::wait_until([&] { return daemon.state_of("probe") == "starting"; });
    daemon.manager().stop_admission();
  });
  daemon.manager().load_all();
  stopper.join();
  CHECK(daemon.load("minimal").outcome == Outcome::kConflict);
  CHECK(daemon.manager()
            .unload_all(daemon.runtime().now_ns() + 30 * runtime::kNanosPerSecond)
            .empty());
  CHECK(daemon.journal() == "init start drop fini");
}

TEST_CASE("Commands answer with a value, a code or their silence") {
  SmallDaemon daemon;
  REQUIRE(daemon.load("probe").outcome == Outcome::kOk);
  CHECK(daemon.call("nothing", "count").outcome == Outcome::kNotFound);
  CHECK(daemon.call("probe", "nothing").outcome == Outcome::kNotFound);
  const PluginResult failed = daemon.call("probe", "fail");
  CHECK(failed.outcome == Outcome::kFailed);
  CHECK(contains(failed.message, "that is too much"));
  CHECK(contains(daemon.call("probe", "throw").message, "thrown in command"));
  CHECK(contains(daemon.call("probe", "odd").message, "returned 12"));
  CHECK(contains(daemon.call("probe", "echo", "not json").message, "JSON"));
  const PluginResult silent = daemon.call("probe", "silent", {}, std::chrono::milliseconds(20));
  CHECK(silent.outcome == Outcome::kTimedOut);
  CHECK(daemon.call("probe", "count").json == "1");
}

TEST_CASE("A command that does not return times out, and the others wait for it") {
  SmallDaemon daemon({"probe", "minimal"});
  REQUIRE(daemon.load("probe").outcome == Outcome::kOk);
  Asked waiting;
  daemon.manager().call("probe", "wait", {}, std::chrono::milliseconds(20), waiting.done());
  CHECK(waiting.get().outcome == Outcome::kTimedOut);
  CHECK(daemon.call("probe", "count", {}, std::chrono::milliseconds(20)).outcome ==
        Outcome::kTimedOut);
  // Another plugin does not notice.
  CHECK(daemon.load("minimal").outcome == Outcome::kOk);
  CHECK(daemon.unload("minimal").outcome == Outcome::kOk);
  daemon.let_go();
  CHECK(daemon.call("probe", "count").json == "1");
}

}  // namespace ekiden::daemon

// The plugins follow the folder: dropped in, replaced, taken out, repaired, unloaded by hand.
#include <fcntl.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "tests/unit/plugins/fixture.hpp"

namespace ekiden::daemon {
namespace {

namespace fs = std::filesystem;
using test::SmallDaemon;
using test::wait_until;

bool is(SmallDaemon& daemon, const std::string& name, const std::string& state,
        std::uint32_t generation) {
  return wait_until([&] {
    const auto row = daemon.manager().find(name);
    return row && row->state == state && row->generation == generation;
  });
}

bool is_gone(SmallDaemon& daemon, const std::string& name) {
  return wait_until([&] { return daemon.state_of(name) == "none"; });
}

// Something else happens to the folder and is acted upon, so whatever came before has been.
void pass_time(SmallDaemon& daemon) {
  daemon.replace_file("minimal", "");
  REQUIRE(wait_until([&] { return daemon.state_of("minimal") == "running"; }));
  fs::remove(daemon.folder() / "minimal.so");
  REQUIRE(is_gone(daemon, "minimal"));
}

// Stuck in a poll, on its worker.
void stick(SmallDaemon& daemon) {
  REQUIRE(daemon.call("probe", "stick").outcome == Outcome::kOk);
  REQUIRE(wait_until([&] {
    return !daemon.runtime().owner_running(daemon.manager().find("probe")->owner).empty();
  }));
}

Replacement replacement(SmallDaemon& daemon) {
  const auto row = daemon.manager().find("probe");
  return row ? row->replacement : Replacement::kNone;
}

}  // namespace

TEST_CASE("A plugin that is dropped in, replaced and taken out comes, is upgraded and goes") {
  SmallDaemon daemon(std::vector<std::string>{});
  daemon.manager().load_all();
  daemon.replace_file("probe", "");
  CHECK(is(daemon, "probe", "running", 1));
  daemon.replace_file("probe", "second");
  CHECK(is(daemon, "probe", "running", 2));
  // In place, which changes the bytes of a file that is there.
  test::write_bytes(daemon.folder() / "probe.so",
                    test::read_bytes(test::built_plugin("probe")) + "third");
  CHECK(is(daemon, "probe", "running", 3));
  fs::remove(daemon.folder() / "probe.so");
  CHECK(is_gone(daemon, "probe"));
  CHECK(test::count_files(daemon.copies()) == 0);
}

TEST_CASE("The same content again is no upgrade") {
  SmallDaemon daemon;
  daemon.manager().load_all();
  daemon.replace_file("probe", "");
  pass_time(daemon);
  CHECK(is(daemon, "probe", "running", 1));
  CHECK(daemon.journal() == "init start");
}

TEST_CASE("A bad replacement keeps what runs, and says so until the file is good") {
  SmallDaemon daemon;
  daemon.manager().load_all();
  test::write_bytes(daemon.folder() / "probe.so", "no library");
  CHECK(wait_until([&] { return !daemon.manager().find("probe")->pending_error.empty(); }));
  CHECK(is(daemon, "probe", "running", 1));
  daemon.replace_file("probe", "");
  CHECK(wait_until([&] { return daemon.manager().find("probe")->pending_error.empty(); }));
  CHECK(is(daemon, "probe", "running", 1));
}

TEST_CASE("What was refused is loaded when it is repaired, and only then") {
  SmallDaemon daemon;
  ::chmod((daemon.folder() / "probe.so").c_str(), 0666);
  daemon.manager().load_all();
  CHECK(is(daemon, "probe", "refused", 1));
  ::chmod((daemon.folder() / "probe.so").c_str(), 0755);
  CHECK(wait_until([&] { return daemon.state_of("probe") == "running"; }));
  test::write_bytes(daemon.folder() / "Not A Name.so", "text");
  CHECK(wait_until([&] { return daemon.state_of("Not A Name") == "refused"; }));
  fs::remove(daemon.folder() / "Not A Name.so");
  CHECK(is_gone(daemon, "Not A Name"));
}

TEST_CASE("What was unloaded by hand stays so until its file changes") {
  SmallDaemon daemon;
  daemon.manager().load_all();
  // It changes before: so the folder looks at it afterwards, and only the unload tells it to stay.
  REQUIRE(::utimensat(AT_FDCWD, (daemon.folder() / "probe.so").c_str(), nullptr, 0) == 0);
  CHECK(daemon.unload("probe").outcome == Outcome::kOk);
  pass_time(daemon);
  CHECK(daemon.state_of("probe") == "none");
  REQUIRE(::utimensat(AT_FDCWD, (daemon.folder() / "probe.so").c_str(), nullptr, 0) == 0);
  CHECK(is(daemon, "probe", "running", 2));
}

TEST_CASE("A reload or an unload that is refused leaves a new file to the folder") {
  SmallDaemon daemon;
  daemon.manager().load_all();
  stick(daemon);
  daemon.replace_file("probe", "second");
  // From then on the second one's file has been read.
  REQUIRE(wait_until([&] { return daemon.state_of("probe") == "draining"; }));
  daemon.replace_file("probe", "third");
  pass_time(daemon);
  CHECK(daemon.reload("probe").outcome == Outcome::kConflict);
  daemon.let_go();
  CHECK(is(daemon, "probe", "running", 3));

  daemon.replace_file("minimal", "");
  CHECK(daemon.unload("minimal").outcome == Outcome::kNotFound);
  CHECK(wait_until([&] { return daemon.state_of("minimal") == "running"; }));
}

TEST_CASE("What happens to the file while a stuck generation is waited for is acted upon") {
  SmallDaemon daemon;
  daemon.settings().unload_ms = 1000;
  daemon.manager().load_all();
  stick(daemon);
  daemon.replace_file("probe", "second");
  // From then on the second one's file has been read.
  REQUIRE(wait_until([&] { return daemon.state_of("probe") == "draining"; }));
  fs::remove(daemon.folder() / "probe.so");
  // The second one is not waited with for ever.
  CHECK(wait_until([&] { return replacement(daemon) == Replacement::kNone; }));
  daemon.let_go();
  CHECK(wait_until([&] { return daemon.unload("probe").outcome != Outcome::kTimedOut; }));
  CHECK(is_gone(daemon, "probe"));
}

TEST_CASE("A new file finishes what a stuck generation held up, when that is unloaded") {
  SmallDaemon daemon;
  daemon.settings().unload_ms = 300;
  daemon.manager().load_all();
  stick(daemon);
  daemon.replace_file("probe", "second");
  CHECK(wait_until([&] { return replacement(daemon) == Replacement::kWaits; }));
  daemon.let_go();
  // Another file begins anew, and finds that it can be unloaded now. The second one may have run
  // before, where the first one's thread had not noticed yet that its time was over.
  daemon.replace_file("probe", "third");
  CHECK(is(daemon, "probe", "running", 3));
}

TEST_CASE("A folder that goes unloads nothing, and its files count again when it is back") {
  SmallDaemon daemon({"probe", "idle"});
  daemon.manager().load_all();
  const fs::path aside = daemon.folder().parent_path() / "aside";
  fs::rename(daemon.folder(), aside);
  fs::remove(aside / "probe.so");
  fs::rename(aside, daemon.folder());
  test::write_bytes(daemon.folder() / "minimal.so",
                    test::read_bytes(test::built_plugin("minimal")));
  CHECK(wait_until([&] { return daemon.state_of("minimal") == "running"; }));
  CHECK(is(daemon, "probe", "running", 1));
  daemon.replace_file("probe", "second");
  CHECK(is(daemon, "probe", "running", 2));
}

}  // namespace ekiden::daemon

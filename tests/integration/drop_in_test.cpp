// The plugin folder of a running daemon: files are dropped in, replaced, spoilt, repaired and taken
// out, with the real programs that people use for it.
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

#include "tests/integration/harness/daemon_process.hpp"
#include "tests/integration/harness/echo_load.hpp"
#include "tests/integration/harness/proc_info.hpp"
#include "tests/integration/harness/scale.hpp"

namespace ekiden::integration {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr std::size_t kReplacements = scaled(200, 15);
// Each takes the time that a file has to be at rest, at least: minutes.
constexpr std::size_t kManyReplacements = scaled(1000, 100);

// Nothing where the daemon shows no such plugin.
std::optional<json> row_of(DaemonProcess& daemon, const std::string& plugin) {
  for (json& row : daemon.list("plugin")) {
    if (row.at("name") == plugin) return row;
  }
  return std::nullopt;
}

bool is_gone(DaemonProcess& daemon, const std::string& plugin) {
  return wait_until([&] { return !row_of(daemon, plugin); });
}

bool is_in(DaemonProcess& daemon, const std::string& plugin, const std::string& state) {
  return wait_until([&] {
    const auto row = row_of(daemon, plugin);
    return row && row->at("state") == state;
  });
}

bool runs_as(DaemonProcess& daemon, const std::string& plugin, std::uint64_t generation) {
  return wait_until([&] {
    const auto row = row_of(daemon, plugin);
    return row && row->at("state") == "running" && row->at("generation") == generation;
  });
}

bool has_pending_error(DaemonProcess& daemon, const std::string& plugin) {
  return wait_until([&] {
    const auto row = row_of(daemon, plugin);
    return row && row->at("state") == "running" && row->at("pending_error") != "";
  });
}

fs::path file_of(DaemonProcess& daemon, const std::string& plugin) {
  return daemon.folder().plugins() / (plugin + ".so");
}

// The plugin with other bytes behind it, beside the plugin folder.
fs::path variant(DaemonProcess& daemon, const std::string& plugin, const std::string& tail) {
  const fs::path made = daemon.folder().path() / (plugin + ".new");
  write_text(made, read_text(built_plugin(plugin)) + tail);
  REQUIRE(::chmod(made.c_str(), 0755) == 0);
  return made;
}

void replace_by_rename(DaemonProcess& daemon, const std::string& plugin, const std::string& tail) {
  fs::rename(variant(daemon, plugin, tail), file_of(daemon, plugin));
}

std::string sha256_of(DaemonProcess& daemon, const std::string& plugin) {
  return daemon.control().call("plugin.info", {{"name", plugin}}).at("sha256");
}

void replace_in_a_row(std::size_t count) {
  EchoNoise noise(4);
  DaemonProcess daemon({"echo", "statics"}, {{"plugins", {{"unload_ms", 5000}}}});
  noise.aim(daemon.echo_address());
  REQUIRE(wait_until([&] { return noise.round_trips() > 10; }));
  const std::size_t threads = thread_count(daemon.pid());
  for (std::size_t i = 1; i <= count; i++) {
    INFO("replacement " << i);
    replace_by_rename(daemon, "statics", std::to_string(i));
    REQUIRE(runs_as(daemon, "statics", i + 1));
    // Fresh, so this is the new generation's code and data.
    REQUIRE(daemon.control().call_plugin("statics", "count").at("plain") == 1);
  }
  const std::uint64_t round_trips = noise.round_trips();
  CHECK(wait_until([&] { return noise.round_trips() > round_trips + 10; }));
  CHECK(noise.wrong_bytes() == 0);
  CHECK(wait_until([&] { return thread_count(daemon.pid()) <= threads; }));
  CHECK(runs_as(daemon, "echo", 1));
}

}  // namespace

TEST_CASE(
    "A plugin that is dropped into a running daemon's folder is loaded, and unloaded with it") {
  DaemonProcess daemon({"hello_c"});
  const Output copied = run_program(
      {"/bin/cp", built_plugin("statics").string(), daemon.folder().plugins().string()});
  REQUIRE(copied.exit_code == 0);
  CHECK(runs_as(daemon, "statics", 1));
  CHECK(daemon.control().call_plugin("statics", "count").at("plain") == 1);
  fs::remove(file_of(daemon, "statics"));
  CHECK(is_gone(daemon, "statics"));
  CHECK(daemon.log_has("'statics' was removed from the plugin folder"));
  CHECK(runs_as(daemon, "hello_c", 1));
}

TEST_CASE(
    "A file that is renamed over a loaded one is an upgrade; one of the same content is none") {
  DaemonProcess daemon({"statics", "hello_c"});
  CHECK(daemon.control().call_plugin("statics", "count").at("plain") == 1);
  const std::string before = sha256_of(daemon, "statics");
  replace_by_rename(daemon, "statics", "second");
  CHECK(runs_as(daemon, "statics", 2));
  CHECK(sha256_of(daemon, "statics") != before);
  CHECK(daemon.control().call_plugin("statics", "count").at("plain") == 1);
  replace_by_rename(daemon, "statics", "second");
  // Another plugin's upgrade comes later and shows that this was looked at.
  replace_by_rename(daemon, "hello_c", "second");
  CHECK(runs_as(daemon, "hello_c", 2));
  CHECK(daemon.control().call_plugin("statics", "count").at("plain") == 2);
}

TEST_CASE("cp over the file of echo under traffic: clients connect again, and no byte is wrong") {
  EchoNoise noise(4);
  DaemonProcess daemon({"echo", "hello_c"}, {{"plugins", {{"unload_ms", 1000}}}});
  for (std::uint64_t generation = 2; generation <= 4; generation++) {
    INFO("generation " << generation);
    noise.aim(daemon.echo_address());
    const std::uint64_t before = noise.round_trips();
    REQUIRE(wait_until([&] { return noise.round_trips() > before + 10; }));
    const fs::path made = variant(daemon, "echo", std::to_string(generation));
    REQUIRE(run_program({"/bin/cp", made.string(), file_of(daemon, "echo").string()}).exit_code ==
            0);
    REQUIRE(runs_as(daemon, "echo", generation));
  }
  noise.aim(daemon.echo_address());
  const std::uint64_t before = noise.round_trips();
  CHECK(wait_until([&] { return noise.round_trips() > before + 10; }));
  CHECK(noise.wrong_bytes() == 0);
}

TEST_CASE("A file that is written in pieces is taken when it is whole") {
  DaemonProcess daemon({"hello_c"});
  const std::string whole = read_text(built_plugin("statics"));
  const fs::path file = file_of(daemon, "statics");
  write_text(file, whole.substr(0, whole.size() / 2));
  REQUIRE(::chmod(file.c_str(), 0755) == 0);
  CHECK(is_in(daemon, "statics", "refused"));
  CHECK(row_of(daemon, "statics")->at("error") != "");
  write_text(file, whole);
  CHECK(is_in(daemon, "statics", "running"));

  // The same for one that runs: half of a new file changes nothing.
  const std::uint64_t generation = row_of(daemon, "statics")->at("generation");
  const std::string second = whole + "second";
  write_text(file, second.substr(0, second.size() / 2));
  CHECK(has_pending_error(daemon, "statics"));
  CHECK(row_of(daemon, "statics")->at("generation") == generation);
  write_text(file, second);
  CHECK(wait_until([&] {
    const auto row = row_of(daemon, "statics");
    return row->at("generation") > generation && row->at("pending_error") == "";
  }));
}

TEST_CASE("A bad replacement leaves the old one running, and the list and the log say why") {
  DaemonProcess daemon({"statics", "hello_c"});
  write_text(file_of(daemon, "statics"), "no library at all");
  CHECK(has_pending_error(daemon, "statics"));
  CHECK(daemon.control().call_plugin("statics", "count").at("plain") == 1);
  CHECK(daemon.log_has("is not an ELF file"));
  const Output shown = daemon.ctl({"plugin", "list"});
  CHECK(shown.out.find("is not an ELF file") != std::string::npos);
  const Output info = daemon.ctl({"plugin", "info", "statics"});
  CHECK(info.out.find("new file ") != std::string::npos);

  // One whose requirements nobody has, under a name that is its own.
  daemon.folder().add_plugin(built_plugin("needy"), "needy");
  CHECK(is_in(daemon, "needy", "refused"));
  fs::remove(file_of(daemon, "needy"));
  CHECK(is_gone(daemon, "needy"));

  fs::remove(file_of(daemon, "statics"));
  CHECK(is_gone(daemon, "statics"));
}

TEST_CASE("A file that is refused for its mode is loaded after chmod") {
  DaemonProcess daemon({"hello_c"});
  const fs::path made = variant(daemon, "statics", "");
  REQUIRE(::chmod(made.c_str(), 0777) == 0);
  fs::rename(made, file_of(daemon, "statics"));
  CHECK(is_in(daemon, "statics", "refused"));
  REQUIRE(run_program({"/bin/chmod", "go-w", file_of(daemon, "statics").string()}).exit_code == 0);
  CHECK(is_in(daemon, "statics", "running"));
}

// Before, while and after the folder does it by itself.
TEST_CASE("A file that is copied in may be loaded by command, whoever is quicker") {
  DaemonProcess daemon({"hello_c"});
  for (int wait_ms = 0; wait_ms <= 200; wait_ms += 20) {
    INFO(wait_ms << " ms after the copy");
    daemon.folder().add_plugin(built_plugin("statics"), "statics");
    std::this_thread::sleep_for(std::chrono::milliseconds(wait_ms));
    const Output loaded = daemon.ctl({"plugin", "load", "statics"});
    INFO(loaded.err);
    CHECK(loaded.exit_code == 0);
    CHECK(is_in(daemon, "statics", "running"));
    CHECK(daemon.ctl({"plugin", "load", "statics"}).exit_code == 6);
    fs::remove(file_of(daemon, "statics"));
    REQUIRE(is_gone(daemon, "statics"));
  }
}

TEST_CASE("What was unloaded by command stays so until its file is touched") {
  DaemonProcess daemon({"statics", "hello_c"});
  // The file changes just before: the folder looks at it afterwards, when only the unload keeps it
  // from being loaded.
  REQUIRE(run_program({"/usr/bin/touch", file_of(daemon, "statics").string()}).exit_code == 0);
  daemon.control().call("plugin.unload", {{"name", "statics"}});
  replace_by_rename(daemon, "hello_c", "second");
  CHECK(runs_as(daemon, "hello_c", 2));
  CHECK_FALSE(row_of(daemon, "statics"));
  REQUIRE(run_program({"/usr/bin/touch", file_of(daemon, "statics").string()}).exit_code == 0);
  CHECK(runs_as(daemon, "statics", 2));
}

TEST_CASE("A disabled plugin's file is left alone") {
  DaemonProcess daemon({"hello_c"},
                       {{"plugins", {{"settings", {{"statics", {{"enabled", false}}}}}}}});
  daemon.folder().add_plugin(built_plugin("statics"), "statics");
  replace_by_rename(daemon, "hello_c", "second");
  CHECK(runs_as(daemon, "hello_c", 2));
  const auto row = row_of(daemon, "statics");
  CHECK((!row || row->at("state") == "disabled"));
}

TEST_CASE("Without autoload nothing happens by itself, and reload does it") {
  DaemonProcess daemon({"statics"}, {{"plugins", {{"autoload", false}}}});
  REQUIRE(daemon.ctl({"plugin", "load", "statics"}).exit_code == 0);
  replace_by_rename(daemon, "statics", "second");
  CHECK(daemon.control().call_plugin("statics", "count").at("plain") == 1);
  CHECK(daemon.ctl({"plugin", "reload", "statics"}).exit_code == 0);
  CHECK(runs_as(daemon, "statics", 2));
  CHECK(daemon.ctl({"plugin", "reload", "statics"}).exit_code == 0);
  CHECK(runs_as(daemon, "statics", 3));
  CHECK(daemon.ctl({"plugin", "reload", "nothing"}).exit_code == 5);
  write_text(file_of(daemon, "statics"), "no library at all");
  CHECK(daemon.ctl({"plugin", "reload", "statics"}).exit_code == 1);
  CHECK(runs_as(daemon, "statics", 3));
}

TEST_CASE("A replacement of a stuck plugin waits, and is started when that is unloaded") {
  DaemonProcess daemon({"mischief", "hello_c"}, {{"plugins", {{"unload_ms", 300}}}});
  daemon.control().call_plugin("mischief", "sleep", {{"ms", 4000}});
  replace_by_rename(daemon, "mischief", "second");
  CHECK(is_in(daemon, "mischief", "draining"));
  CHECK(wait_until([&] { return daemon.log_has("the new file waits until generation 1"); }));
  const Output busy = daemon.ctl({"plugin", "reload", "mischief"});
  CHECK(busy.exit_code == 6);
  CHECK(wait_until([&] { return daemon.ctl({"plugin", "unload", "mischief"}).exit_code == 0; }));
  CHECK(runs_as(daemon, "mischief", 2));
}

TEST_CASE("A hard link that is dropped in is loaded, and a symbolic one is refused") {
  DaemonProcess daemon({"hello_c"});
  const fs::path made = variant(daemon, "statics", "");
  REQUIRE(run_program({"/bin/ln", made.string(), file_of(daemon, "statics").string()}).exit_code ==
          0);
  CHECK(runs_as(daemon, "statics", 1));
  fs::create_symlink(made, file_of(daemon, "soft"));
  CHECK(is_in(daemon, "soft", "refused"));
}

TEST_CASE("A plugin folder that is deleted unloads nothing and is used again when it is back") {
  DaemonProcess daemon({"statics"});
  const fs::path aside = daemon.folder().path() / "aside";
  fs::rename(daemon.folder().plugins(), aside);
  CHECK(wait_until([&] { return daemon.log_has("was deleted or moved away"); }));
  CHECK(daemon.control().call_plugin("statics", "count").at("plain") == 1);
  fs::create_directory(daemon.folder().plugins());
  REQUIRE(::chmod(daemon.folder().plugins().c_str(), 0755) == 0);
  daemon.folder().add_plugin(built_plugin("hello_c"), "hello_c");
  CHECK(is_in(daemon, "hello_c", "running"));
  CHECK(daemon.control().call_plugin("statics", "count").at("plain") == 2);
}

TEST_CASE("A plugin is replaced many times in a row while another one is under load") {
  replace_in_a_row(kReplacements);
}

TEST_CASE("A plugin is replaced a thousand times in a row under load", "[.long]") {
  replace_in_a_row(kManyReplacements);
}

}  // namespace ekiden::integration

// ekidend's command line: what it says and the code that it leaves with, before and without a
// daemon that runs.
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/integration/harness/daemon_process.hpp"

namespace ekiden::integration {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

Output run_ekidend(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), ekidend_path());
  return run_program(arguments);
}

// Starts it from a copy that anybody may read and run, as a user without rights where we are root.
Output run_unprivileged(const DaemonFolder& folder) {
  const fs::path program = folder.path() / "ekidend";
  if (!fs::exists(program)) fs::copy_file(ekidend_path(), program);
  std::vector<std::string> argv = {program.string(), "--config", folder.config().string()};
  if (geteuid() == 0) {
    const std::vector<std::string> as_nobody = {
        "/usr/bin/setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--"};
    argv.insert(argv.begin(), as_nobody.begin(), as_nobody.end());
  }
  return run_program(argv);
}

void set_mode(const fs::path& path, mode_t mode) { REQUIRE(chmod(path.c_str(), mode) == 0); }

}  // namespace

TEST_CASE("ekidend says who it is and how to use it") {
  const Output help = run_ekidend({"--help"});
  CHECK(help.exit_code == 0);
  CHECK(help.out.find("--check-config") != std::string::npos);
  const Output version = run_ekidend({"--version"});
  CHECK(version.exit_code == 0);
  CHECK(version.out.find("ekidend") != std::string::npos);
}

TEST_CASE("ekidend refuses a wrong command line with 64") {
  const DaemonFolder folder({}, json::object());
  const std::vector<std::vector<std::string>> table = {
      {},
      {"--config"},
      {"--confg", folder.config().string()},
      {"--config", folder.config().string(), "surplus"},
      {"--config", folder.config().string(), "--log-level", "loud"},
      {"--config", folder.config().string(), "--socket", std::string(200, 'x')},
  };
  for (const auto& arguments : table) {
    const Output output = run_ekidend(arguments);
    INFO(json(arguments).dump() << "\n" << output.err);
    CHECK(output.exit_code == 64);
    CHECK_FALSE(output.err.empty());
  }
}

TEST_CASE("--check-config accepts a right configuration and explains a wrong one") {
  const DaemonFolder folder({}, json::object());
  CHECK(run_ekidend({"--config", folder.config().string(), "--check-config"}).exit_code == 0);

  struct Row {
    std::string text;
    std::string says;
  };
  const std::vector<Row> table = {
      {"", ""},
      {"not json", ""},
      {"[]", "object"},
      {R"({"runtime":{"workers":0}})", "/runtime/workers"},
      {R"({"runtime":{"wokers":2}})", "workers"},
      {R"({"runtime":{"workers":2,"workers":3}})", "workers"},
      {R"({"runtime":{"local_queue_capacity":100}})", "/runtime/local_queue_capacity"},
      {R"({"plugins":{"settings":{"echo":{"limits":{"memory":1}}}}})", "memory"},
  };
  for (const Row& row : table) {
    write_text(folder.config(), row.text);
    const Output checked = run_ekidend({"--config", folder.config().string(), "--check-config"});
    INFO(row.text << "\n" << checked.err << checked.out);
    CHECK(checked.exit_code == 78);
    CHECK((checked.err + checked.out).find(row.says) != std::string::npos);
    // Without the flag it is the same refusal, and nothing starts.
    CHECK(run_ekidend({"--config", folder.config().string()}).exit_code == 78);
    CHECK_FALSE(fs::exists(folder.socket()));
  }
}

TEST_CASE("A configuration that is not there is an error of the configuration") {
  const Output output = run_ekidend({"--config", "/nonexistent/ekiden.json"});
  INFO(output.err);
  CHECK(output.exit_code == 78);
  CHECK(output.err.find("/nonexistent/ekiden.json") != std::string::npos);
}

TEST_CASE("A socket whose folder cannot be made is 73") {
  DaemonFolder folder({}, {{"control", {{"socket", "/proc/ekiden/control.sock"}}}});
  const Output output = run_ekidend({"--config", folder.config().string()});
  INFO(output.err);
  CHECK(output.exit_code == 73);
}

TEST_CASE("A second daemon on the same socket or state folder is refused with 73") {
  DaemonProcess daemon({"hello_c"});
  const std::string config = daemon.folder().config().string();
  const Output same = run_ekidend({"--config", config});
  INFO(same.err);
  CHECK(same.exit_code == 73);
  const Output other_socket =
      run_ekidend({"--config", config, "--socket", (daemon.folder().path() / "b.sock").string()});
  INFO(other_socket.err);
  CHECK(other_socket.exit_code == 73);
  CHECK(daemon.ctl({"status"}).exit_code == 0);
}

TEST_CASE("A socket that a dead daemon left behind is taken over") {
  DaemonFolder folder({}, json::object());
  {
    DaemonProcess daemon({"hello_c"});
    daemon.process().signal(SIGKILL);
    REQUIRE(daemon.process().wait() == 128 + SIGKILL);
    REQUIRE(fs::exists(daemon.folder().socket()));
    ChildProcess second({ekidend_path(), "--config", daemon.folder().config().string()},
                        daemon.folder().path() / "out", daemon.folder().path() / "log2");
    CHECK(wait_until([&] {
      return read_text(daemon.folder().path() / "log2").find(" ready") != std::string::npos;
    }));
    CHECK(daemon.ctl({"status"}).exit_code == 0);
    second.signal(SIGTERM);
    CHECK(second.wait() == std::optional<ExitCode>(0));
    CHECK_FALSE(fs::exists(daemon.folder().socket()));
  }
}

TEST_CASE("A user without rights is told which file is closed to him") {
  DaemonFolder folder({}, json::object());
  set_mode(folder.path(), 0755);
  fs::create_directory(folder.path() / "state");

  SECTION("the configuration may not be read") {
    set_mode(folder.config(), geteuid() == 0 ? 0600 : 0000);
    const Output output = run_unprivileged(folder);
    INFO(output.err);
    CHECK(output.exit_code == 78);
    CHECK(output.err.find(folder.config().string()) != std::string::npos);
  }
  SECTION("the state folder may not be written") {
    set_mode(folder.path() / "state", 0555);
    const Output output = run_unprivileged(folder);
    INFO(output.err);
    CHECK(output.exit_code == 77);
  }
}

}  // namespace ekiden::integration

// ekidenctl against a real server with a fake daemon behind it.
#include "daemon/ctl/run.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "daemon/control/control_server.hpp"
#include "daemon/control/limits.hpp"
#include "tests/unit/control/support/fake_backends.hpp"
#include "tests/unit/control/support/raw_client.hpp"
#include "tests/unit/control/support/temp_folder.hpp"

using namespace ekiden::daemon;
using namespace ekiden::daemon::control::test;
using control::ControlServer;
using nlohmann::json;

namespace {

using PluginOutcome = ekiden::daemon::Outcome;

struct Ended {
  int exit_code = -1;
  std::string out;
  std::string err;
};

Ended run_bare(const std::vector<std::string>& words) {
  std::vector<const char*> argv = {"ekidenctl"};
  for (const std::string& word : words)
    argv.push_back(word.c_str());
  std::ostringstream out;
  std::ostringstream err;
  const int exit_code = ctl::run(static_cast<int>(argv.size()), argv.data(), out, err);
  return {exit_code, out.str(), err.str()};
}

struct Daemon {
  TempFolder folder;
  FakeDaemon fake;
  ControlServer server{folder / "socket", 0660, control::make_method_table(fake.backends())};

  void start() {
    if (auto problem = server.start()) throw std::runtime_error(problem->text);
  }
  Ended run(std::vector<std::string> words) const {
    words.insert(words.begin(), {"--socket", (folder / "socket").string()});
    return run_bare(words);
  }
};

struct Row {
  std::vector<std::string> words;
  int exit_code;
  std::string part;  // of the output, or of the error
};

// Accepts one client and does what it is told, in the place of a daemon.
class Impostor {
 public:
  explicit Impostor(const std::filesystem::path& path, std::string answer)
      : answer_(std::move(answer)), listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener_, 1) != 0) {
      throw std::runtime_error("cannot listen");
    }
    thread_ = std::thread([this] {
      const int client = ::accept(listener_, nullptr, nullptr);
      char chunk[4096];
      static_cast<void>(::recv(client, chunk, sizeof chunk, 0));
      static_cast<void>(::send(client, answer_.data(), answer_.size(), MSG_NOSIGNAL));
      // An empty answer is silence.
      if (answer_.empty()) static_cast<void>(::recv(client, chunk, sizeof chunk, 0));
      ::close(client);
    });
  }
  ~Impostor() {
    thread_.join();
    ::close(listener_);
  }

 private:
  const std::string answer_;
  const int listener_;
  std::thread thread_;
};

}  // namespace

TEST_CASE("every command shows its result") {
  Daemon daemon;
  daemon.fake.plugins.answers_["echo"] = {
      PluginOutcome::kOk, "",
      R"({"name":"echo","version":"1.0","state":"running","generation":4})"};
  daemon.start();
  const std::vector<Row> table = {
      {{"status"}, 0, "version      0.1.0\n"},
      {{"plugin", "list"}, 0, "echo    1.0      running           3      2  -\n"},
      {{"plugin", "info", "echo"}, 0, "generation      3\n"},
      {{"plugin", "load", "echo"}, 0, "plugin echo 1.0 is running, generation 4\n"},
      {{"plugin", "unload", "echo"}, 0, "plugin echo, generation 4, is unloaded\n"},
      {{"task", "list"}, 0, "io fd 12 from 127.0.0.5:4242\n"},
      {{"task", "list", "--limit", "1"}, 0, "there may be more: --after 0x300000001\n"},
      {{"task", "list", "--plugin", "echo", "--after", "0x300000001"}, 0, "timer in 250 ms\n"},
      {{"task", "list", "--type", "other"}, 0, "WAITS ON\n"},
      {{"task", "list", "--waits-on", "timer", "--state", "waiting"}, 0, "0x400000001"},
      {{"task", "list", "--sort", "age", "--limit", "1"}, 0, "more: --after age:"},
      {{"task", "list", "--reverse", "--limit", "1"}, 0, "more: --after 0x400000001\n"},
      {{"task", "list", "--sort", "polls", "--reverse", "--min-polls", "7"}, 0, "0x300000001"},
      {{"task", "list", "--min-polls", "8", "--min-age-ms", "1"}, 0, "WAITS ON\n"},
      {{"task", "info", "0x300000001"}, 0, "age            1.5 s\n"},
      {{"task", "info", "0x300000001"}, 0, "direction      read\n"},
      {{"task", "info", "0x300000001"}, 0, "waiting for    40 ms\n"},
      {{"task", "dump"}, 0, "all of 2 tasks\n"},
      {{"task", "dump", "--plugin", "echo"}, 0, "HIGH WATER"},
      {{"--json", "task", "dump"}, 0, "],\"rows\":2,\"complete\":true,"},
      {{"task", "cancel", "0x300000001"}, 0, "task 0x300000001 was asked to end\n"},
      {{"worker", "list"}, 0, "parked"},
      {{"queue", "list"}, 0, "local.0"},
      {{"queue", "list"}, 0, "echo.out      3         8  4.0 KiB"},
      {{"task", "list", "--waits-on", "channel"}, 0, "WAITS ON\n"},
      {{"metrics"}, 0, "connection"},
      {{"log", "get"}, 0, "(all others)  info\n"},
      {{"log", "set", "info"}, 0, "(all others)  info\n"},
      {{"config", "show"}, 0, "\"unload_ms\": 5000"},
      {{"call", "echo", "stats"}, 0, "\"generation\": 4"},
      {{"call", "echo", "stats", R"({"a":1})"}, 0, "\"generation\": 4"},
      {{"rpc", "status"}, 0, "version      0.1.0\n"},
      {{"rpc", "task.list", R"({"limit":1})"}, 0, "0x300000001"},
      {{"rpc", "rpc.discover"}, 0, "\"openrpc\": \"1.2.6\""},
      {{"shutdown"}, 0, "the daemon is draining\n"},
  };
  for (const Row& row : table) {
    const Ended outcome = daemon.run(row.words);
    INFO(row.words.front() << " " << row.words.back());
    CAPTURE(outcome.out, outcome.err);
    CHECK(outcome.exit_code == row.exit_code);
    CHECK(outcome.err.empty());
    CHECK(outcome.out.find(row.part) != std::string::npos);
    CHECK(outcome.out.find('\x1b') == std::string::npos);
  }
}

TEST_CASE("--json prints the result alone, on one line, also behind the command") {
  Daemon daemon;
  daemon.start();
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"--json", "status"}, {"status", "--json"}}) {
    const Ended outcome = daemon.run(words);
    CHECK(outcome.exit_code == 0);
    CHECK(outcome.out.find('\n') == outcome.out.size() - 1);
    CHECK(json::parse(outcome.out)["version"] == "0.1.0");
  }
}

TEST_CASE("the exit code says what went wrong, and one line on stderr says why") {
  Daemon daemon;
  daemon.fake.plugins.answers_["failed"] = {PluginOutcome::kFailed, "init \x1b said no", ""};
  daemon.fake.plugins.answers_["denied"] = {PluginOutcome::kDenied, "not yours", ""};
  daemon.fake.plugins.answers_["conflict"] = {PluginOutcome::kConflict, "already there", ""};
  daemon.fake.plugins.answers_["slow"] = {PluginOutcome::kTimedOut, "too slow", ""};
  daemon.start();
  const std::vector<Row> table = {
      {{"plugin", "load", "failed"}, 1, "init \\u001b said no"},
      {{"plugin", "load", "denied"}, 4, "not yours"},
      {{"plugin", "load", "none"}, 5, "there is no plugin 'none'"},
      {{"plugin", "load", "conflict"}, 6, "already there"},
      {{"plugin", "unload", "slow"}, 7, "too slow"},
      {{"task", "info", "0x900000001"}, 5, "there is no task"},
      {{"task", "info", "seven"}, 2, "no task's id"},
      {{"task", "list", "--state", "asleep"}, 2, "--state"},
      {{"task", "list", "--sort", "age", "--after", "0x1"}, 2, "sorted the same way"},
      {{"task", "dump", "--plugin", "nobody"}, 5, "there is no plugin"},
      {{"rpc", "nonsense"}, 5, "there is no method"},
      {{"rpc", "status", R"({"a":1})"}, 2, "there is no parameter 'a'"},
      {{"config", "check"}, 1, "/etc/ekiden.json"},
  };
  for (const Row& row : table) {
    const auto outcome = daemon.run(row.words);
    INFO(row.words.front() << " " << row.words.back());
    CAPTURE(outcome.out, outcome.err);
    CHECK(outcome.exit_code == row.exit_code);
    CHECK((outcome.err + outcome.out).find(row.part) != std::string::npos);
    CHECK(std::count(outcome.err.begin(), outcome.err.end(), '\n') <= 1);
  }
}

TEST_CASE("mistakes in the command line are found before anybody is asked") {
  const std::vector<Row> table = {
      {{}, 2, "ubcommand"},
      {{"stauts"}, 2, "stauts"},
      {{"plugin"}, 2, "ubcommand"},
      {{"plugin", "load"}, 2, "NAME"},
      {{"status", "extra"}, 2, "extra"},
      {{"status", "--nonsense"}, 2, "--nonsense"},
      {{"--timeout", "0", "status"}, 2, "timeout"},
      {{"--timeout", "soon", "status"}, 2, "timeout"},
      {{"task", "list", "--limit", "0"}, 2, "limit"},
      {{"log", "set", "loud"}, 2, "LEVEL"},
      {{"call", "echo", "m", "{broken"}, 2, "is not acceptable JSON"},
      {{"call", "echo", "m", R"({"a":1,"a":2})"}, 2, "two members"},
      {{"call", "echo", "m", std::string(31, '[') + std::string(31, ']')}, 2, "more than 30 deep"},
      {{"rpc", "status", "[1]"}, 2, "must be an object"},
      {{"--socket", std::string(200, 'x'), "status"}, 2, "107 bytes"},
  };
  for (const Row& row : table) {
    INFO((row.words.empty() ? std::string("nothing") : row.words.back()));
    std::vector<std::string> words = {"--socket", "/nonexistent/socket"};
    if (!row.words.empty() && row.words.front() == "--socket") words.clear();
    words.insert(words.end(), row.words.begin(), row.words.end());
    const Ended outcome = run_bare(words);
    CAPTURE(outcome.err);
    CHECK(outcome.exit_code == row.exit_code);
    CHECK(outcome.out.empty());
    CHECK(outcome.err.find(row.part) != std::string::npos);
    CHECK(outcome.err.find('\n') == outcome.err.size() - 1);
  }
}

TEST_CASE("help and version are answers") {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"--help"}, {"--version"}, {"plugin", "--help"}}) {
    const Ended outcome = run_bare(words);
    CHECK(outcome.exit_code == 0);
    CHECK_FALSE(outcome.out.empty());
    CHECK(outcome.err.empty());
  }
}

TEST_CASE("a daemon that is not there, is not for us or does not answer") {
  TempFolder folder;
  SECTION("no socket") {
    const Ended outcome = run_bare({"--socket", (folder / "none").string(), "status"});
    CHECK(outcome.exit_code == 3);
    CHECK(outcome.err.find("is ekidend running?") != std::string::npos);
  }
  SECTION("the environment names the socket") {
    ::setenv("EKIDEN_SOCKET", (folder / "by_env").c_str(), 1);
    const Ended outcome = run_bare({"status"});
    ::unsetenv("EKIDEN_SOCKET");
    CHECK(outcome.exit_code == 3);
    CHECK(outcome.err.find("by_env") != std::string::npos);
  }
  SECTION("it closes the connection") {
    const Impostor impostor(folder / "socket", "{\"half\":");
    CHECK(run_bare({"--socket", (folder / "socket").string(), "status"}).exit_code == 3);
  }
  SECTION("it answers nonsense") {
    const Impostor impostor(folder / "socket", "220 mail.example.org ESMTP\n");
    CHECK(run_bare({"--socket", (folder / "socket").string(), "status"}).exit_code == 1);
  }
  SECTION("it says nothing") {
    const Impostor impostor(folder / "socket", "");
    const Ended outcome =
        run_bare({"--socket", (folder / "socket").string(), "--timeout", "0.05", "status"});
    CHECK(outcome.exit_code == 7);
  }
  SECTION("the socket's mode") {
    if (::geteuid() == 0) return;  // root may connect to everything
    Daemon daemon;
    daemon.start();
    ::chmod((daemon.folder / "socket").c_str(), 0);
    CHECK(daemon.run({"status"}).exit_code == 4);
  }
}

TEST_CASE("a full server says so") {
  Daemon daemon;
  daemon.start();
  std::vector<RawClient> clients;
  for (std::size_t i = 0; i < control::kConnectionsMax; i++) {
    clients.emplace_back(daemon.folder / "socket");
    REQUIRE(clients.back().ask(R"({"jsonrpc":"2.0","id":1,"method":"status"})").size() > 20);
  }
  const Ended outcome = daemon.run({"status"});
  CHECK(outcome.exit_code == 1);
  CHECK(outcome.err.find("connections are in use") != std::string::npos);
}

TEST_CASE("config check reads the file with the caller's rights") {
  Daemon daemon;
  daemon.start();
  const std::string file = (daemon.folder / "config.json").string();
  std::ofstream(file) << R"({"plugins":{"directory":"p"}, // fine)"
                         "\n"
                         R"("runtime":{"workers":2}})";
  CHECK(daemon.run({"config", "check", file}).out == "configuration ok\n");
  CHECK(daemon.run({"config", "check", file}).exit_code == 0);

  std::ofstream(file) << R"({"plugins":{"directory":"p"},"runtime":{"worker":2}})";
  const Ended wrong = daemon.run({"config", "check", file});
  CHECK(wrong.exit_code == 1);
  CHECK(wrong.out.find("/runtime/worker") != std::string::npos);
  CHECK(wrong.out.find("workers") != std::string::npos);

  CHECK(daemon.run({"config", "check", file + ".none"}).exit_code == 1);
  CHECK(daemon.run({"config", "check", daemon.folder.path().string()}).exit_code == 1);
}

TEST_CASE("a call's time limit is the command's") {
  Daemon daemon;
  daemon.fake.plugins.answers_["echo"] = {PluginOutcome::kOk, "", "1"};
  daemon.start();
  CHECK(daemon.run({"--timeout", "1.5", "call", "echo", "m"}).out == "1\n");
  CHECK(daemon.run({"call", "echo", "m", "null"}).out == "1\n");
  daemon.server.stop();
  CHECK(daemon.fake.plugins.log_ ==
        std::vector<std::string>{"call echo m  1500", "call echo m null 30000"});
}

TEST_CASE("a call's progress goes to the errors, a line of JSON each, where it is asked for") {
  Daemon daemon;
  daemon.fake.plugins.answers_["echo"] = {PluginOutcome::kOk, "", "1"};
  daemon.fake.plugins.progress_ = {R"({"done": 1})", R"("\u001b[31m")"};
  daemon.start();
  const Ended told = daemon.run({"--json", "call", "echo", "m", "{}", "--progress"});
  CHECK(told.exit_code == 0);
  CHECK(told.out == "1\n");
  CHECK(told.err == "{\"done\":1}\n\"\\u001b[31m\"\n");
  CHECK(daemon.run({"--json", "call", "echo", "m", "--progress"}).err == told.err);
  CHECK(daemon.run({"call", "echo", "m"}).err.empty());
}

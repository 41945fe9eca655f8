// Starting, stopping and sleeping.
#include <dirent.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <optional>

#include "tests/unit/control/support/test_server.hpp"

using namespace ekiden::daemon::control;
using namespace ekiden::daemon::control::test;

namespace {

namespace fs = std::filesystem;

// How often the control thread of this process has gone to sleep and woken up; nothing where there
// is no such thread.
std::optional<long> control_thread_switches() {
  for (const fs::directory_entry& thread : fs::directory_iterator("/proc/self/task")) {
    std::string name;
    std::getline(std::ifstream(thread.path() / "comm") >> std::ws, name);
    if (name != "ekd-control") continue;
    std::ifstream status(thread.path() / "status");
    long switches = 0;
    for (std::string word; status >> word;) {
      long count = 0;
      if (word == "voluntary_ctxt_switches:" && status >> count) switches += count;
    }
    return switches;
  }
  return std::nullopt;
}

}  // namespace

TEST_CASE("answers that are ready are written before the server is gone") {
  TestServer server;
  RawClient client = server.client();
  // More than a socket takes at once.
  REQUIRE(client.send(request(1, "test.hold") + request(2, "test.echo")));
  REQUIRE(id_of(client.line()) == 2);
  REQUIRE(eventually([&] { return server.held() == 1; }));
  server.release_all(std::string(2'000'000, 'x'));
  std::thread stopper([&] { server.stop(); });
  const auto line = client.line();
  stopper.join();
  CHECK(outcome_of(line) == "result");
  CHECK(client.ended());
  CHECK_FALSE(fs::exists(server.path()));
}

TEST_CASE("a client that does not read cannot hold up the end") {
  TestServer server;
  RawClient client = server.client();
  REQUIRE(client.send(request(1, "test.bytes", R"({"count":4000000})") + request(2, "test.hold")));
  const auto begin = std::chrono::steady_clock::now();
  server.stop();
  CHECK(std::chrono::steady_clock::now() - begin < kPatience);
}

TEST_CASE("an answer that comes after the end goes nowhere") {
  TestServer server;
  RawClient client = server.client();
  REQUIRE(client.send(request(1, "test.hold")));
  REQUIRE(eventually([&] { return server.held() == 1; }));
  server.stop();
  server.release_all();
  CHECK(client.ended());
}

TEST_CASE("stopping twice, or without a start, does nothing") {
  TempFolder folder;
  ControlServer never(folder / "socket", 0660, std::make_shared<MethodTable>());
  never.stop();
  TestServer server;
  server.stop();
  server.stop();
}

TEST_CASE("a server that nobody talks to does not wake up") {
  TestServer server;
  RawClient client = server.client();
  REQUIRE(outcome_of(client.ask(R"({"jsonrpc":"2.0","id":1,"method":"test.echo"})")) == "result");
  // It goes back to sleep; then the count stands still for as long as we look.
  std::optional<long> before;
  REQUIRE(eventually([&] {
    before = control_thread_switches();
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    return before && control_thread_switches() == before;
  }));
  std::this_thread::sleep_for(std::chrono::milliseconds(700));
  CHECK(control_thread_switches() == before);
}

// A daemon with the product's plugins, seen through the control socket and through ekidenctl.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/integration/harness/daemon_process.hpp"
#include "tests/integration/harness/tcp_client.hpp"
#include "tests/integration/harness/wait_until.hpp"

namespace ekiden::integration {
namespace {

using nlohmann::json;

std::set<std::string> names_of(const json& rows) {
  std::set<std::string> names;
  for (const json& row : rows)
    names.insert(row.at("name").get<std::string>());
  return names;
}

bool has_members(const json& object, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (object.contains(name)) continue;
    WARN("no member '" << name << "' in " << object.dump());
    return false;
  }
  return true;
}

json json_of(const Output& output) {
  INFO(output.err);
  REQUIRE(output.exit_code == 0);
  return json::parse(output.out);
}

}  // namespace

TEST_CASE("A daemon with its plugins answers every question about itself") {
  DaemonProcess daemon({"bench", "echo", "hello_c"});
  ControlClient& control = daemon.control();

  const json status = control.call("status");
  CHECK(has_members(status, {"version", "pid", "uptime_ms", "workers", "plugins", "tasks"}));
  CHECK(status.at("pid") == daemon.pid());
  CHECK(status.at("workers") == 2);
  CHECK(status.at("plugins") == 3);

  const json plugins = daemon.list("plugin");
  CHECK(names_of(plugins) == std::set<std::string>{"bench", "echo", "hello_c"});
  for (const json& plugin : plugins) {
    CHECK(has_members(plugin, {"name", "version", "state", "generation", "tasks"}));
    CHECK(plugin.at("state") == "running");
    CHECK(plugin.at("generation") == 1);
  }

  const json workers = daemon.list("worker");
  REQUIRE(workers.size() == 2);
  for (const json& worker : workers) {
    CHECK(has_members(worker,
                      {"id", "state", "polls", "steals", "overflows", "parks", "local_depth"}));
  }

  CHECK(names_of(daemon.list("queue")).count("global") == 1);
  CHECK(has_members(control.call("metrics"), {"workers", "queues", "plugins", "types"}));
  CHECK(control.call("config.show").is_object());
  CHECK(control.call("rpc.discover").at("methods").size() > 10);
}

TEST_CASE("hello_c greets, whatever the name holds") {
  DaemonProcess daemon({"hello_c"});
  ControlClient& control = daemon.control();
  const std::vector<std::string> names = {"Ada",
                                          "",
                                          "\"quoted\" \\ back",
                                          "Zoë 😀",
                                          "a\nb\tc",
                                          std::string(256, 'x'),
                                          "}{\",\"name\":\"Eve"};
  for (const std::string& name : names) {
    INFO("name: " << name);
    const json answer = control.call_plugin("hello_c", "greet", {{"name", name}});
    CHECK(answer == json{{"greeting", "Hello, " + name + "!"}});
  }
}

TEST_CASE("hello_c refuses what it does not understand") {
  DaemonProcess daemon({"hello_c"});
  const std::vector<json> wrong = {json::object(),
                                   json::array(),
                                   json("Ada"),
                                   json(nullptr),
                                   json{{"name", 1}},
                                   json{{"nam", "Ada"}},
                                   json{{"name", "Ada"}, {"more", 1}},
                                   json{{"name", json{{"name", "Ada"}}}},
                                   json{{"name", std::string(257, 'x')}}};
  for (const json& params : wrong) {
    INFO("params: " << params.dump());
    CHECK_THROWS_AS(daemon.control().call_plugin("hello_c", "greet", params), ControlError);
  }
  CHECK_THROWS_WITH(daemon.control().call_plugin("hello_c", "gret", json::object()),
                    Catch::Contains("greet"));
}

TEST_CASE("The task list shows what echo's tasks wait for") {
  DaemonProcess daemon({"echo"});
  TcpClient client(daemon.echo_address());
  client.send_all("hello");
  REQUIRE(client.read_exactly(5) == "hello");

  json acceptor, connection;
  wait_until([&] {
    acceptor = connection = nullptr;
    for (const json& task : daemon.list("task")) {
      if (task.at("type") == "acceptor") acceptor = task;
      if (task.at("type") == "connection") connection = task;
    }
    return acceptor.is_object() && acceptor.at("state") == "waiting" && connection.is_object() &&
           connection.at("state") == "waiting";
  });
  REQUIRE(acceptor.is_object());
  REQUIRE(connection.is_object());
  CHECK(has_members(acceptor, {"id", "plugin", "type", "state", "age_ms", "polls"}));
  CHECK(acceptor.at("plugin") == "echo");
  CHECK(acceptor.at("waits_on").at("kind") == "io");
  CHECK(acceptor.at("waits_on").at("local") == daemon.echo_address());
  CHECK(connection.at("name").get<std::string>().rfind("127.0.0.1:", 0) == 0);

  const json found = daemon.control().call("task.info", {{"id", connection.at("id")}});
  CHECK(found.at("id") == connection.at("id"));
  daemon.control().call("task.cancel", {{"id", connection.at("id")}});
  CHECK(client.at_end());
}

TEST_CASE("Log levels are read and set while it runs") {
  DaemonProcess daemon({"hello_c"});
  ControlClient& control = daemon.control();
  CHECK(control.call("log.get").at("level") == "info");
  control.call("log.set", {{"level", "debug"}});
  CHECK(control.call("log.get").at("level") == "debug");
  control.call("log.set", {{"component", "plugin.hello_c"}, {"level", "trace"}});
  CHECK(control.call("log.get").at("components").at("plugin.hello_c") == "trace");
  CHECK_THROWS_AS(control.call("log.set", {{"level", "loud"}}), ControlError);
}

TEST_CASE("ekidenctl shows tables to people and JSON to scripts") {
  DaemonProcess daemon({"echo", "hello_c"});
  for (const char* command : {"status", "metrics"}) {
    CHECK(json_of(daemon.ctl({"--json", command})).is_object());
    CHECK(daemon.ctl({command}).exit_code == 0);
  }
  for (const char* group : {"plugin", "task", "worker", "queue"}) {
    INFO(group);
    CHECK_FALSE(json_of(daemon.ctl({"--json", group, "list"})).empty());
    const Output table = daemon.ctl({group, "list"});
    CHECK(table.exit_code == 0);
    CHECK_FALSE(table.out.empty());
  }
  CHECK(daemon.ctl({"plugin", "list"}).out.find("hello_c") != std::string::npos);
  CHECK(json_of(daemon.ctl({"--json", "call", "hello_c", "greet", R"({"name":"Ada"})"})) ==
        json{{"greeting", "Hello, Ada!"}});
  CHECK(daemon.ctl({"plugin", "info", "echo"}).exit_code == 0);
  CHECK(daemon.ctl({"log", "get"}).exit_code == 0);
  CHECK(daemon.ctl({"log", "set", "debug"}).exit_code == 0);
  CHECK(daemon.ctl({"config", "show"}).exit_code == 0);
  CHECK(daemon.ctl({"config", "check"}).exit_code == 0);
  CHECK(json_of(daemon.ctl({"--json", "rpc", "status"})).at("pid") == daemon.pid());
}

TEST_CASE("ekidenctl tells by its exit code what went wrong") {
  DaemonProcess daemon({"hello_c", "mischief"}, {{"plugins", {{"unload_ms", 200}}}});
  const std::vector<std::pair<std::vector<std::string>, int>> table = {
      {{"status"}, 0},
      {{"call", "mischief", "error_not_utf8"}, 1},
      {{"call", "hello_c", "greet", "{half"}, 2},
      {{"no-such-command"}, 2},
      {{"plugin", "unload"}, 2},
      {{"rpc", "status", R"({"surplus":1})"}, 2},
      {{"plugin", "load", "nobody"}, 5},
      {{"plugin", "unload", "nobody"}, 5},
      {{"plugin", "info", "nobody"}, 5},
      {{"call", "nobody", "greet"}, 5},
      {{"call", "hello_c", "nothing"}, 5},
      {{"plugin", "load", "hello_c"}, 6},
      {{"--timeout", "1", "call", "mischief", "never"}, 7},
  };
  for (const auto& [arguments, expected] : table) {
    const Output output = daemon.ctl(arguments);
    INFO("arguments: " << json(arguments).dump() << "\nout: " << output.out
                       << "\nerr: " << output.err);
    CHECK(output.exit_code == expected);
    if (expected != 0) CHECK_FALSE(output.err.empty());
  }
  const Output nobody = run_program(
      {ekidenctl_path(), "--socket", (daemon.folder().path() / "none.sock").string(), "status"});
  CHECK(nobody.exit_code == 3);
}

TEST_CASE("ekidenctl finds the socket in its environment's variable") {
  DaemonProcess daemon({"hello_c"});
  const Output output =
      run_program({"/usr/bin/env", "EKIDEN_SOCKET=" + daemon.folder().socket().string(),
                   ekidenctl_path(), "status"});
  INFO(output.err);
  CHECK(output.exit_code == 0);
}

TEST_CASE("A plugin loads, unloads and loads again by name") {
  DaemonProcess daemon({"hello_c"});
  ControlClient& control = daemon.control();
  control.call("plugin.unload", {{"name", "hello_c"}});
  CHECK_THROWS_AS(control.call_plugin("hello_c", "greet", {{"name", "Ada"}}), ControlError);
  CHECK(control.call("plugin.load", {{"name", "hello_c"}}).at("generation") == 2);
  CHECK(control.call_plugin("hello_c", "greet", {{"name", "Ada"}}).at("greeting") == "Hello, Ada!");
}

}  // namespace ekiden::integration

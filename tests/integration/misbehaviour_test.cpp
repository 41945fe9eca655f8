// Plugins that break the rules: the caller gets an error in words, and the daemon lives.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/integration/harness/daemon_process.hpp"

namespace ekiden::integration {
namespace {

using nlohmann::json;

// The error that a command of `mischief` ends with; its message is empty if it ends well.
ControlError error_of(DaemonProcess& daemon, const std::string& method) {
  try {
    daemon.control().call_plugin("mischief", method);
  } catch (const ControlError& error) {
    return error;
  }
  return ControlError(json::object());
}

}  // namespace

TEST_CASE("An exception that leaves a poll ends that task as failed, with its text") {
  DaemonProcess daemon({"mischief"});
  for (int i = 0; i < 20; i++) {
    const json ended = daemon.control().call_plugin("mischief", "throw_in_poll");
    CHECK(ended.at("join") == 0);
    CHECK(ended.at("status") == -11);
    CHECK(ended.at("text").get<std::string>().find("thrown out of a poll") != std::string::npos);
  }
  CHECK(wait_until([&] {
    return daemon.control().call("plugin.info", {{"name", "mischief"}}).at("tasks") == 0;
  }));
}

TEST_CASE("A task that fails says why") {
  DaemonProcess daemon({"mischief"});
  const json ended = daemon.control().call_plugin("mischief", "fail_in_poll");
  CHECK(ended.at("status") == -11);
  CHECK(ended.at("text").get<std::string>().find("failed on purpose") != std::string::npos);
}

TEST_CASE("Wrong answers of a command are errors to its caller") {
  DaemonProcess daemon({"mischief"});
  for (const char* method :
       {"not_json", "not_utf8", "deep_json", "throw_in_command", "odd_code", "error_not_utf8"}) {
    const ControlError error = error_of(daemon, method);
    INFO(method << ": " << error.what());
    CHECK(error.code != 0);
    CHECK(std::string(error.what()).size() > 5);
  }
  CHECK(daemon.control().call("status").at("plugins") == 1);
}

TEST_CASE("A command is answered once: the first answer counts") {
  DaemonProcess daemon({"mischief"});
  CHECK(daemon.control().call_plugin("mischief", "twice") == "first");
  CHECK(daemon.control().call_plugin("mischief", "second_code") == -2);
  CHECK(daemon.control().call_plugin("mischief", "answer_and_fail") == "answered");
}

TEST_CASE("A command that is never answered ends at its deadline, or with its plugin") {
  DaemonProcess daemon({"mischief"});
  const json params = {{"plugin", "mischief"}, {"method", "never"}, {"timeout_ms", 100}};
  try {
    daemon.control().call("plugin.call", params);
    FAIL("there was an answer");
  } catch (const ControlError& error) {
    CHECK(error.kind == "timed_out");
  }
  const auto waiting = daemon.connect();
  waiting->send("plugin.call", {{"plugin", "mischief"}, {"method", "never"}});
  daemon.control().call_plugin("mischief", "counts");  // behind it, on the same lifecycle thread
  daemon.control().call("plugin.unload", {{"name", "mischief"}});
  const json answer = waiting->next_answer();
  INFO(answer.dump());
  CHECK(answer.contains("error"));
}

TEST_CASE("What a plugin logs stays one line, whatever its bytes") {
  DaemonProcess daemon({"mischief"});
  daemon.control().call_plugin("mischief", "log_not_utf8");
  REQUIRE(wait_until([&] { return daemon.log_has("line one"); }));
  const std::string log = daemon.log();
  const std::size_t at = log.find("line one");
  const std::string line = log.substr(at, log.find('\n', at) - at);
  INFO(line);
  CHECK(line.find("two") != std::string::npos);
  CHECK(log.find('\x1b') == std::string::npos);
  CHECK(log.find('\xff') == std::string::npos);
}

}  // namespace ekiden::integration

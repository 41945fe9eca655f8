// Looking at tasks: by the million, while the daemon works, and each kind of waiting.
#include <catch2/catch.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/integration/harness/daemon_process.hpp"
#include "tests/integration/harness/scale.hpp"
#include "tests/integration/harness/tcp_client.hpp"
#include "tests/integration/harness/wait_until.hpp"

namespace ekiden::integration {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kCrowd = scaled(1'000'000, 50'000);
constexpr std::size_t kPaged = scaled(50'000, 10'000);

// A million tasks take their time to end on a machine that does other things as well.
const json kPatient = {{"shutdown", {{"grace_ms", 120'000}}},
                       {"plugins", {{"unload_ms", 120'000}}}};

void park(DaemonProcess& daemon, std::size_t count) {
  constexpr std::size_t kAtOnce = 50'000;
  for (std::size_t done = 0; done < count; done += std::min(kAtOnce, count - done)) {
    daemon.control().call_plugin("mischief", "park", {{"n", std::min(kAtOnce, count - done)}});
  }
}

// How many tasks there are of what the parameters say; a look at all of them.
std::size_t matched(DaemonProcess& daemon, json params) {
  params["sort"] = "polls";
  params["limit"] = 1;
  const json page = daemon.control().call("task.list", params);
  CHECK(page.at("complete") == true);
  return page.at("matched");
}

bool all_wait(DaemonProcess& daemon, std::size_t count) {
  return wait_until([&] {
    return matched(daemon, {{"state", "waiting"}, {"type", "crowd_waiter"}}) == count;
  });
}

json task_of_type(DaemonProcess& daemon, const std::string& type) {
  json found;
  wait_until([&] {
    const json page = daemon.control().call("task.list", {{"type", type}, {"state", "waiting"}});
    if (page.at("tasks").empty()) return false;
    found = page.at("tasks").at(0);
    return true;
  });
  REQUIRE(found.is_object());
  return daemon.control().call("task.info", {{"id", found.at("id")}});
}

}  // namespace

TEST_CASE("Pages hold every task once, while others come and go") {
  DaemonProcess daemon({"mischief"}, kPatient);
  park(daemon, kPaged);
  REQUIRE(all_wait(daemon, kPaged));
  const auto churn = daemon.connect();
  json params = {{"type", "crowd_waiter"}, {"limit", 1000}};
  if (GENERATE(false, true)) params["sort"] = "age";
  std::set<std::string> ids;
  std::size_t rows = 0;
  for (;;) {
    churn->call_plugin("mischief", "crowd", {{"n", 500}});
    const json page = daemon.control().call("task.list", params);
    for (const json& row : page.at("tasks")) {
      ids.insert(row.at("id").get<std::string>());
      rows++;
    }
    if (page.at("next").is_null()) break;
    params["after"] = page.at("next");
  }
  CHECK(rows == kPaged);
  CHECK(ids.size() == kPaged);
}

TEST_CASE("A look at a million tasks holds up nobody else") {
  DaemonProcess daemon({"mischief"}, kPatient);
  park(daemon, kCrowd);
  REQUIRE(all_wait(daemon, kCrowd));
  CHECK(matched(daemon, {{"plugin", "mischief"}}) == kCrowd);
  CHECK(matched(daemon, {{"min_polls", 1}}) == kCrowd);
  CHECK(matched(daemon, {{"min_polls", 2}}) == 0);
  CHECK(matched(daemon, {{"min_age_ms", 3'600'000}}) == 0);
  CHECK(matched(daemon, {{"waits_on", "unknown"}}) == kCrowd);
  CHECK(matched(daemon, {{"waits_on", "io"}}) == 0);
  CHECK(matched(daemon, {{"state", "running"}}) == 0);

  constexpr int kScans = 16;
  const auto other = daemon.connect();
  const Clock::time_point began = Clock::now();
  for (int i = 0; i < kScans; i++)
    other->send("task.list", {{"sort", "age"}, {"limit", 1}});
  daemon.control().call("status");
  const auto status_took = Clock::now() - began;
  for (int i = 0; i < kScans; i++)
    CHECK(other->next_answer().at("result").at("matched") == kCrowd);
  const auto scans_took = Clock::now() - began;
  // Were it answered behind the scans, it would take as long as they do.
  CHECK(status_took < scans_took / 2);

  const Output some = daemon.ctl({"--timeout", "0.001", "--json", "task", "dump"});
  INFO(some.err);
  REQUIRE(some.exit_code == 0);
  const json dumped = json::parse(some.out);
  CHECK(dumped.at("complete") == false);
  CHECK(dumped.at("tasks").size() == dumped.at("rows"));
  CHECK(dumped.at("tasks").size() < kCrowd);
}

TEST_CASE("A dump waits for no stuck worker, and shows what it does") {
  // Nobody runs the others meanwhile, however long the dump takes.
  const json one_worker = {{"workers", 1}, {"stall", {{"replace_max", 0}}}};
  DaemonProcess daemon({"hello_c", "mischief"}, {{"runtime", one_worker}});
  daemon.control().call_plugin("mischief", "sleep", {{"ms", 5000}});
  REQUIRE(wait_until([&] { return daemon.list("worker").at(0).at("current").is_object(); }));
  daemon.control().call_plugin("mischief", "park", {{"n", 2500}});
  const Output output = daemon.ctl({"--json", "--timeout", "20", "task", "dump"});
  INFO(output.err);
  REQUIRE(output.exit_code == 0);
  const json dumped = json::parse(output.out);
  CHECK(dumped.at("complete") == true);
  CHECK(dumped.at("tasks").size() == 2501);
  const json current = dumped.at("workers").at(0).at("current");
  CHECK(current.at("type") == "sleeper");
  CHECK(current.at("for_ms").is_number_unsigned());
  std::set<std::string> states;
  for (const json& task : dumped.at("tasks"))
    states.insert(task.at("state").get<std::string>());
  CHECK(states == std::set<std::string>{"queued", "running"});
}

TEST_CASE("A task says what it waits for, whatever that is") {
  DaemonProcess daemon({"mischief"});
  daemon.control().call_plugin("mischief", "wait_each");
  const json timer = task_of_type(daemon, "on_timer");
  CHECK(timer.at("waits_on").at("kind") == "timer");
  CHECK(timer.at("waits_on").at("deadline_in_ms") > 3'000'000);
  CHECK(timer.at("waiting_ms").is_number_unsigned());
  CHECK(timer.at("spawned_by") == json{{"kind", "lifecycle"}});
  const json join = task_of_type(daemon, "on_join");
  CHECK(join.at("waits_on").at("kind") == "join");
  CHECK(join.at("waits_on").at("type") == "crowd_waiter");
  const json job = task_of_type(daemon, "on_job");
  CHECK(job.at("waits_on").at("kind") == "job");
  CHECK(wait_until([&] {
    return task_of_type(daemon, "on_job").at("waits_on").value("state", "") == "running";
  }));
  const json parent = task_of_type(daemon, "on_children");
  CHECK(parent.at("waits_on") == json{{"kind", "children"}, {"count", 2}});
  CHECK(parent.at("children") == 2);
  for (const char* kind : {"timer", "join", "job", "children"}) {
    INFO(kind);
    CHECK(matched(daemon, {{"waits_on", kind}}) == 1);
  }

  const json page = daemon.control().call("task.list", {{"type", "crowd_waiter"}});
  json child;
  for (const json& row : page.at("tasks")) {
    if (row.at("spawned_by").at("kind") == "task") child = row;
  }
  REQUIRE(child.is_object());
  CHECK(child.at("spawned_by").at("id") == parent.at("id"));
  CHECK(child.at("spawned_by").at("type") == "on_children");
  daemon.control().call_plugin("mischief", "release");
}

TEST_CASE(
    "A connection's task says which descriptor, which direction and who is at the other end") {
  DaemonProcess daemon({"echo"});
  TcpClient client(daemon.echo_address());
  client.send_all("hello");
  REQUIRE(client.read_exactly(5) == "hello");
  const json task = task_of_type(daemon, "connection");
  CHECK(task.at("waits_on").at("kind") == "io");
  CHECK(task.at("waits_on").at("direction") == "read");
  CHECK(task.at("waits_on").at("fd").is_number_unsigned());
  CHECK(task.at("waits_on").at("local") == daemon.echo_address());
  // echo names the task after its peer.
  CHECK(task.at("waits_on").at("peer") == task.at("name"));
  CHECK(task.at("spawned_by").at("type") == "acceptor");
  const Output shown = daemon.ctl({"task", "info", task.at("id").get<std::string>()});
  INFO(shown.out);
  CHECK(shown.out.find("from " + task.at("name").get<std::string>()) != std::string::npos);
  CHECK(shown.out.find("(acceptor)") != std::string::npos);
}

}  // namespace ekiden::integration

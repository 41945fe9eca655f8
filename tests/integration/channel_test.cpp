// Messages between two plugins, of which now one and now the other is unloaded.
#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/integration/harness/daemon_process.hpp"

namespace ekiden::integration {
namespace {

using nlohmann::json;

// The row of the channel, or null.
json channel(DaemonProcess& daemon) {
  const json queues = daemon.control().call("queue.list");
  for (const json& row : queues.at("channels")) {
    if (row.at("name") == "numbers") return row;
  }
  return nullptr;
}

bool wait_for_member(DaemonProcess& daemon, const char* member, const json& value) {
  return wait_until([&] {
    const json row = channel(daemon);
    return row.is_object() && row.at(member) == value;
  });
}

void feed(DaemonProcess& daemon, int first, int count) {
  daemon.control().call_plugin("feeder", "feed", {{"first", first}, {"count", count}});
}

json eat(DaemonProcess& daemon, int count) {
  return daemon.control().call_plugin("eater", "eat", {{"count", count}});
}

void unload(DaemonProcess& daemon, const char* plugin) {
  daemon.control().call("plugin.unload", {{"name", plugin}});
}

void load(DaemonProcess& daemon, const char* plugin) {
  daemon.control().call("plugin.load", {{"name", plugin}});
}

json with_workers(int workers) { return {{"runtime", {{"workers", workers}}}}; }

}  // namespace

TEST_CASE("Messages of a plugin that was unloaded reach the one that stayed") {
  const int workers = GENERATE(1, 2, 4);
  DaemonProcess daemon({"feeder", "eater"}, with_workers(workers));
  feed(daemon, 1, 6);
  REQUIRE(wait_for_member(daemon, "senders_waiting", 1));  // the fifth found no room
  CHECK(channel(daemon).at("depth") == 4);
  unload(daemon, "feeder");
  json row = channel(daemon);
  INFO(row.dump());
  CHECK(row.at("depth") == 4);
  CHECK(row.at("senders") == 0);
  CHECK(row.at("closed") == false);
  CHECK(eat(daemon, 4) == json{{"sum", 1 + 2 + 3 + 4}, {"count", 4}});
  CHECK(wait_until([&] { return channel(daemon).is_null(); }));  // no end, no message
}

TEST_CASE("A plugin that waits for messages gets those of the sender's next generation") {
  const int workers = GENERATE(1, 2, 4);
  DaemonProcess daemon({"feeder", "eater"}, with_workers(workers));
  const auto client = daemon.connect();
  client->send("plugin.call", {{"plugin", "eater"}, {"method", "eat"}, {"params", {{"count", 3}}}});
  REQUIRE(wait_for_member(daemon, "receivers_waiting", 1));
  feed(daemon, 10, 1);
  REQUIRE(wait_for_member(daemon, "received", 1));
  daemon.control().call("plugin.reload", {{"name", "feeder"}});
  REQUIRE(wait_for_member(daemon, "receivers_waiting", 1));
  feed(daemon, 20, 2);
  CHECK(client->next_answer().at("result") == json{{"sum", 10 + 20 + 21}, {"count", 3}});
}

TEST_CASE("Messages wait for a plugin that is loaded again, whoever is there meanwhile") {
  const int workers = GENERATE(1, 2, 4);
  const bool sender_goes = GENERATE(false, true);
  DaemonProcess daemon({"feeder", "eater"}, with_workers(workers));
  feed(daemon, 1, 2);
  CHECK(eat(daemon, 1).at("sum") == 1);
  unload(daemon, "eater");
  feed(daemon, 3, 3);
  REQUIRE(wait_for_member(daemon, "depth", 4));
  if (sender_goes) unload(daemon, "feeder");
  load(daemon, "eater");
  CHECK(channel(daemon).at("depth") == 4);
  CHECK(eat(daemon, 4) == json{{"sum", 2 + 3 + 4 + 5}, {"count", 4}});
}

TEST_CASE("A channel that is closed is read to its end") {
  DaemonProcess daemon({"feeder", "eater"});
  feed(daemon, 1, 6);
  REQUIRE(wait_for_member(daemon, "senders_waiting", 1));
  daemon.control().call_plugin("eater", "close");
  CHECK(wait_for_member(daemon, "senders", 0));  // the task that waited has failed
  CHECK_THROWS_AS(feed(daemon, 7, 1), ControlError);
  CHECK(eat(daemon, 10) == json{{"sum", 10}, {"count", 4}});
  CHECK(wait_until([&] { return channel(daemon).is_null(); }));
  feed(daemon, 8, 1);  // a new one
  CHECK(eat(daemon, 1).at("sum") == 8);
}

TEST_CASE("Operators see channels, who waits at them, and what a plugin left of them") {
  DaemonProcess daemon({"feeder", "eater"});
  feed(daemon, 1, 6);
  REQUIRE(wait_for_member(daemon, "senders_waiting", 1));
  const json tasks = daemon.control().call("task.list", {{"waits_on", "channel"}}).at("tasks");
  REQUIRE(tasks.size() == 1);
  CHECK(tasks[0].at("type") == "feeding");
  CHECK(tasks[0].at("waits_on").at("channel") == "numbers");
  CHECK(tasks[0].at("waits_on").at("direction") == "send");
  CHECK(daemon.ctl({"task", "list"}).out.find("channel numbers (send)") != std::string::npos);
  CHECK(daemon.ctl({"queue", "list"}).out.find("numbers") != std::string::npos);
  CHECK(daemon.ctl({"metrics", "--format", "prometheus"})
            .out.find("ekiden_channel_depth{channel=\"numbers\"} 4\n") != std::string::npos);

  daemon.control().call_plugin("feeder", "hoard");
  const json unloaded = daemon.control().call("plugin.unload", {{"name", "feeder"}});
  const json& leaked = unloaded.at("leaked");
  INFO(unloaded.dump());
  const auto has = [&](const char* kind) {
    const json row = {{"kind", kind}, {"count", 1}, {"made_by", nullptr}};
    return std::find(leaked.begin(), leaked.end(), row) != leaked.end();
  };
  CHECK(has("sender"));
  CHECK(has("buffer"));
  CHECK(leaked.size() == 2);
}

}  // namespace ekiden::integration

// What a plugin owns, by kind, by task type and by who made it: while it runs, when its unload
// misses its deadline, and when it is gone.
#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/integration/harness/daemon_process.hpp"

namespace ekiden::integration {
namespace {

using nlohmann::json;

json info_of(DaemonProcess& daemon, const std::string& plugin) {
  return daemon.control().call("plugin.info", {{"name", plugin}});
}

bool has_row(const json& rows, const json& row) {
  return std::find(rows.begin(), rows.end(), row) != rows.end();
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("plugin info lists what there is by task type and by who made it") {
  const unsigned workers = GENERATE(1u, 2u, 4u);
  DaemonProcess daemon({"mischief"}, {{"runtime", {{"workers", workers}}}});
  daemon.control().call_plugin("mischief", "leak", {{"n", 3}});
  daemon.control().call_plugin("mischief", "leak_in_task", {{"n", 2}});
  daemon.control().call_plugin("mischief", "job", {{"ms", 3000}});
  REQUIRE(wait_until([&] {
    return has_row(info_of(daemon, "mischief").at("task_types"),
                   {{"type", "parked"}, {"count", 15}});
  }));
  const json info = info_of(daemon, "mischief");
  INFO(info.dump());
  CHECK(has_row(info.at("made"), {{"kind", "timer"}, {"count", 3}, {"made_by", nullptr}}));
  CHECK(has_row(info.at("made"), {{"kind", "timer"}, {"count", 2}, {"made_by", "leaker"}}));
  CHECK(has_row(info.at("made"), {{"kind", "descriptor"}, {"count", 3}, {"made_by", nullptr}}));
  CHECK(has_row(info.at("made"), {{"kind", "descriptor"}, {"count", 2}, {"made_by", "leaker"}}));
  CHECK(has_row(info.at("made"), {{"kind", "job"}, {"count", 1}, {"made_by", nullptr}}));
  CHECK(info.at("calls") == 0);

  const Output shown = daemon.ctl({"plugin", "info", "mischief"});
  CHECK(contains(shown.out, "15 of type parked"));
  CHECK(contains(shown.out, "2 timers made by task type leaker"));
}

TEST_CASE("An unload says what was left and who made it") {
  DaemonProcess daemon({"mischief"}, {{"plugins", {{"unload_ms", 5000}}}});
  daemon.control().call_plugin("mischief", "leak_in_task", {{"n", 2}});
  daemon.control().call_plugin("mischief", "leak", {{"n", 1}});
  const json unloaded = daemon.control().call("plugin.unload", {{"name", "mischief"}});
  const json& leaked = unloaded.at("leaked");
  INFO(unloaded.dump());
  CHECK(has_row(leaked, {{"kind", "timer"}, {"count", 2}, {"made_by", "leaker"}}));
  CHECK(has_row(leaked, {{"kind", "timer"}, {"count", 1}, {"made_by", nullptr}}));
  CHECK(has_row(leaked, {{"kind", "descriptor"}, {"count", 2}, {"made_by", "leaker"}}));
  CHECK(wait_until([&] { return daemon.log_has("2 timers made by task type leaker"); }));
}

TEST_CASE("An unload that misses its deadline counts what is left, and delays nobody else") {
  DaemonProcess daemon({"mischief", "hello_c"}, {{"plugins", {{"unload_ms", 300}}}});
  daemon.control().call_plugin("mischief", "leak_in_task", {{"n", 2}, {"ms", 4000}});
  const Output stuck = daemon.ctl({"plugin", "unload", "mischief"});
  INFO(stuck.err);
  CHECK(stuck.exit_code == 7);
  CHECK(contains(stuck.err, "(task type leaker) has not returned for"));
  CHECK(contains(stuck.err, "1 task of type leaker"));
  CHECK(contains(stuck.err, "2 timers made by task type leaker"));
  CHECK(info_of(daemon, "mischief").at("state") == "draining");
  // The other one is unloaded while this one is still stuck.
  CHECK(daemon.ctl({"plugin", "unload", "hello_c"}).exit_code == 0);
  CHECK(info_of(daemon, "mischief").at("state") == "draining");
  CHECK(wait_until([&] { return daemon.ctl({"plugin", "unload", "mischief"}).exit_code == 0; }));
}

}  // namespace ekiden::integration

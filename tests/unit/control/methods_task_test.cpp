// task.list, task.dump and task.info over a runtime that is data.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "daemon/control/limits.hpp"
#include "daemon/control/methods.hpp"
#include "tests/unit/control/support/collecting_sink.hpp"
#include "tests/unit/control/support/fake_backends.hpp"

using namespace ekiden;
using namespace ekiden::daemon;
using namespace ekiden::daemon::control;
using namespace ekiden::daemon::control::test;
using nlohmann::json;
using runtime::Handle;
using runtime::HandleKind;
using runtime::WaitKind;

namespace {

json result(const MethodTable& table, const std::string& method,
            const json& params = json::object()) {
  const json answer = ask(table, method, params);
  CAPTURE(answer.dump());
  REQUIRE(answer.contains("result"));
  return answer["result"];
}

std::string error_kind(const MethodTable& table, const std::string& method, const json& params) {
  const json answer = ask(table, method, params);
  return answer.contains("error") ? answer["error"]["data"]["kind"].get<std::string>() : "none";
}

// Tasks of which each differs from its neighbours in what lists sort and filter by.
void fill(FakeDaemon& daemon, std::uint32_t count) {
  daemon.runtime.tasks_.clear();
  for (std::uint32_t i = 0; i < count; i++) {
    runtime::TaskInfo task;
    task.id = Handle(HandleKind::kTask, i, 1);
    task.owner = 1;
    task.type = i % 2 == 0 ? "even" : "odd";
    task.state = i % 3 == 0 ? runtime::TaskState::kRunning : runtime::TaskState::kWaiting;
    task.wait_kind = i % 3 == 1 ? WaitKind::kTimer : WaitKind::kUnknown;
    task.age_ns = ((i * 7) % 50) * 100 * runtime::kNanosPerMilli;
    task.polls = (i * 11) % 40;
    daemon.runtime.tasks_.push_back(task);
  }
}

// All rows of all pages.
std::vector<json> all_rows(const MethodTable& table, json params) {
  std::vector<json> rows;
  for (;;) {
    const json page = result(table, "task.list", params);
    CHECK(page["complete"] == true);
    for (const json& row : page["tasks"])
      rows.push_back(row);
    if (page["next"].is_null()) return rows;
    params["after"] = page["next"];
  }
}

}  // namespace

TEST_CASE("tasks: rows, cursor, filter") {
  FakeDaemon daemon;
  const auto table = make_method_table(daemon.backends());
  const json all = result(*table, "task.list");
  REQUIRE(all["tasks"].size() == 2);
  CHECK(all["next"] == nullptr);
  CHECK(all["matched"] == 2);
  CHECK(all["looked_at"] == 2);
  for (const char* name :
       {"id", "plugin", "type", "state", "age_ms", "polls", "name", "last_worker", "waits_on",
        "cancelled", "parent", "waiting_ms", "spawned_by", "children"}) {
    INFO(name);
    CHECK(all["tasks"][0].contains(name));
  }
  CHECK(all["tasks"][0]["id"] == "0x300000001");
  CHECK(all["tasks"][0]["plugin"] == "echo");
  CHECK(all["tasks"][0]["state"] == "waiting");
  CHECK(all["tasks"][0]["waiting_ms"] == 40);
  CHECK(all["tasks"][0]["waits_on"]["kind"] == "io");
  CHECK(all["tasks"][0]["waits_on"]["fd"] == 12);
  CHECK(all["tasks"][0]["waits_on"]["direction"] == "read");
  CHECK(all["tasks"][0]["waits_on"]["peer"] == "127.0.0.5:4242");
  CHECK(all["tasks"][1]["waits_on"]["deadline_in_ms"] == 250);

  const json first = result(*table, "task.list", {{"limit", 1}});
  REQUIRE(first["tasks"].size() == 1);
  const json second = result(*table, "task.list", {{"limit", 1}, {"after", first["next"]}});
  REQUIRE(second["tasks"].size() == 1);
  CHECK(second["tasks"][0]["id"] == "0x400000001");
  CHECK(second["next"] == nullptr);

  CHECK(result(*table, "task.list", {{"plugin", "echo"}})["tasks"].size() == 2);
  CHECK(result(*table, "task.list", {{"plugin", "broken"}})["tasks"].empty());
  CHECK(error_kind(*table, "task.list", {{"plugin", "none"}}) == "not_found");
  CHECK(error_kind(*table, "task.list", {{"limit", kTaskListMax + 1}}) == "invalid_params");
}

TEST_CASE("every filter leaves out what it does not name") {
  FakeDaemon daemon;
  fill(daemon, 120);
  const auto table = make_method_table(daemon.backends());
  const std::vector<std::pair<json, std::size_t>> rows = {
      {{{"type", "odd"}}, 60},
      {{{"type", "none"}}, 0},
      {{{"state", "running"}}, 40},
      {{{"state", "queued"}}, 0},
      {{{"waits_on", "timer"}}, 40},
      {{{"waits_on", "unknown"}}, 40},  // those that wait, and nobody knows for what
      {{{"waits_on", "io"}}, 0},
      {{{"min_polls", 20}}, 60},
      {{{"min_age_ms", 2500}}, 60},
      {{{"type", "odd"}, {"state", "waiting"}, {"waits_on", "timer"}, {"min_polls", 1}}, 20},
  };
  for (const auto& [params, expected] : rows) {
    INFO(params.dump());
    json query = params;
    query["limit"] = kTaskListMax;
    const json page = result(*table, "task.list", query);
    CHECK(page["looked_at"] == 120);
    if (params.contains("min_polls") || params.contains("min_age_ms")) {
      CHECK(page["tasks"].size() > 0);
      CHECK(page["tasks"].size() < 120);
      for (const json& row : page["tasks"]) {
        CHECK(row["polls"] >= params.value("min_polls", 0));
        CHECK(row["age_ms"] >= params.value("min_age_ms", 0));
      }
    } else {
      CHECK(page["tasks"].size() == expected);
    }
    CHECK(page["matched"] == page["tasks"].size());
  }
}

TEST_CASE("pages of a sorted list hold every task once, in order") {
  FakeDaemon daemon;
  fill(daemon, 100);
  const auto table = make_method_table(daemon.backends());
  const std::string sort = GENERATE("age", "polls");
  const std::string order = GENERATE("ascending", "descending");
  const int limit = GENERATE(1, 7, 100, 1000);
  CAPTURE(sort, order, limit);
  const auto rows = all_rows(*table, {{"sort", sort}, {"order", order}, {"limit", limit}});
  std::set<std::string> ids;
  for (std::size_t i = 0; i < rows.size(); i++) {
    ids.insert(rows[i]["id"].get<std::string>());
    if (i == 0) continue;
    const auto& before = rows[i - 1][sort == "age" ? "age_ms" : "polls"];
    const auto& here = rows[i][sort == "age" ? "age_ms" : "polls"];
    CHECK((order == "ascending" ? before <= here : before >= here));
  }
  CHECK(rows.size() == 100);
  CHECK(ids.size() == 100);
}

TEST_CASE("ids ascend and ages descend where nothing else is said") {
  FakeDaemon daemon;
  fill(daemon, 60);
  const auto table = make_method_table(daemon.backends());
  CHECK(all_rows(*table, {{"limit", 9}}).front()["id"] == "0x1");
  CHECK(all_rows(*table, {{"sort", "id"}, {"order", "descending"}, {"limit", 9}}).size() == 60);
  CHECK(result(*table, "task.list",
               {{"sort", "id"}, {"order", "descending"}, {"limit", 1}})["tasks"][0]["id"] ==
        "0x3b00000001");
  CHECK(result(*table, "task.list", {{"sort", "polls"}, {"limit", 1}})["tasks"][0]["polls"] == 39);
}

TEST_CASE("a cursor belongs to its way of sorting") {
  FakeDaemon daemon;
  fill(daemon, 10);
  const auto table = make_method_table(daemon.backends());
  const json by_age = result(*table, "task.list", {{"sort", "age"}, {"limit", 2}});
  const std::string next = by_age["next"];
  CHECK(error_kind(*table, "task.list", {{"after", next}}) == "invalid_params");
  CHECK(error_kind(*table, "task.list", {{"after", next}, {"sort", "polls"}}) == "invalid_params");
  CHECK(error_kind(*table, "task.list", {{"after", next}, {"sort", "age"}}) == "none");
  for (const char* bad :
       {"", "age", "age:", "age:1", "age:x:0x1", "age:1:7", "age:1:0x1 ", "0x1"}) {
    INFO(bad);
    CHECK(error_kind(*table, "task.list", {{"after", bad}, {"sort", "age"}}) == "invalid_params");
  }
}

TEST_CASE("a long list is made in parts, each of which lets others in") {
  FakeDaemon daemon;
  constexpr std::uint32_t kTasks = 3 * kTaskSlotsPerStep + 5;
  fill(daemon, kTasks);
  const auto table = make_method_table(daemon.backends());
  auto sink = std::make_shared<CollectingSink>();
  const Request request{true, "1", "task.list"};
  table->call(request, {{"sort", "polls"}, {"limit", 1000}}, Responder(sink, 1, request));
  REQUIRE(sink->lines().size() == 1);
  const json page = json::parse(sink->lines()[0])["result"];
  CHECK(page["looked_at"] == kTasks);
  CHECK(page["matched"] == kTasks);
  CHECK(page["tasks"].size() == 1000);
  // Four of slots and eight of rows, the first of which is the request itself.
  CHECK(sink->parts() == 11);
}

TEST_CASE("a task says who spawned it and what it waits for") {
  FakeDaemon daemon;
  auto& tasks = daemon.runtime.tasks_;
  tasks[1].parent = tasks[0].id;
  tasks[1].origin = runtime::SpawnOrigin::kTask;
  tasks[0].origin = runtime::SpawnOrigin::kLifecycle;
  const auto table = make_method_table(daemon.backends());
  const auto info = [&](std::size_t i) {
    return result(*table, "task.info", {{"id", i == 0 ? "0x300000001" : "0x400000001"}});
  };
  CHECK(info(0)["spawned_by"] == json{{"kind", "lifecycle"}});
  CHECK(info(1)["spawned_by"] ==
        json{{"kind", "task"}, {"id", "0x300000001"}, {"type", "connection"}});
  tasks[1].parent = Handle(HandleKind::kTask, 9, 9);  // gone
  CHECK(info(1)["spawned_by"]["type"] == nullptr);

  tasks[0].wait_kind = WaitKind::kJoin;
  tasks[0].waits_on = tasks[1].id;
  CHECK(info(0)["waits_on"] == json{{"kind", "join"}, {"id", "0x400000001"}, {"type", "helper"}});
  tasks[0].wait_kind = WaitKind::kJob;
  tasks[0].waits_on = Handle(HandleKind::kJob, 1, 1);
  CHECK(info(0)["waits_on"]["state"] == "running");
  tasks[0].wait_kind = WaitKind::kChannel;
  tasks[0].waits_on = Handle(HandleKind::kSender, 1, 1);
  CHECK(info(0)["waits_on"] == json{{"kind", "channel"},
                                    {"id", "0xc000000100000001"},
                                    {"direction", "send"},
                                    {"channel", "echo.out"}});
  tasks[0].wait_kind = WaitKind::kChildren;
  tasks[0].waits_on.reset();
  tasks[0].children = 3;
  CHECK(info(0)["waits_on"] == json{{"kind", "children"}, {"count", 3}});
  tasks[0].wait_kind = WaitKind::kUnknown;
  CHECK(info(0)["waits_on"] == nullptr);
  CHECK(info(0)["waiting_ms"] == 40);
  tasks[0].state = runtime::TaskState::kQueued;
  CHECK(info(0)["waiting_ms"] == nullptr);
}

TEST_CASE("a dump has the workers on its first page") {
  FakeDaemon daemon;
  fill(daemon, 25);
  const auto table = make_method_table(daemon.backends());
  const json first = result(*table, "task.dump", {{"limit", 20}});
  CHECK(first["tasks"].size() == 20);
  CHECK(first["workers"].size() == 1);
  const json second = result(*table, "task.dump", {{"limit", 20}, {"after", first["next"]}});
  CHECK(second["tasks"].size() == 5);
  CHECK(second["next"] == nullptr);
  CHECK_FALSE(second.contains("workers"));
  CHECK(error_kind(*table, "task.dump", {{"sort", "age"}}) == "invalid_params");
}

#include "daemon/control/methods.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "daemon/control/limits.hpp"
#include "daemon/logging/log.hpp"
#include "tests/unit/control/support/collecting_sink.hpp"
#include "tests/unit/control/support/fake_backends.hpp"

using namespace ekiden;
using namespace ekiden::daemon;
using namespace ekiden::daemon::control;
using namespace ekiden::daemon::control::test;
using nlohmann::json;

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

void check_members(const json& row, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    INFO(name);
    CHECK(row.contains(name));
  }
}

// Restores the process's log level.
struct LogLevels {
  ~LogLevels() {
    log::set_level(log::Level::kInfo);
    log::clear_level("plugin.echo");
  }
};

}  // namespace

TEST_CASE("status says what the contract promises") {
  FakeDaemon daemon;
  const auto table = make_method_table(daemon.backends());
  const json status = result(*table, "status");
  CHECK(status["version"] == "0.1.0");
  CHECK(status["pid"] == ::getpid());
  CHECK(status["uptime_ms"].is_number_unsigned());
  CHECK(status["workers"] == 1);
  CHECK(status["plugins"] == 1);  // `broken` does not run
  CHECK(status["tasks"] == 2);
  CHECK(status["state"] == "ready");
  daemon.state.set_phase(Phase::kDraining);
  CHECK(result(*table, "status")["state"] == "draining");
}

TEST_CASE("shutdown asks main, and answers") {
  FakeDaemon daemon;
  const auto table = make_method_table(daemon.backends());
  CHECK(result(*table, "shutdown")["state"] == "draining");
  CHECK(daemon.shutdowns.load() == 1);
}

TEST_CASE("plugin rows have the promised members, and bytes that are not UTF-8 are escaped") {
  FakeDaemon daemon;
  const auto table = make_method_table(daemon.backends());
  const json rows = result(*table, "plugin.list")["plugins"];
  REQUIRE(rows.size() == 2);
  for (const json& row : rows) {
    check_members(row, {"name", "version", "state", "generation", "tasks", "error"});
  }
  CHECK(rows[0]["error"] == "it is \x1b[31mred\\xff");
  CHECK(rows[1]["generation"] == 3);

  const json info = result(*table, "plugin.info", {{"name", "echo"}});
  check_members(info, {"sha256", "path", "abi", "age_ms", "memory_bytes", "task_limit"});
  CHECK(info["config_schema"]["type"] == "object");
  CHECK(error_kind(*table, "plugin.info", {{"name", "none"}}) == "not_found");
}

TEST_CASE("a schema that is not JSON is shown as text") {
  FakeDaemon daemon;
  daemon.plugins.rows_[1].config_schema = "{not json";
  const auto table = make_method_table(daemon.backends());
  CHECK(result(*table, "plugin.info", {{"name", "echo"}})["config_schema"] == "{not json");
}

TEST_CASE("what the plugins answer becomes the answer") {
  struct Row {
    PluginResult given;
    std::string kind;
  };
  const std::vector<Row> rows = {
      {{Outcome::kOk, "", R"({"name":"echo"})"}, "none"},
      {{Outcome::kOk, "", ""}, "none"},
      {{Outcome::kOk, "", "no json"}, "failed"},
      {{Outcome::kFailed, "why", ""}, "failed"},
      {{Outcome::kDenied, "why", ""}, "denied"},
      {{Outcome::kNotFound, "why", ""}, "not_found"},
      {{Outcome::kConflict, "why", ""}, "conflict"},
      {{Outcome::kTimedOut, "why", ""}, "timed_out"},
  };
  FakeDaemon daemon;
  const auto table = make_method_table(daemon.backends());
  for (const Row& row : rows) {
    daemon.plugins.answers_["echo"] = row.given;
    CHECK(error_kind(*table, "plugin.load", {{"name", "echo"}}) == row.kind);
    CHECK(error_kind(*table, "plugin.unload", {{"name", "echo"}}) == row.kind);
    CHECK(error_kind(*table, "plugin.call", {{"plugin", "echo"}, {"method", "m"}}) == row.kind);
  }
}

TEST_CASE("a call hands its parameters on as they are") {
  FakeDaemon daemon;
  daemon.plugins.answers_["echo"] = {Outcome::kOk, "", "[1, 2]"};
  const auto table = make_method_table(daemon.backends());
  CHECK(result(*table, "plugin.call", {{"plugin", "echo"}, {"method", "stats"}}) == json({1, 2}));
  const json params = {
      {"plugin", "echo"}, {"method", "run"}, {"params", {{"n", 1}}}, {"timeout_ms", 5}};
  CHECK(result(*table, "plugin.call", params) == json({1, 2}));
  CHECK(daemon.plugins.log_ ==
        std::vector<std::string>{"call echo stats  30000", R"(call echo run {"n":1} 5)"});
}

TEST_CASE("a task's id names a task or is refused") {
  FakeDaemon daemon;
  const auto table = make_method_table(daemon.backends());
  for (const char* bad : {"", "0x", "7", "0xg", "0x300000001 ", "-0x3", "0x0", "0x8000000200000001",
                          "0x300000000", "0x11111111111111111"}) {
    INFO(bad);
    CHECK(error_kind(*table, "task.info", {{"id", bad}}) == "invalid_params");
    CHECK(error_kind(*table, "task.cancel", {{"id", bad}}) == "invalid_params");
  }
  CHECK(error_kind(*table, "task.info", {{"id", "0x500000001"}}) == "not_found");
  CHECK(error_kind(*table, "task.cancel", {{"id", "0x500000001"}}) == "not_found");
  CHECK(result(*table, "task.info", {{"id", "0x300000001"}})["polls"] == 7);
  CHECK(result(*table, "task.cancel", {{"id", "0x300000001"}})["cancelled"] == true);
  CHECK(daemon.runtime.cancelled_.size() == 1);
}

TEST_CASE("workers and queues have the promised members") {
  FakeDaemon daemon;
  daemon.runtime.workers_[0].current_task = daemon.runtime.tasks_[0].id;
  daemon.runtime.workers_[0].current_owner = 1;
  daemon.runtime.workers_[0].current_type = "connection";
  const auto table = make_method_table(daemon.backends());
  const json workers = result(*table, "worker.list")["workers"];
  REQUIRE(workers.size() == 1);
  check_members(workers[0],
                {"id", "state", "polls", "steals", "overflows", "parks", "local_depth", "busy_ms",
                 "lifo_hits", "high_water", "stalls", "longest_stall_ms", "stuck_ms", "replaces"});
  CHECK(workers[0]["current"]["plugin"] == "echo");
  CHECK(workers[0]["current"]["task"] == "0x300000001");

  const json queues = result(*table, "queue.list")["queues"];
  REQUIRE(queues.size() == 3);
  CHECK(queues[0]["name"] == "global");
  CHECK(queues[1]["name"] == "local.0");
  CHECK(queues[2]["name"] == "blocking");
  for (const json& queue : queues) {
    check_members(queue, {"name", "depth", "capacity", "high_water", "overflows", "refusals"});
  }
}

TEST_CASE("channels are listed with the queues, and counted with the metrics") {
  FakeDaemon daemon;
  const auto table = make_method_table(daemon.backends());
  const json channels = result(*table, "queue.list")["channels"];
  REQUIRE(channels.size() == 1);
  check_members(channels[0], {"name", "closed", "depth", "capacity", "bytes", "high_water",
                              "senders", "receivers", "senders_waiting", "receivers_waiting",
                              "sent", "received", "send_waits"});
  CHECK(channels[0]["name"] == "echo.out");
  CHECK(channels[0]["depth"] == 3);
  CHECK(result(*table, "metrics")["channels"] == channels);
  const json text = result(*table, "metrics", {{"format", "prometheus"}})["text"];
  CHECK(text.get<std::string>().find("ekiden_channel_depth{channel=\"echo.out\"} 3\n") !=
        std::string::npos);
}

TEST_CASE("a stuck worker and its replacement are listed; one that has left only counts") {
  FakeDaemon daemon;
  daemon.runtime.workers_.resize(3, daemon.runtime.workers_[0]);
  runtime::WorkerInfo& stuck = daemon.runtime.workers_[0];
  runtime::WorkerInfo& stands_in = daemon.runtime.workers_[1];
  runtime::WorkerInfo& has_left = daemon.runtime.workers_[2];
  stuck.state = "stuck";
  stuck.stuck_ns = 1500 * runtime::kNanosPerMilli;
  stuck.stalls = 4;
  stuck.longest_stall_ns = 2000 * runtime::kNanosPerMilli;
  stands_in.id = 1;
  stands_in.replaces = 0;
  stands_in.replacements = 2;
  has_left.id = 2;
  has_left.state = "left";
  has_left.replacements = 1;
  const auto table = make_method_table(daemon.backends());
  const json workers = result(*table, "worker.list")["workers"];
  REQUIRE(workers.size() == 2);
  CHECK(workers[0]["state"] == "stuck");
  CHECK(workers[0]["stuck_ms"] == 1500);
  CHECK(workers[0]["longest_stall_ms"] == 2000);
  CHECK(workers[0]["stalls"] == 4);
  CHECK(workers[0]["replaces"].is_null());
  CHECK(workers[1]["replaces"] == 0);
  CHECK(workers[1]["stuck_ms"].is_null());
  const json metrics = result(*table, "metrics");
  CHECK(metrics["workers"].size() == 3);
  CHECK(metrics["replacements"] == json{{"started", 3}, {"active", 1}});
}

TEST_CASE("metrics add task types up to their plugin") {
  FakeDaemon daemon;
  daemon.runtime.types_[0].stalls = 2;
  daemon.runtime.types_[0].longest_stall_ns = 7;
  daemon.runtime.types_.push_back(daemon.runtime.types_[0]);
  daemon.runtime.types_[1].longest_stall_ns = 5;
  const auto table = make_method_table(daemon.backends());
  const json metrics = result(*table, "metrics");
  check_members(metrics, {"uptime_ms", "tasks", "workers", "queues", "plugins", "types", "log",
                          "replacements"});
  REQUIRE(metrics["plugins"].size() == 2);
  CHECK(metrics["plugins"][0]["polls"] == 0);
  CHECK(metrics["plugins"][1]["polls"] == 28);
  CHECK(metrics["plugins"][1]["stalls"] == 4);
  CHECK(metrics["plugins"][1]["longest_stall_ns"] == 7);
  CHECK(metrics["types"][0]["plugin"] == "echo");
}

TEST_CASE("metrics tell how long polls lasted and tasks waited, by type, plugin and worker") {
  FakeDaemon daemon;
  daemon.runtime.times_.poll.buckets[runtime::HistogramBuckets::of(100)] = 99;
  daemon.runtime.times_.poll.buckets[runtime::HistogramBuckets::of(1'000'000)] = 1;
  daemon.runtime.times_.poll.sum_ns = 1'009'900;
  daemon.runtime.workers_[0].busy_ns = 400;
  daemon.runtime.types_[0].busy_ns = 100;
  const auto table = make_method_table(daemon.backends());
  const json metrics = result(*table, "metrics");
  for (const json& row : {metrics["types"][0], metrics["plugins"][1], metrics["workers"][0]}) {
    INFO(row.dump());
    CHECK(row["poll_ns"]["count"] == 100);
    CHECK(row["poll_ns"]["sum"] == 1'009'900);
    CHECK(row["poll_ns"]["p99"] == 104);  // the middle of 96 to 112
    CHECK(row["poll_ns"]["max"] > 875'000);
    CHECK(row["delay_ns"]["count"] == 0);
  }
  CHECK(metrics["plugins"][1]["cpu_share"] == 0.25);
}

TEST_CASE("metrics come as Prometheus reads them, too") {
  FakeDaemon daemon;
  const auto table = make_method_table(daemon.backends());
  const json text = result(*table, "metrics", {{"format", "prometheus"}})["text"];
  const std::string line = "ekiden_task_polls_total{plugin=\"echo\",type=\"connection\"} 14\n";
  CHECK(text.get<std::string>().find(line) != std::string::npos);
  CHECK(result(*table, "metrics", {{"format", "json"}}).contains("types"));
  CHECK(error_kind(*table, "metrics", {{"format", "xml"}}) == "invalid_params");
}

TEST_CASE("log levels are read and set") {
  const LogLevels scope;
  FakeDaemon daemon;
  const auto table = make_method_table(daemon.backends());
  CHECK(result(*table, "log.set", {{"level", "warn"}})["level"] == "warn");
  const json own = {{"level", "debug"}, {"component", "plugin.echo"}};
  CHECK(result(*table, "log.set", own)["components"]["plugin.echo"] == "debug");
  CHECK(result(*table, "log.get")["level"] == "warn");
  const json gone = {{"level", "inherit"}, {"component", "plugin.echo"}};
  CHECK(result(*table, "log.set", gone)["components"].empty());
  CHECK(error_kind(*table, "log.set", {{"level", "inherit"}}) == "invalid_params");
  CHECK(error_kind(*table, "log.set", {{"level", "loud"}}) == "invalid_params");
  CHECK(error_kind(*table, "log.set", {{"level", "info"}, {"component", ""}}) == "failed");
}

TEST_CASE("the configuration is shown and checked") {
  FakeDaemon daemon;
  const auto table = make_method_table(daemon.backends());
  const json settings = result(*table, "config.show");
  CHECK(settings["plugins"]["unload_ms"] == 5000);
  CHECK(result(*table, "config.check", {{"text", settings.dump()}})["ok"] == true);

  const json wrong = result(*table, "config.check",
                            {{"text", R"({"plugins":{"directory":"x"},"runtime":{"workers":0}})"},
                             {"folder", "/somewhere"}});
  CHECK(wrong["ok"] == false);
  REQUIRE(wrong["problems"].size() == 1);
  CHECK(wrong["problems"][0]["pointer"] == "/runtime/workers");

  // The daemon's own file is not there.
  CHECK(result(*table, "config.check")["ok"] == false);
  CHECK(error_kind(*table, "config.check", {{"folder", "/"}}) == "invalid_params");
  CHECK(error_kind(*table, "config.check", {{"text", "{}"}, {"folder", "a"}}) == "invalid_params");
}

TEST_CASE("rpc.discover describes every method") {
  FakeDaemon daemon;
  const auto table = make_method_table(daemon.backends());
  const json document = result(*table, "rpc.discover");
  CHECK(document["openrpc"] == "1.2.6");
  CHECK(document["methods"].size() == table->methods().size());
  for (const json& method : document["methods"]) {
    INFO(method["name"]);
    CHECK(method["summary"].get<std::string>().size() > 10);
    for (const json& param : method["params"]) {
      CHECK(param["summary"].get<std::string>().size() > 10);
      CHECK(param["schema"].is_object());
    }
  }
}

TEST_CASE("a method that is nearly right is guessed") {
  FakeDaemon daemon;
  const auto table = make_method_table(daemon.backends());
  const json answer = ask(*table, "plugin.lst");
  CHECK(answer["error"]["message"] ==
        "there is no method 'plugin.lst'; did you mean 'plugin.list'?");
  CHECK(answer["error"]["code"] == -32601);
}

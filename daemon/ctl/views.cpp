#include "daemon/ctl/views.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "daemon/control/json_line.hpp"
#include "daemon/ctl/table.hpp"
#include "daemon/ctl/view_cells.hpp"
#include "daemon/logging/escape.hpp"

namespace ekiden::daemon::ctl {
namespace {

using nlohmann::json;
using Facts = std::vector<std::pair<std::string, std::string>>;

constexpr Align kRight = Align::kRight;

// --- Tables: of the rows in one member of a result --------------------------------------------

// What is wrong with it, and if nothing is, with the file that was to replace it.
std::string problem_cell(const json& row) {
  std::string text = cell(row, "error");
  const std::string pending = cell(row, "pending_error");
  if (pending.empty()) return text;
  return text + (text.empty() ? "" : "; ") + "its file in the folder: " + pending;
}

std::string plugins_table(const json& rows) {
  Table table(
      {{"NAME"}, {"VERSION"}, {"STATE"}, {"GENERATION", kRight}, {"TASKS", kRight}, {"ERROR"}});
  for (const json& row : rows) {
    table.add({cell(row, "name"), cell(row, "version"), cell(row, "state"), cell(row, "generation"),
               cell(row, "tasks"), problem_cell(row)});
  }
  return table.text();
}

std::string tasks_table(const json& rows) {
  Table table({{"ID"},
               {"PLUGIN"},
               {"TYPE"},
               {"NAME"},
               {"STATE"},
               {"AGE", kRight},
               {"POLLS", kRight},
               {"WORKER", kRight},
               {"WAITS ON"}});
  for (const json& row : rows) {
    table.add({cell(row, "id"), cell(row, "plugin"), cell(row, "type"), cell(row, "name"),
               cell(row, "state"), duration_cell(row, "age_ms"), cell(row, "polls"),
               cell(row, "last_worker"), wait_cell(row)});
  }
  return table.text();
}

std::string workers_table(const json& rows) {
  Table table({{"ID", kRight},
               {"STATE"},
               {"STUCK FOR", kRight},
               {"REPLACES", kRight},
               {"STALLS", kRight},
               {"LONGEST", kRight},
               {"POLLS", kRight},
               {"BUSY", kRight},
               {"LIFO", kRight},
               {"STEALS", kRight},
               {"OVERFLOWS", kRight},
               {"PARKS", kRight},
               {"DEPTH", kRight},
               {"HIGH WATER", kRight},
               {"CURRENT"}});
  for (const json& row : rows) {
    table.add({cell(row, "id"), cell(row, "state"), duration_cell(row, "stuck_ms"),
               cell(row, "replaces"), cell(row, "stalls"), duration_cell(row, "longest_stall_ms"),
               cell(row, "polls"), duration_cell(row, "busy_ms"), cell(row, "lifo_hits"),
               cell(row, "steals"), cell(row, "overflows"), cell(row, "parks"),
               cell(row, "local_depth"), cell(row, "high_water"), current_cell(row)});
  }
  return table.text();
}

std::string queues_table(const json& rows) {
  Table table({{"NAME"},
               {"DEPTH", kRight},
               {"CAPACITY", kRight},
               {"HIGH WATER", kRight},
               {"OVERFLOWS", kRight},
               {"REFUSALS", kRight}});
  for (const json& row : rows) {
    table.add({cell(row, "name"), cell(row, "depth"), cell(row, "capacity"),
               cell(row, "high_water"), cell(row, "overflows"), cell(row, "refusals")});
  }
  return table.text();
}

std::string channels_table(const json& rows) {
  Table table({{"CHANNEL"},
               {"DEPTH", kRight},
               {"CAPACITY", kRight},
               {"BYTES", kRight},
               {"HIGH WATER", kRight},
               {"SENDERS", kRight},
               {"RECEIVERS", kRight},
               {"SENT", kRight},
               {"RECEIVED", kRight},
               {"SEND WAITS", kRight},
               {"STATE"}});
  for (const json& row : rows) {
    table.add({cell(row, "name"), cell(row, "depth"), cell(row, "capacity"),
               bytes_cell(row, "bytes"), cell(row, "high_water"), cell(row, "senders"),
               cell(row, "receivers"), cell(row, "sent"), cell(row, "received"),
               cell(row, "send_waits"), row.value("closed", false) ? "closed" : "open"});
  }
  return table.text();
}

// The queues of an answer, and the channels behind them where there are any.
std::string all_queues(const json& result) {
  const json channels = result.value("channels", json::array());
  return queues_table(result.at("queues")) +
         (channels.empty() ? std::string() : "\n" + channels_table(channels));
}

// Plugins and task types have the same counters.
std::string counters_table(const json& rows, bool with_type) {
  std::vector<Column> columns = {{"PLUGIN"}};
  if (with_type) columns.push_back({"TYPE"});
  const std::vector<std::string> counters = {"live",   "spawned",   "completed",
                                             "failed", "cancelled", "dropped",
                                             "polls",  "busy_ns",   "stalls"};
  for (const char* header : {"LIVE", "SPAWNED", "COMPLETED", "FAILED", "CANCELLED", "DROPPED",
                             "POLLS", "BUSY NS", "STALLS"}) {
    columns.push_back({header, kRight});
  }
  Table table(std::move(columns));
  for (const json& row : rows) {
    std::vector<std::string> cells = {cell(row, "plugin")};
    if (with_type) cells.push_back(cell(row, "type"));
    for (const std::string& counter : counters)
      cells.push_back(cell(row, counter));
    table.add(std::move(cells));
  }
  return table.text();
}

// How long polls last and how long tasks wait for them: by worker, plugin, or task type.
std::string times_table(const json& rows,
                        const std::vector<std::pair<std::string, std::string>>& by,
                        bool with_share) {
  std::vector<Column> columns;
  for (const auto& [header, member] : by)
    columns.push_back({header});
  for (const char* header : {"POLLS", "POLL P50", "P99", "MAX", "DELAY P50", "P99", "MAX"})
    columns.push_back({header, kRight});
  if (with_share) columns.push_back({"CPU", kRight});
  Table table(std::move(columns));
  for (const json& row : rows) {
    std::vector<std::string> cells;
    for (const auto& [header, member] : by)
      cells.push_back(cell(row, member));
    cells.push_back(cell(row, "polls"));
    for (const char* histogram : {"poll_ns", "delay_ns"}) {
      for (const char* member : {"p50", "p99", "max"})
        cells.push_back(nanos_cell(row, histogram, member));
    }
    if (with_share) cells.push_back(share_cell(row, "cpu_share"));
    table.add(std::move(cells));
  }
  return table.text();
}

std::string own_metrics_table(const json& rows) {
  Table table({{"METRIC"},
               {"PLUGIN"},
               {"VALUE", kRight},
               {"UNIT"},
               {"P50", kRight},
               {"P99", kRight},
               {"HELP"}});
  for (const json& row : rows) {
    const bool is_histogram = row.contains("histogram");
    const json histogram = is_histogram ? row.at("histogram") : json::object();
    table.add({cell(row, "name"), cell(row, "plugin"),
               is_histogram ? cell(histogram, "count") : cell(row, "value"), cell(row, "unit"),
               cell(histogram, "p50"), cell(histogram, "p99"), cell(row, "help")});
  }
  return table.text();
}

// --- Views ------------------------------------------------------------------------------------

std::string status_view(const json& result) {
  return facts_text({{"version", cell(result, "version")},
                     {"pid", cell(result, "pid")},
                     {"state", cell(result, "state")},
                     {"uptime", duration_cell(result, "uptime_ms")},
                     {"workers", cell(result, "workers")},
                     {"plugins", cell(result, "plugins")},
                     {"tasks", cell(result, "tasks")},
                     {"config file", cell(result, "config_file")}});
}

std::string plugin_list_view(const json& result) { return plugins_table(result.at("plugins")); }

// "20 timers made by task type parked; 1 descriptor made outside a task".
std::string made_cell(const json& result, const char* member) {
  std::string text;
  const auto rows = result.find(member);
  if (rows == result.end()) return text;
  for (const json& row : *rows) {
    const std::string count = cell(row, "count");
    const std::string by = cell(row, "made_by");
    text += (text.empty() ? "" : "; ") + count + " " + cell(row, "kind") +
            (count == "1" ? "" : "s") +
            (by.empty() ? " made outside a task" : " made by task type " + by);
  }
  return text;
}

std::string task_types_cell(const json& result) {
  std::string text;
  const auto rows = result.find("task_types");
  if (rows == result.end()) return text;
  for (const json& row : *rows)
    text += (text.empty() ? "" : "; ") + cell(row, "count") + " of type " + cell(row, "type");
  return text;
}

std::string plugin_info_view(const json& result) {
  const std::string limit = cell(result, "task_limit");
  return facts_text({{"name", cell(result, "name")},
                     {"version", cell(result, "version")},
                     {"state", cell(result, "state")},
                     {"error", cell(result, "error")},
                     {"new file", cell(result, "pending_error")},
                     {"generation", cell(result, "generation")},
                     {"age", duration_cell(result, "age_ms")},
                     {"file", cell(result, "path")},
                     {"sha256", cell(result, "sha256")},
                     {"abi", cell(result, "abi")},
                     {"tasks", cell(result, "tasks")},
                     {"by type", task_types_cell(result)},
                     {"task limit", limit == "0" ? "none" : limit},
                     {"refused spawns", cell(result, "refusals")},
                     {"timers", cell(result, "timers")},
                     {"descriptors", cell(result, "descriptors")},
                     {"jobs", cell(result, "jobs")},
                     {"open calls", cell(result, "calls")},
                     {"made", made_cell(result, "made")},
                     {"memory", bytes_cell(result, "memory_bytes")},
                     {"memory blocks", cell(result, "memory_blocks")}});
}

std::string plugin_load_view(const json& result) {
  return escape_text("plugin " + cell(result, "name") + " " + cell(result, "version") + " is " +
                     cell(result, "state") + ", generation " + cell(result, "generation")) +
         "\n";
}

std::string plugin_unload_view(const json& result) {
  std::string text = "plugin " + cell(result, "name") + ", generation " +
                     cell(result, "generation") + ", is unloaded";
  if (cell(result, "mapped") == "true") text += "; its library stays mapped";
  const std::string blocks = cell(result, "leaked_blocks");
  if (!blocks.empty() && blocks != "0") {
    text += "; it left " + blocks + " blocks of host memory (" +
            bytes_cell(result, "leaked_bytes") + "), which were freed";
  }
  if (const std::string leaked = made_cell(result, "leaked"); !leaked.empty()) {
    text += "; it left " + leaked + ", which were closed";
  }
  return escape_text(text) + "\n";
}

std::string task_list_view(const json& result) {
  std::string text = tasks_table(result.at("tasks"));
  if (const std::string next = cell(result, "next"); !next.empty()) {
    text += escape_text("there may be more: --after " + next) + "\n";
  }
  if (cell(result, "complete") == "false") {
    text += escape_text("the daemon looked at " + cell(result, "looked_at") +
                        " tasks in its time and not at all of them") +
            "\n";
  }
  return text;
}

std::string task_info_view(const json& result) {
  return facts_text({{"id", cell(result, "id")},
                     {"plugin", cell(result, "plugin")},
                     {"type", cell(result, "type")},
                     {"name", cell(result, "name")},
                     {"state", cell(result, "state")},
                     {"cancelled", cell(result, "cancelled")},
                     {"age", duration_cell(result, "age_ms")},
                     {"polls", cell(result, "polls")},
                     {"last worker", cell(result, "last_worker")},
                     {"children", cell(result, "children")},
                     {"spawned by", spawner_cell(result)},
                     {"waits on", wait_cell(result)},
                     {"direction", member_cell(result, "waits_on", "direction")},
                     {"channel", member_cell(result, "waits_on", "channel")},
                     {"local address", member_cell(result, "waits_on", "local")},
                     {"waiting for", duration_cell(result, "waiting_ms")}});
}

std::string task_cancel_view(const json& result) {
  return escape_text("task " + cell(result, "id") + " was asked to end") + "\n";
}

std::string worker_list_view(const json& result) { return workers_table(result.at("workers")); }

std::string queue_list_view(const json& result) { return all_queues(result); }

std::string replacements_text(const json& result) {
  const json counts = result.value("replacements", json::object());
  return cell(counts, "started") + " started, " + cell(counts, "active") + " active";
}

// For people: a type that no task was ever of says nothing.
json types_in_use(const json& types) {
  json used = json::array();
  for (const json& type : types) {
    const auto count = [&](const char* name) { return type.value(name, std::uint64_t{0}); };
    if (count("spawned") != 0 || count("polls") != 0) used.push_back(type);
  }
  return used;
}

std::string metrics_view(const json& result) {
  // The text that Prometheus reads, as the daemon wrote it: it has no control characters.
  if (result.contains("text")) return result.at("text").get<std::string>();
  const json own = result.value("plugin_metrics", json::array());
  const json types = types_in_use(result.at("types"));
  return facts_text({{"uptime", duration_cell(result, "uptime_ms")},
                     {"tasks", cell(result, "tasks")},
                     {"replacements", replacements_text(result)},
                     {"lost log records", cell(result.at("log"), "dropped")}}) +
         "\n" + times_table(result.at("plugins"), {{"PLUGIN", "plugin"}}, true) + "\n" +
         times_table(types, {{"PLUGIN", "plugin"}, {"TYPE", "type"}}, true) + "\n" +
         times_table(result.at("workers"), {{"WORKER", "id"}}, false) + "\n" + all_queues(result) +
         "\n" + workers_table(result.at("workers")) + "\n" +
         counters_table(result.at("plugins"), false) + "\n" + counters_table(types, true) +
         (own.empty() ? std::string() : "\n" + own_metrics_table(own));
}

std::string log_view(const json& result) {
  Table table({{"COMPONENT"}, {"LEVEL"}});
  table.add({"(all others)", cell(result, "level")});
  for (const auto& [component, level] : result.at("components").items()) {
    table.add({component, level.get<std::string>()});
  }
  return table.text();
}

std::string config_check_view(const json& result) {
  if (result.at("ok").get<bool>()) return "configuration ok\n";
  const std::string file = cell(result, "file");
  std::string text;
  for (const json& problem : result.at("problems")) {
    text += escape_text((file.empty() ? "" : file + ": ") + cell(problem, "text")) + "\n";
  }
  return text;
}

std::string shutdown_view(const json& result) {
  return escape_text("the daemon is " + cell(result, "state")) + "\n";
}

using View = std::string (*)(const json& result);

// Methods that are not here answer with values of their own shape.
const std::map<std::string_view, View>& views() {
  static const std::map<std::string_view, View> kViews = {
      {"config.check", config_check_view},
      {"log.get", log_view},
      {"log.set", log_view},
      {"metrics", metrics_view},
      {"plugin.info", plugin_info_view},
      {"plugin.list", plugin_list_view},
      {"plugin.load", plugin_load_view},
      {"plugin.reload", plugin_load_view},
      {"plugin.unload", plugin_unload_view},
      {"queue.list", queue_list_view},
      {"shutdown", shutdown_view},
      {"status", status_view},
      {"task.cancel", task_cancel_view},
      {"task.info", task_info_view},
      {"task.list", task_list_view},
      {"worker.list", worker_list_view},
  };
  return kViews;
}

}  // namespace

std::string view(std::string_view method, const json& result) {
  const auto found = views().find(method);
  if (found == views().end()) return json_view(result);
  try {
    return found->second(result);
  } catch (const json::exception&) {
    return json_view(result);
  }
}

std::string json_view(const json& value) {
  const std::string text = value.dump(2, ' ', false, json::error_handler_t::replace);
  std::string out;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    // Within JSON a control character can only be in a string, where \u007f is as good.
    out += escape_text(std::string_view(text).substr(begin, end - begin)) + "\n";
    begin = end + 1;
  }
  return out;
}

std::string json_line(const json& value) { return escape_text(control::write_json(value)) + "\n"; }

}  // namespace ekiden::daemon::ctl

// The groups of methods, a file each. Only for this folder and methods.cpp.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/control/method_table.hpp"
#include "daemon/control/methods.hpp"
#include "runtime/base/handle.hpp"

namespace ekiden::daemon::control {

void add_config_methods(MethodTable& table, const Backends& backends);
void add_daemon_methods(MethodTable& table, const Backends& backends);
void add_log_methods(MethodTable& table);
void add_metrics_methods(MethodTable& table, const Backends& backends);
void add_plugin_methods(MethodTable& table, const Backends& backends);
void add_task_methods(MethodTable& table, const Backends& backends);
void add_worker_methods(MethodTable& table, const Backends& backends);
// It describes the table as it is when it is called, itself included.
void add_discover_method(MethodTable& table, std::string version);

// --- Rows that more than one group shows ------------------------------------------------------
nlohmann::json worker_rows(const Backends& backends);
// With replacements that have left: what they did stays counted.
nlohmann::json all_worker_rows(const Backends& backends);
nlohmann::json replacement_counts(const Backends& backends);
nlohmann::json queue_rows(const Backends& backends);
nlohmann::json channel_rows(const Backends& backends);
// The whole answer of `metrics` in JSON.
nlohmann::json metrics_json(const Backends& backends);

// A task's id: a string such as "0x300000001", because not every JSON reader keeps 64 bits of a
// number. parse_task_id takes what task_id gave, and nothing that names no task.
std::string task_id(runtime::Handle task);
std::optional<runtime::Handle> parse_task_id(std::string_view text);

// --- Parameters that have been checked -------------------------------------------------------
// Null where it was not given.
const std::string* text_param(const nlohmann::json& params, std::string_view name);
std::optional<std::int64_t> integer_param(const nlohmann::json& params, std::string_view name);
// False where it was not given.
bool flag_param(const nlohmann::json& params, std::string_view name);

}  // namespace ekiden::daemon::control

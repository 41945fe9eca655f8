// Members of the daemon's rows as cells of a table. Only for the views.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace ekiden::daemon::ctl {

// A member as text: a string as it is, another scalar as JSON; empty where it is missing, null or
// not a scalar.
std::string cell(const nlohmann::json& row, std::string_view member);
// A member in milliseconds, or in bytes, with its unit; empty where it is no whole number.
std::string duration_cell(const nlohmann::json& row, std::string_view member);
std::string bytes_cell(const nlohmann::json& row, std::string_view member);
// A number of nanoseconds in a member of a member, as {"delay_ns":{"p99":…}}; empty where there is
// none, or where nothing was counted.
std::string nanos_cell(const nlohmann::json& row, std::string_view histogram,
                       std::string_view member);
// A share of 1 in percent, "12.5 %".
std::string share_cell(const nlohmann::json& row, std::string_view member);
// What a task waits for, in a few words.
std::string wait_cell(const nlohmann::json& task);
// Who spawned it: "task 0x300000001 (acceptor)", "lifecycle".
std::string spawner_cell(const nlohmann::json& task);
// A member of a member that is an object; empty where it is missing.
std::string member_cell(const nlohmann::json& row, std::string_view object,
                        std::string_view member);
// What a worker polls now, as "echo.connection 0x300000001".
std::string current_cell(const nlohmann::json& worker);

}  // namespace ekiden::daemon::ctl

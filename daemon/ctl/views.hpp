// Results of the daemon as text for people. A result may come from another version of the daemon:
// what is missing is shown as "-", and what is not in the expected shape as JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace ekiden::daemon::ctl {

// What a person sees of the method's result. Lines, each with its line break, safe for a terminal.
std::string view(std::string_view method, const nlohmann::json& result);

// Any value, indented.
std::string json_view(const nlohmann::json& value);

// Any value on one line, for scripts. Control characters within strings are escaped as JSON does
// it.
std::string json_line(const nlohmann::json& value);

}  // namespace ekiden::daemon::ctl

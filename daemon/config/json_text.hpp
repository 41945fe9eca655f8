// JSON text, checked for everything that a parser would let pass or choke on: raw NUL bytes (which
// end the text for nlohmann), text that is not UTF-8, duplicate keys, and values nested deeper than
// limits::kNestingMax. Comments (//, and /* */) are skipped.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "daemon/config/problem.hpp"

namespace ekiden::daemon {

// False where `text` gives no value at all; `root` is meaningless then. Duplicate keys are
// problems, but there is a value to look for more of them. Any thread; throws only std::bad_alloc.
[[nodiscard]] bool parse_json(std::string_view text, nlohmann::json& root, ProblemList& problems);

}  // namespace ekiden::daemon

// JSON as it travels over the control socket: one value, one line, strict in both directions.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/control/limits.hpp"

namespace ekiden::daemon::control {

// Reads exactly one JSON value. Refused, with one sentence: what is not JSON (comments, NUL bytes
// and bytes that are not UTF-8 included), objects and arrays nested deeper than `nesting_max`, and
// two members of one name (nlohmann would quietly keep the last). Nothing recurses on the input,
// and the depth is checked while it is parsed. Returns the sentence, or nothing where `value` is
// good. Any thread; throws only std::bad_alloc.
[[nodiscard]] std::optional<std::string> read_json(std::string_view text, nlohmann::json& value,
                                                   std::size_t nesting_max = kNestingMax);

// Compact, without a line break. A byte of a string that is not UTF-8 becomes the four characters
// \xXX; nothing throws but std::bad_alloc. `value` must not be deeper than some hundred levels, as
// everything that read_json gave or a method built.
std::string write_json(const nlohmann::json& value);

}  // namespace ekiden::daemon::control

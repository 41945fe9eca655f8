// Whether a plugin's text is one JSON value that the control plane can carry on.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "daemon/host/limits.hpp"

namespace ekiden::daemon::host {

struct JsonBounds {
  std::size_t bytes = kReplyMaxBytes;
  std::size_t depth = kReplyMaxDepth;
};

// Empty if it is; else what is wrong with it, as the rest of a sentence that begins with "the
// answer": "is not JSON: …". Checks size and depth before anything is built, so hostile text costs
// one pass. Any thread; throws only std::bad_alloc.
std::string find_json_fault(std::string_view text, JsonBounds bounds = {});

// The same JSON in one line. `text` has passed find_json_fault: there a line break can only stand
// between tokens.
std::string json_in_one_line(std::string_view text);

}  // namespace ekiden::daemon::host

// Text of unknown origin (a plugin's message, a client's line, a file name) made safe to print: the
// result is UTF-8, has no line break and no control character, so it stays one line in a log and
// cannot steer a terminal.
#pragma once

#include <string>
#include <string_view>

namespace ekiden::daemon {

// For a line of text. Control characters (C0, DEL, C1) and the line and paragraph separators become
// \n, \t, \r or \uXXXX; a byte that is not UTF-8 becomes \xXX. Backslashes and quotes stay as they
// are: the result is for reading, not for reading back. Any thread; throws only std::bad_alloc.
std::string escape_text(std::string_view text);

// The same, as a JSON string with its quotes. A byte that is not UTF-8 becomes the four characters
// \xXX. Everything else reads back as it was. Any thread; throws only std::bad_alloc.
std::string escape_json(std::string_view text);

}  // namespace ekiden::daemon

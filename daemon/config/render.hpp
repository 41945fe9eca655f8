// Settings as the text of a configuration, for `config show`.
#pragma once

#include <string>

#include "daemon/config/settings.hpp"

namespace ekiden::daemon {

// Every key is there, defaults and absolute paths included; parse_settings reads the text back to
// equal settings. A path that is not UTF-8 is shown escaped and is the one exception. Ends with a
// line break. Any thread; throws only std::bad_alloc.
std::string render_settings(const Settings& settings);

}  // namespace ekiden::daemon

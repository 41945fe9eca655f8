// From the configuration file to settings. The whole of it is validated, and every problem in it is
// reported; there are settings only where there is none.
#pragma once

#include <filesystem>
#include <string_view>
#include <variant>

#include "daemon/config/default_paths.hpp"
#include "daemon/config/problem.hpp"
#include "daemon/config/settings.hpp"

namespace ekiden::daemon {

using ParsedSettings = std::variant<Settings, Problems>;

// `folder` is where relative paths start; it is absolute and without symbolic links. `user` gives
// the defaults that depend on who runs the daemon. Any thread; throws only std::bad_alloc.
[[nodiscard]] ParsedSettings parse_settings(std::string_view text,
                                            const std::filesystem::path& folder,
                                            const UserEnvironment& user = user_environment());

// The same for a file; relative paths start at its folder.
[[nodiscard]] ParsedSettings load_settings(const std::filesystem::path& file,
                                           const UserEnvironment& user = user_environment());

}  // namespace ekiden::daemon

// What a plugin may be called. The name stands in file names, log components and JSON pointers, so
// it is plain.
#pragma once

#include <string_view>

namespace ekiden::daemon {

// The rule of plugin descriptors: [a-z][a-z0-9_]*, at most limits::kPluginNameMaxBytes. Any thread.
bool is_plugin_name(std::string_view name) noexcept;

}  // namespace ekiden::daemon

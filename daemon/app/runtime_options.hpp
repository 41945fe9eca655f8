// The runtime's options as the configuration has them.
#pragma once

#include "daemon/config/settings.hpp"
#include "runtime/runtime.hpp"

namespace ekiden::daemon {

// Without on_stall.
runtime::Options runtime_options(const RuntimeSettings& settings);

}  // namespace ekiden::daemon

// Names of task types and tasks are shown to people and put into JSON: they have to be text.
#pragma once

#include <array>
#include <string_view>

#include "daemon/host/limits.hpp"

namespace ekiden::daemon::host {

// A name and the memory for it, so that a spawn with a name allocates nothing.
using NameBuffer = std::array<char, kNameMaxBytes>;

// `name` as it is where it is well-formed UTF-8 without control characters; else a copy in `buffer`
// with '?' for every byte that is not. At most kNameMaxBytes long. Any thread.
std::string_view clean_name(std::string_view name, NameBuffer& buffer) noexcept;

}  // namespace ekiden::daemon::host

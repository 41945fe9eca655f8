// JSON pointers (RFC 6901).
#pragma once

#include <string>
#include <string_view>

namespace ekiden::daemon {

// `pointer` of an object or array, extended by a key or an index of it.
std::string pointer_to(std::string_view pointer, std::string_view token);

}  // namespace ekiden::daemon

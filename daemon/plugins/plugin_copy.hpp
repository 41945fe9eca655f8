// The daemon's own copy of a plugin's file: a new inode for every load.
//
// Replacing the plugin in its folder then touches nothing that is mapped, and the dynamic loader,
// which knows libraries by device and inode, gives every generation fresh static objects. Copies
// are called <name>-<sha256>-<generation>.so and live in a folder (0700) that only the daemon uses.
// Any thread; blocks on the file system only; throws only std::bad_alloc and std::runtime_error.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "daemon/plugins/file_check.hpp"
#include "daemon/plugins/refusal.hpp"
#include "daemon/plugins/unique_fd.hpp"

namespace ekiden::daemon {

struct PluginCopy {
  UniqueFd fd;  // read-only
  std::filesystem::path path;
  std::string sha256;  // hexadecimal
};

// Copies what `source` has open. kDenied or kFailed where that does not work; nothing is left then.
OrRefusal<PluginCopy> copy_plugin(const CheckedFile& source, const std::filesystem::path& copies,
                                  std::string_view name, std::uint32_t generation);

// Makes the folder if it is not there; it must be the daemon's own, for nobody else to enter.
// Returns the sentence that says what is wrong, or an empty text.
std::string prepare_copies(const std::filesystem::path& copies);

// Removes what earlier processes left. Files of other names are left alone. Returns how many.
std::size_t remove_stale_copies(const std::filesystem::path& copies);

}  // namespace ekiden::daemon

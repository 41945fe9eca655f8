// The checks of a plugin's file before anything of it is read: nobody but root and the daemon's own
// user may have been able to choose its content.
//
// All questions are asked of open descriptors, so the file that was checked is the one that is
// read, whatever happens to the name meanwhile. Any thread; blocks on the file system only.
#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "daemon/plugins/refusal.hpp"
#include "daemon/plugins/unique_fd.hpp"

namespace ekiden::daemon {

// The sentence for a name that is none (config/plugin_name.hpp): never a path, and never a name
// that has to be quoted anywhere.
Refusal not_a_plugin_name(std::string_view name);

struct CheckedFile {
  UniqueFd fd;  // read-only, at the start of the file
  struct stat status {};
  std::filesystem::path path;
};

// Opens <folder>/<name>.so. The file: regular, not a link, not empty, at most
// plugin_limits::kFileMaxBytes; file and folder: owned by root or the effective user, not writable
// by group or others. kNotFound: there is no such file. kDenied: owner, permissions, or the system
// does not let us read it. kFailed: the others.
OrRefusal<CheckedFile> open_checked(const std::filesystem::path& folder, std::string_view name);

// Opens a copy that the daemon has made of such a file; messages call it `shown`.
OrRefusal<CheckedFile> open_kept(const std::filesystem::path& copy,
                                 const std::filesystem::path& shown);

}  // namespace ekiden::daemon

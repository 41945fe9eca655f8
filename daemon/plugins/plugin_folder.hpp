// What lies in the plugin folder. Blocks on the file system only; any thread.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace ekiden::daemon {

struct FolderListing {
  // The stems of everything called *.so, in their order, plugin names or not, except for names that
  // begin with a dot; at most
  // plugin_limits::kFolderFilesMax.
  std::vector<std::string> stems;
  std::string left_out;  // says that there were more: one sentence; empty: there were not
  std::string problem;   // why the folder cannot be read: one sentence; empty: it can
};

FolderListing list_plugin_folder(const std::filesystem::path& folder);

}  // namespace ekiden::daemon

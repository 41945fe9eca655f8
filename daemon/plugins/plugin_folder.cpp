#include "daemon/plugins/plugin_folder.hpp"

#include <algorithm>
#include <system_error>

#include "daemon/plugins/limits.hpp"

namespace ekiden::daemon {

namespace fs = std::filesystem;

FolderListing list_plugin_folder(const fs::path& folder) {
  FolderListing listing;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    const fs::path name = entry->path().filename();
    // Other programs' files on their way to their real name.
    if (name.native().starts_with('.')) continue;
    if (name.extension() == ".so") listing.stems.push_back(name.stem().string());
  }
  if (error) {
    listing.problem = "the plugin folder '" + folder.string() + "' cannot be read (" +
                      error.message() + "), so no plugin is loaded from it; see plugins.directory";
  }
  std::sort(listing.stems.begin(), listing.stems.end());
  if (listing.stems.size() > plugin_limits::kFolderFilesMax) {
    listing.stems.resize(plugin_limits::kFolderFilesMax);
    listing.left_out = "the plugin folder has more than " +
                       std::to_string(plugin_limits::kFolderFilesMax) +
                       " files; the others are not loaded: take away what is no plugin";
  }
  return listing;
}

}  // namespace ekiden::daemon

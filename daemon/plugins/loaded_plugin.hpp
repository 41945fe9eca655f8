// A plugin's way from its name, or from a copy that was kept, to a loaded library that has not run
// a callback yet: check, copy, read the descriptor, load, look for what it requires.
#pragma once

#include <ekiden/plugin.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "daemon/plugins/copy_file.hpp"
#include "daemon/plugins/descriptor_reader.hpp"
#include "daemon/plugins/library.hpp"
#include "daemon/plugins/refusal.hpp"

namespace ekiden::daemon {

struct LoadedPlugin {
  std::string name;
  std::uint32_t generation = 0;
  std::filesystem::path path;            // in the plugin folder
  std::shared_ptr<const CopyFile> copy;  // what is loaded
  std::string sha256;
  Descriptor descriptor;
  std::unique_ptr<Library> library;
};

struct PluginFolders {
  std::filesystem::path plugins;  // where operators put them
  std::filesystem::path copies;   // the daemon's own
};

// Called when the file's checks are over and its code is about to be loaded.
using BeforeLoading = std::function<void(const LoadedPlugin&)>;

// On a refusal nothing is left: no copy, and no library as far as the loader lets go of it.
// `host` is the table whose services the plugin may require. `kept`: load this copy of an earlier
// generation again, from an inode of its own, and not the file in the folder. Lifecycle thread:
// constructors run.
OrRefusal<LoadedPlugin> load_plugin(const PluginFolders& folders, const std::string& name,
                                    std::uint32_t generation, const ekd_host& host,
                                    const BeforeLoading& before_loading,
                                    const CopyFile* kept = nullptr);

// The same for a plugin that is linked into this program: there is no file to check and no copy.
OrRefusal<LoadedPlugin> load_linked(const ekd_plugin_desc& linked, std::uint32_t generation,
                                    const ekd_host& host, const BeforeLoading& before_loading);

}  // namespace ekiden::daemon

#include "daemon/plugins/loaded_plugin.hpp"

#include <unistd.h>

#include <optional>
#include <utility>

#include "daemon/plugins/file_check.hpp"
#include "daemon/plugins/limits.hpp"
#include "daemon/plugins/plugin_copy.hpp"

namespace ekiden::daemon {
namespace {

// Removes the copy unless the plugin was loaded from it.
class CopyGuard {
 public:
  explicit CopyGuard(const std::filesystem::path& path) : path_(path) {}
  ~CopyGuard() {
    if (!kept_) ::unlink(path_.c_str());
  }
  CopyGuard(const CopyGuard&) = delete;
  CopyGuard& operator=(const CopyGuard&) = delete;
  void keep() { kept_ = true; }

 private:
  const std::filesystem::path path_;
  bool kept_ = false;
};

std::optional<Refusal> check_requirements(const LoadedPlugin& plugin, const ekd_host& host) {
  const char* const* const required = plugin.library->descriptor().requires_ext;
  if (required == nullptr) return std::nullopt;
  const std::string shown = "'" + plugin.path.string() + "' ";
  for (std::size_t i = 0; required[i] != nullptr; i++) {
    if (i == plugin_limits::kRequiredServicesMax) {
      return Refusal{Outcome::kFailed, shown + "requires more than " +
                                           std::to_string(plugin_limits::kRequiredServicesMax) +
                                           " services; end its list requires_ext with NULL"};
    }
    if (host.get_ext(required[i], 0) == nullptr) {
      return Refusal{Outcome::kFailed, shown + "requires the service " + required[i] +
                                           ", which this daemon does not have; install a newer "
                                           "daemon or an older plugin"};
    }
  }
  return std::nullopt;
}

}  // namespace

OrRefusal<LoadedPlugin> load_plugin(const PluginFolders& folders, const std::string& name,
                                    std::uint32_t generation, const ekd_host& host,
                                    const BeforeLoading& before_loading) {
  auto file = open_checked(folders.plugins, name);
  if (!file) return file.refusal();
  auto copy = copy_plugin(*file, folders.copies, name, generation);
  if (!copy) return copy.refusal();
  CopyGuard guard(copy->path);
  auto descriptor = read_descriptor(copy->fd.get(), name, file->path.string());
  if (!descriptor) return descriptor.refusal();

  LoadedPlugin plugin{.name = name,
                      .generation = generation,
                      .path = file->path,
                      .copy = copy->path,
                      .sha256 = copy->sha256,
                      .descriptor = std::move(*descriptor),
                      .library = nullptr};
  before_loading(plugin);
  auto library = Library::open(plugin.copy, plugin.descriptor, plugin.path.string());
  if (!library) return library.refusal();
  plugin.library = std::move(*library);
  if (auto refusal = check_requirements(plugin, host)) return *refusal;
  guard.keep();
  return plugin;
}

}  // namespace ekiden::daemon

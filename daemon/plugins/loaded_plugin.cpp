#include "daemon/plugins/loaded_plugin.hpp"

#include <optional>
#include <utility>

#include "daemon/plugins/file_check.hpp"
#include "daemon/plugins/limits.hpp"
#include "daemon/plugins/plugin_copy.hpp"

namespace ekiden::daemon {
namespace {

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
                                    const BeforeLoading& before_loading, const CopyFile* kept) {
  auto file = kept != nullptr ? open_kept(kept->path(), kept->shown())
                              : open_checked(folders.plugins, name);
  if (!file) return file.refusal();
  auto copy = copy_plugin(*file, folders.copies, name, generation);
  if (!copy) return copy.refusal();
  // Removed with the last holder, which is nobody where the plugin is refused.
  auto copy_file = std::make_shared<const CopyFile>(copy->path, file->path);
  auto descriptor = read_descriptor(copy->fd.get(), name, file->path.string());
  if (!descriptor) return descriptor.refusal();

  LoadedPlugin plugin{.name = name,
                      .generation = generation,
                      .path = file->path,
                      .copy = std::move(copy_file),
                      .sha256 = copy->sha256,
                      .descriptor = std::move(*descriptor),
                      .library = nullptr};
  before_loading(plugin);
  auto library = Library::open(plugin.copy->path(), plugin.descriptor, plugin.path.string());
  if (!library) return library.refusal();
  plugin.library = std::move(*library);
  if (auto refusal = check_requirements(plugin, host)) return *refusal;
  return plugin;
}

OrRefusal<LoadedPlugin> load_linked(const ekd_plugin_desc& linked, std::uint32_t generation,
                                    const ekd_host& host, const BeforeLoading& before_loading) {
  auto descriptor = read_descriptor(linked);
  if (!descriptor) return descriptor.refusal();
  LoadedPlugin plugin{.name = descriptor->name,
                      .generation = generation,
                      .path = descriptor->name,
                      .copy = nullptr,
                      .sha256 = {},
                      .descriptor = *descriptor,
                      .library = nullptr};
  before_loading(plugin);
  auto library = Library::linked(linked, plugin.descriptor, plugin.name);
  if (!library) return library.refusal();
  plugin.library = std::move(*library);
  if (auto refusal = check_requirements(plugin, host)) return *refusal;
  return plugin;
}

}  // namespace ekiden::daemon

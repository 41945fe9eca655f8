#include "daemon/plugins/folder_decision.hpp"

#include "daemon/plugins/limits.hpp"

namespace ekiden::daemon {
namespace {

using Life = PluginView::Life;

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;

std::int64_t nanos(const struct timespec& time) {
  return static_cast<std::int64_t>(time.tv_sec) * kNanosPerSecond + time.tv_nsec;
}

FolderAction decide_absent(const PluginView& plugin, Occasion occasion) {
  switch (plugin.life) {
    case Life::kNone:
      return FolderAction::kForget;
    case Life::kBusy:
      return FolderAction::kNothing;
    case Life::kRunning:
    case Life::kWaiting:
    case Life::kDraining:
      break;
  }
  return occasion == Occasion::kFolderBack ? FolderAction::kNothing : FolderAction::kUnload;
}

}  // namespace

FileIdentity identity_of(const struct stat& status) {
  return {static_cast<std::uint64_t>(status.st_dev), static_cast<std::uint64_t>(status.st_ino),
          static_cast<std::uint64_t>(status.st_size), nanos(status.st_ctim), nanos(status.st_mtim)};
}

bool is_settled(const FileIdentity& file, std::int64_t now_ns) {
  const std::int64_t age_ns = now_ns - file.changed_ns;
  return age_ns < 0 || age_ns >= plugin_limits::kTimeStampMin.count();
}

FolderAction decide(const FileView& file, const PluginView& plugin, Occasion occasion,
                    const std::function<std::string()>& sha256) {
  if (file.presence == FileView::Presence::kUnknown) return FolderAction::kNothing;
  if (file.presence == FileView::Presence::kAbsent) return decide_absent(plugin, occasion);
  if (!plugin.is_enabled || plugin.life == Life::kBusy) return FolderAction::kNothing;
  // It was refused like this, unloaded by hand like this, or is what runs.
  if (file.identity.is_known() && file.identity == plugin.dealt_with) {
    return FolderAction::kNothing;
  }
  switch (plugin.life) {
    case Life::kNone:
      return FolderAction::kLoad;
    case Life::kBusy:
      return FolderAction::kNothing;
    case Life::kWaiting:
      return FolderAction::kGiveUp;
    case Life::kDraining:
      return FolderAction::kReplace;
    case Life::kRunning:
      break;
  }
  return sha256() == plugin.sha256 ? FolderAction::kSame : FolderAction::kReplace;
}

}  // namespace ekiden::daemon

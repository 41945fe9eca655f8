#include "daemon/plugins/autoload.hpp"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>
#include <span>
#include <utility>

#include "daemon/config/plugin_name.hpp"
#include "daemon/logging/log.hpp"
#include "daemon/plugins/limits.hpp"
#include "daemon/plugins/plugin_folder.hpp"
#include "daemon/plugins/sha256.hpp"
#include "daemon/plugins/unique_fd.hpp"

namespace ekiden::daemon {
namespace {

constexpr const char* kLog = "plugins";
constexpr std::size_t kChunkBytes = 64 * 1024;

std::int64_t real_now_ns() {
  struct timespec now {};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

// What to remember of it: nothing where its next state may look like this one.
FileIdentity settled(const FileView& file) {
  return file.is_settled ? file.identity : FileIdentity{};
}

FileView view_of(const std::filesystem::path& folder, const std::string& name) {
  const UniqueFd fd(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return {};
  struct stat status {};
  const std::string file = name + ".so";
  if (::fstatat(fd.get(), file.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) {
    const FileIdentity identity = identity_of(status);
    return {FileView::Presence::kThere, identity, is_settled(identity, real_now_ns())};
  }
  if (errno == ENOENT) return {FileView::Presence::kAbsent, {}, true};
  return {};
}

// Empty where it cannot be read; then the checks of a load say why.
std::string hash_of(const std::filesystem::path& file) {
  const UniqueFd fd(
      ::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
  Sha256 hash;
  const auto buffer = std::make_unique<std::array<std::byte, kChunkBytes>>();
  for (std::uint64_t total = 0; total <= plugin_limits::kFileMaxBytes;) {
    const ssize_t n = ::read(fd.get(), buffer->data(), buffer->size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return {};
    if (n == 0) return hash.finish();
    hash.update(std::span<const std::byte>(buffer->data(), static_cast<std::size_t>(n)));
    total += static_cast<std::uint64_t>(n);
  }
  return {};
}

PluginView::Life life_of(const PluginRow& row) {
  if (row.replacement == Replacement::kInProgress) return PluginView::Life::kBusy;
  if (row.replacement == Replacement::kWaits) return PluginView::Life::kWaiting;
  if (row.state == "running") return PluginView::Life::kRunning;
  if (row.state == "draining") return PluginView::Life::kDraining;
  const bool is_loading =
      row.state == "checking" || row.state == "loading" || row.state == "starting";
  return is_loading ? PluginView::Life::kBusy : PluginView::Life::kNone;
}

}  // namespace

Autoload::Autoload(std::filesystem::path folder, AutoloadTarget& target)
    : folder_(std::move(folder)), target_(target) {}

Autoload::~Autoload() { stop(); }

std::string Autoload::begin() {
  auto watch = std::make_shared<FolderWatch>(folder_, *this);
  std::string problem = watch->begin();
  if (!problem.empty()) return problem;
  runtime::MutexLock lock(mutex_);
  watch_ = std::move(watch);
  return {};
}

void Autoload::start() {
  runtime::MutexLock lock(mutex_);
  if (watch_) watch_->start();
}

void Autoload::stop() {
  std::shared_ptr<FolderWatch> watch;
  {
    runtime::MutexLock lock(mutex_);
    watch = std::exchange(watch_, nullptr);
  }
  if (watch) watch->stop();
}

FileIdentity Autoload::see(const std::string& name) const {
  return settled(view_of(folder_, name));
}

void Autoload::note_load(const std::string& name, const FileIdentity& seen) {
  remember(name, seen);
}

void Autoload::note_unload(const std::string& name) {
  const FileIdentity identity = view_of(folder_, name).identity;
  runtime::MutexLock acting(acting_);
  remember(name, identity);
}

void Autoload::operation_is_over(const std::string& name) {
  runtime::MutexLock lock(mutex_);
  if (look_again_.erase(name) > 0 && watch_) watch_->look_at(name);
}

FileIdentity Autoload::dealt_with(const std::string& name) {
  runtime::MutexLock lock(mutex_);
  const auto found = dealt_with_.find(name);
  return found == dealt_with_.end() ? FileIdentity{} : found->second;
}

void Autoload::remember(const std::string& name, const FileIdentity& identity) {
  runtime::MutexLock lock(mutex_);
  if (identity.is_known()) {
    dealt_with_[name] = identity;
  } else {
    dealt_with_.erase(name);
  }
}

// --- On the watch's thread -----------------------------------------------------------------------

void Autoload::file_changed(const std::string& stem) { look_at(stem, Occasion::kContent); }

bool Autoload::compare_folder(Comparison why) {
  const FolderListing listing = list_plugin_folder(folder_);
  if (!listing.problem.empty()) {
    log::error(kLog, listing.problem + "; it is compared when it can be read");
    return false;
  }
  if (!listing.left_out.empty()) log::error(kLog, listing.left_out);
  std::set<std::string> stems(listing.stems.begin(), listing.stems.end());
  for (std::string& name : target_.names())
    stems.insert(std::move(name));
  for (const std::string& stem : stems) {
    look_at(stem, why == Comparison::kFolderBack ? Occasion::kFolderBack : Occasion::kContent);
  }
  return true;
}

PluginView Autoload::plugin_view(const std::string& name) {
  PluginView view;
  // First: what is noted while the rest is asked for is then seen before anything is done.
  view.dealt_with = dealt_with(name);
  view.is_enabled = target_.is_enabled(name);
  if (const auto row = target_.find(name)) {
    view.life = life_of(*row);
    view.sha256 = row->sha256;
  }
  return view;
}

void Autoload::look_at_no_name(const std::string& stem) {
  switch (view_of(folder_, stem).presence) {
    case FileView::Presence::kThere:
      return target_.refuse_name(stem);
    case FileView::Presence::kAbsent:
      return target_.forget(stem);
    case FileView::Presence::kUnknown:
      return;
  }
}

void Autoload::look_at(const std::string& stem, Occasion occasion) {
  if (!is_plugin_name(stem)) return look_at_no_name(stem);
  while (!look_at_plugin(stem, occasion)) {
  }
}

// False: a command has dealt with the file since it was looked at, so what was decided is out of
// date.
bool Autoload::look_at_plugin(const std::string& name, Occasion occasion) {
  {
    runtime::MutexLock lock(mutex_);
    look_again_.insert(name);
  }
  const FileView file = view_of(folder_, name);
  const PluginView plugin = plugin_view(name);
  const FolderAction action =
      decide(file, plugin, occasion, [&] { return hash_of(folder_ / (name + ".so")); });

  runtime::MutexLock acting(acting_);
  const bool acts = action != FolderAction::kNothing;
  if (acts && dealt_with(name) != plugin.dealt_with) return false;
  if (acts && action != FolderAction::kGiveUp) remember(name, settled(file));
  if (!act(name, action)) {
    // The file counts as new, and the end of what is in the way is a reason to look again.
    remember(name, {});
    return true;
  }
  if (plugin.life != PluginView::Life::kBusy && action != FolderAction::kGiveUp) {
    runtime::MutexLock lock(mutex_);
    look_again_.erase(name);
  }
  return true;
}

// False: it could not be begun.
bool Autoload::act(const std::string& name, FolderAction action) {
  switch (action) {
    case FolderAction::kNothing:
      break;
    case FolderAction::kSame:
      target_.is_same(name);
      break;
    case FolderAction::kLoad:
      return target_.load_new(name);
    case FolderAction::kReplace:
      return target_.load_replaced(name);
    case FolderAction::kGiveUp:
      target_.give_up_replacement(name);
      break;
    case FolderAction::kUnload:
      target_.unload_removed(name);
      break;
    case FolderAction::kForget:
      target_.forget(name);
      break;
  }
  return true;
}

}  // namespace ekiden::daemon

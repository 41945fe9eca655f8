#include "daemon/plugins/folder_watch.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <limits>
#include <string_view>
#include <system_error>
#include <utility>

#include "daemon/logging/log.hpp"
#include "daemon/plugins/limits.hpp"
#include "daemon/plugins/steady_time.hpp"

namespace ekiden::daemon {
namespace {

constexpr const char* kLog = "plugins";
constexpr std::string_view kSuffix = ".so";

constexpr std::uint32_t kFolderEvents = IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM |
                                        IN_DELETE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF |
                                        IN_ONLYDIR;
constexpr std::uint32_t kAncestorEvents =
    IN_CREATE | IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
constexpr std::uint32_t kFolderIsGone = IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED;

constexpr auto kSettleNs = static_cast<runtime::Nanos>(plugin_limits::kSettle.count());
constexpr auto kPauseMinNs = static_cast<runtime::Nanos>(plugin_limits::kComparePauseMin.count());
constexpr auto kPauseMaxNs = static_cast<runtime::Nanos>(plugin_limits::kComparePauseMax.count());

std::string because(int error) { return std::generic_category().message(error); }

// Without what stands behind the folder's own name ("/" or "/."): else its parent in the text would
// be the folder itself.
std::filesystem::path up_to_name(std::filesystem::path folder) {
  while ((folder.filename().empty() || folder.filename() == ".") && folder.has_relative_path() &&
         folder.has_parent_path()) {
    folder = folder.parent_path();
  }
  return folder;
}

}  // namespace

FolderWatch::FolderWatch(std::filesystem::path folder, FolderListener& listener)
    : folder_(up_to_name(std::move(folder))), listener_(listener) {}

FolderWatch::~FolderWatch() { stop(); }

std::string FolderWatch::begin() {
  inotify_ = UniqueFd(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  wake_ = UniqueFd(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!inotify_ || !wake_) {
    return "changes of the plugin folder '" + folder_.string() + "' are not noticed (" +
           because(errno) +
           "); raise fs.inotify.max_user_instances or the limit on descriptors, "
           "or load and reload by command";
  }
  if (watch_folder()) return {};
  if (errno == ENOSPC || errno == EACCES) {
    return "changes of the plugin folder '" + folder_.string() + "' are not noticed (" +
           because(errno) +
           "); raise fs.inotify.max_user_watches or make it readable, or load and "
           "reload by command";
  }
  await_folder();
  return {};
}

void FolderWatch::start() {
  thread_ = std::thread([this] { run(); });
}

void FolderWatch::stop() {
  {
    runtime::MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake();
  if (thread_.joinable()) thread_.join();
}

void FolderWatch::look_at(std::string stem) {
  {
    runtime::MutexLock lock(mutex_);
    asked_.insert(std::move(stem));
  }
  wake();
}

void FolderWatch::wake() {
  const std::uint64_t one = 1;
  // It fails only where it is so full that the thread is awake anyway.
  if (wake_) static_cast<void>(!::write(wake_.get(), &one, sizeof(one)));
}

// --- The thread ----------------------------------------------------------------------------------

void FolderWatch::run() {
  ::pthread_setname_np(::pthread_self(), "ekiden-folder");
  while (wait()) {
    read_events();
    take_asked();
    report_due();
  }
}

int FolderWatch::timeout_ms() const {
  runtime::Nanos first_ns = compare_ ? compare_ns_ : runtime::kNever;
  for (const auto& [stem, due_ns] : due_ns_)
    first_ns = std::min(first_ns, due_ns);
  if (first_ns == runtime::kNever) return -1;
  const runtime::Nanos now_ns = steady_now_ns();
  if (first_ns <= now_ns) return 0;
  // Rounded up, or the last part of a millisecond would be spun away.
  const runtime::Nanos ms =
      (first_ns - now_ns + runtime::kNanosPerMilli - 1) / runtime::kNanosPerMilli;
  return static_cast<int>(std::min<runtime::Nanos>(ms, std::numeric_limits<int>::max()));
}

bool FolderWatch::wait() {
  std::array<pollfd, 2> fds{{{inotify_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}}};
  static_cast<void>(::poll(fds.data(), fds.size(), timeout_ms()));
  std::uint64_t count = 0;
  static_cast<void>(!::read(wake_.get(), &count, sizeof(count)));
  runtime::MutexLock lock(mutex_);
  return !stopping_;
}

void FolderWatch::take_asked() {
  runtime::MutexLock lock(mutex_);
  const runtime::Nanos now_ns = steady_now_ns();
  // Where something happens to the file right now, that settles first.
  for (const std::string& stem : asked_)
    due_ns_.try_emplace(stem, now_ns);
  asked_.clear();
}

void FolderWatch::read_events() {
  alignas(inotify_event) std::array<char, 16 * 1024> buffer;
  for (;;) {
    const ssize_t size = ::read(inotify_.get(), buffer.data(), buffer.size());
    if (size <= 0) return;
    for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
      const auto& event = *reinterpret_cast<const inotify_event*>(buffer.data() + at);
      at += sizeof(inotify_event) + event.len;
      handle(event);
    }
  }
}

void FolderWatch::handle(const inotify_event& event) {
  if ((event.mask & IN_Q_OVERFLOW) != 0) {
    log::warn(kLog, "more happened in the plugin folder than could be noted; it is compared whole");
    return compare_in(Comparison::kLostEvents, kSettleNs);
  }
  // Numbers of watches are not used again, so what an earlier watch still says matches neither.
  if (event.wd == folder_watch_) {
    if ((event.mask & kFolderIsGone) != 0) return folder_went();
    return handle_file(event);
  }
  if (event.wd == ancestor_watch_) await_folder();
}

void FolderWatch::handle_file(const inotify_event& event) {
  if (event.len == 0) return;
  const std::string_view name(event.name);
  if (!name.ends_with(kSuffix) || name.starts_with('.') || name.size() == kSuffix.size()) return;
  if ((event.mask & IN_CREATE) != 0 && is_begun_only(event.name)) return;
  if (due_ns_.size() >= plugin_limits::kFolderFilesMax) {
    return compare_in(Comparison::kLostEvents, kSettleNs);
  }
  due_ns_[std::string(name.substr(0, name.size() - kSuffix.size()))] = steady_now_ns() + kSettleNs;
}

// A link is whole when its name appears, and nothing else is said of it. Of a file that somebody
// is about to write, the end of the writing is.
bool FolderWatch::is_begun_only(const std::string& file) const {
  struct stat status {};
  return ::lstat((folder_ / file).c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         status.st_size == 0;
}

void FolderWatch::compare_in(Comparison why, runtime::Nanos pause_ns) {
  compare_ = true;
  compare_ns_ = steady_now_ns() + pause_ns;
  compare_why_ = why;
}

void FolderWatch::compare() {
  compare_ = false;
  if (listener_.compare_folder(compare_why_)) {
    compare_pause_ns_ = 0;
    due_ns_.clear();  // all of them were compared
    return;
  }
  compare_pause_ns_ = std::clamp(compare_pause_ns_ * 2, kPauseMinNs, kPauseMaxNs);
  compare_in(compare_why_, compare_pause_ns_);
}

void FolderWatch::report_due() {
  const runtime::Nanos now_ns = steady_now_ns();
  if (compare_ && compare_ns_ <= now_ns) return compare();
  for (auto entry = due_ns_.begin(); entry != due_ns_.end();) {
    if (entry->second > now_ns) {
      ++entry;
      continue;
    }
    const std::string stem = entry->first;
    entry = due_ns_.erase(entry);
    listener_.file_changed(stem);
  }
}

// --- The folder itself ---------------------------------------------------------------------------

bool FolderWatch::watch_folder() {
  folder_watch_ = ::inotify_add_watch(inotify_.get(), folder_.c_str(), kFolderEvents);
  return folder_watch_ >= 0;
}

void FolderWatch::folder_went() {
  log::error(kLog, "the plugin folder '" + folder_.string() +
                       "' was deleted or moved away; the plugins go on, and a folder of that name "
                       "is used as soon as there is one");
  // What happened to files on the way is part of it. Moved away, it would still be watched.
  due_ns_.clear();
  compare_ = false;
  ::inotify_rm_watch(inotify_.get(), std::exchange(folder_watch_, -1));
  await_folder();
}

// Watches the nearest folder above that there is, unless the folder itself is there (again).
void FolderWatch::await_folder() {
  if (ancestor_watch_ >= 0) ::inotify_rm_watch(inotify_.get(), std::exchange(ancestor_watch_, -1));
  for (std::filesystem::path above = folder_.parent_path();; above = above.parent_path()) {
    ancestor_watch_ = ::inotify_add_watch(inotify_.get(), above.c_str(), kAncestorEvents);
    if (ancestor_watch_ >= 0 || above == above.parent_path()) break;
  }
  // After the watch above, so that a folder which comes in between is not missed.
  if (!watch_folder()) return;
  const int above = std::exchange(ancestor_watch_, -1);
  // The folder may be a link to the one above it: that is one watch, which is the folder's by now.
  if (above != folder_watch_) ::inotify_rm_watch(inotify_.get(), above);
  log::info(kLog, "the plugin folder '" + folder_.string() + "' is there");
  compare_in(Comparison::kFolderBack, kSettleNs);
}

}  // namespace ekiden::daemon

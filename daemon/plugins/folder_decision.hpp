// What to do about a plugin whose file in the folder may have changed: a pure function of what lies
// there now and what the daemon has of that name now. Not of the events: those only say where to
// look, so that none can be missed, doubled or overtaken to any effect.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <functional>
#include <string>

namespace ekiden::daemon {

// Tells one state of a file from another without reading it. All zero: none.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t bytes = 0;
  std::int64_t changed_ns = 0;   // ctime: also when its mode or owner was changed
  std::int64_t modified_ns = 0;  // mtime

  bool is_known() const { return inode != 0; }
  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

FileIdentity identity_of(const struct stat& status);
// False where the file changed a moment before `now_ns` (CLOCK_REALTIME): time stamps move in steps
// of the kernel's tick, so a second change within one of them would look like none.
bool is_settled(const FileIdentity& file, std::int64_t now_ns);

struct FileView {
  enum class Presence : std::uint8_t {
    kThere,
    kAbsent,
    kUnknown,  // the folder itself cannot be looked into
  };
  Presence presence = Presence::kUnknown;
  FileIdentity identity;
  bool is_settled = false;
};

struct PluginView {
  enum class Life : std::uint8_t {
    kNone,     // not loaded, or refused, failed, retired
    kBusy,     // being loaded or replaced: to be looked at when that is over
    kRunning,  //
    kWaiting,  // drains for a replacement, and its unload has missed the deadline
    kDraining,
  };
  bool is_enabled = true;
  Life life = Life::kNone;
  std::string sha256;       // of the copy that is loaded
  FileIdentity dealt_with;  // the state of the file that was last acted upon
};

enum class FolderAction : std::uint8_t {
  kNothing,
  kSame,     // the file is what runs: nothing, except that an earlier refusal is history
  kLoad,     //
  kReplace,  //
  kGiveUp,   // the replacement that waits: its file has changed again; look again when it has gone
  kUnload,
  kForget,  // what became of a file that is no longer there
};

// Why the file is looked at.
enum class Occasion : std::uint8_t {
  kContent,     // something was said about this file, or the whole folder is compared
  kFolderBack,  // the folder is there again: what it lacks was not taken out of it
};

// `sha256` reads the file; asked only where it matters, and empty where it cannot be read.
FolderAction decide(const FileView& file, const PluginView& plugin, Occasion occasion,
                    const std::function<std::string()>& sha256);

}  // namespace ekiden::daemon

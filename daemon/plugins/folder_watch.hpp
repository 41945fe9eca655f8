// Says which files of the plugin folder to look at, once nothing has happened to them for a moment.
//
//   inotify ──> pending name, due kSettle after its last event ──> file_changed(name)
//     │ events lost, or the folder is there again ──────────────> compare_folder
//     └ the folder is deleted or moved away ──> one line in the log; from then on the nearest
//     folder
//       above it is watched until a folder of that name is there again
//
// One thread, which sleeps untimed while no name is pending: no periodic wake-ups. Names that begin
// with a dot are passed over: they are other programs' files on their way to their real name.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <thread>

#include "daemon/plugins/unique_fd.hpp"
#include "runtime/base/clock.hpp"
#include "runtime/base/mutex.hpp"

struct inotify_event;

namespace ekiden::daemon {

enum class Comparison : std::uint8_t {
  kLostEvents,  // more happened than the kernel could note down
  kFolderBack,
};

// Told on the watch's thread. Must not wait for long: nothing else is noticed meanwhile.
class FolderListener {
 public:
  virtual void file_changed(const std::string& stem) = 0;  // <stem>.so
  // False: the folder cannot be read now; asked again after a pause.
  [[nodiscard]] virtual bool compare_folder(Comparison why) = 0;

 protected:
  ~FolderListener() = default;
};

class FolderWatch {
 public:
  // `listener` outlives it.
  FolderWatch(std::filesystem::path folder, FolderListener& listener);
  ~FolderWatch();
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;

  // The kernel notes down what happens from now on. Answers with what is in the way: one sentence,
  // or nothing. A folder that is not there is none: it is waited for.
  [[nodiscard]] std::string begin();
  // Starts the thread; std::system_error where there is none. Once, after begin().
  void start();
  // Ends it; the listener is not told anything any more. Not on the thread itself. Twice is fine.
  void stop();

  // Has the listener look at a name soon. Any thread, before start(), too.
  void look_at(std::string stem);

 private:
  void run();
  bool wait();  // false: stop
  int timeout_ms() const;
  void take_asked();
  void read_events();
  void handle(const inotify_event& event);
  void handle_file(const inotify_event& event);
  bool is_begun_only(const std::string& file) const;
  void compare_in(Comparison why, runtime::Nanos pause_ns);
  void compare();
  void report_due();

  bool watch_folder();
  void folder_went();
  void await_folder();
  void wake();

  const std::filesystem::path folder_;
  FolderListener& listener_;

  // Made by begin().
  UniqueFd inotify_;
  UniqueFd wake_;

  // Until start() the caller's, then the thread's.
  int folder_watch_ = -1;    // watch descriptors; at most one of them is valid
  int ancestor_watch_ = -1;  //
  std::map<std::string, runtime::Nanos> due_ns_;
  bool compare_ = false;
  Comparison compare_why_ = Comparison::kLostEvents;
  runtime::Nanos compare_ns_ = 0;
  runtime::Nanos compare_pause_ns_ = 0;  // before the next try; 0: the last one was no failure

  runtime::Mutex mutex_;
  bool stopping_ EKIDEN_GUARDED_BY(mutex_) = false;
  std::set<std::string> asked_ EKIDEN_GUARDED_BY(mutex_);

  std::thread thread_;  // last: run() uses all of the above
};

}  // namespace ekiden::daemon

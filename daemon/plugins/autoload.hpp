// Keeps the plugins as the plugin folder has them: what is dropped in is loaded, what is replaced
// is upgraded, what is taken out is unloaded.
//
//   FolderWatch ──name──> compare the file with the plugin (folder_decision.hpp) ──> AutoloadTarget
//        ^                                                                                │
//        └──────────── operation_is_over(name): look again ───────────────────────────────┘
//
// A plugin that somebody unloaded by hand stays so until its file changes, and so does one that was
// refused or failed: `dealt_with_` has the state in which the file was last acted upon.
//
// A folder that is deleted or moved away unloads nothing: that is hardly ever meant. When a folder
// of that name is there again, its files are compared with what runs: new ones are loaded, other
// ones upgrade; a plugin whose file it lacks goes on.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/plugins/folder_decision.hpp"
#include "daemon/plugins/folder_watch.hpp"
#include "daemon/plugins/plugin_result.hpp"
#include "runtime/base/mutex.hpp"

namespace ekiden::daemon {

// What the folder can ask of the plugins. On the watch's thread; nothing of it waits.
class AutoloadTarget {
 public:
  virtual std::vector<std::string> names() const = 0;
  virtual std::optional<PluginRow> find(const std::string& name) const = 0;
  virtual bool is_enabled(const std::string& name) const = 0;
  // False: nothing was begun, because of something else that goes on or is lacking.
  [[nodiscard]] virtual bool load_new(const std::string& name) = 0;
  [[nodiscard]] virtual bool load_replaced(const std::string& name) = 0;
  virtual void unload_removed(const std::string& name) = 0;
  // The file is the one that runs.
  virtual void is_same(const std::string& name) = 0;
  virtual void give_up_replacement(const std::string& name) = 0;
  virtual void refuse_name(const std::string& stem) = 0;
  virtual void forget(const std::string& stem) = 0;

 protected:
  ~AutoloadTarget() = default;
};

class Autoload final : public FolderListener {
 public:
  // `target` outlives it.
  Autoload(std::filesystem::path folder, AutoloadTarget& target);
  ~Autoload();

  // The folder's changes are noted from now on, and acted upon after start(). Both belong to the
  // thread that loads what is there already, which says note_load(name, see(name)) of each before.
  // Answers with what is in the way: one sentence, or nothing.
  [[nodiscard]] std::string begin();
  void start();
  // Nothing is acted upon any more when it returns. Not on the watch's own thread.
  void stop();

  // --- Any thread --------------------------------------------------------------------------------
  // The state that the file is in; none where it may still change without a trace.
  FileIdentity see(const std::string& name) const;
  // The file is about to be loaded, in the state `seen` or a later one. Takes no lock but its own.
  void note_load(const std::string& name, const FileIdentity& seen);
  // The plugin is about to be unloaded by hand, and is to stay so as long as its file is as now.
  void note_unload(const std::string& name);
  // A load or an unload of that name is over, which the folder may have to wait for.
  void operation_is_over(const std::string& name);

 private:
  void file_changed(const std::string& stem) override;
  bool compare_folder(Comparison why) override;
  void look_at(const std::string& stem, Occasion occasion);
  bool look_at_plugin(const std::string& name, Occasion occasion);
  void look_at_no_name(const std::string& stem);  // of something that is no plugin's
  PluginView plugin_view(const std::string& name);
  FileIdentity dealt_with(const std::string& name);
  void remember(const std::string& name, const FileIdentity& identity);
  bool act(const std::string& name, FolderAction action);

  const std::filesystem::path folder_;
  AutoloadTarget& target_;

  // Held from the last look at dealt_with_ until the action has begun, so that an unload by hand
  // comes before both or after both. Taken before every other lock.
  runtime::Mutex acting_;

  runtime::Mutex mutex_;
  std::map<std::string, FileIdentity> dealt_with_ EKIDEN_GUARDED_BY(mutex_);
  // Names that could not be dealt with because something was going on. Put in before looking, so
  // that an end in between is not missed; an end without need costs one more look.
  std::set<std::string> look_again_ EKIDEN_GUARDED_BY(mutex_);
  std::shared_ptr<FolderWatch> watch_ EKIDEN_GUARDED_BY(mutex_);
};

}  // namespace ekiden::daemon

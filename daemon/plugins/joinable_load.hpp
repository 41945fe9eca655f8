// A load that the folder began, for an operator who asks for the same load a moment later: copying
// a file into the folder and then loading it by command is one wish, whoever is quicker. The first
// command joins the load and hears its result; a second one finds a plugin that is loaded already.
#pragma once

#include <optional>
#include <utility>

#include "daemon/plugins/plugin_result.hpp"
#include "runtime/base/mutex.hpp"

namespace ekiden::daemon {

class JoinableLoad {
 public:
  // The load has come to its end. Once.
  void finish(const PluginResult& result) {
    PluginDone joined;
    {
      runtime::MutexLock lock(mutex_);
      result_ = result;
      joined = std::exchange(joined_, nullptr);
    }
    if (joined) joined(result);
  }

  // True: `done` hears the result, perhaps at once. False: somebody has joined it before.
  [[nodiscard]] bool join(const PluginDone& done) {
    std::optional<PluginResult> result;
    {
      runtime::MutexLock lock(mutex_);
      if (std::exchange(is_taken_, true)) return false;
      result = result_;
      if (!result) joined_ = done;
    }
    if (result) done(std::move(*result));
    return true;
  }

 private:
  runtime::Mutex mutex_;
  std::optional<PluginResult> result_ EKIDEN_GUARDED_BY(mutex_);
  PluginDone joined_ EKIDEN_GUARDED_BY(mutex_);
  bool is_taken_ EKIDEN_GUARDED_BY(mutex_) = false;
};

}  // namespace ekiden::daemon

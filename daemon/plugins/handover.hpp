// Where the next generation of a plugin waits until the one that runs has gone.
//
//   the next one's lifecycle thread          the old one
//   pass() ── asks it to unload ──────────>  drain … fini
//     │ <── it missed its deadline ────────  stays draining   (waits() from here on)
//     │ <── predecessor_is_over() ─────────  none of its code runs or will run
//     └──> true: start        give_up() ──> false: the next one ends without having started
//
// The next generation's file has passed every check before, so nothing but its own init and start
// can still refuse it once the old one has been asked to go.
#pragma once

#include <functional>
#include <memory>

#include "daemon/plugins/plugin_result.hpp"
#include "runtime/base/clock.hpp"
#include "runtime/base/mutex.hpp"

namespace ekiden::daemon {

class Instance;

class Handover : public std::enable_shared_from_this<Handover> {
 public:
  // `unload_ns`: how long the old one is given before the wait is reported.
  Handover(std::shared_ptr<Instance> old, runtime::Nanos unload_ns);
  ~Handover();
  Handover(const Handover&) = delete;
  Handover& operator=(const Handover&) = delete;

  // Told, at most once and on the thread in pass(), why the old one has not ended in time.
  using Late = std::function<void(const PluginResult&)>;

  // True: the old one is over. False: given up. On the lifecycle thread of the next one; once.
  [[nodiscard]] bool pass(const Late& late);

  // Any thread; neither waits.
  void predecessor_is_over();
  void give_up();
  // The old one missed its deadline, and nothing happens until somebody unloads it.
  bool waits() const;

 private:
  // Sleeps until there is something to do; true when pass() is over.
  bool wait_for_news(PluginResult& late_answer);

  const runtime::Nanos unload_ns_;

  mutable runtime::Mutex mutex_;
  runtime::ConditionVariable changed_;
  // Let go of when pass() ends, so that a generation does not keep all earlier ones in memory.
  std::shared_ptr<Instance> old_ EKIDEN_GUARDED_BY(mutex_);
  bool is_over_ EKIDEN_GUARDED_BY(mutex_) = false;
  bool given_up_ EKIDEN_GUARDED_BY(mutex_) = false;
  bool waits_ EKIDEN_GUARDED_BY(mutex_) = false;
  bool has_late_answer_ EKIDEN_GUARDED_BY(mutex_) = false;
  PluginResult late_answer_ EKIDEN_GUARDED_BY(mutex_);
};

}  // namespace ekiden::daemon

// Which records are wanted: one level for all, and levels of their own for some components.
//
// A component is a dotted name such as "plugin.echo". An override holds for the component itself
// and for everything below it ("plugin" covers "plugin.echo"); the longest match wins.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "daemon/logging/level.hpp"
#include "runtime/base/atomic.hpp"
#include "runtime/base/mutex.hpp"

namespace ekiden::daemon::log {

// Every member may be called from any thread.
class LevelTable {
 public:
  using Overrides = std::map<std::string, Level, std::less<>>;

  explicit LevelTable(Level level) noexcept : level_(level), lowest_(level) {}

  Level level() const noexcept;
  void set_level(Level level) noexcept;

  // The level that holds for `component`, its own or an inherited one.
  Level level_of(std::string_view component) const noexcept;

  // False, and nothing changed, where the name is empty or too long or the table is full.
  bool set_override(std::string_view component, Level level);
  // False where there was none.
  bool clear_override(std::string_view component);
  Overrides overrides() const;

  // Whether any component at all wants it: one relaxed load, to skip the building of a message.
  bool enabled(Level level) const noexcept;
  bool enabled(Level level, std::string_view component) const noexcept;

 private:
  void refresh() noexcept EKIDEN_REQUIRES(mutex_);

  mutable runtime::Mutex mutex_;
  Overrides overrides_ EKIDEN_GUARDED_BY(mutex_);

  // Written under the lock, read without it.
  runtime::Atomic<Level> level_;
  runtime::Atomic<Level> lowest_;  // of level_ and all overrides
  runtime::Atomic<bool> has_overrides_{false};
};

}  // namespace ekiden::daemon::log

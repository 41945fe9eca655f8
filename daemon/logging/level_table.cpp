#include "daemon/logging/level_table.hpp"

#include <algorithm>

#include "daemon/logging/limits.hpp"

namespace ekiden::daemon::log {

// relaxed throughout: a level publishes no other data, and a record that races with a change of
// level may fall on either side of it.
namespace {
constexpr auto kRelaxed = std::memory_order_relaxed;
}  // namespace

Level LevelTable::level() const noexcept { return level_.load(kRelaxed); }

void LevelTable::set_level(Level level) noexcept {
  const runtime::MutexLock lock(mutex_);
  level_.store(level, kRelaxed);
  refresh();
}

Level LevelTable::level_of(std::string_view component) const noexcept {
  if (!has_overrides_.load(kRelaxed)) return level();
  const runtime::MutexLock lock(mutex_);
  for (std::string_view name = component; !name.empty();) {
    const auto found = overrides_.find(name);
    if (found != overrides_.end()) return found->second;
    const std::size_t dot = name.rfind('.');
    name = dot == std::string_view::npos ? std::string_view() : name.substr(0, dot);
  }
  return level();
}

bool LevelTable::set_override(std::string_view component, Level level) {
  if (component.empty() || component.size() > kComponentMaxBytes) return false;
  const runtime::MutexLock lock(mutex_);
  const auto found = overrides_.find(component);
  if (found != overrides_.end()) {
    found->second = level;
  } else {
    if (overrides_.size() >= kOverridesMax) return false;
    overrides_.emplace(component, level);
  }
  refresh();
  return true;
}

bool LevelTable::clear_override(std::string_view component) {
  const runtime::MutexLock lock(mutex_);
  const auto found = overrides_.find(component);
  if (found == overrides_.end()) return false;
  overrides_.erase(found);
  refresh();
  return true;
}

LevelTable::Overrides LevelTable::overrides() const {
  const runtime::MutexLock lock(mutex_);
  return overrides_;
}

bool LevelTable::enabled(Level level) const noexcept {
  return level != Level::kOff && level >= lowest_.load(kRelaxed);
}

bool LevelTable::enabled(Level level, std::string_view component) const noexcept {
  return enabled(level) && level >= level_of(component);
}

void LevelTable::refresh() noexcept {
  Level lowest = level_.load(kRelaxed);
  for (const auto& [component, level] : overrides_)
    lowest = std::min(lowest, level);
  lowest_.store(lowest, kRelaxed);
  has_overrides_.store(!overrides_.empty(), kRelaxed);
}

}  // namespace ekiden::daemon::log

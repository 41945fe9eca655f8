#include "daemon/plugins/plugin_table.hpp"

#include <utility>

namespace ekiden::daemon {

PluginTable::Entered PluginTable::enter(const std::string& name, const Make& make) {
  runtime::MutexLock lock(mutex_);
  const auto found = slots_.find(name);
  if (found != slots_.end() && found->second.live) return {nullptr, found->second.live};
  const std::uint32_t generation = found == slots_.end() ? 1 : found->second.generation + 1;
  InstancePtr made = make(generation);
  Slot& slot = slots_[name];
  slot.generation = generation;
  slot.live = made;
  return {std::move(made), nullptr};
}

void PluginTable::leave(const Instance& instance, const std::string& name, Leaves leaves) {
  PluginRow row = instance.row();
  runtime::MutexLock lock(mutex_);
  const auto found = slots_.find(name);
  if (found == slots_.end() || found->second.live.get() != &instance) return;
  Slot& slot = found->second;
  slot.live.reset();
  slot.last.reset();
  if (leaves == Leaves::kRow) slot.last = std::move(row);
  // What the first generation was is then gone without a trace, so its number may be given again.
  if (leaves == Leaves::kNothing && slot.generation == 1) slots_.erase(found);
}

void PluginTable::note(PluginRow row) {
  runtime::MutexLock lock(mutex_);
  Slot& slot = slots_[row.name];
  row.generation = slot.generation;
  slot.last = std::move(row);
}

PluginTable::InstancePtr PluginTable::find_live(const std::string& name) const {
  runtime::MutexLock lock(mutex_);
  const auto found = slots_.find(name);
  return found == slots_.end() ? nullptr : found->second.live;
}

std::vector<PluginTable::InstancePtr> PluginTable::live() const {
  runtime::MutexLock lock(mutex_);
  std::vector<InstancePtr> instances;
  for (const auto& [name, slot] : slots_) {
    if (slot.live) instances.push_back(slot.live);
  }
  return instances;
}

std::vector<PluginRow> PluginTable::rows() const {
  runtime::MutexLock lock(mutex_);
  std::vector<PluginRow> rows;
  for (const auto& [name, slot] : slots_) {
    if (slot.live) {
      rows.push_back(slot.live->row());
    } else if (slot.last) {
      rows.push_back(*slot.last);
    }
  }
  return rows;
}

std::optional<PluginRow> PluginTable::row(const std::string& name) const {
  runtime::MutexLock lock(mutex_);
  const auto found = slots_.find(name);
  if (found == slots_.end()) return std::nullopt;
  if (found->second.live) return found->second.live->row();
  return found->second.last;
}

}  // namespace ekiden::daemon

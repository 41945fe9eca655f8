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
  slot.pending_error.clear();
  return {std::move(made), nullptr};
}

PluginTable::EnteredNext PluginTable::enter_next(
    const std::string& name, const std::function<bool(const InstancePtr& live)>& may_replace,
    const std::function<InstancePtr(std::uint32_t generation, const InstancePtr& live)>& make) {
  runtime::MutexLock lock(mutex_);
  const auto found = slots_.find(name);
  if (found == slots_.end() || !found->second.live) return {};
  Slot& slot = found->second;
  if (slot.next || !may_replace(slot.live)) return {nullptr, slot.live, slot.next};
  slot.next = make(slot.generation + 1, slot.live);
  slot.generation++;
  return {slot.next, slot.live, nullptr};
}

PluginTable::Left PluginTable::leave(const Instance& instance, const std::string& name,
                                     Leaves leaves, const std::string& refusal) {
  PluginRow row = instance.row();
  runtime::MutexLock lock(mutex_);
  const auto found = slots_.find(name);
  if (found == slots_.end()) return {};
  Slot& slot = found->second;
  if (slot.next.get() == &instance) {
    slot.next.reset();
    slot.pending_error = refusal;
    return {true, nullptr};
  }
  if (slot.live.get() != &instance) return {};
  slot.live = std::exchange(slot.next, nullptr);
  slot.last.reset();
  slot.pending_error.clear();
  if (slot.live) return {false, slot.live};
  if (leaves == Leaves::kRow) slot.last = std::move(row);
  // What the first generation was is then gone without a trace, so its number may be given again.
  if (leaves == Leaves::kNothing && slot.generation == 1) slots_.erase(found);
  return {};
}

void PluginTable::set_pending_error(const std::string& name, std::uint32_t generation,
                                    std::string text) {
  runtime::MutexLock lock(mutex_);
  const auto found = slots_.find(name);
  if (found == slots_.end() || !found->second.live) return;
  Slot& slot = found->second;
  if (generation != kWhicheverLives && generation != slot.live->generation()) return;
  slot.pending_error = std::move(text);
}

void PluginTable::forget(const std::string& name) {
  runtime::MutexLock lock(mutex_);
  const auto found = slots_.find(name);
  if (found == slots_.end() || found->second.live) return;
  found->second.last.reset();
  if (found->second.generation == 0) slots_.erase(found);
}

void PluginTable::note(PluginRow row) {
  runtime::MutexLock lock(mutex_);
  Slot& slot = slots_[row.name];
  if (slot.live) return;
  row.generation = slot.generation;
  slot.last = std::move(row);
}

PluginTable::InstancePtr PluginTable::find_live(const std::string& name) const {
  runtime::MutexLock lock(mutex_);
  const auto found = slots_.find(name);
  return found == slots_.end() ? nullptr : found->second.live;
}

PluginTable::InstancePtr PluginTable::find_next(const std::string& name) const {
  runtime::MutexLock lock(mutex_);
  const auto found = slots_.find(name);
  return found == slots_.end() ? nullptr : found->second.next;
}

std::vector<PluginTable::InstancePtr> PluginTable::live() const {
  runtime::MutexLock lock(mutex_);
  std::vector<InstancePtr> instances;
  for (const auto& [name, slot] : slots_) {
    if (slot.live) instances.push_back(slot.live);
    if (slot.next) instances.push_back(slot.next);
  }
  return instances;
}

PluginRow PluginTable::row_of(const Slot& slot) {
  PluginRow row = slot.live->row();
  row.pending_error = slot.pending_error;
  row.replacement = !slot.next                           ? Replacement::kNone
                    : slot.next->waits_for_predecessor() ? Replacement::kWaits
                                                         : Replacement::kInProgress;
  return row;
}

std::vector<PluginRow> PluginTable::rows() const {
  runtime::MutexLock lock(mutex_);
  std::vector<PluginRow> rows;
  for (const auto& [name, slot] : slots_) {
    if (slot.live) {
      rows.push_back(row_of(slot));
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
  if (found->second.live) return row_of(found->second);
  return found->second.last;
}

}  // namespace ekiden::daemon

#include "runtime/task/task_type.hpp"

#include <algorithm>
#include <bit>
#include <new>

namespace ekiden::runtime {

namespace {

Status check(const TaskTypeSpec& spec) {
  if (spec.name.empty() || spec.name.size() > kTypeNameBytesMax) return Status::kInvalid;
  if (spec.poll == nullptr || spec.cancel > CancelMode::kAsync) return Status::kInvalid;
  if (!std::has_single_bit(spec.state_align) || spec.state_align > kStateAlignMax) {
    return Status::kInvalid;
  }
  const bool fits = spec.state_size <= kStateBytesMax &&
                    spec.room_size <= kStateBytesMax - spec.state_size;
  return fits ? Status::kOk : Status::kTooBig;
}

}  // namespace

TypeTimes* TaskType::make_times(unsigned shard) noexcept {
  auto* made = new (std::nothrow) TypeTimes;
  // release: pairs with the acquire in TypeTable::add_times().
  times[shard].store(made, std::memory_order_release);
  return made;
}

TypeTable::TypeTable(unsigned shards)
    : shards_(shards), types_(std::make_unique<Atomic<TaskType*>[]>(kTypesMax)), names_(1) {}

// The workers have ended.
TypeTable::~TypeTable() {
  for (const auto& type : records_) {
    for (unsigned shard = 0; shard < shards_; ++shard)
      delete type->times[shard].load(std::memory_order_relaxed);
  }
}

Status TypeTable::add(OwnerId owner, const TaskTypeSpec& spec, TypeId& out) {
  if (const Status status = check(spec); status != Status::kOk) return status;
  MutexLock lock(mutex_);
  const auto owned = std::count_if(records_.begin(), records_.end(), [&](const auto& record) {
    return record->registered.load(std::memory_order_relaxed) &&
           record->owner.load(std::memory_order_relaxed) == owner;
  });
  if (static_cast<std::size_t>(owned) >= kTypesPerOwnerMax) return Status::kLimit;
  TaskType* type = take_record();
  if (type == nullptr) return Status::kLimit;
  type->poll = spec.poll;
  type->drop = spec.drop;
  type->state_size = spec.state_size;
  type->state_align = spec.state_align;
  type->layout = lay_out(spec.state_size + spec.room_size, spec.state_align);
  type->cancel = spec.cancel;
  ++type->life;
  type->owner.store(owner, std::memory_order_relaxed);
  names_[type->id] = spec.name;
  type->registered.store(true, std::memory_order_release);
  // release: pairs with the acquire in find().
  types_[type->id].store(type, std::memory_order_release);
  out = type->id;
  return Status::kOk;
}

TaskType* TypeTable::take_record() {
  if (!free_.empty()) {
    TaskType* type = records_[free_.back() - 1].get();
    free_.pop_back();
    type->before = sum(type->counters.get(), shards_);
    // relaxed: what the monitor still writes about the type that was is for people.
    type->stalls.store(0, std::memory_order_relaxed);
    type->longest_stall_ns.store(0, std::memory_order_relaxed);
    type->times_before = std::make_unique<TypeTimesSnapshot>(all_times(*type));
    return type;
  }
  if (names_.size() >= kTypesMax) return nullptr;
  records_.push_back(std::make_unique<TaskType>(shards_));
  records_.back()->id = static_cast<TypeId>(names_.size());
  names_.emplace_back();
  return records_.back().get();
}

void TypeTable::retire(OwnerId owner) {
  MutexLock lock(mutex_);
  for (const auto& type : records_) {
    if (!type->registered.load(std::memory_order_relaxed)) continue;
    if (type->owner.load(std::memory_order_relaxed) != owner) continue;
    type->registered.store(false, std::memory_order_release);
    // Nothing of the daemon points into the plugin any more.
    type->poll = nullptr;
    type->drop = nullptr;
    free_.push_back(type->id);
  }
}

template <class Visit>
void TypeTable::for_each_registered(std::optional<OwnerId> owner, Visit visit) const {
  for (const auto& type : records_) {
    if (!type->registered.load(std::memory_order_relaxed)) continue;
    if (owner && type->owner.load(std::memory_order_relaxed) != *owner) continue;
    visit(*type);
  }
}

std::string TypeTable::name(const TaskType& type) const {
  MutexLock lock(mutex_);
  return names_[type.id];
}

std::vector<TypeId> TypeTable::ids(std::optional<OwnerId> owner) const {
  MutexLock lock(mutex_);
  std::vector<TypeId> result;
  for_each_registered(owner, [&](const TaskType& type) { result.push_back(type.id); });
  return result;
}

CounterTotals TypeTable::totals(const TaskType& type) const {
  MutexLock lock(mutex_);
  return sum(type.counters.get(), shards_) - type.before;
}

void TypeTable::add_times(const TaskType& type, unsigned shard, TypeTimesSnapshot& to) const {
  // acquire: pairs with the release in TaskType::make_times().
  const TypeTimes* times = type.times[shard].load(std::memory_order_acquire);
  if (times != nullptr) times->add_to(to);
}

TypeTimesSnapshot TypeTable::all_times(const TaskType& type) const {
  TypeTimesSnapshot total;
  for (unsigned shard = 0; shard < shards_; ++shard)
    add_times(type, shard, total);
  return total;
}

TypeTimesSnapshot TypeTable::times(const TaskType& type) const {
  MutexLock lock(mutex_);
  TypeTimesSnapshot total = all_times(type);
  if (type.times_before) total -= *type.times_before;
  return total;
}

TypeTimesSnapshot TypeTable::shard_times(unsigned shard) const {
  MutexLock lock(mutex_);
  TypeTimesSnapshot total;
  for (const auto& type : records_)
    add_times(*type, shard, total);
  return total;
}

// All that were freed first, then all that were spawned: see TypeCounters. Type by type it would be
// wrong: a task of the second could spawn one of the first, which has been counted, and be gone
// when its own type is.
std::uint64_t TypeTable::live(std::optional<OwnerId> owner) const {
  MutexLock lock(mutex_);
  std::uint64_t freed = 0;
  std::uint64_t spawned = 0;
  for_each_registered(
      owner, [&](const TaskType& type) { freed += sum_freed(type.counters.get(), shards_); });
  for_each_registered(
      owner, [&](const TaskType& type) { spawned += sum_spawned(type.counters.get(), shards_); });
  return spawned - freed;
}

}  // namespace ekiden::runtime

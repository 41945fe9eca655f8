// What people, and owners, see of channels.
#include <algorithm>

#include "runtime/channel/channels.hpp"
#include "runtime/channel/with_end.hpp"

namespace ekiden::runtime {

Status Channels::may_send(OwnerId owner, Handle sender, std::uint64_t bytes) const {
  if (sender.kind() != HandleKind::kSender) return Status::kInvalid;
  return with_end(owner, sender, [&](ChannelRecord& record, ChannelEnd& end) {
    record.mutex.assert_held();
    return record.channel.may_send(end, bytes);
  });
}

Status Channels::may_receive(OwnerId owner, Handle receiver) const {
  if (receiver.kind() != HandleKind::kReceiver) return Status::kInvalid;
  return with_end(owner, receiver, [&](ChannelRecord& record, ChannelEnd& end) {
    record.mutex.assert_held();
    return record.channel.may_receive(end);
  });
}

Status Channels::info(OwnerId owner, Handle end, ChannelInfo& out) const {
  const bool is_end = end.kind() == HandleKind::kSender || end.kind() == HandleKind::kReceiver;
  if (!is_end) return Status::kInvalid;
  return with_end(owner, end, [&](ChannelRecord& record, ChannelEnd&) {
    record.mutex.assert_held();
    out = record.channel.info();
    return Status::kOk;
  });
}

bool Channels::describe(Handle end, ChannelInfo& out) const {
  if (end.index() >= ends_.used_slots()) return false;
  // acquire: pairs with the release in open_end().
  const EndIdentity identity = at(end.index()).identity.load(std::memory_order_acquire);
  return info(identity.owner(), end, out) == Status::kOk;
}

std::vector<ChannelInfo> Channels::list() const {
  std::vector<ChannelInfo> rows;
  {
    MutexLock lock(mutex_);
    for (const auto& record : records_) {
      MutexLock of(record->mutex);
      const bool is_used = record->channel.capacity() != 0;
      if (is_used) rows.push_back(record->channel.info());
    }
  }
  std::sort(rows.begin(), rows.end(),
            [](const ChannelInfo& a, const ChannelInfo& b) { return a.name < b.name; });
  return rows;
}

std::size_t Channels::count(OwnerId owner) const {
  MutexLock lock(mutex_);
  return owner < kMaxOwners ? counts_[owner] : 0;
}

MakerCounts Channels::count_makers(OwnerId owner, HandleKind kind) const {
  MakerCounts counts;
  MutexLock lock(mutex_);
  for (std::uint32_t index = 0; index < ends_.used_slots(); ++index) {
    const ChannelEnd& end = at(index);
    const EndIdentity identity = end.identity.load(std::memory_order_relaxed);
    if (identity.is_open() && identity.owner() == owner && identity.kind() == kind) {
      ++counts[end.maker];
    }
  }
  return counts;
}

}  // namespace ekiden::runtime

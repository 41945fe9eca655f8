// How the registry comes from a handle to its end and its channel. Only for channels*.cpp.
#pragma once

#include "runtime/channel/channels.hpp"

namespace ekiden::runtime {

// Runs body(record, end) under the channel's lock if the handle is good.
template <class Body>
Status Channels::with_end(OwnerId owner, Handle end, Body body) const {
  if (end.is_null()) return Status::kInvalid;
  if (end.index() >= ends_.used_slots()) return Status::kStale;
  ChannelEnd& found = at(end.index());
  for (;;) {
    // relaxed: a guess, which the look under its lock confirms; records are never freed.
    ChannelRecord* const record = found.record.load(std::memory_order_relaxed);
    if (record == nullptr) return Status::kStale;
    MutexLock lock(record->mutex);
    // acquire: pairs with the release in open_end() and close_end(). Where it was written under
    // another channel's lock, the record is another one, too, and seen below.
    const EndIdentity identity = found.identity.load(std::memory_order_acquire);
    if (const Status status = identity.check(owner, end); status != Status::kOk) return status;
    if (found.record.load(std::memory_order_relaxed) != record) continue;
    return body(*record, found);
  }
}

}  // namespace ekiden::runtime

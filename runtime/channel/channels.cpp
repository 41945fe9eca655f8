#include "runtime/channel/channels.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "runtime/base/check.hpp"
#include "runtime/channel/with_end.hpp"

namespace ekiden::runtime {

namespace {

bool is_channel_name(std::string_view name) {
  const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
  if (name.empty() || name.size() > kChannelNameMaxBytes || !is_letter(name.front())) return false;
  return std::all_of(name.begin(), name.end(), [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '.';
  });
}

// Of a channel that is not spent.
OpenFault may_open(const Channel& channel, HandleKind kind, std::uint32_t& capacity) {
  if (capacity != 0 && capacity != channel.capacity()) {
    capacity = channel.capacity();
    return OpenFault::kOtherCapacity;
  }
  const bool is_refused = channel.is_closed() && kind == HandleKind::kSender;
  return is_refused ? OpenFault::kClosed : OpenFault::kNone;
}

bool is_end(Handle handle) {
  return handle.kind() == HandleKind::kSender || handle.kind() == HandleKind::kReceiver;
}

}  // namespace

Channels::Channels(WakeTarget& target)
    : target_(target), counts_(std::make_unique<std::uint32_t[]>(kMaxOwners)) {
  MutexLock lock(mutex_);
  // So that making a channel fails before it has changed anything, or not at all.
  records_.reserve(kChannelsMax);
  unused_.reserve(kChannelsMax);
}

// Serves the channel under its lock after body(channel, end).
template <class Body>
Status Channels::with_served_end(OwnerId owner, Handle end, Body body) {
  WakeBatch woken;
  ChannelRecord* served = nullptr;
  const Status status = with_end(owner, end, [&](ChannelRecord& record, ChannelEnd& mine) {
    record.mutex.assert_held();
    const Status answer = body(record.channel, mine);
    record.channel.serve(woken);
    served = &record;
    return answer;
  });
  if (served != nullptr) finish(*served, woken);
  return status;
}

// Wakes, and serves those for whom there was no room in the batch. If the record is another
// channel's by now, that one is served: it does no harm.
void Channels::finish(ChannelRecord& record, const WakeBatch& woken) {
  woken.wake_all(target_);
  for (bool more = woken.is_full(); more;) {
    WakeBatch next;
    {
      MutexLock lock(record.mutex);
      record.channel.serve(next);
    }
    next.wake_all(target_);
    more = next.is_full();
  }
}

// --- Opening -----------------------------------------------------------------------------------

OpenFault Channels::open(OwnerId owner, HandleKind kind, std::string_view name,
                         std::uint32_t& capacity, Handle& out) {
  EKIDEN_CHECK(owner < kMaxOwners);
  if (!is_channel_name(name)) return OpenFault::kBadName;
  if (capacity > kChannelCapacityMax) return OpenFault::kBadCapacity;
  MutexLock lock(mutex_);
  const std::uint32_t index = ends_.allocate(&cache_);
  if (index == SlotArena::kNone) return OpenFault::kNoMemory;
  ChannelRecord* record = nullptr;
  OpenFault fault = OpenFault::kNoMemory;
  try {
    fault = find_or_make(kind, name, capacity, record);
  } catch (const std::bad_alloc&) {
  }
  if (fault == OpenFault::kNone) {
    out = open_end(owner, kind, index, *record);
  } else {
    ends_.release(index, &cache_);
  }
  return fault;
}

OpenFault Channels::find_or_make(HandleKind kind, std::string_view name, std::uint32_t& capacity,
                                 ChannelRecord*& out) {
  if (const auto found = names_.find(name); found != names_.end()) {
    ChannelRecord& record = *found->second;
    MutexLock lock(record.mutex);
    if (!record.channel.is_spent()) {
      out = &record;
      return may_open(record.channel, kind, capacity);
    }
  }
  return capacity == 0 ? OpenFault::kMissing : make(name, capacity, out);
}

OpenFault Channels::make(std::string_view name, std::uint32_t capacity, ChannelRecord*& out) {
  if (unused_.empty()) {
    if (records_.size() == kChannelsMax) return OpenFault::kTooMany;
    records_.push_back(std::make_unique<ChannelRecord>());
    unused_.push_back(records_.back().get());
  }
  ChannelRecord& record = *unused_.back();
  std::string text(name);
  // A spent channel of that name goes on without it.
  const auto place = names_.insert_or_assign(text, &record).first;
  MutexLock lock(record.mutex);
  if (!record.channel.begin(std::move(text), capacity)) {
    names_.erase(place);
    return OpenFault::kNoMemory;
  }
  unused_.pop_back();
  out = &record;
  return OpenFault::kNone;
}

Handle Channels::open_end(OwnerId owner, HandleKind kind, std::uint32_t index,
                          ChannelRecord& record) {
  ChannelEnd& end = at(index);
  MutexLock lock(record.mutex);
  record.channel.add_end(kind);
  end.index = index;
  end.maker = maker::current();
  end.turn = Turn::kNone;
  const EndIdentity identity = end.identity.load(std::memory_order_relaxed).opened(owner, kind);
  // relaxed: published with the identity.
  end.record.store(&record, std::memory_order_relaxed);
  // release: pairs with the acquire in with_end(), for a handle that was guessed.
  end.identity.store(identity, std::memory_order_release);
  ++counts_[owner];
  return {kind, index, identity.generation()};
}

// --- Closing -----------------------------------------------------------------------------------

Status Channels::close(OwnerId owner, Handle end) {
  if (!is_end(end)) return Status::kInvalid;
  WakeBatch woken;
  ChannelRecord* record = nullptr;
  Status status = Status::kOk;
  {
    MutexLock lock(mutex_);
    status = close_end(owner, end, woken, record);
  }
  if (status == Status::kOk) finish(*record, woken);
  return status;
}

Status Channels::close_end(OwnerId owner, Handle end, WakeBatch& woken, ChannelRecord*& of) {
  bool worn_out = false;
  const Status status = with_end(owner, end, [&](ChannelRecord& record, ChannelEnd& mine) {
    mutex_.assert_held();
    record.mutex.assert_held();
    const EndIdentity identity = mine.identity.load(std::memory_order_relaxed);
    worn_out = identity.is_worn_out();
    // release: pairs with the acquire in with_end().
    mine.identity.store(identity.closed(), std::memory_order_release);
    record.channel.remove_end(mine, end.kind());
    record.channel.serve(woken);
    if (record.channel.is_over()) put_away(record);
    of = &record;
    return Status::kOk;
  });
  if (status != Status::kOk) return status;
  --counts_[owner];
  if (!worn_out) ends_.release(end.index(), &cache_);
  return status;
}

void Channels::put_away(ChannelRecord& record) {
  const auto named = names_.find(record.channel.name());
  if (named != names_.end() && named->second == &record) names_.erase(named);
  record.channel.end();
  unused_.push_back(&record);
}

Status Channels::close_channel(OwnerId owner, Handle end) {
  if (!is_end(end)) return Status::kInvalid;
  return with_served_end(owner, end, [](Channel& channel, ChannelEnd&) {
    channel.close();
    return Status::kOk;
  });
}

void Channels::close_all(OwnerId owner) {
  for (std::uint32_t index = 0; index < ends_.used_slots(); ++index) {
    WakeBatch woken;
    ChannelRecord* record = nullptr;
    {
      MutexLock lock(mutex_);
      const EndIdentity identity = at(index).identity.load(std::memory_order_relaxed);
      if (!identity.is_open() || identity.owner() != owner) continue;
      const Handle end(identity.kind(), index, identity.generation());
      if (close_end(owner, end, woken, record) != Status::kOk) continue;
    }
    finish(*record, woken);
  }
  buffers_.release_all(owner);
}

// --- Messages ----------------------------------------------------------------------------------

Status Channels::send_poll(OwnerId owner, Handle sender, Handle buffer, std::uint64_t bytes,
                           Waker waker) {
  if (sender.kind() != HandleKind::kSender) return Status::kInvalid;
  return with_served_end(owner, sender, [&](Channel& channel, ChannelEnd& end) {
    Status status = channel.poll_send(end, bytes, waker);
    if (status != Status::kOk) return status;
    BufferReference* message = nullptr;
    status = buffers_.take(owner, buffer, message);
    if (status == Status::kOk) channel.push(end, *message, bytes);
    return status;
  });
}

Status Channels::receive_poll(OwnerId owner, Handle receiver, Waker waker, Handle& out) {
  if (receiver.kind() != HandleKind::kReceiver) return Status::kInvalid;
  return with_served_end(owner, receiver, [&](Channel& channel, ChannelEnd& end) {
    Status status = channel.poll_receive(end, waker);
    if (status != Status::kOk) return status;
    status = buffers_.give(owner, channel.front(), out);
    if (status == Status::kOk) channel.pop(end);
    return status;
  });
}

Status Channels::cancel_wait(OwnerId owner, Handle end) {
  if (!is_end(end)) return Status::kInvalid;
  return with_served_end(owner, end, [&](Channel& channel, ChannelEnd& mine) {
    channel.give_up(mine, end.kind());
    return Status::kOk;
  });
}

}  // namespace ekiden::runtime

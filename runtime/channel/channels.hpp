// The channels of a runtime: bounded queues of buffers between owners, found by name. They belong
// to nobody, and so survive whoever opened them.
//
//   open (the first) ──> open ──close_channel──> closed ──(drained)──> spent: the name is free
//                          │                        │
//                          └──────────┬─────────────┘
//                                     v
//              gone when no end is open and no message waits
//
// Locks. The registry's lock guards names and slots: it is taken to open and close ends, and for
// lists. Each channel has a lock of its own, which is all that sending and receiving take. Order:
// registry, channel, a buffer's shard; nothing is called under them, wakes are made afterwards.
// Records and ends are type-stable. An end's identity changes under both the registry's and its
// channel's lock: a caller finds the channel in the end without a lock, locks it, and looks at the
// identity again; an old handle shows another generation, whichever channel it led to.
//
// No wake is lost. All is decided under the channel's lock. A poll that answers kPending has left
// its waker in the line; whoever makes room, brings a message, gives up a turn or closes does so
// under the same lock, and before it returns gives the turn to the first of the line and wakes it
// (serve(); in batches, and while a line is being served nobody gets in front of it). A turn is
// kept until it is taken or given up: it does not matter when the wake arrives, who polls in
// between, or whether the woken task asks at once. One that goes away gives its turn up by closing
// its end, or by cancel_wait where the end stays, and that serves the next.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/handle.hpp"
#include "runtime/base/mutex.hpp"
#include "runtime/base/result.hpp"
#include "runtime/base/slot_arena.hpp"
#include "runtime/channel/buffer_table.hpp"
#include "runtime/channel/channel.hpp"
#include "runtime/task/maker.hpp"
#include "runtime/task/owner.hpp"
#include "runtime/task/waker.hpp"

namespace ekiden::runtime {

struct ChannelRecord {
  Mutex mutex;
  Channel channel EKIDEN_GUARDED_BY(mutex);
};

enum class OpenFault : std::uint8_t {
  kNone,
  kBadName,        // not [a-z][a-z0-9_.]*, or longer than kChannelNameMaxBytes
  kBadCapacity,    // over kChannelCapacityMax
  kOtherCapacity,  // the channel has another one
  kMissing,        // there is none, and without a capacity none is made
  kClosed,         // a sender of a closed channel in which messages wait
  kTooMany,        // kChannelsMax exist
  kNoMemory,
};

// Any thread may call everything. A handle that is null or of another kind is kInvalid; one that is
// closed is kStale; one of another owner is kForeign.
class Channels {
 public:
  explicit Channels(WakeTarget& target);  // which outlives this
  Channels(const Channels&) = delete;
  Channels& operator=(const Channels&) = delete;

  BufferTable& buffers() { return buffers_; }

  // An end of the channel of that name, which is made with `capacity` messages where there is none;
  // 0: whatever it has. `kind`: kSender or kReceiver. With kOtherCapacity, `capacity` is what it
  // has.
  OpenFault open(OwnerId owner, HandleKind kind, std::string_view name, std::uint32_t& capacity,
                 Handle& out);
  // Gives the end back. What waits in the channel stays, and the other ends are told nothing.
  Status close(OwnerId owner, Handle end);
  // Closes the channel of an end, for everybody. kOk also where it was closed already.
  Status close_channel(OwnerId owner, Handle end);

  // kOk: the reference is the channel's, and `buffer` stale. kPending: the channel is full; `waker`
  // replaces the one before and is woken when it is this end's turn; null: it does not wait.
  // kClosed. Or why `buffer` is none; `bytes` is its size.
  Status send_poll(OwnerId owner, Handle sender, Handle buffer, std::uint64_t bytes, Waker waker);
  // kOk: `out` is the oldest message. kPending, as above. kClosed: closed, and nothing is left.
  // kNoMemory: it stays where it is.
  Status receive_poll(OwnerId owner, Handle receiver, Waker waker, Handle& out);
  // What the next two would answer; changes nothing.
  Status may_send(OwnerId owner, Handle sender, std::uint64_t bytes) const;
  Status may_receive(OwnerId owner, Handle receiver) const;
  // The end waits no more, and passes its turn on.
  Status cancel_wait(OwnerId owner, Handle end);

  // Of the channel that an end is of.
  Status info(OwnerId owner, Handle end, ChannelInfo& out) const;
  // The same for anybody's end, for lists. False: it is closed.
  bool describe(Handle end, ChannelInfo& out) const;
  // All of them, by name.
  std::vector<ChannelInfo> list() const;

  // Unload: closes the owner's ends and releases its buffers.
  void close_all(OwnerId owner);
  // Open ends of the owner.
  std::size_t count(OwnerId owner) const;
  // The same by who opened them, of one kind.
  MakerCounts count_makers(OwnerId owner, HandleKind kind) const;

 private:
  static_assert(kChannelEndsMax <= Handle::kIndexMask);

  ChannelEnd& at(std::uint32_t index) const { return *static_cast<ChannelEnd*>(ends_.at(index)); }
  OpenFault find_or_make(HandleKind kind, std::string_view name, std::uint32_t& capacity,
                         ChannelRecord*& out) EKIDEN_REQUIRES(mutex_);
  OpenFault make(std::string_view name, std::uint32_t capacity, ChannelRecord*& out)
      EKIDEN_REQUIRES(mutex_);
  Handle open_end(OwnerId owner, HandleKind kind, std::uint32_t index, ChannelRecord& record)
      EKIDEN_REQUIRES(mutex_);
  Status close_end(OwnerId owner, Handle end, WakeBatch& woken, ChannelRecord*& of)
      EKIDEN_REQUIRES(mutex_);
  void put_away(ChannelRecord& record) EKIDEN_REQUIRES(mutex_, record.mutex);

  template <class Body>
  Status with_end(OwnerId owner, Handle end, Body body) const;
  template <class Body>
  Status with_served_end(OwnerId owner, Handle end, Body body);
  void finish(ChannelRecord& record, const WakeBatch& woken);

  WakeTarget& target_;
  BufferTable buffers_;
  SlotArena ends_{kCacheLineBytes, kChannelEndsMax};

  mutable Mutex mutex_;
  const std::unique_ptr<std::uint32_t[]> counts_;  // of open ends, by owner; under mutex_
  SlotArena::Cache cache_ EKIDEN_GUARDED_BY(mutex_);
  // Channels that can be opened. A spent one may live on without its name.
  std::map<std::string, ChannelRecord*, std::less<>> names_ EKIDEN_GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<ChannelRecord>> records_ EKIDEN_GUARDED_BY(mutex_);
  std::vector<ChannelRecord*> unused_ EKIDEN_GUARDED_BY(mutex_);
};

}  // namespace ekiden::runtime

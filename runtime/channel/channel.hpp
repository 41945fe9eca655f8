// One channel: what waits in it, who waits at its sides, and whose turn it is. Not synchronised:
// the registry (channels.hpp) calls it under the channel's lock.
//
// Turns. Room that becomes free goes to the sender that has waited longest: it is granted to it,
// and kept for it until it sends or gives up. A message goes to a receiver in the same way. So:
//   - a sender waits only while there is no room for the first of those that wait;
//   - a receiver waits only while every message is another's;
//   - who comes later gets neither room nor a message before those that wait.
// Each call that may change that ends with serve(), which grants what can be granted. Room is room
// for one message and for its bytes: the first that waits with a big one is not overtaken.
//
// A closed channel has no turns: senders are refused, receivers take what there is, and nobody
// waits.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "runtime/base/result.hpp"
#include "runtime/channel/buffer_table.hpp"
#include "runtime/channel/channel_end.hpp"
#include "runtime/channel/limits.hpp"
#include "runtime/channel/wait_line.hpp"
#include "runtime/channel/wake_batch.hpp"

namespace ekiden::runtime {

// For people.
struct ChannelInfo {
  std::string name;
  bool closed = false;
  std::uint32_t capacity = 0;  // messages
  std::uint32_t queued = 0;
  std::uint64_t queued_bytes = 0;
  std::uint32_t high_water = 0;  // messages
  std::uint32_t senders = 0;     // open ends
  std::uint32_t receivers = 0;
  std::uint32_t senders_waiting = 0;
  std::uint32_t receivers_waiting = 0;
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
  std::uint64_t send_waits = 0;  // times that a sender found no room and began to wait
};

class Channel {
 public:
  // Begins a channel in an unused object. False: no memory. Nothing else allocates.
  bool begin(std::string name, std::uint32_t capacity);
  // Back to unused. Nothing is open and nothing waits.
  void end();

  const std::string& name() const { return info_.name; }
  std::uint32_t capacity() const { return info_.capacity; }
  bool is_closed() const { return info_.closed; }
  // Nobody can reach it, and nothing in it is worth keeping.
  bool is_over() const { return info_.senders == 0 && info_.receivers == 0 && info_.queued == 0; }
  // Closed, and nothing will ever come out of it.
  bool is_spent() const { return info_.closed && info_.queued == 0; }
  ChannelInfo info() const;

  void add_end(HandleKind kind);
  void remove_end(ChannelEnd& end, HandleKind kind);

  // Whether `end` may send `bytes` now; changes nothing. kOk, kPending, kClosed.
  Status may_send(const ChannelEnd& end, std::uint64_t bytes) const;
  // kOk: it may, so push follows. kPending: it waits, and `waker` (unless null: then nothing
  // changes) is woken when it may. kClosed.
  Status poll_send(ChannelEnd& end, std::uint64_t bytes, Waker waker);
  void push(ChannelEnd& end, BufferReference& message, std::uint64_t bytes);

  // The same for receiving; kOk: front() is for it, and pop follows. kClosed: closed, and nothing
  // is left.
  Status may_receive(const ChannelEnd& end) const;
  Status poll_receive(ChannelEnd& end, Waker waker);
  BufferReference& front() const { return *ring_[head_].reference; }
  void pop(ChannelEnd& end);

  // It waits no more; its turn goes to the next.
  void give_up(ChannelEnd& end, HandleKind kind) { line(kind).leave(end); }
  // False: it was closed already.
  bool close();

  // Gives turns to whom they are due, or tells those that wait that it is closed. Who is to be
  // woken for it goes to `woken`; where that is full, call again with another.
  void serve(WakeBatch& woken);

 private:
  struct Message {
    BufferReference* reference;
    std::uint64_t bytes;
  };

  WaitLine& line(HandleKind kind) { return kind == HandleKind::kSender ? sending_ : receiving_; }
  bool has_room(std::uint64_t bytes) const;
  bool has_message() const { return info_.queued > receiving_.granted(); }
  void dismiss_all(WaitLine& line, WakeBatch& woken);

  std::unique_ptr<Message[]> ring_;
  std::uint32_t head_ = 0;
  WaitLine sending_;
  WaitLine receiving_;
  ChannelInfo info_;
};

}  // namespace ekiden::runtime

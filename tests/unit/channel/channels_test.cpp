// Names, capacities, order, handles.
#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <vector>

#include "tests/unit/channel/fixture.hpp"

namespace ekiden::runtime::test {
namespace {

constexpr HandleKind kSends = HandleKind::kSender;
constexpr HandleKind kReceives = HandleKind::kReceiver;

TEST_CASE("messages come out in the order in which they went in, as the same bytes", "[channel]") {
  const std::uint32_t capacity = GENERATE(1u, 2u, 3u, 64u);
  Fixture f;
  const Handle sender = f.sender(capacity);
  const Handle receiver = f.receiver();
  std::uint8_t next_out = 0;
  for (std::uint8_t next_in = 0; next_in < 200;) {
    while (next_in < 200 && f.send(sender, next_in) == Status::kOk)
      ++next_in;
    CHECK(f.info(sender).queued == std::min<std::uint32_t>(capacity, next_in - next_out));
    CHECK(f.receive(receiver) == next_out++);
  }
  while (next_out < 200)
    REQUIRE(f.receive(receiver) == next_out++);
  CHECK(f.receive(receiver) == Fixture::kPendingValue);
  const ChannelInfo info = f.info(receiver);
  CHECK(info.sent == 200);
  CHECK(info.received == 200);
  CHECK(info.high_water == capacity);
  CHECK(info.queued_bytes == 0);
  CHECK(f.held(kMe) == 0);
}

TEST_CASE("a message is not copied: the receiver reads where the sender wrote", "[channel]") {
  Fixture f;
  const Handle sender = f.sender(4);
  const Handle receiver = f.receiver(0, kOther);
  Handle message;
  BufferView written;
  REQUIRE(f.buffers().allocate(kMe, 1000, message, written) == Status::kOk);
  Handle kept;
  REQUIRE(f.buffers().retain(kMe, message, kept) == Status::kOk);
  REQUIRE(f.channels.send_poll(kMe, sender, message, 1000, Waker()) == Status::kOk);
  CHECK(f.buffers().release(kMe, message) == Status::kStale);
  Handle arrived;
  REQUIRE(f.channels.receive_poll(kOther, receiver, Waker(), arrived) == Status::kOk);
  BufferView read;
  REQUIRE(f.buffers().view(kOther, arrived, read) == Status::kOk);
  CHECK(read.data == written.data);
  CHECK(read.size == 1000);
  CHECK(f.buffers().edit(kOther, arrived, read) == Status::kWrongState);  // the sender reads it
  CHECK(f.buffers().release(kMe, kept) == Status::kOk);
  CHECK(f.buffers().edit(kOther, arrived, read) == Status::kOk);
}

TEST_CASE("a channel is made by whoever opens it first, with its capacity", "[channel]") {
  const HandleKind first = GENERATE(kSends, kReceives);
  const HandleKind second = GENERATE(kSends, kReceives);
  Fixture f;
  CHECK(f.fault(first, "c", 0) == OpenFault::kMissing);
  const Handle end = f.open(first, 8);
  REQUIRE_FALSE(end.is_null());
  CHECK(end.kind() == first);
  std::uint32_t capacity = 9;
  Handle out;
  CHECK(f.channels.open(kOther, second, "c", capacity, out) == OpenFault::kOtherCapacity);
  CHECK(capacity == 8);
  CHECK(out.is_null());
  CHECK(f.fault(second, "c", 8) == OpenFault::kNone);
  CHECK(f.fault(second, "c", 0) == OpenFault::kNone);
  CHECK(f.fault(second, "other", 0) == OpenFault::kMissing);
}

TEST_CASE("names and capacities are checked", "[channel]") {
  Fixture f;
  struct Row {
    std::string name;
    std::uint32_t capacity;
    OpenFault expected;
  };
  const std::vector<Row> rows = {
      {"", 1, OpenFault::kBadName},
      {"1a", 1, OpenFault::kBadName},
      {".a", 1, OpenFault::kBadName},
      {"A", 1, OpenFault::kBadName},
      {"a-b", 1, OpenFault::kBadName},
      {std::string("a\0b", 3), 1, OpenFault::kBadName},
      {std::string(64, 'a'), 1, OpenFault::kBadName},
      {std::string(63, 'a'), 1, OpenFault::kNone},
      {"a.b_c.9", kChannelCapacityMax, OpenFault::kNone},
      {"a", kChannelCapacityMax + 1, OpenFault::kBadCapacity},
      {"a", ~0u, OpenFault::kBadCapacity},
      {"a", 0, OpenFault::kMissing},
  };
  for (const Row& row : rows) {
    INFO('"' << row.name << "\", capacity " << row.capacity);
    CHECK(f.fault(kSends, row.name, row.capacity) == row.expected);
    CHECK(f.fault(kReceives, row.name, row.capacity) == row.expected);
  }
  CHECK(f.channels.list().size() == 2);
}

TEST_CASE("there is a limit to channels, and room again when one is gone", "[channel]") {
  Fixture f;
  std::vector<Handle> ends;
  for (std::size_t i = 0; i < kChannelsMax; ++i)
    ends.push_back(f.open(kSends, 1, ("c" + std::to_string(i)).c_str()));
  CHECK(f.fault(kSends, "one_more", 1) == OpenFault::kTooMany);
  CHECK(f.fault(kReceives, "c7", 1) == OpenFault::kNone);
  REQUIRE(f.channels.close(kMe, ends[5]) == Status::kOk);
  CHECK(f.fault(kSends, "one_more", 1) == OpenFault::kNone);
  CHECK(f.channels.list().size() == kChannelsMax);
}

TEST_CASE("bytes are bounded, too", "[channel]") {
  Fixture f;
  const Handle sender = f.sender(100);
  const Handle receiver = f.receiver();
  const std::uint64_t fits = kChannelQueuedMaxBytes / kBufferMaxBytes;
  for (std::uint64_t i = 0; i < fits; ++i)
    REQUIRE(f.send(sender, 1, 0, kBufferMaxBytes) == Status::kOk);
  CHECK(f.info(sender).queued_bytes == kChannelQueuedMaxBytes);
  CHECK(f.send(sender, 2) == Status::kPending);
  CHECK(f.send(sender, 2, 0, 0) == Status::kOk);  // no bytes are always room
  CHECK(f.receive(receiver) == 1);
  CHECK(f.send(sender, 2) == Status::kOk);
}

TEST_CASE("an end's handle is good for its owner, until it is closed", "[channel]") {
  Fixture f;
  const Handle sender = f.sender(4);
  const Handle receiver = f.receiver();
  const Handle closed = f.sender();
  REQUIRE(f.channels.close(kMe, closed) == Status::kOk);
  struct Row {
    const char* what;
    OwnerId owner;
    Handle handle;
    Status expected;
  };
  const std::vector<Row> rows = {
      {"nothing", kMe, Handle(), Status::kInvalid},
      {"a timer", kMe, Handle(HandleKind::kTimer, sender.index(), 1), Status::kInvalid},
      {"generation 0", kMe, Handle(kSends, sender.index(), 0), Status::kInvalid},
      {"never made", kMe, Handle(kSends, Handle::kIndexMask, 1), Status::kStale},
      {"to come", kMe, Handle(kSends, sender.index(), 99), Status::kStale},
      {"another kind", kMe, Handle(kSends, receiver.index(), receiver.generation()),
       Status::kStale},
      {"closed", kMe, closed, Status::kStale},
      {"another owner's", kOther, sender, Status::kForeign},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    const Handle message = f.buffer(1, 1, row.owner);
    ChannelInfo info;
    CHECK(f.channels.send_poll(row.owner, row.handle, message, 1, task_waker(1)) == row.expected);
    CHECK(f.channels.may_send(row.owner, row.handle, 1) == row.expected);
    CHECK(f.channels.cancel_wait(row.owner, row.handle) == row.expected);
    CHECK(f.channels.info(row.owner, row.handle, info) == row.expected);
    CHECK(f.channels.close_channel(row.owner, row.handle) == row.expected);
    CHECK(f.channels.close(row.owner, row.handle) == row.expected);
    CHECK(f.buffers().release(row.owner, message) == Status::kOk);  // it was not taken
  }
  Handle out;
  CHECK(f.channels.receive_poll(kMe, sender, Waker(), out) == Status::kInvalid);
  CHECK(f.channels.receive_poll(kOther, receiver, Waker(), out) == Status::kForeign);
  CHECK(f.channels.send_poll(kMe, receiver, f.buffer(1), 1, Waker()) == Status::kInvalid);
  CHECK(f.send(sender, 9) == Status::kOk);
  CHECK(f.receive(receiver) == 9);
}

TEST_CASE("a buffer that is none leaves the channel as it was", "[channel]") {
  Fixture f;
  const Handle sender = f.sender(1);
  const Handle receiver = f.receiver();
  const Handle theirs = f.buffer(1, 1, kOther);
  CHECK(f.channels.send_poll(kMe, sender, theirs, 1, task_waker(1)) == Status::kForeign);
  CHECK(f.channels.send_poll(kMe, sender, Handle(), 1, task_waker(1)) == Status::kInvalid);
  CHECK(f.info(sender).queued == 0);
  CHECK(f.receive(receiver) == Fixture::kPendingValue);
  CHECK(f.send(sender, 5) == Status::kOk);
  CHECK(f.receive(receiver) == 5);
}

TEST_CASE("lists show every channel by name, and an end its channel", "[channel]") {
  Fixture f;
  const Handle b = f.open(kSends, 2, "b");
  const Handle a = f.open(kReceives, 3, "a");
  REQUIRE(f.send(b, 1) == Status::kOk);
  REQUIRE(f.send(b, 2) == Status::kOk);
  REQUIRE(f.send(b, 3, 7) == Status::kPending);
  const std::vector<ChannelInfo> rows = f.channels.list();
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].name == "a");
  CHECK(rows[0].capacity == 3);
  CHECK(rows[0].receivers == 1);
  CHECK(rows[1].name == "b");
  CHECK(rows[1].queued == 2);
  CHECK(rows[1].queued_bytes == 2);
  CHECK(rows[1].senders == 1);
  CHECK(rows[1].senders_waiting == 1);
  CHECK(rows[1].send_waits == 1);
  CHECK_FALSE(rows[1].closed);
  ChannelInfo info;
  REQUIRE(f.channels.describe(a, info));
  CHECK(info.name == "a");
  REQUIRE(f.channels.close(kMe, a) == Status::kOk);
  CHECK_FALSE(f.channels.describe(a, info));
  CHECK_FALSE(f.channels.describe(Handle(kSends, Handle::kIndexMask, 1), info));
}

}  // namespace
}  // namespace ekiden::runtime::test

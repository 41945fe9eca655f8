// The end of a channel, and of those who use it.
#include <algorithm>
#include <catch2/catch.hpp>
#include <vector>

#include "tests/unit/channel/fixture.hpp"

namespace ekiden::runtime::test {
namespace {

constexpr int kPending = Fixture::kPendingValue;
constexpr int kClosed = Fixture::kClosedValue;

TEST_CASE("what waits in a closed channel is received, and then it is closed", "[channel]") {
  const HandleKind closer = GENERATE(HandleKind::kSender, HandleKind::kReceiver);
  Fixture f;
  const Handle sender = f.sender(4);
  const Handle receiver = f.receiver();
  REQUIRE(f.send(sender, 1) == Status::kOk);
  REQUIRE(f.send(sender, 2) == Status::kOk);
  const Handle by = closer == HandleKind::kSender ? sender : receiver;
  CHECK(f.channels.close_channel(kMe, by) == Status::kOk);
  CHECK(f.channels.close_channel(kMe, by) == Status::kOk);
  CHECK(f.info(sender).closed);
  const Handle message = f.buffer(3);
  CHECK(f.channels.send_poll(kMe, sender, message, 1, task_waker(1)) == Status::kClosed);
  CHECK(f.buffers().release(kMe, message) == Status::kOk);  // still the sender's
  CHECK(f.receive(receiver, 1) == 1);
  CHECK(f.receive(receiver, 1) == 2);
  CHECK(f.receive(receiver, 1) == kClosed);
  CHECK(f.log.take().empty());
}

TEST_CASE("closing wakes everybody who waits, however many they are", "[channel]") {
  const std::uint32_t waiting = GENERATE(1u, 16u, 17u, 100u);
  const bool at_the_sender = GENERATE(false, true);
  Fixture f;
  const Handle sender = f.sender(1);
  const Handle receiver = f.receiver();
  if (at_the_sender) REQUIRE(f.send(sender, 9) == Status::kOk);
  std::vector<Handle> ends;
  Woken expected;
  for (std::uint32_t i = 1; i <= waiting; ++i) {
    ends.push_back(at_the_sender ? f.sender() : f.receiver());
    if (at_the_sender) REQUIRE(f.send(ends.back(), 1, i) == Status::kPending);
    if (!at_the_sender) REQUIRE(f.receive(ends.back(), i) == kPending);
    expected.push_back(i);
  }
  REQUIRE(f.channels.close_channel(kMe, at_the_sender ? receiver : sender) == Status::kOk);
  CHECK(f.log.take() == expected);
  for (const Handle end : ends) {
    if (at_the_sender) CHECK(f.send(end, 1, 1) == Status::kClosed);
    if (!at_the_sender) CHECK(f.receive(end, 1) == kClosed);
  }
  CHECK(f.receive(receiver) == (at_the_sender ? 9 : kClosed));
}

TEST_CASE("in a closed channel a message is kept for nobody", "[channel]") {
  Fixture f;
  const Handle sender = f.sender(4);
  const Handle woken = f.receiver();
  const Handle other = f.receiver();
  REQUIRE(f.receive(woken, 1) == kPending);
  REQUIRE(f.send(sender, 7) == Status::kOk);
  REQUIRE(f.receive(other) == kPending);
  REQUIRE(f.channels.close_channel(kMe, sender) == Status::kOk);
  CHECK(f.receive(other) == 7);
  CHECK(f.receive(woken, 1) == kClosed);
}

TEST_CASE("an end that is closed tells the others nothing", "[channel]") {
  Fixture f;
  const Handle sender = f.sender(2);
  const Handle receiver = f.receiver();
  REQUIRE(f.receive(receiver, 1) == kPending);
  REQUIRE(f.channels.close(kMe, sender) == Status::kOk);
  CHECK(f.log.take().empty());
  CHECK(f.receive(receiver, 1) == kPending);
  const Handle next = f.sender();  // the next generation, say
  REQUIRE(f.send(next, 5) == Status::kOk);
  CHECK(f.log.take() == Woken{1});
  CHECK(f.receive(receiver) == 5);
  REQUIRE(f.channels.close(kMe, receiver) == Status::kOk);
  REQUIRE(f.send(next, 6) == Status::kOk);
  REQUIRE(f.send(next, 7) == Status::kOk);
  CHECK(f.send(next, 8, 2) == Status::kPending);
  const Handle late = f.receiver();
  CHECK(f.receive(late) == 6);
  CHECK(f.log.take() == Woken{2});
}

TEST_CASE("a channel lives while an end is open or a message waits", "[channel]") {
  Fixture f;
  const Handle sender = f.sender(3);
  REQUIRE(f.send(sender, 1) == Status::kOk);
  REQUIRE(f.channels.close(kMe, sender) == Status::kOk);
  CHECK(f.channels.count(kMe) == 0);
  REQUIRE(f.channels.list().size() == 1);
  CHECK(f.fault(HandleKind::kReceiver, "c", 5) == OpenFault::kOtherCapacity);
  const Handle receiver = f.receiver();
  CHECK(f.receive(receiver) == 1);
  REQUIRE(f.channels.list().size() == 1);
  REQUIRE(f.channels.close(kMe, receiver) == Status::kOk);
  CHECK(f.channels.list().empty());
  CHECK(f.receiver().is_null());
  CHECK_FALSE(f.receiver(5).is_null());  // another one
}

TEST_CASE("a closed channel keeps its name until nothing waits in it", "[channel]") {
  Fixture f;
  const Handle sender = f.sender(3);
  REQUIRE(f.send(sender, 1) == Status::kOk);
  REQUIRE(f.channels.close_channel(kMe, sender) == Status::kOk);
  CHECK(f.fault(HandleKind::kSender, "c", 0) == OpenFault::kClosed);
  CHECK(f.fault(HandleKind::kSender, "c", 3) == OpenFault::kClosed);
  const Handle receiver = f.receiver();
  REQUIRE_FALSE(receiver.is_null());
  CHECK(f.receive(receiver) == 1);
  CHECK(f.receive(receiver) == kClosed);
  CHECK(f.fault(HandleKind::kReceiver, "c", 0) == OpenFault::kMissing);

  // The name is free; those who have the old one have the old one.
  const Handle fresh = f.sender(7);
  REQUIRE_FALSE(fresh.is_null());
  CHECK(f.send(sender, 2) == Status::kClosed);
  CHECK(f.send(fresh, 2) == Status::kOk);
  CHECK(f.receive(receiver) == kClosed);
  CHECK(f.channels.list().size() == 2);
  REQUIRE(f.channels.close(kMe, sender) == Status::kOk);
  REQUIRE(f.channels.close(kMe, receiver) == Status::kOk);
  REQUIRE(f.channels.list().size() == 1);
  const Handle reader = f.receiver();  // of the fresh one: the old one did not take its name along
  CHECK(f.receive(reader) == 2);
}

TEST_CASE("an owner's ends go with it, and its messages stay", "[channel]") {
  Fixture f;
  const Handle theirs = f.receiver(2, kOther);
  const Handle sender = f.sender();
  const Handle waiting = f.sender();
  const Handle last = f.sender(0, kOther);
  f.buffer(1);  // held, and never released
  REQUIRE(f.send(sender, 1) == Status::kOk);
  REQUIRE(f.send(sender, 2) == Status::kOk);
  REQUIRE(f.send(waiting, 3, 1) == Status::kPending);
  REQUIRE(f.send(last, 4, 2, 1, kOther) == Status::kPending);
  CHECK(f.channels.count(kMe) == 2);
  CHECK(f.channels.count_makers(kMe, HandleKind::kSender) ==
        MakerCounts{{maker::kOutsideTasks, 2}});
  CHECK(f.channels.count_makers(kMe, HandleKind::kReceiver).empty());
  CHECK(f.held(kMe) == 1);

  f.channels.close_all(kMe);
  CHECK(f.channels.count(kMe) == 0);
  CHECK(f.held(kMe) == 0);
  CHECK(f.log.take().empty());
  CHECK(f.send(sender, 5) == Status::kStale);
  CHECK(f.receive(theirs, 3, kOther) == 1);
  CHECK(f.log.take() == Woken{2});  // the owner's own place in the line is gone
  CHECK(f.send(last, 4, 2, 1, kOther) == Status::kOk);
  CHECK(f.receive(theirs, 3, kOther) == 2);
  CHECK(f.receive(theirs, 3, kOther) == 4);
  CHECK(f.channels.count(kOther) == 2);
}

TEST_CASE("an owner that goes passes on the turns that it had", "[channel]") {
  Fixture f;
  const Handle sender = f.sender(4, kOther);
  const Handle mine = f.receiver();
  const Handle theirs = f.receiver(0, kOther);
  REQUIRE(f.receive(mine, 1) == kPending);
  REQUIRE(f.receive(theirs, 2, kOther) == kPending);
  REQUIRE(f.send(sender, 8, 0, 1, kOther) == Status::kOk);
  REQUIRE(f.log.take() == Woken{1});
  f.channels.close_all(kMe);
  CHECK(f.log.take() == Woken{2});
  CHECK(f.receive(theirs, 2, kOther) == 8);
}

TEST_CASE("messages that nobody receives are freed with the runtime", "[channel]") {
  Fixture f;  // the leak check of the sanitizer is the assertion
  const Handle sender = f.sender(10);
  for (std::uint8_t i = 0; i < 10; ++i)
    REQUIRE(f.send(sender, i, 0, 1000) == Status::kOk);
  REQUIRE(f.channels.close(kMe, sender) == Status::kOk);
  CHECK(f.channels.list().at(0).queued == 10);
}

}  // namespace
}  // namespace ekiden::runtime::test

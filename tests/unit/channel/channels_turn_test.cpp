// Who waits, in which order turns are given, and what becomes of the turn of one that goes away.
#include <catch2/catch.hpp>
#include <vector>

#include "tests/unit/channel/fixture.hpp"

namespace ekiden::runtime::test {
namespace {

constexpr int kPending = Fixture::kPendingValue;

TEST_CASE("senders are woken in the order in which they came, each for one room", "[channel]") {
  Fixture f;
  const Handle receiver = f.receiver(1);
  const Handle filler = f.sender();
  REQUIRE(f.send(filler, 100) == Status::kOk);
  std::vector<Handle> senders;
  for (std::uint32_t i = 0; i < 5; ++i) {
    senders.push_back(f.sender());
    REQUIRE(f.send(senders[i], 0, i + 1) == Status::kPending);
  }
  CHECK(f.log.take().empty());
  CHECK(f.receive(receiver) == 100);
  for (std::uint32_t i = 0; i < 5; ++i) {
    CHECK(f.log.take() == Woken{i + 1});
    // The room is its own: neither a new one nor the next in the line gets in between.
    CHECK(f.send(filler, 99) == Status::kPending);
    if (i + 1 < 5) CHECK(f.send(senders[i + 1], 98) == Status::kPending);
    CHECK(f.send(senders[i], static_cast<std::uint8_t>(i), i + 1) == Status::kOk);
    CHECK(f.receive(receiver) == static_cast<int>(i));
  }
  CHECK(f.log.take().empty());
  CHECK(f.send(filler, 7) == Status::kOk);
}

TEST_CASE("receivers are woken in the order in which they came, each for one message",
          "[channel]") {
  Fixture f;
  const Handle sender = f.sender(8);
  std::vector<Handle> receivers;
  for (std::uint32_t i = 0; i < 3; ++i) {
    receivers.push_back(f.receiver());
    REQUIRE(f.receive(receivers[i], i + 1) == kPending);
  }
  const Handle late = f.receiver();
  for (std::uint8_t i = 0; i < 2; ++i)
    REQUIRE(f.send(sender, i) == Status::kOk);
  CHECK(f.log.take() == Woken{1, 2});
  CHECK(f.receive(late) == kPending);  // both messages are kept for others
  CHECK(f.receive(receivers[2], 3) == kPending);
  CHECK(f.receive(receivers[1], 2) == 0);
  CHECK(f.receive(receivers[0], 1) == 1);
  REQUIRE(f.send(sender, 2) == Status::kOk);
  CHECK(f.log.take() == Woken{3});
  CHECK(f.receive(late) == kPending);
  CHECK(f.receive(receivers[2]) == 2);
}

TEST_CASE("one waiter an end: the newest waker is woken, in the old one's place", "[channel]") {
  Fixture f;
  const Handle sender = f.sender(1);
  const Handle second = f.sender();
  const Handle receiver = f.receiver();
  REQUIRE(f.send(sender, 1) == Status::kOk);
  REQUIRE(f.send(sender, 2, 10) == Status::kPending);
  REQUIRE(f.send(second, 3, 20) == Status::kPending);
  REQUIRE(f.send(sender, 2, 11) == Status::kPending);
  REQUIRE(f.send(sender, 2) == Status::kPending);  // merely asks: the wait goes on
  CHECK(f.info(sender).senders_waiting == 2);
  CHECK(f.receive(receiver) == 1);
  CHECK(f.log.take() == Woken{11});
  CHECK(f.send(sender, 2) == Status::kOk);  // its turn, also where it merely asks
  CHECK(f.receive(receiver) == 2);
  CHECK(f.log.take() == Woken{20});
  CHECK(f.info(sender).send_waits == 2);
}

TEST_CASE("a sender that goes away passes its turn on", "[channel]") {
  const bool by_close = GENERATE(false, true);
  const bool is_woken = GENERATE(false, true);
  Fixture f;
  const Handle receiver = f.receiver(1);
  const Handle first = f.sender();
  const Handle second = f.sender();
  const Handle third = f.sender();
  REQUIRE(f.send(first, 1) == Status::kOk);
  REQUIRE(f.send(second, 2, 2) == Status::kPending);
  REQUIRE(f.send(third, 3, 3) == Status::kPending);
  if (is_woken) {
    REQUIRE(f.receive(receiver) == 1);
    REQUIRE(f.log.take() == Woken{2});
  }
  CHECK((by_close ? f.channels.close(kMe, second) : f.channels.cancel_wait(kMe, second)) ==
        Status::kOk);
  if (!is_woken) {
    CHECK(f.log.take().empty());
    REQUIRE(f.receive(receiver) == 1);
  }
  CHECK(f.log.take() == Woken{3});
  CHECK(f.send(third, 3, 3) == Status::kOk);
}

TEST_CASE("a receiver that goes away passes its message on", "[channel]") {
  const bool by_close = GENERATE(false, true);
  const bool is_woken = GENERATE(false, true);
  Fixture f;
  const Handle sender = f.sender(2);
  const Handle first = f.receiver();
  const Handle second = f.receiver();
  REQUIRE(f.receive(first, 1) == kPending);
  REQUIRE(f.receive(second, 2) == kPending);
  if (is_woken) {
    REQUIRE(f.send(sender, 7) == Status::kOk);
    REQUIRE(f.log.take() == Woken{1});
  }
  CHECK((by_close ? f.channels.close(kMe, first) : f.channels.cancel_wait(kMe, first)) ==
        Status::kOk);
  if (!is_woken) REQUIRE(f.send(sender, 7) == Status::kOk);
  CHECK(f.log.take() == Woken{2});
  CHECK(f.receive(second, 2) == 7);
}

TEST_CASE("nobody overtakes a sender that waits with a big message", "[channel]") {
  Fixture f;
  const Handle receiver = f.receiver(100);
  const Handle big = f.sender();
  const Handle small = f.sender();
  for (std::uint64_t i = 0; i < kChannelQueuedMaxBytes / kBufferMaxBytes; ++i)
    REQUIRE(f.send(big, 1, 0, kBufferMaxBytes - 1) == Status::kOk);
  REQUIRE(f.send(big, 2, 1, kBufferMaxBytes) == Status::kPending);
  CHECK(f.send(small, 3, 2) == Status::kPending);  // although there would be room for it
  CHECK(f.receive(receiver) == 1);
  // The rest that the big one leaves is enough for the small one.
  CHECK(f.log.take() == Woken{1, 2});
  CHECK(f.send(small, 3, 2) == Status::kOk);
  CHECK(f.send(big, 2, 1, kBufferMaxBytes) == Status::kOk);
}

TEST_CASE("a sender may come back with another message than it waited with", "[channel]") {
  Fixture f;
  const Handle receiver = f.receiver(100);
  const Handle one = f.sender();
  const Handle two = f.sender();
  const std::uint64_t fill = kChannelQueuedMaxBytes / kBufferMaxBytes;
  for (std::uint64_t i = 0; i < fill; ++i)
    REQUIRE(f.send(one, 1, 0, kBufferMaxBytes) == Status::kOk);
  REQUIRE(f.send(one, 2, 1, 10) == Status::kPending);
  REQUIRE(f.send(two, 3, 2, kBufferMaxBytes) == Status::kPending);
  REQUIRE(f.receive(receiver) == 1);
  CHECK(f.log.take() == Woken{1});  // what is left is too little for the second

  SECTION("a bigger one that has room, too") {
    CHECK(f.send(one, 2, 1, kBufferMaxBytes) == Status::kOk);
    CHECK(f.log.take().empty());
  }
  SECTION("a bigger one that has none waits as the first") {
    CHECK(f.send(one, 2, 1, 10) == Status::kOk);
    REQUIRE(f.channels.cancel_wait(kMe, two) == Status::kOk);
    REQUIRE(f.send(one, 2, 1, kBufferMaxBytes) == Status::kPending);
    REQUIRE(f.send(two, 3, 2, 10) == Status::kPending);
    REQUIRE(f.receive(receiver) == 1);
    CHECK(f.log.take() == Woken{1, 2});
  }
  SECTION("a smaller one than the second waits with lets the second in") {
    REQUIRE(f.receive(receiver) == 1);
    CHECK(f.log.take() == Woken{2});
    CHECK(f.send(one, 2, 1, 0) == Status::kOk);
    CHECK(f.send(two, 3, 2, kBufferMaxBytes) == Status::kOk);
  }
}

TEST_CASE("a turn that is too small is given back, and its end is the first again", "[channel]") {
  Fixture f;
  const Handle receiver = f.receiver(100);
  const Handle one = f.sender();
  const Handle two = f.sender();
  for (std::uint64_t i = 0; i < kChannelQueuedMaxBytes / kBufferMaxBytes; ++i)
    REQUIRE(f.send(one, 1, 0, kBufferMaxBytes) == Status::kOk);
  REQUIRE(f.send(one, 2, 1, 1) == Status::kPending);
  REQUIRE(f.send(two, 3, 2, kBufferMaxBytes - 1) == Status::kPending);
  REQUIRE(f.receive(receiver) == 1);
  REQUIRE(f.log.take() == Woken{1, 2});  // both fit
  CHECK(f.send(one, 2, 1, 2) == Status::kPending);
  CHECK(f.info(one).senders_waiting == 1);
  CHECK(f.send(two, 3, 2, kBufferMaxBytes - 1) == Status::kOk);
  REQUIRE(f.receive(receiver) == 1);
  CHECK(f.log.take() == Woken{1});
  CHECK(f.send(one, 2, 1, 2) == Status::kOk);
}

TEST_CASE("looking whether a poll would find something changes nothing", "[channel]") {
  Fixture f;
  const Handle sender = f.sender(1);
  const Handle receiver = f.receiver();
  CHECK(f.channels.may_receive(kMe, receiver) == Status::kPending);
  CHECK(f.channels.may_send(kMe, sender, 1) == Status::kOk);
  REQUIRE(f.send(sender, 1) == Status::kOk);
  CHECK(f.channels.may_send(kMe, sender, 1) == Status::kPending);
  CHECK(f.channels.may_receive(kMe, receiver) == Status::kOk);
  CHECK(f.info(sender).senders_waiting == 0);
  REQUIRE(f.send(sender, 2, 5) == Status::kPending);
  REQUIRE(f.receive(receiver) == 1);
  CHECK(f.channels.may_send(kMe, sender, 1) == Status::kOk);
  CHECK(f.channels.may_send(kMe, f.sender(), 1) == Status::kPending);
  REQUIRE(f.channels.close_channel(kMe, sender) == Status::kOk);
  CHECK(f.channels.may_send(kMe, sender, 1) == Status::kClosed);
  CHECK(f.channels.may_receive(kMe, receiver) == Status::kClosed);
}

}  // namespace
}  // namespace ekiden::runtime::test

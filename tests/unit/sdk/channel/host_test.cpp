#include <ekiden/sdk/channel/host_channel.hpp>
#include <ekiden/sdk/structured/group.hpp>
#include <ekiden/sdk/time.hpp>

#include <stdexcept>
#include <string>

#include "tests/unit/sdk/fixture.hpp"

namespace ekiden::test {
namespace {

using namespace std::chrono_literals;

void require(bool condition, const char* what) {
  if (!condition) throw std::logic_error(what);
}

}  // namespace

TEST_CASE("messages go through a host channel in order, without being copied", "[sdk][channel]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  const void* sent = nullptr;
  world.run([&]() -> Task<> {
    co_await with_group([&](TaskGroup& group) -> Task<> {
      HostReceiver in("test.order", 4);
      group.spawn([&sent]() -> Task<> {
        const HostSender out("test.order", 0);
        for (int i = 0; i < 500; ++i) {
          Buffer message = Buffer::of(std::to_string(i));
          if (i == 0) sent = message.bytes().data();
          co_await out.send(std::move(message));
        }
        out.close_channel();
      });
      int next = 0;
      while (auto message = co_await in.receive()) {
        if (next == 0) require(message->bytes().data() == sent, "it was copied");
        require(message->text() == std::to_string(next++), "out of order");
      }
      require(next == 500, "messages are missing");
    });
  });
}

TEST_CASE("a cancelled wait at a host channel loses nothing", "[sdk][channel][cancel]") {
  World world(GENERATE(1u, 2u, 4u));
  world.run([]() -> Task<> {
    HostReceiver in("test.cut", 1);
    const HostSender out("test.cut", 0);
    for (unsigned turns = 0; turns < 6; ++turns) {
      int sent = 0;
      int received = 0;
      co_await cut_after(turns, [](const HostSender& to, int& count) -> Task<> {
        for (int i = 0; i < 3; ++i) {
          co_await to.send(Buffer::of("x"));
          ++count;
        }
      }(out, sent));
      co_await cut_after(turns, [](const HostReceiver& from, int& count) -> Task<> {
        while (co_await from.receive())
          ++count;
      }(in, received));
      while (in.size() != 0) {
        co_await in.receive();
        ++received;
      }
      require(sent == received, "sent and received differ");
      Buffer last = Buffer::of("y");
      require(out.try_send(last), "a turn was not handed on");
      require(!last && (co_await in.receive())->text() == "y", "the message is lost");
    }
  });
}

TEST_CASE("what is wrong with a host channel is said", "[sdk][channel]") {
  const daemon::test::CapturedStderr captured;
  World world;
  world.run([]() -> Task<> {
    const HostSender out("test.wrong", 2);
    for (const auto& open : {+[] { HostSender("test.wrong", 3); }, +[] { HostSender("Wrong", 1); },
                             +[] { HostReceiver("test.absent", 0); }}) {
      bool refused = false;
      try {
        open();
      } catch (const Error&) {
        refused = true;
      }
      require(refused, "it was opened");
    }
    Buffer one = Buffer::of("abc");
    const Buffer two = one.share();
    bool shared = false;
    try {
      one.edit();
    } catch (const Error& e) {
      shared = e.code() == EKD_E_WRONG_STATE;
    }
    require(shared, "a shared buffer was given for writing");
    out.close_channel();
    bool closed = false;
    try {
      co_await out.send(std::move(one));
    } catch (const Closed&) {
      closed = true;
    }
    require(closed, "it was sent into a closed channel");
  });
}

}  // namespace ekiden::test

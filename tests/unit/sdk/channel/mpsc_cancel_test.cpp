#include <ekiden/sdk/channel.hpp>
#include <ekiden/sdk/structured/race.hpp>
#include <ekiden/sdk/time.hpp>

#include <stdexcept>
#include <string>
#include <thread>

#include "tests/unit/sdk/channel/support.hpp"

namespace ekiden::test {

using namespace std::chrono_literals;

TEST_CASE("mpsc: many senders, nothing lost and nothing twice", "[sdk][channel][mpsc][stress]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  const unsigned senders = GENERATE(1u, 8u);
  const std::size_t capacity = GENERATE(1u, 7u, 64u, 1024u);
  const unsigned each = capacity == 1 ? 1500 : 8000;
  world.run([=]() -> Task<> {
    auto [tx, rx] = mpsc::channel<std::uint64_t>(capacity);
    for (unsigned s = 0; s < senders; ++s) {
      spawn([tx = tx, s, each]() -> Task<> {
        for (std::uint64_t i = 0; i < each; ++i) {
          if (i % 5 == 4) {
            (co_await tx.reserve()).send(s * 1'000'000 + i);
          } else {
            co_await tx.send(s * 1'000'000 + i);
          }
        }
      }).detach();
    }
    tx.reset();
    std::vector<std::uint64_t> next(senders, 0);
    std::uint64_t count = 0;
    while (auto got = co_await rx.recv()) {
      expect(*got % 1'000'000 == next[*got / 1'000'000]++, "in the order of its sender");
      ++count;
    }
    expect(count == std::uint64_t{senders} * each, "all of them");
  });
  CHECK(world.all_gone());
}

TEST_CASE("mpsc: a close in the middle loses nothing that was sent",
          "[sdk][channel][mpsc][stress]") {
  World world(GENERATE(1u, 2u, 4u));
  for (int round = 0; round < 100; ++round) {
    std::atomic<int> sent{0};
    world.run([&sent, round]() -> Task<> {
      auto [tx, rx] = mpsc::channel<int>(3);
      std::vector<JoinHandle<>> senders;
      for (int s = 0; s < 4; ++s) {
        senders.push_back(spawn([tx = tx, &sent]() -> Task<> {
          try {
            while (true) {
              co_await tx.send(1);
              ++sent;
            }
          } catch (const Closed&) {
          }
        }));
      }
      int got = 0;
      for (; got < round; ++got)
        co_await rx.recv();
      rx.close();
      while (co_await rx.recv())
        ++got;
      for (auto& sender : senders)
        co_await sender;
      expect(got == sent.load(), "each send that went through was received");
    });
  }
  CHECK(world.all_gone());
}

TEST_CASE("mpsc: a send that is cut at each of its waits has sent or not",
          "[sdk][channel][mpsc][cancel]") {
  World world(GENERATE(1u, 2u, 4u));
  for (unsigned wakes = 0; wakes < 4; ++wakes) {
    world.run([wakes]() -> Task<> {
      auto [tx, rx] = mpsc::channel<int>(1);
      co_await tx.send(0);
      auto cut = spawn([tx = tx, wakes]() -> Task<bool> {
        co_return co_await cut_after(wakes,
                                     [](auto sender) -> Task<> { co_await sender.send(1); }(tx));
      });
      co_await let_others_run();
      auto behind = spawn(send_some(tx, 2, 1));
      co_await let_others_run();
      expect(co_await rx.recv() == 0, "what was there");
      const auto next = co_await rx.recv();
      const bool sent = co_await cut;
      expect(next == (sent ? 1 : 2), "the room of a cut sender goes to the next");
      if (sent) expect(co_await rx.recv() == 2, "who comes behind it");
      co_await behind;
      expect(tx.capacity() == 1, "no room is lost");
    });
  }
  CHECK(world.all_gone());
}

TEST_CASE("mpsc: senders that are aborted at any time lose no room and no message",
          "[sdk][channel][mpsc][cancel]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  for (int round = 0; round < 60; ++round) {
    std::atomic<int> sent{0};
    world.run([&sent, round]() -> Task<> {
      auto [tx, rx] = mpsc::channel<int>(2);
      std::vector<JoinHandle<>> senders;
      for (int s = 0; s < 6; ++s) {
        senders.push_back(spawn([tx = tx, &sent, s]() -> Task<> {
          while (true) {
            if (s % 2 == 0) {
              co_await tx.send(1);
            } else {
              (co_await tx.reserve()).send(1);
            }
            ++sent;
          }
        }));
      }
      int got = 0;
      for (int i = 0; i < 10 + round; ++i, ++got)
        co_await rx.recv();
      for (auto& sender : senders)
        sender.abort();
      for (auto& sender : senders) {
        try {
          co_await sender;
        } catch (const Cancelled&) {
        }
      }
      while (rx.try_recv())
        ++got;
      expect(got == sent.load(), "as many as were sent");
      expect(tx.capacity() == 2, "all room is free again");
      co_await tx.send(5);
      expect(co_await rx.recv() == 5, "and it goes on");
    });
  }
  CHECK(world.all_gone());
}

TEST_CASE("mpsc: a receive that is cut or timed out loses no message",
          "[sdk][channel][mpsc][cancel]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  const bool many = GENERATE(false, true);
  world.run([many]() -> Task<> {
    auto [tx, rx] = mpsc::channel<int>(2);
    spawn([tx = std::move(tx)]() -> Task<> {
      for (int i = 0; i < 300; ++i) {
        co_await tx.send(i);
        if (i % 7 == 0) co_await sleep(50us);
        if (i % 3 == 0) co_await yield();
      }
    }).detach();
    int next = 0;
    for (unsigned n = 0; next < 300; ++n) {
      std::vector<int> got;
      auto part = [&, &rx = rx]() -> Task<> {
        if (many) {
          co_await rx.recv_many(got, 1 + n % 3);
        } else if (auto one = co_await rx.recv()) {
          got.push_back(*one);
        }
      };
      if (n % 2 == 0) {
        co_await cut_after(n / 2 % 3, part());
      } else {
        co_await timeout(20us, part());
      }
      for (int each : got)
        expect(each == next++, "each once, in order");
    }
    expect(!(co_await rx.recv()), "and that is all");
  });
  CHECK(world.all_gone());
}

}  // namespace ekiden::test

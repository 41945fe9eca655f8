// Many threads read, write, wait and close while one turns. The wake target hands each wake to a
// counter that the waiting thread watches: a lost wake is a test that hangs into its deadline.
#include <atomic>
#include <catch2/catch.hpp>
#include <deque>

#include "tests/unit/reactor/support.hpp"

namespace ekiden::runtime::test {

namespace {

// A task's waker is its position here.
class CountingTarget final : public WakeTarget {
 public:
  explicit CountingTarget(std::size_t tasks) : wakes_(tasks) {}
  void wake(Waker waker) noexcept override { wakes_[waker.index()].fetch_add(1); }
  int wakes(std::uint32_t index) const { return wakes_[index].load(); }

 private:
  std::deque<std::atomic<int>> wakes_;
};

// Turns the reactor on a thread of its own while it lives.
class Holder {
 public:
  explicit Holder(Reactor& reactor)
      : reactor_(reactor), thread_([this] {
          while (!reactor_.try_hold())
            std::this_thread::yield();
          while (!stop_)
            reactor_.turn(Wait::kBlock, 64);
          reactor_.let_go();
        }) {}
  ~Holder() {
    stop_ = true;
    reactor_.interrupt();
    thread_.join();
  }

 private:
  Reactor& reactor_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

// Calls `call` again each time that the task has been woken, as a scheduler would.
template <class Call>
Status run_as_task(CountingTarget& target, std::uint32_t index, Call&& call) {
  for (;;) {
    const int before = target.wakes(index);
    const Status status = call();
    if (status != Status::kPending) return status;
    if (!eventually([&] { return target.wakes(index) != before; })) return Status::kFailed;
  }
}

Handle adopt(Reactor& reactor, Fd fd) {
  Handle handle;
  int os_error = 0;
  if (reactor.adopt(kOwner, fd.get(), handle, os_error) != Status::kOk) std::abort();
  fd.give();
  return handle;
}

// Sends `bytes` bytes over one side and reads them on the other, two tasks.
struct Stream {
  Stream(Reactor& r, CountingTarget& t, std::uint32_t first_task)
      : reactor(r), target(t), reader(first_task), writer(first_task + 1) {
    Pair pair = make_socket_pair();
    const int small = 4096;
    setsockopt(pair.far.get(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    in = adopt(reactor, std::move(pair.near));
    out = adopt(reactor, std::move(pair.far));
  }

  bool read_all(std::size_t bytes) {
    unsigned char next = 0;
    while (bytes > 0) {
      unsigned char buffer[1000];
      std::size_t count = 0;
      int os_error = 0;
      const Status status = run_as_task(target, reader, [&] {
        return reactor.read(kOwner, in, task(reader), buffer, sizeof buffer, count, os_error);
      });
      if (status != Status::kOk || count == 0) return false;
      for (std::size_t i = 0; i < count; ++i) {
        if (buffer[i] != next++) return false;
      }
      bytes -= count;
    }
    return true;
  }

  bool write_all(std::size_t bytes) {
    unsigned char next = 0;
    while (bytes > 0) {
      unsigned char buffer[1500];
      const std::size_t size = std::min(bytes, sizeof buffer);
      for (std::size_t i = 0; i < size; ++i)
        buffer[i] = static_cast<unsigned char>(next + i);
      std::size_t count = 0;
      int os_error = 0;
      const Status status = run_as_task(target, writer, [&] {
        return reactor.write(kOwner, out, task(writer), buffer, size, count, os_error);
      });
      if (status != Status::kOk) return false;
      next = static_cast<unsigned char>(next + count);
      bytes -= count;
    }
    return true;
  }

  Reactor& reactor;
  CountingTarget& target;
  std::uint32_t reader;
  std::uint32_t writer;
  Handle in;
  Handle out;
};

}  // namespace

TEST_CASE("streams between many threads lose neither bytes nor wakes") {
  for (const std::uint32_t streams : {1u, 2u, 4u}) {
    constexpr std::size_t kBytes = 300'000;
    CountingTarget target(2 * streams);
    Reactor reactor(target);
    std::atomic<int> failures{0};
    {
      Holder holder(reactor);
      std::vector<std::thread> threads;
      std::deque<Stream> all;
      for (std::uint32_t i = 0; i < streams; ++i) {
        Stream& stream = all.emplace_back(reactor, target, 2 * i);
        threads.emplace_back([&] { failures += stream.read_all(kBytes) ? 0 : 1; });
        threads.emplace_back([&] { failures += stream.write_all(kBytes) ? 0 : 1; });
      }
      for (std::thread& thread : threads)
        thread.join();
    }
    CAPTURE(streams);
    CHECK(failures == 0);
    CHECK(reactor.close_all(kOwner) == 2 * streams);
    CHECK(reactor.count(kOwner) == 0);
  }
}

TEST_CASE("closing under readers ends every one of them, and closes the descriptor once") {
  for (const std::uint32_t threads : {1u, 2u, 4u, 8u}) {
    constexpr int kRounds = 100;
    CountingTarget target(threads);
    Reactor reactor(target);
    std::atomic<int> failures{0};
    std::atomic<int> closers{0};
    {
      Holder holder(reactor);
      for (int round = 0; round < kRounds; ++round) {
        Pair pair = make_socket_pair();
        if (round % 3 == 0) send_text(pair.far, "some bytes");
        const Handle handle = adopt(reactor, std::move(pair.near));
        std::vector<std::thread> readers;
        for (std::uint32_t index = 0; index < threads; ++index) {
          readers.emplace_back([&, index] {
            // One thread a direction waits; the others try, and one of them closes.
            for (int i = 0; i < 20; ++i) {
              char buffer[4];
              std::size_t count = 0;
              int os_error = 0;
              const Status status = reactor.read(kOwner, handle, index == 0 ? task(0) : Waker{},
                                                 buffer, sizeof buffer, count, os_error);
              if (status == Status::kStale) return;
              if (status != Status::kPending && status != Status::kOk) ++failures;
            }
            if (reactor.close(kOwner, handle) == Status::kOk) ++closers;
          });
        }
        for (std::thread& reader : readers)
          reader.join();
      }
    }
    CAPTURE(threads);
    CHECK(failures == 0);
    CHECK(closers == kRounds);
    CHECK(reactor.count(kOwner) == 0);
  }
}

TEST_CASE("a waiter whose source is closed from elsewhere is always woken") {
  for (const std::uint32_t threads : {1u, 2u, 4u}) {
    CountingTarget target(threads);
    Reactor reactor(target);
    std::atomic<int> failures{0};
    {
      Holder holder(reactor);
      std::vector<std::thread> users;
      for (std::uint32_t index = 0; index < threads; ++index) {
        users.emplace_back([&, index] {
          for (int round = 0; round < 150; ++round) {
            Pair pair = make_socket_pair();
            const Handle handle = adopt(reactor, std::move(pair.near));
            std::thread closer([&] { static_cast<void>(reactor.close(kOwner, handle)); });
            const Status status = run_as_task(target, index, [&] {
              char byte = 0;
              std::size_t count = 0;
              int os_error = 0;
              return reactor.read(kOwner, handle, task(index), &byte, 1, count, os_error);
            });
            closer.join();
            if (status != Status::kStale) ++failures;
          }
        });
      }
      for (std::thread& user : users)
        user.join();
    }
    CAPTURE(threads);
    CHECK(failures == 0);
    CHECK(reactor.count(kOwner) == 0);
  }
}

TEST_CASE("an unload closes what many threads are using") {
  for (const std::uint32_t threads : {1u, 2u, 4u, 8u}) {
    CountingTarget target(threads);
    Reactor reactor(target);
    std::atomic<std::uint32_t> running{threads};
    {
      Holder holder(reactor);
      std::vector<std::thread> users;
      for (std::uint32_t index = 0; index < threads; ++index) {
        users.emplace_back([&, index] {
          for (int round = 0; round < 200; ++round) {
            Pair pair = make_socket_pair();
            send_text(pair.far, "abc");
            const Handle handle = adopt(reactor, std::move(pair.near));
            char byte = 0;
            std::size_t count = 0;
            int os_error = 0;
            while (reactor.read(kOwner, handle, task(index), &byte, 1, count, os_error) ==
                   Status::kOk) {
            }
            if (index % 2 == 0) static_cast<void>(reactor.close(kOwner, handle));
          }
          --running;
        });
      }
      while (running > 0)
        reactor.close_all(kOwner);
      for (std::thread& user : users)
        user.join();
      reactor.close_all(kOwner);
      CHECK(reactor.count(kOwner) == 0);
    }
  }
}

}  // namespace ekiden::runtime::test

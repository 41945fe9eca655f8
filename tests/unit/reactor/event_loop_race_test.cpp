// Many threads add, watch and remove while one turns.
#include <atomic>
#include <catch2/catch.hpp>
#include <deque>

#include "tests/unit/reactor/support.hpp"

namespace ekiden::runtime::test {

namespace {

// Counts reports by token. Tokens are positions in `hits`.
class CountingSink final : public EventSink {
 public:
  explicit CountingSink(std::size_t tokens) : hits_(tokens) {}
  void on_ready(std::uint64_t token, ReadySet) noexcept override { hits_[token].fetch_add(1); }
  int hits(std::uint64_t token) const { return hits_[token].load(); }

 private:
  std::deque<std::atomic<int>> hits_;
};

// Turns on a thread of its own until it ends.
class Turner {
 public:
  Turner(EventLoop& loop, EventSink& sink)
      : loop_(loop), thread_([this, &sink] {
          while (!stop_)
            loop_.turn(sink, Wait::kBlock, 64);
        }) {}
  ~Turner() {
    stop_ = true;
    loop_.interrupt();
    thread_.join();
  }

 private:
  EventLoop& loop_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace

TEST_CASE("every watch on a descriptor that gets ready is reported, from any number of threads") {
  for (const unsigned threads : {1u, 2u, 4u, 8u}) {
    constexpr int kRounds = 200;
    const auto loop = EventLoop::create();
    CountingSink sink(threads);
    std::atomic<int> failures{0};
    {
      Turner turner(*loop, sink);
      std::vector<std::thread> users;
      for (unsigned token = 0; token < threads; ++token) {
        users.emplace_back([&, token] {
          Pair pipe = make_pipe();
          const auto added = loop->add(pipe.near.give(), token);
          for (int round = 1; round <= kRounds; ++round) {
            if (round % 2 == 0) send_text(pipe.far, "x");
            if (!loop->watch(added.registration, Interest::kRead)) ++failures;
            if (round % 2 == 1) send_text(pipe.far, "x");
            if (!eventually([&] { return sink.hits(token) >= round; })) ++failures;
          }
          if (!loop->remove(added.registration)) ++failures;
        });
      }
      for (std::thread& user : users)
        user.join();
    }
    CAPTURE(threads);
    CHECK(failures == 0);
    for (unsigned token = 0; token < threads; ++token)
      CHECK(sink.hits(token) == kRounds);
  }
}

TEST_CASE("threads that share one registration watch and remove it at the same time") {
  for (const unsigned threads : {1u, 2u, 4u, 8u}) {
    constexpr std::size_t kRounds = 150;
    const auto loop = EventLoop::create();
    CountingSink sink(kRounds);
    std::atomic<int> removers{0};
    std::atomic<int> late{0};
    {
      Turner turner(*loop, sink);
      for (std::size_t round = 0; round < kRounds; ++round) {
        Pair pair = make_socket_pair();
        send_text(pair.far, "x");
        const auto registration = loop->add(pair.near.give(), round).registration;
        auto hammer = [&] {
          loop->watch(registration, Interest::kWrite);
          loop->watch(registration, Interest::kRead);
          loop->watch(registration, Interest::kWrite);
          if (loop->remove(registration)) ++removers;
          if (loop->watch(registration, Interest::kRead)) ++late;
        };
        std::vector<std::thread> others;
        for (unsigned i = 1; i < threads; ++i)
          others.emplace_back(hammer);
        hammer();
        for (std::thread& other : others)
          other.join();
      }
    }
    CAPTURE(threads);
    CHECK(removers == static_cast<int>(kRounds));
    CHECK(late == 0);
  }
}

TEST_CASE("entries are used again, and an event never reaches the wrong token's successor") {
  // Each thread goes through many short registrations; a report for a removed one may be under way,
  // but each registration's own event must arrive.
  for (const unsigned threads : {1u, 2u, 4u, 8u}) {
    constexpr unsigned kEach = 200;
    const auto loop = EventLoop::create();
    CountingSink sink(threads * kEach);
    std::atomic<int> failures{0};
    {
      Turner turner(*loop, sink);
      std::vector<std::thread> users;
      for (unsigned user = 0; user < threads; ++user) {
        users.emplace_back([&, user] {
          for (unsigned i = 0; i < kEach; ++i) {
            const std::uint64_t token = user * kEach + i;
            Pair pipe = make_pipe();
            const auto registration = loop->add(pipe.near.give(), token).registration;
            loop->watch(registration, Interest::kRead);
            const bool expects = i % 2 == 0;
            if (expects) {
              send_text(pipe.far, "x");
              if (!eventually([&] { return sink.hits(token) == 1; })) ++failures;
            }
            if (!loop->remove(registration)) ++failures;
          }
        });
      }
      for (std::thread& user : users)
        user.join();
    }
    CAPTURE(threads);
    CHECK(failures == 0);
    int wrong = 0;
    for (unsigned token = 0; token < threads * kEach; ++token) {
      // The far end closes after the near one is removed, so an odd one has nothing to report.
      if (sink.hits(token) != (token % 2 == 0 ? 1 : 0)) ++wrong;
    }
    CHECK(wrong == 0);
  }
}

}  // namespace ekiden::runtime::test

// Many threads at one channel: nothing is lost, nothing comes twice, and who waits is woken.
#include <catch2/catch.hpp>
#include <chrono>
#include <cstring>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "tests/unit/channel/fixture.hpp"

namespace ekiden::runtime::test {
namespace {

// A task is a thread here: it sleeps until its number is woken. No wake may be lost, so a thread
// that is not woken in time has found a defect.
class Sleepers final : public WakeTarget {
 public:
  explicit Sleepers(std::size_t count) : woken_(count) {}

  void wake(Waker waker) noexcept override {
    MutexLock lock(mutex_);
    woken_[waker.index()] = true;
    changed_.notify_all();
  }
  // False: it was not woken for very long.
  bool sleep(std::uint32_t index) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    mutex_.lock();
    bool in_time = true;
    while (!woken_[index] && in_time)
      in_time = changed_.wait_until(mutex_, until) == std::cv_status::no_timeout;
    const bool woken = woken_[index];
    woken_[index] = false;
    mutex_.unlock();
    return woken;
  }

 private:
  Mutex mutex_;
  ConditionVariable changed_;
  std::vector<bool> woken_ EKIDEN_GUARDED_BY(mutex_);
};

struct Round {
  Round(unsigned senders, unsigned receivers)
      : sleepers(senders + receivers), channels(sleepers), last_seen(senders) {}

  Sleepers sleepers;
  Channels channels;
  Atomic<std::uint64_t> received{0};
  Atomic<std::uint64_t> sum{0};
  Atomic<int> problems{0};
  std::vector<Atomic<std::uint64_t>> last_seen;  // by sender; used where there is one receiver
};

constexpr std::uint64_t kMessages = 1000;  // of each sender

void send_all(Round& round, std::uint32_t me, std::uint32_t capacity) {
  Channels& channels = round.channels;
  Handle sender;
  if (channels.open(kMe, HandleKind::kSender, "c", capacity, sender) != OpenFault::kNone) {
    round.problems.fetch_add(1);
    return;
  }
  for (std::uint64_t i = 1; i <= kMessages; ++i) {
    Handle message;
    BufferView view;
    const std::uint64_t text[2] = {me, i};
    if (channels.buffers().allocate(kMe, sizeof(text), message, view) != Status::kOk) {
      round.problems.fetch_add(1);
    }
    std::memcpy(view.data, text, sizeof(text));
    for (bool may_give_up = i % 7 == 0;;) {
      const Status status = channels.send_poll(kMe, sender, message, sizeof(text), task_waker(me));
      if (status == Status::kOk) break;
      if (status != Status::kPending || !round.sleepers.sleep(me)) {
        round.problems.fetch_add(1);
        return;
      }
      // Now and then it gives its turn up, once, and so the next one has to get it.
      if (std::exchange(may_give_up, false)) channels.cancel_wait(kMe, sender);
    }
  }
  channels.close(kMe, sender);
}

void receive_all(Round& round, std::uint32_t me, Handle receiver, bool in_order) {
  Channels& channels = round.channels;
  for (std::uint64_t turn = 0;; ++turn) {
    Handle message;
    const Status status = channels.receive_poll(kOther, receiver, task_waker(me), message);
    if (status == Status::kClosed) break;
    if (status == Status::kPending) {
      if (!round.sleepers.sleep(me)) round.problems.fetch_add(1);
      if (turn % 5 == 0) channels.cancel_wait(kOther, receiver);
      continue;
    }
    BufferView view;
    std::uint64_t text[2] = {};
    if (channels.buffers().view(kOther, message, view) != Status::kOk ||
        view.size != sizeof(text)) {
      round.problems.fetch_add(1);
      return;
    }
    std::memcpy(text, view.data, sizeof(text));
    channels.buffers().release(kOther, message);
    if (in_order && round.last_seen[text[0]].exchange(text[1]) + 1 != text[1]) {
      round.problems.fetch_add(1);
    }
    round.sum.fetch_add(text[1]);
    round.received.fetch_add(1);
  }
  channels.close(kOther, receiver);
}

TEST_CASE("no message and no wake is lost, whoever sends and receives at a time", "[channel]") {
  const unsigned senders = GENERATE(1u, 2u, 4u);
  const unsigned receivers = GENERATE(1u, 2u, 4u);
  const std::uint32_t capacity = GENERATE(1u, 2u, 64u);
  Round round(senders, receivers);
  Handle keeper;  // the channel stays while they come and go
  std::uint32_t asked = capacity;
  REQUIRE(round.channels.open(kMe, HandleKind::kSender, "c", asked, keeper) == OpenFault::kNone);
  std::vector<std::thread> sending;
  std::vector<std::thread> receiving;
  for (unsigned i = 0; i < receivers; ++i) {
    // Here, and not on its thread: a late one would find the channel closed, and make another.
    Handle receiver;
    REQUIRE(round.channels.open(kOther, HandleKind::kReceiver, "c", asked, receiver) ==
            OpenFault::kNone);
    receiving.emplace_back(
        [&, i, receiver] { receive_all(round, senders + i, receiver, receivers == 1); });
  }
  for (unsigned i = 0; i < senders; ++i)
    sending.emplace_back([&, i] { send_all(round, i, capacity); });
  for (std::thread& thread : sending)
    thread.join();
  CHECK(round.channels.close_channel(kMe, keeper) == Status::kOk);
  for (std::thread& thread : receiving)
    thread.join();
  CHECK(round.problems.load() == 0);
  CHECK(round.received.load() == senders * kMessages);
  CHECK(round.sum.load() == senders * (kMessages * (kMessages + 1) / 2));
  CHECK(round.channels.buffers().release_all(kMe) == 0);
  CHECK(round.channels.buffers().release_all(kOther) == 0);
  CHECK(round.channels.close(kMe, keeper) == Status::kOk);
  CHECK(round.channels.list().empty());
}

TEST_CASE("ends and channels may come and go on many threads at a time", "[channel]") {
  const unsigned threads = GENERATE(1u, 2u, 4u, 8u);
  WakeLog log;
  Channels channels(log);
  Atomic<int> problems{0};
  std::vector<std::thread> all;
  for (unsigned t = 0; t < threads; ++t) {
    all.emplace_back([&, t] {
      const OwnerId owner = 1 + t;
      Handle old;
      for (std::uint32_t i = 0; i < 1000; ++i) {
        const std::string name = "c" + std::to_string((t + i) % 3);
        Handle sender;
        Handle receiver;
        std::uint32_t capacity = 2;
        // Closed by another thread at this moment, perhaps.
        const OpenFault fault = channels.open(owner, HandleKind::kSender, name, capacity, sender);
        if (fault != OpenFault::kNone && fault != OpenFault::kClosed) problems.fetch_add(1);
        if (channels.open(owner, HandleKind::kReceiver, name, capacity, receiver) !=
            OpenFault::kNone) {
          problems.fetch_add(1);
        }
        Handle message;
        BufferView view;
        channels.buffers().allocate(owner, 8, message, view);
        const bool is_sent = !sender.is_null() && channels.send_poll(owner, sender, message, 8,
                                                                     task_waker(t)) == Status::kOk;
        if (!is_sent) channels.buffers().release(owner, message);
        if (channels.receive_poll(owner, receiver, task_waker(t), message) == Status::kOk) {
          channels.buffers().release(owner, message);
        }
        if (i % 10 == 0) channels.close_channel(owner, receiver);
        if (channels.cancel_wait(owner, old) == Status::kOk) problems.fetch_add(1);
        old = receiver;
        if (i % 100 == 50) {
          channels.close_all(owner);
        } else {
          if (!sender.is_null()) channels.close(owner, sender);
          channels.close(owner, receiver);
        }
        if (i % 50 == 0) static_cast<void>(channels.list());
      }
    });
  }
  for (std::thread& thread : all)
    thread.join();
  CHECK(problems.load() == 0);
  for (unsigned t = 0; t < threads; ++t)
    CHECK(channels.count(1 + t) == 0);
  for (const ChannelInfo& left : channels.list()) {
    INFO(left.name);
    CHECK(left.queued > 0);
    CHECK(left.senders + left.receivers == 0);
  }
}

}  // namespace
}  // namespace ekiden::runtime::test

// ekd.channel/1: tasks of two plugins, and what becomes of a channel when one of them goes.
#include <atomic>
#include <catch2/catch.hpp>
#include <memory>
#include <thread>
#include <vector>

#include "tests/unit/host/channel_fixture.hpp"

namespace ekiden::daemon::test {
namespace {

// A task that sends the numbers from 1 to `count`, each as soon as it can.
class Producer {
 public:
  Producer(const ekd_channel_api& api, Plugin& plugin, ekd_sender sender, std::uint64_t count)
      : probe([&, sender, count](ekd_cx* cx) -> std::int32_t {
          while (sent_ < count) {
            if (buffer_ == 0) buffer_ = number_buffer(api, plugin, sent_ + 1);
            const std::int32_t code = api.send_poll(plugin.ctx, sender, buffer_, cx->waker);
            if (code != EKD_READY) return code == EKD_PENDING ? code : EKD_FAILED;
            buffer_ = 0;
            ++sent_;
          }
          return EKD_READY;
        }) {}

 private:
  std::uint64_t sent_ = 0;
  ekd_buffer buffer_ = 0;

 public:
  Probe probe;
};

// A task that adds up what it receives, until the channel is closed.
class Consumer {
 public:
  Consumer(const ekd_channel_api& api, Plugin& plugin, ekd_receiver receiver)
      : probe([&, receiver](ekd_cx* cx) -> std::int32_t {
          for (;;) {
            ekd_buffer buffer = 0;
            const std::int32_t code = api.recv_poll(plugin.ctx, receiver, cx->waker, &buffer);
            if (code == EKD_PENDING) return code;
            if (code == EKD_E_CLOSED) return EKD_READY;
            if (code != EKD_READY) return EKD_FAILED;
            sum.fetch_add(take_number(api, plugin, buffer));
            count.fetch_add(1);
          }
        }) {}

  std::atomic<std::uint64_t> sum{0};
  std::atomic<std::uint64_t> count{0};
  Probe probe;
};

bool has_ended(const Probe& probe) {
  return eventually([&] { return probe.drops.load() == 1; });
}

TEST_CASE("tasks of two plugins exchange messages through a bounded channel", "[channel]") {
  const unsigned workers = GENERATE(1u, 2u, 4u, 8u);
  const std::uint32_t capacity = GENERATE(1u, 16u);
  constexpr std::uint64_t kEach = 500;
  Daemon daemon(workers);
  Plugin sending(daemon, "sending");
  Plugin receiving(daemon, "receiving");
  const ekd_channel_api& api = channel_api(daemon);
  std::vector<std::unique_ptr<Producer>> producers;
  std::vector<std::unique_ptr<Consumer>> consumers;
  const ekd_sender closer = open_sender(api, sending, capacity);
  for (int i = 0; i < 3; ++i) {
    const ekd_receiver receiver = open_receiver(api, receiving, capacity);
    consumers.push_back(std::make_unique<Consumer>(api, receiving, receiver));
    REQUIRE(receiving.spawn(consumers.back()->probe) == EKD_OK);
  }
  for (int i = 0; i < 3; ++i) {
    const ekd_sender sender = open_sender(api, sending, 0);
    producers.push_back(std::make_unique<Producer>(api, sending, sender, kEach));
    REQUIRE(sending.spawn(producers.back()->probe) == EKD_OK);
  }
  for (const auto& producer : producers)
    REQUIRE(has_ended(producer->probe));
  REQUIRE(api.channel_close(sending.ctx, closer) == EKD_OK);
  std::uint64_t sum = 0;
  std::uint64_t count = 0;
  for (const auto& consumer : consumers) {
    REQUIRE(has_ended(consumer->probe));
    sum += consumer->sum.load();
    count += consumer->count.load();
  }
  CHECK(count == 3 * kEach);
  CHECK(sum == 3 * (kEach * (kEach + 1) / 2));
  CHECK(channel_info(api, sending, closer).closed == 1);
}

TEST_CASE("a full channel holds a sender up until there is room", "[channel]") {
  const unsigned workers = GENERATE(1u, 2u, 4u, 8u);
  Daemon daemon(workers);
  Plugin sending(daemon, "sending");
  Plugin receiving(daemon, "receiving");
  const ekd_channel_api& api = channel_api(daemon);
  const ekd_receiver receiver = open_receiver(api, receiving, 4);
  Producer producer(api, sending, open_sender(api, sending, 0), 10);
  REQUIRE(sending.spawn(producer.probe) == EKD_OK);
  for (std::int64_t i = 1; i <= 10; ++i) {
    const auto expected = static_cast<std::uint32_t>(std::min<std::int64_t>(4, 11 - i));
    REQUIRE(eventually([&] { return channel_info(api, receiving, receiver).queued == expected; }));
    CHECK(receive_number(api, receiving, receiver) == i);
  }
  CHECK(has_ended(producer.probe));
  CHECK(receive_number(api, receiving, receiver) == kNothingThere);
}

TEST_CASE("an ordinary thread may send and receive, too", "[channel]") {
  const unsigned workers = GENERATE(1u, 4u);
  Daemon daemon(workers);
  Plugin plugin(daemon, "threads");
  const ekd_channel_api& api = channel_api(daemon);
  const ekd_sender sender = open_sender(api, plugin, 8);
  Consumer consumer(api, plugin, open_receiver(api, plugin, 0));
  REQUIRE(plugin.spawn(consumer.probe) == EKD_OK);
  std::thread thread([&] {
    for (std::uint64_t i = 1; i <= 1000;) {
      if (send_number(api, plugin, sender, i) == EKD_READY) ++i;
    }
    api.channel_close(plugin.ctx, sender);
  });
  CHECK(has_ended(consumer.probe));
  thread.join();
  CHECK(consumer.sum.load() == 500'500);
}

TEST_CASE("the receiver reads where the sender wrote, and may write when it is alone",
          "[channel]") {
  Daemon daemon(1);
  Plugin sending(daemon, "sending");
  Plugin receiving(daemon, "receiving");
  const ekd_channel_api& api = channel_api(daemon);
  const ekd_sender sender = open_sender(api, sending, 1);
  const ekd_receiver receiver = open_receiver(api, receiving, 1);
  ekd_buffer buffer = 0;
  void* written = nullptr;
  REQUIRE(api.buffer_alloc(sending.ctx, 1 << 20, &buffer, &written) == EKD_OK);
  std::memset(written, 0x33, 1 << 20);
  REQUIRE(api.buffer_trim(sending.ctx, buffer, 1000) == EKD_OK);
  ekd_buffer kept = 0;
  REQUIRE(api.buffer_retain(sending.ctx, buffer, &kept) == EKD_OK);
  REQUIRE(api.send_poll(sending.ctx, sender, buffer, 0) == EKD_READY);
  ekd_buffer arrived = 0;
  REQUIRE(api.recv_poll(receiving.ctx, receiver, 0, &arrived) == EKD_READY);
  const void* read = nullptr;
  std::uint64_t size = 0;
  REQUIRE(api.buffer_data(receiving.ctx, arrived, &read, &size) == EKD_OK);
  CHECK(read == written);
  CHECK(size == 1000);
  void* edited = nullptr;
  CHECK(api.buffer_edit(receiving.ctx, arrived, &edited, nullptr) == EKD_E_WRONG_STATE);
  CHECK(api.buffer_edit(sending.ctx, kept, &edited, nullptr) == EKD_E_WRONG_STATE);
  CHECK(api.buffer_release(sending.ctx, kept) == EKD_OK);
  CHECK(api.buffer_edit(receiving.ctx, arrived, &edited, &size) == EKD_OK);
  CHECK(edited == written);
  CHECK(api.buffer_data(receiving.ctx, arrived, nullptr, nullptr) == EKD_OK);
  CHECK(api.buffer_release(receiving.ctx, arrived) == EKD_OK);
}

TEST_CASE("what an unloaded plugin has sent is received all the same", "[channel]") {
  const unsigned workers = GENERATE(1u, 2u, 4u, 8u);
  Daemon daemon(workers);
  Plugin receiving(daemon, "receiving");
  const ekd_channel_api& api = channel_api(daemon);
  const ekd_receiver receiver = open_receiver(api, receiving, 3);
  Consumer consumer(api, receiving, receiver);
  auto sending = std::make_unique<Plugin>(daemon, "sending");
  const ekd_sender sender = open_sender(api, *sending, 0);
  Producer held_up(api, *sending, sender, 100);
  REQUIRE(sending->spawn(held_up.probe) == EKD_OK);
  REQUIRE(eventually([&] { return channel_info(api, receiving, receiver).queued == 3; }));
  number_buffer(api, *sending, 7);  // never released
  REQUIRE(sending->unload());

  ekd_channel_info info = channel_info(api, receiving, receiver);
  CHECK(info.senders == 0);
  CHECK(info.queued == 3);
  CHECK(info.closed == 0);
  REQUIRE(receiving.spawn(consumer.probe) == EKD_OK);
  REQUIRE(eventually([&] { return consumer.count.load() == 3; }));
  CHECK(consumer.sum.load() == 1 + 2 + 3);

  // It is not told that the sender has gone: it waits for the next one.
  Plugin again(daemon, "sending");
  const ekd_sender next = open_sender(api, again, 3);
  REQUIRE(send_number(api, again, next, 10) == EKD_READY);
  REQUIRE(eventually([&] { return consumer.count.load() == 4; }));
  REQUIRE(api.channel_close(again.ctx, next) == EKD_OK);
  CHECK(has_ended(consumer.probe));
  CHECK(consumer.sum.load() == 16);
}

TEST_CASE("what waits for an unloaded plugin is there for its next generation", "[channel]") {
  const unsigned workers = GENERATE(1u, 2u, 4u, 8u);
  const bool without_a_sender = GENERATE(false, true);
  Daemon daemon(workers);
  const ekd_channel_api& api = channel_api(daemon);
  auto sending = std::make_unique<Plugin>(daemon, "sending");
  auto receiving = std::make_unique<Plugin>(daemon, "receiving");
  const ekd_sender sender = open_sender(api, *sending, 5);
  const ekd_receiver receiver = open_receiver(api, *receiving, 0);
  Probe waiting([&](ekd_cx* cx) -> std::int32_t {
    ekd_buffer buffer = 0;
    if (cx->cancelled != 0) return EKD_READY;
    return api.recv_poll(receiving->ctx, receiver, cx->waker, &buffer);
  });
  REQUIRE(receiving->spawn(waiting) == EKD_OK);
  REQUIRE(eventually([&] { return waiting.polls.load() == 1; }));
  REQUIRE(receiving->unload());
  receiving.reset();
  for (std::uint64_t i = 1; i <= 5; ++i)
    REQUIRE(send_number(api, *sending, sender, i) == EKD_READY);
  CHECK(send_number(api, *sending, sender, 6) == EKD_PENDING);
  if (without_a_sender) REQUIRE(sending->unload());

  Plugin next(daemon, "receiving");
  const ekd_receiver reopened = open_receiver(api, next, 0);
  REQUIRE(reopened != 0);
  for (std::int64_t i = 1; i <= 5; ++i)
    CHECK(receive_number(api, next, reopened) == i);
  CHECK(receive_number(api, next, reopened) == kNothingThere);
  REQUIRE(api.receiver_close(next.ctx, reopened) == EKD_OK);
  CHECK((open_receiver(api, next, 0) == 0) == without_a_sender);  // both ends are gone, or one
}

TEST_CASE("a plugin that is unloaded passes its turns on", "[channel]") {
  const unsigned workers = GENERATE(1u, 2u, 4u, 8u);
  Daemon daemon(workers);
  const ekd_channel_api& api = channel_api(daemon);
  Plugin staying(daemon, "staying");
  auto going = std::make_unique<Plugin>(daemon, "going");
  const ekd_receiver receiver = open_receiver(api, staying, 1);
  const ekd_sender first = open_sender(api, *going, 0);
  REQUIRE(send_number(api, *going, first, 1) == EKD_READY);
  const Held nobody(staying);  // whom a wake does nothing to
  REQUIRE(send_number(api, *going, first, 2, nobody.task) == EKD_PENDING);
  Producer producer(api, staying, open_sender(api, staying, 0), 1);
  REQUIRE(staying.spawn(producer.probe) == EKD_OK);
  REQUIRE(eventually([&] { return producer.probe.polls.load() == 1; }));
  const bool is_woken = GENERATE(false, true);
  if (is_woken) REQUIRE(receive_number(api, staying, receiver) == 1);
  REQUIRE(going->unload());
  if (!is_woken) REQUIRE(receive_number(api, staying, receiver) == 1);
  CHECK(has_ended(producer.probe));
  CHECK(receive_number(api, staying, receiver) == 1);
}

TEST_CASE("a channel that never runs dry spends the poll's budget", "[channel]") {
  Daemon daemon(1);
  Plugin plugin(daemon, "greedy");
  const ekd_channel_api& api = channel_api(daemon);
  const ekd_sender sender = open_sender(api, plugin, 1000);
  const ekd_receiver receiver = open_receiver(api, plugin, 0);
  const unsigned budget = Daemon::options(1).poll_budget;
  std::uint64_t in_first_poll = 0;
  std::uint64_t sent = 0;
  int polls = 0;
  Probe probe([&](ekd_cx* cx) -> std::int32_t {
    ++polls;
    // A question that finds nothing costs nothing.
    for (int i = 0; i < 1000 && sent == 0; ++i) {
      if (receive_number(api, plugin, receiver, cx->waker) != kNothingThere) return EKD_FAILED;
    }
    while (sent < budget + 10) {
      if (send_number(api, plugin, sender, sent, cx->waker) != EKD_READY) return EKD_PENDING;
      ++sent;
      if (polls == 1) ++in_first_poll;
    }
    return EKD_READY;
  });
  REQUIRE(plugin.spawn(probe) == EKD_OK);
  REQUIRE(has_ended(probe));
  CHECK(in_first_poll == budget);
  CHECK(polls == 2);
  CHECK(channel_info(api, plugin, sender).queued == budget + 10);
}

TEST_CASE("task lists show which end a task waits at", "[channel]") {
  Daemon daemon(1);
  Plugin plugin(daemon, "waiter");
  const ekd_channel_api& api = channel_api(daemon);
  const ekd_receiver receiver = open_receiver(api, plugin, 1, "waiter.in");
  Consumer consumer(api, plugin, receiver);
  ekd_task task = 0;
  REQUIRE(plugin.spawn(consumer.probe, nullptr, &task) == EKD_OK);
  REQUIRE(eventually([&] {
    const auto info = daemon.runtime.task_info(runtime::Handle(task));
    return info && info->wait_kind == runtime::WaitKind::kChannel &&
           info->waits_on == runtime::Handle(receiver);
  }));
  REQUIRE(api.channel_close(plugin.ctx, receiver) == EKD_OK);
  CHECK(has_ended(consumer.probe));
}

}  // namespace
}  // namespace ekiden::daemon::test

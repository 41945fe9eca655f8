// The core of the SDK's bounded channel: senders, those who wait for room, the receiver, the close.

#include <array>
#include <map>
#include <optional>

#include <ekiden/sdk/detail/mpsc_ring.hpp>

#include "runtime/base/atomic.hpp"
#include "tests/model/checker/plain.hpp"
#include "tests/model/models/subject.hpp"

namespace ekiden::model {

namespace {

// Where a message lies is ordinary memory: two threads must not touch a place at the same time.
class Places {
 public:
  void touch(const void* at) { places_[at].write(1); }

 private:
  std::map<const void*, Plain<int>> places_;
};
Places* places = nullptr;

// Its moves are seen by the checker.
struct Message {
  explicit Message(int number) : number(number) {}
  Message(Message&& other) noexcept : number(other.number) {
    if (places == nullptr) return;
    places->touch(&other);
    places->touch(this);
  }
  int number;
};

using Ring = detail::MpscRing<Message, runtime::Atomic, runtime::SystemMutex>;

// Tasks as the ring sees them: a waker is a thread's number plus one, and a wake a flag.
class RingModel : public Model {
 public:
  explicit RingModel(std::size_t capacity) : ring_(capacity) { places = &places_; }
  ~RingModel() override { places = nullptr; }

 protected:
  auto wake() {
    return [this](std::uint64_t waker) {
      require(waker != 0, "a waker is read as it was written");
      // release: as a wake of the runtime, known to who sees it.
      woken_[waker - 1].store(1, std::memory_order_release);
    };
  }
  void sleep(unsigned thread) {
    while (woken_[thread].exchange(0, std::memory_order_acquire) == 0)
      pause();
  }

  // As a send that waits. False: closed.
  bool send(unsigned thread, int number) {
    Message message(number);
    const detail::Room room = ring_.send(message, wake());
    if (room != detail::Room::kFull) return room == detail::Room::kRoom;
    if (!wait_for_room(thread)) return false;
    ring_.send_reserved(message, wake());
    return true;
  }
  // Afterwards room is reserved. False: closed.
  bool wait_for_room(unsigned thread) {
    Ring::Waiter waiter{nullptr, nullptr, thread + 1};
    const detail::Room room = ring_.add_waiter(waiter);
    if (room != detail::Room::kFull) return room == detail::Room::kRoom;
    while (true) {
      const auto answer = waiter.answer.load(std::memory_order_acquire);
      if (answer != Ring::Answer::kNone) return answer == Ring::Answer::kRoom;
      sleep(thread);
    }
  }
  // As a receive. It owes the room for what it has taken at the latest when it goes to sleep.
  std::optional<int> receive(unsigned thread) {
    while (true) {
      switch (ring_.find()) {
        case detail::Found::kMessage:
          owes_ = true;
          return ring_.take().number;
        case detail::Found::kEnded:
          return std::nullopt;
        case detail::Found::kBusy:
          pause();
          break;
        case detail::Found::kNone:
          settle();
          if (ring_.begin_wait(thread + 1)) sleep(thread);
          break;
      }
    }
  }
  void settle() {
    if (std::exchange(owes_, false) && ring_.owes_room()) ring_.hand_over(wake());
  }

  Ring ring_;

 private:
  Places places_;
  std::array<runtime::Atomic<int>, 4> woken_{};
  bool owes_ = false;  // the receiver's
};

// Thread 0 receives what `senders` send, two messages each. Whoever is left asleep shows a lost
// wake.
class SendReceive final : public RingModel {
 public:
  SendReceive(std::size_t capacity, unsigned senders, int each)
      : RingModel(capacity), senders_(senders), each_(each) {}

  unsigned threads() const override { return 1 + senders_; }
  void run(unsigned thread) override {
    if (thread != 0) {
      for (int i = 0; i < each_; ++i)
        require(send(thread, static_cast<int>(thread) * 10 + i), "nobody closes");
      return;
    }
    std::array<int, 4> next{};
    for (unsigned i = 0; i < senders_ * static_cast<unsigned>(each_); ++i) {
      const int number = receive(0).value();
      require(number % 10 == next[static_cast<std::size_t>(number / 10)]++,
              "each message once, in the order of its sender");
    }
    settle();
  }
  void at_end() override {
    require(ring_.room() == ring_.capacity(), "all room is free again");
    require(ring_.find() == detail::Found::kNone, "nothing is left");
  }

 private:
  const unsigned senders_;
  const int each_;
};

// The last sender closes; the receiver gets all and hears of the end.
class LastSender final : public RingModel {
 public:
  LastSender() : RingModel(2) {}

  unsigned threads() const override { return 3; }
  void run(unsigned thread) override {
    if (thread != 0) {
      require(send(thread, 1), "the receiver is there");
      if (senders_.fetch_sub(1, std::memory_order_acq_rel) == 1) ring_.close(wake());
      return;
    }
    int count = 0;
    while (receive(0))
      ++count;
    require(count == 2, "the end comes behind all messages");
  }

 private:
  runtime::Atomic<int> senders_{2};
};

// The receiver closes while one sends, or waits for room; what was sent is what it gets.
class ReceiverCloses final : public RingModel {
 public:
  ReceiverCloses() : RingModel(1) {}

  unsigned threads() const override { return 3; }
  void run(unsigned thread) override {
    if (thread != 0) {
      while (sent_[thread] < 2 && send(thread, 1))
        ++sent_[thread];
      return;
    }
    if (receive(0)) ++received_;
    ring_.close(wake());
    while (receive(0))
      ++received_;
  }
  void at_end() override {
    require(sent_[1] + sent_[2] == received_, "each send that went through was received");
  }

 private:
  std::array<int, 3> sent_{};
  int received_ = 0;
};

// One reserves and gives the room back; another waits for it. Nobody receives.
class Reservation final : public RingModel {
 public:
  Reservation() : RingModel(1) {}

  unsigned threads() const override { return 2; }
  void run(unsigned thread) override {
    if (thread == 0) {
      if (ring_.reserve() == detail::Room::kRoom) ring_.release_reserved(wake());
      return;
    }
    require(wait_for_room(1), "nobody closes");
    ring_.release_reserved(wake());
  }
  void at_end() override { require(ring_.room() == 1, "the room is free again"); }
};

// The receiver waits for the end of a closed channel in which room is still reserved.
class LastPermit final : public RingModel {
 public:
  explicit LastPermit(bool used) : RingModel(1), used_(used) {
    require(ring_.reserve() == detail::Room::kRoom, "there is room");
  }

  unsigned threads() const override { return 2; }
  void run(unsigned thread) override {
    if (thread == 1) {
      Message message(3);
      ring_.close(wake());
      if (used_) {
        ring_.send_reserved(message, wake());
      } else {
        ring_.release_reserved(wake());
      }
      return;
    }
    if (used_) require(receive(0) == 3, "what a permit sends is received");
    require(!receive(0), "and then the end");
  }

 private:
  const bool used_;
};

// A sender waits, and is aborted: what it was given goes to the one behind it.
class AbortedSender final : public RingModel {
 public:
  AbortedSender() : RingModel(1) {
    Message message(0);
    require(ring_.send(message, wake()) == detail::Room::kRoom, "there is room");
  }

  unsigned threads() const override { return 3; }
  void run(unsigned thread) override {
    if (thread == 0) {
      for (int i = 0; i < 2; ++i)
        require(receive(0).has_value(), "both messages come");
      settle();
    } else if (thread == 1) {
      Ring::Waiter waiter{nullptr, nullptr, 2};
      const detail::Room room = ring_.add_waiter(waiter);
      if (room == detail::Room::kRoom) return ring_.release_reserved(wake());
      ring_.remove_waiter(waiter, wake());
    } else {
      require(send(2, 2), "nobody closes");
    }
  }
  void at_end() override { require(ring_.room() == 1, "all room is free again"); }
};

}  // namespace

void add_mpsc_ring(Subjects& subjects) {
  Options options;
  options.preemptions = 3;
  options.stale_reads = 1;
  subjects.push_back(subject_of<SendReceive>("channel.one_place", "channel: no lost wake, full",
                                             options, std::size_t{1}, 1u, 2));
  subjects.push_back(subject_of<SendReceive>("channel.laps", "channel: cells are used again",
                                             options, std::size_t{2}, 1u, 3));
  subjects.push_back(
      subject_of<Reservation>("channel.reservation", "channel: room that comes back", options));
  subjects.push_back(
      subject_of<LastPermit>("channel.permit_sends", "channel: closed, not ended", options, true));
  subjects.push_back(
      subject_of<LastPermit>("channel.permit_unused", "channel: the end is told", options, false));
  options.preemptions = 2;
  subjects.push_back(
      subject_of<LastSender>("channel.last_sender", "channel: the end is behind all", options));
  subjects.push_back(
      subject_of<AbortedSender>("channel.abort", "channel: room goes to the next", options));
  subjects.push_back(subject_of<SendReceive>("channel.two_senders", "channel: no lost wake, full",
                                             options, std::size_t{1}, 2u, 1));
  // Too big to be gone through further; at random beyond.
  options.preemptions = 1;
  options.random_runs = 20'000;
  subjects.push_back(
      subject_of<ReceiverCloses>("channel.close", "channel: nothing sent is lost", options));
  subjects.push_back(subject_of<SendReceive>("channel.two_places", "channel: order, no lost wake",
                                             options, std::size_t{2}, 2u, 2));
}

}  // namespace ekiden::model

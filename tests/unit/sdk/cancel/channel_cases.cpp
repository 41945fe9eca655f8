#include <ekiden/sdk/channel.hpp>

#include "tests/unit/sdk/cancel/cases.hpp"

namespace ekiden::test {

namespace {

void require(bool holds, const char* what) {
  if (!holds) throw std::logic_error(what);
}

// Two messages come, for whoever receives; what the subject did not get is in the channel yet.
// C makes the channel: `tx.try_send`, `rx.recv`, `rx.try_recv`.
template <class C>
class ReceiveScenario final : public CancelScenario {
 public:
  Task<> subject() override {
    while (got_ < kMessages) {
      auto got = co_await ends_.receiver.recv();
      if (!got) co_return;
      ++got_;
      co_await yield();
    }
  }
  void let_go() override {
    for (int i = 0; i < kMessages; ++i)
      require(static_cast<bool>(C::send(ends_.sender, i)), "it was not sent");
  }
  Task<> check(Fate fate) override {
    require(fate != Fate::kEnded || got_ == kMessages, "it ended too early");
    while (ends_.receiver.try_recv())
      ++got_;
    require(got_ == kMessages, "a message is lost or doubled");
    co_return;
  }

 private:
  static constexpr int kMessages = 2;
  typename C::Ends ends_ = C::make();
  int got_ = 0;
};

struct Mpsc {
  using Ends = mpsc::Ends<int>;
  static Ends make() { return mpsc::channel<int>(4); }
  static auto send(auto& to, int value) { return to.try_send(value); }
};
struct Unbounded {
  using Ends = decltype(mpsc::unbounded<int>());
  static Ends make() { return mpsc::unbounded<int>(); }
  static auto send(auto& to, int value) { return to.try_send(value); }
};
struct Mpmc {
  using Ends = mpmc::Ends<int>;
  static Ends make() { return mpmc::channel<int>(4); }
  static auto send(auto& to, int value) { return to.try_send(value); }
};
struct Broadcast {
  using Ends = broadcast::Ends<int>;
  static Ends make() { return broadcast::channel<int>(4); }
  static auto send(auto& to, int value) { return to.try_send(value); }
};

// A full channel, and then room for two: the subject's message and the neighbour's.
template <class C>
class SendScenario final : public CancelScenario {
 public:
  Task<> prepare() override {
    for (int i = 0; i < kRoom; ++i)
      co_await ends_.sender.send(0);
  }
  Task<> subject() override {
    co_await ends_.sender.send(1);
    sent_ = true;
    co_await yield();
  }
  Task<> neighbour() override { co_await ends_.sender.send(2); }
  void let_go() override {
    for (int i = 0; i < kRoom; ++i)
      require(static_cast<bool>(ends_.receiver.try_recv()), "it was not full");
  }
  Task<> check(Fate) override {
    int left = 0;
    while (auto got = ends_.receiver.try_recv()) {
      require(*got != 1 || sent_, "an aborted send has sent");
      ++left;
    }
    require(left == (sent_ ? 2 : 1), "a message is lost or doubled");
    for (int i = 0; i < kRoom; ++i)
      require(static_cast<bool>(ends_.sender.try_send(3)), "room is lost");
    co_return;
  }

 private:
  static constexpr int kRoom = 2;
  typename C::Ends ends_ = C::two();
  bool sent_ = false;
};

struct MpscOfTwo {
  using Ends = mpsc::Ends<int>;
  static Ends two() { return mpsc::channel<int>(2); }
};
struct MpmcOfTwo {
  using Ends = mpmc::Ends<int>;
  static Ends two() { return mpmc::channel<int>(2); }
};

class ReserveScenario final : public CancelScenario {
 public:
  Task<> prepare() override {
    for (int i = 0; i < kRoom; ++i)
      co_await ends_.sender.send(0);
  }
  Task<> subject() override {
    auto permit = co_await ends_.sender.reserve();
    co_await yield();
  }
  Task<> neighbour() override { co_await ends_.sender.send(2); }
  void let_go() override {
    for (int i = 0; i < kRoom; ++i)
      require(static_cast<bool>(ends_.receiver.try_recv()), "it was not full");
  }
  Task<> check(Fate) override {
    auto got = ends_.receiver.try_recv();
    require(got && *got == 2, "the neighbour's message is lost");
    for (int i = 0; i < kRoom; ++i)
      require(static_cast<bool>(ends_.sender.try_send(3)), "room is lost");
    co_return;
  }

 private:
  static constexpr int kRoom = 2;
  mpsc::Ends<int> ends_ = mpsc::channel<int>(kRoom);
};

class OneshotScenario final : public CancelScenario {
 public:
  Task<> subject() override {
    got_ = co_await ends_.receiver;
    co_await yield();
  }
  void let_go() override { require(static_cast<bool>(ends_.sender.send(7)), "it was not sent"); }
  Task<> check(Fate) override {
    if (got_ == 0) {
      auto left = ends_.receiver.try_recv();
      if (left) got_ = *left;
    }
    require(got_ == 7, "the message is lost");
    co_return;
  }

 private:
  oneshot::Ends<int> ends_ = oneshot::channel<int>();
  int got_ = 0;
};

class WatchScenario final : public CancelScenario {
 public:
  Task<> subject() override {
    seen_ = co_await ends_.receiver.changed();
    co_await yield();
  }
  void let_go() override { ends_.sender.send(5); }
  Task<> check(Fate) override {
    if (!seen_) require(ends_.receiver.has_changed(), "the change is lost");
    require(ends_.sender.get() == 5, "the value is lost");
    co_return;
  }

 private:
  watch::Ends<int> ends_ = watch::channel<int>(0);
  bool seen_ = false;
};

class HostReceiveScenario final : public CancelScenario {
 public:
  Task<> subject() override {
    got_ = (co_await receiver_.receive()).has_value();
    co_await yield();
  }
  void let_go() override {
    Buffer message = Buffer::of("m");
    require(sender_.try_send(message), "it was not sent");
  }
  Task<> check(Fate) override {
    require(receiver_.size() == (got_ ? 0u : 1u), "a message is lost or doubled");
    if (!got_) co_await receiver_.receive();
  }

 private:
  HostReceiver receiver_{"cancel.receive", 2};
  HostSender sender_{"cancel.receive", 2};
  bool got_ = false;
};

class HostSendScenario final : public CancelScenario {
 public:
  Task<> prepare() override { co_await sender_.send(Buffer::of("first")); }
  Task<> subject() override {
    co_await sender_.send(Buffer::of("second"));
    sent_ = true;
    co_await yield();
  }
  void let_go() override { go_ = true; }
  Task<> neighbour() override {
    while (!go_.load())
      co_await yield();
    co_await receiver_.receive();
  }
  Task<> check(Fate) override {
    require(receiver_.size() == (sent_ ? 1u : 0u), "a message is lost or doubled");
    if (sent_) co_await receiver_.receive();
    Buffer more = Buffer::of("third");
    require(sender_.try_send(more), "the room is lost");
    co_await receiver_.receive();
  }

 private:
  HostReceiver receiver_{"cancel.send", 1};
  HostSender sender_{"cancel.send", 1};
  std::atomic<bool> go_{false};
  bool sent_ = false;
};

}  // namespace

std::vector<CancelCase> channel_cancel_cases() {
  return {
      {"mpsc receive", make_scenario<ReceiveScenario<Mpsc>>},
      {"mpsc send", make_scenario<SendScenario<MpscOfTwo>>},
      {"mpsc reserve", make_scenario<ReserveScenario>},
      {"unbounded receive", make_scenario<ReceiveScenario<Unbounded>>},
      {"mpmc receive", make_scenario<ReceiveScenario<Mpmc>>},
      {"mpmc send", make_scenario<SendScenario<MpmcOfTwo>>},
      {"oneshot receive", make_scenario<OneshotScenario>},
      {"broadcast receive", make_scenario<ReceiveScenario<Broadcast>>},
      {"watch", make_scenario<WatchScenario>},
      {"host channel receive", make_scenario<HostReceiveScenario>},
      {"host channel send", make_scenario<HostSendScenario>},
  };
}

}  // namespace ekiden::test

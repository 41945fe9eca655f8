#include <ekiden/sdk/sync.hpp>
#include <ekiden/sdk/time.hpp>

#include <optional>

#include "tests/unit/sdk/cancel/cases.hpp"

namespace ekiden::test {

namespace {

using namespace std::chrono_literals;

void require(bool holds, const char* what) {
  if (!holds) throw std::logic_error(what);
}

class MutexScenario final : public CancelScenario {
 public:
  Task<> subject() override { co_await lock(); }
  Task<> neighbour() override { co_await lock(); }
  void let_go() override { held_.reset(); }
  Task<> check(Fate) override {
    require(mutex_.try_lock().has_value(), "it stays locked");
    co_return;
  }

 private:
  Task<> lock() {
    auto held = co_await mutex_.lock();
    co_await yield();
  }

  Mutex<> mutex_;
  std::optional<MutexGuard<void>> held_ = mutex_.try_lock();
};

class ReadScenario final : public CancelScenario {
 public:
  Task<> subject() override {
    auto shared = co_await lock_.read();
    co_await yield();
  }
  Task<> neighbour() override { auto sole = co_await lock_.write(); }
  void let_go() override { held_.reset(); }
  Task<> check(Fate) override {
    require(lock_.try_write().has_value(), "it stays locked");
    co_return;
  }

 private:
  RwLock<int> lock_{0};
  std::optional<WriteGuard<int>> held_ = lock_.try_write();
};

class WriteScenario final : public CancelScenario {
 public:
  Task<> subject() override {
    auto sole = co_await lock_.write();
    co_await yield();
    auto shared = sole.downgrade();
    co_await yield();
  }
  Task<> neighbour() override { auto shared = co_await lock_.read(); }
  void let_go() override { held_.reset(); }
  Task<> check(Fate) override {
    require(lock_.try_write().has_value(), "it stays locked");
    co_return;
  }

 private:
  RwLock<int> lock_{0};
  std::optional<ReadGuard<int>> held_ = lock_.try_read();
};

class SemaphoreScenario final : public CancelScenario {
 public:
  Task<> subject() override {
    Permit permit = co_await semaphore_.acquire(2);
    co_await yield();
  }
  Task<> neighbour() override { Permit permit = co_await semaphore_.acquire(1); }
  void let_go() override { held_.reset(); }
  Task<> check(Fate) override {
    require(semaphore_.available() == 3, "permits are lost or made");
    co_return;
  }

 private:
  Semaphore semaphore_{3};
  std::optional<Permit> held_ = semaphore_.try_acquire(2);
};

// One notification goes round.
class NotifyOneScenario final : public CancelScenario {
 public:
  Task<> subject() override { co_await pass_on(); }
  Task<> neighbour() override { co_await pass_on(); }
  void let_go() override { notify_.notify_one(); }
  Task<> check(Fate) override {
    co_await notify_.wait();
    require(!co_await timeout(100us, notify_.wait()), "there are two of it");
  }

 private:
  struct PassOn {
    ~PassOn() { notify.notify_one(); }
    Notify& notify;
  };
  Task<> pass_on() {
    co_await notify_.wait();
    const PassOn at_end{notify_};
    co_await yield();
  }

  Notify notify_;
};

class NotifyAllScenario final : public CancelScenario {
 public:
  Task<> subject() override { co_await look(); }
  Task<> neighbour() override { co_await look(); }
  void let_go() override {
    there_ = true;
    notify_.notify_all();
  }
  Task<> check(Fate) override {
    require(!co_await timeout(100us, notify_.wait()), "a notification is left");
  }

 private:
  Task<> look() {
    auto changed = notify_.wait();
    if (!there_) co_await changed;
    require(there_, "it went on for nothing");
  }

  std::atomic<bool> there_{false};
  Notify notify_;
};

class EventScenario final : public CancelScenario {
 public:
  Task<> subject() override { co_await event_.wait(); }
  Task<> neighbour() override { co_await event_.wait(); }
  void let_go() override { event_.set(); }
  Task<> check(Fate) override {
    require(event_.is_set(), "it is reset");
    co_return;
  }

 private:
  Event event_;
};

class BarrierScenario final : public CancelScenario {
 public:
  Task<> subject() override { co_await barrier_.wait(); }
  void let_go() override {
    partner_ = spawn([this]() -> Task<> { co_await barrier_.wait(); });
  }
  Task<> check(Fate fate) override {
    if (fate == Fate::kCutBefore)
      require(!co_await timeout(100us, partner_.wait()), "who was cut before is counted");
    while (fate != Fate::kEnded && !partner_.is_finished())
      co_await timeout(100us, barrier_.wait());
    co_await partner_;
    require(!co_await timeout(100us, barrier_.wait()), "somebody is counted who has gone");
  }

 private:
  Barrier barrier_{2};
  JoinHandle<> partner_;
};

// The subject and the neighbour both want to make it.
class OnceCellScenario final : public CancelScenario {
 public:
  Task<> subject() override { co_await get(); }
  Task<> neighbour() override { co_await get(); }
  void let_go() override { gate_.set(); }
  Task<> check(Fate) override {
    require(cell_.get() != nullptr && *cell_.get() == 1, "there is no value");
    require(made_.load() == 1, "it was made twice");
    co_return;
  }

 private:
  Task<int> make() {
    co_await gate_.wait();
    co_return ++made_;
  }
  Task<> get() {
    co_await cell_.get_or_init([this] { return make(); });
  }

  Event gate_;
  OnceCell<int> cell_;
  std::atomic<int> made_{0};
};

}  // namespace

std::vector<CancelCase> sync_cancel_cases() {
  return {
      {"Mutex", make_scenario<MutexScenario>},
      {"RwLock, reading", make_scenario<ReadScenario>},
      {"RwLock, writing", make_scenario<WriteScenario>},
      {"Semaphore", make_scenario<SemaphoreScenario>},
      {"Notify, one", make_scenario<NotifyOneScenario>},
      {"Notify, all", make_scenario<NotifyAllScenario>},
      {"Event", make_scenario<EventScenario>},
      {"Barrier", make_scenario<BarrierScenario>},
      {"OnceCell", make_scenario<OnceCellScenario>},
  };
}

}  // namespace ekiden::test

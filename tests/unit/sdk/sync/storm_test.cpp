// Tasks that compete on many workers and are aborted at random: everything must be back afterwards.
#include <random>

#include "tests/unit/sdk/sync/support.hpp"

namespace ekiden::test {

namespace {

constexpr int kRounds = 100;
constexpr unsigned kTasks = 24;

// One at a time is in here.
class Alone {
 public:
  explicit Alone(std::atomic<int>& inside) : inside_(inside) {
    if (inside_.fetch_add(1) != 0) crowded_ = true;
  }
  ~Alone() { inside_.fetch_sub(1); }
  Alone(const Alone&) = delete;
  Alone& operator=(const Alone&) = delete;
  void check() const { require(!crowded_, "there are two at the same time"); }

 private:
  std::atomic<int>& inside_;
  bool crowded_ = false;
};

// Runs `visit(i)` in many tasks at once, and aborts half of them somewhere.
template <class Visit>
Task<> storm(Visit visit) {
  std::minstd_rand random(1);
  for (int round = 0; round < kRounds; ++round) {
    std::vector<JoinHandle<>> tasks;
    for (unsigned i = 0; i < kTasks; ++i)
      tasks.push_back(spawn([&visit, i] { return visit(i); }));
    for (unsigned i = 0; i < kTasks; i += 2) {
      for (unsigned pause = random() % 4; pause > 0; --pause)
        co_await yield();
      tasks[i].abort();
    }
    for (auto& task : tasks) {
      try {
        require(co_await timeout(kPatience / 2, task.wait()), "a task waits for ever");
      } catch (const Cancelled&) {
      }
    }
  }
}

}  // namespace

TEST_CASE("locks and permits are back after a storm of aborts", "[sdk][sync][cancel]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  world.run([]() -> Task<> {
    Semaphore semaphore(3);
    Mutex<int> mutex(0);
    RwLock<int> lock(0);
    std::atomic<int> inside{0};
    auto visit = [&](unsigned i) -> Task<> {
      for (unsigned n = 0; n < 10; ++n) {
        {
          Permit permit = co_await semaphore.acquire(1 + (i + n) % 3);
          if (n % 2 == 0) co_await yield();
        }
        {
          auto held = co_await mutex.lock();
          const Alone alone(inside);
          alone.check();
          ++*held;
          if (n % 3 == 0) co_await yield();
        }
        if ((i + n) % 4 == 0) {
          auto sole = co_await lock.write();
          co_await yield();
          ++*sole;
          auto shared = sole.downgrade();
          co_await yield();
        } else {
          auto shared = co_await lock.read();
          co_await yield();
        }
      }
    };
    co_await storm(visit);
    require(semaphore.available() == 3, "permits are lost or made");
    require(mutex.try_lock().has_value(), "the mutex stays locked");
    require(lock.try_write().has_value(), "the lock stays locked");
  });
}

TEST_CASE("a notification that goes round survives a storm of aborts", "[sdk][sync][cancel]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  world.run([]() -> Task<> {
    struct PassOn {
      ~PassOn() { notify.notify_one(); }
      Notify& notify;
    };
    Notify notify;
    notify.notify_one();
    std::atomic<int> holders{0};
    auto visit = [&](unsigned i) -> Task<> {
      for (unsigned n = 0; n < 10; ++n) {
        co_await notify.wait();
        const PassOn at_end{notify};
        const Alone alone(holders);
        alone.check();
        if ((i + n) % 2 == 0) co_await yield();
      }
    };
    co_await storm(visit);
    require(co_await timeout(kPatience / 2, notify.wait()), "it is lost");
    require(!co_await timeout(1ms, notify.wait()), "there are two of it");
  });
}

}  // namespace ekiden::test

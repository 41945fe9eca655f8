// The checker's own tests: small programs whose outcomes the C++ memory model allows or forbids.
// What is allowed has to be seen, what is forbidden must not be; faults have to be found.

#include <catch2/catch.hpp>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "runtime/base/atomic.hpp"
#include "runtime/base/futex.hpp"
#include "runtime/base/mutex.hpp"
#include "tests/model/checker/in_child.hpp"
#include "tests/model/checker/model.hpp"
#include "tests/model/checker/plain.hpp"

namespace ekiden::model {

namespace {

using runtime::Atomic;
using Order = std::memory_order;
constexpr Order kRelaxed = std::memory_order_relaxed;
constexpr Order kAcquire = std::memory_order_acquire;
constexpr Order kRelease = std::memory_order_release;
constexpr Order kSeqCst = std::memory_order_seq_cst;

// What the threads of a program have in common.
struct Shared {
  Atomic<int> x{0};
  Atomic<int> y{0};
  int r[4] = {-1, -1, -1, -1};

  std::string outcome(unsigned count) const {
    std::string text;
    for (unsigned i = 0; i < count; ++i)
      text += std::to_string(r[i]);
    return text;
  }
};

using Body = std::function<void(Shared&)>;

class Litmus final : public Model {
 public:
  Litmus(const std::vector<Body>& bodies, unsigned results, bool read_end,
         std::set<std::string>& outcomes)
      : bodies_(bodies), results_(results), read_end_(read_end), outcomes_(outcomes) {}

  unsigned threads() const override { return static_cast<unsigned>(bodies_.size()); }
  void run(unsigned thread) override { bodies_[thread](shared_); }
  void at_end() override {
    if (read_end_) {
      shared_.r[0] = shared_.x.load();
      shared_.r[1] = shared_.y.load();
    }
    outcomes_.insert(shared_.outcome(results_));
  }

 private:
  const std::vector<Body>& bodies_;
  const unsigned results_;
  const bool read_end_;
  std::set<std::string>& outcomes_;
  Shared shared_;
};

using Outcomes = std::set<std::string>;

// Every outcome of the first `results` of r; `read_end`: those are x and y as they are at last.
Outcomes outcomes_of(unsigned results, const std::vector<Body>& bodies, bool read_end = false) {
  Outcomes outcomes;
  Options options;
  options.preemptions = 6;
  options.stale_reads = 6;
  const Result result = explore(
      options, [&] { return std::make_unique<Litmus>(bodies, results, read_end, outcomes); });
  CHECK_FALSE(result.failure.has_value());
  CHECK(result.exhaustive);
  CHECK_FALSE(result.bounds_mattered);
  return outcomes;
}

Outcomes store_buffering(Order store, Order load) {
  return outcomes_of(2, {[=](Shared& s) {
                           s.x.store(1, store);
                           s.r[0] = s.y.load(load);
                         },
                         [=](Shared& s) {
                           s.y.store(1, store);
                           s.r[1] = s.x.load(load);
                         }});
}

Outcomes message_passing(Order store, Order load) {
  return outcomes_of(2, {[=](Shared& s) {
                           s.x.store(1, kRelaxed);
                           s.y.store(1, store);
                         },
                         [=](Shared& s) {
                           s.r[0] = s.y.load(load);
                           s.r[1] = s.x.load(kRelaxed);
                         }});
}

Outcomes independent_reads(Order store, Order load) {
  return outcomes_of(
      4, {[=](Shared& s) { s.x.store(1, store); }, [=](Shared& s) { s.y.store(1, store); },
          [=](Shared& s) {
            s.r[0] = s.x.load(load);
            s.r[1] = s.y.load(load);
          },
          [=](Shared& s) {
            s.r[2] = s.y.load(load);
            s.r[3] = s.x.load(load);
          }});
}

}  // namespace

TEST_CASE("litmus: store buffering is stopped by seq_cst only") {
  CHECK(store_buffering(kSeqCst, kSeqCst) == Outcomes{"01", "10", "11"});
  CHECK(store_buffering(kRelease, kAcquire) == Outcomes{"00", "01", "10", "11"});
  CHECK(store_buffering(kRelease, kSeqCst) == Outcomes{"00", "01", "10", "11"});
  CHECK(store_buffering(kSeqCst, kAcquire) == Outcomes{"00", "01", "10", "11"});
}

TEST_CASE("litmus: one weak side is enough to let store buffering through") {
  const Outcomes outcomes = outcomes_of(2, {[](Shared& s) {
                                              s.x.store(1, kRelease);
                                              s.r[0] = s.y.load(kSeqCst);
                                            },
                                            [](Shared& s) {
                                              s.y.store(1, kSeqCst);
                                              s.r[1] = s.x.load(kSeqCst);
                                            }});
  CHECK(outcomes.count("00") == 1);
}

TEST_CASE("litmus: read-modify-writes that only acquire and release let store buffering through") {
  const auto outcomes = [](Order order) {
    return outcomes_of(2, {[=](Shared& s) {
                             s.x.exchange(1, order);
                             s.r[0] = s.y.load(order == kSeqCst ? kSeqCst : kAcquire);
                           },
                           [=](Shared& s) {
                             s.y.exchange(1, order);
                             s.r[1] = s.x.load(order == kSeqCst ? kSeqCst : kAcquire);
                           }});
  };
  CHECK(outcomes(std::memory_order_acq_rel).count("00") == 1);
  CHECK(outcomes(kSeqCst).count("00") == 0);
}

TEST_CASE("litmus: message passing needs the release and the acquire") {
  CHECK(message_passing(kRelease, kAcquire) == Outcomes{"00", "01", "11"});
  CHECK(message_passing(kSeqCst, kSeqCst) == Outcomes{"00", "01", "11"});
  CHECK(message_passing(kRelaxed, kAcquire).count("10") == 1);
  CHECK(message_passing(kRelease, kRelaxed).count("10") == 1);
}

TEST_CASE("litmus: a message is passed on through a third thread") {
  const auto outcomes = [](Order store, Order load) {
    return outcomes_of(3, {[=](Shared& s) { s.x.store(1, kRelaxed), s.y.store(1, store); },
                           [=](Shared& s) {
                             s.r[0] = s.y.load(load);
                             if (s.r[0] == 1) s.y.store(2, store);
                           },
                           [=](Shared& s) {
                             s.r[1] = s.y.load(load);
                             s.r[2] = s.x.load(kRelaxed);
                           }});
  };
  CHECK(outcomes(kRelease, kAcquire).count("120") == 0);
  CHECK(outcomes(kRelaxed, kRelaxed).count("120") == 1);
}

TEST_CASE("litmus: a release sequence goes through others' read-modify-writes, not their stores") {
  const auto outcomes = [](bool exchange) {
    return outcomes_of(2, {[](Shared& s) {
                             s.x.store(1, kRelaxed);
                             s.y.store(1, kRelease);
                           },
                           [=](Shared& s) {
                             if (exchange) {
                               s.y.fetch_add(1, kRelaxed);
                             } else if (s.y.load(kRelaxed) == 1) {
                               s.y.store(2, kRelaxed);
                             }
                           },
                           [](Shared& s) {
                             s.r[0] = s.y.load(kAcquire);
                             s.r[1] = s.x.load(kRelaxed);
                           }});
  };
  CHECK(outcomes(true).count("20") == 0);
  CHECK(outcomes(false).count("20") == 1);
}

TEST_CASE("litmus: two readers see independent writes in one order under seq_cst only") {
  CHECK(independent_reads(kSeqCst, kSeqCst).count("1010") == 0);
  CHECK(independent_reads(kRelease, kAcquire).count("1010") == 1);
  CHECK(independent_reads(kSeqCst, kSeqCst).count("1111") == 1);
}

TEST_CASE("litmus: all threads see the stores into one atomic in one order") {
  const Outcomes outcomes = outcomes_of(
      4, {[](Shared& s) { s.x.store(1, kRelaxed); }, [](Shared& s) { s.x.store(2, kRelaxed); },
          [](Shared& s) {
            s.r[0] = s.x.load(kRelaxed);
            s.r[1] = s.x.load(kRelaxed);
          },
          [](Shared& s) {
            s.r[2] = s.x.load(kRelaxed);
            s.r[3] = s.x.load(kRelaxed);
          }});
  CHECK(outcomes.count("1212") == 1);
  CHECK(outcomes.count("1221") == 0);
  CHECK(outcomes.count("2112") == 0);
  CHECK(outcomes.count("1012") == 0);  // back to what was there before
}

TEST_CASE("litmus: read-modify-writes lose nothing, loads and stores do") {
  const auto outcomes = [](bool exchange) {
    const auto add = [exchange](int result) {
      return [=](Shared& s) {
        s.r[result] = exchange ? s.x.fetch_add(1, kRelaxed) : s.x.load(kRelaxed);
        if (!exchange) s.x.store(s.r[result] + 1, kRelaxed);
      };
    };
    return outcomes_of(2, {add(0), add(1)});
  };
  CHECK(outcomes(true) == Outcomes{"01", "10"});
  CHECK(outcomes(false) == Outcomes{"00", "01", "10"});
}

TEST_CASE("litmus: two stores each may both be overtaken, unless they are releases that are seen") {
  // The last in each modification order, seen at the end.
  const auto outcomes = [](Order order) {
    return outcomes_of(2,
                       {[=](Shared& s) { s.x.store(1, order), s.y.store(2, order); },
                        [=](Shared& s) { s.y.store(1, order), s.x.store(2, order); }},
                       /*read_end=*/true);
  };
  CHECK(outcomes(kRelaxed) == Outcomes{"11", "12", "21", "22"});
  CHECK(outcomes(kSeqCst) == Outcomes{"12", "21", "22"});
}

TEST_CASE("litmus: an exchange misses a store that is still in its core's buffer") {
  const auto outcomes = [](Order store) {
    return outcomes_of(2, {[=](Shared& s) {
                             s.x.store(1, store);
                             s.r[0] = s.y.load(kSeqCst);
                           },
                           [](Shared& s) {
                             s.y.exchange(1, kSeqCst);
                             s.r[1] = s.x.exchange(2, kSeqCst);
                           }});
  };
  CHECK(outcomes(kRelease).count("00") == 1);
  CHECK(outcomes(kSeqCst).count("00") == 0);
}

TEST_CASE("litmus: a weak compare-exchange may fail for nothing, a strong one not") {
  const auto outcomes = [](bool weak) {
    return outcomes_of(1, {[=](Shared& s) {
                         int expected = 0;
                         s.r[0] = weak ? s.x.compare_exchange_weak(expected, 1)
                                       : s.x.compare_exchange_strong(expected, 1);
                       }});
  };
  CHECK(outcomes(true) == Outcomes{"0", "1"});
  CHECK(outcomes(false) == Outcomes{"1"});
}

// --- Faults --------------------------------------------------------------------------------------

namespace {

struct FaultyShared {
  Atomic<std::uint32_t> word{0};
  runtime::Mutex mutex;
  runtime::Mutex other_mutex;
  Plain<int> data;
};

class Faulty final : public Model {
 public:
  using Part = void (*)(FaultyShared&);
  explicit Faulty(std::vector<Part> parts) : parts_(std::move(parts)) {}
  unsigned threads() const override { return static_cast<unsigned>(parts_.size()); }
  void run(unsigned thread) override { parts_[thread](shared_); }

 private:
  const std::vector<Part> parts_;
  FaultyShared shared_;
};

// "none", or the fault's name.
std::string fault_of(const std::vector<Faulty::Part>& parts) {
  Options options;
  options.preemptions = 3;
  options.steps_max = 500;
  return in_child([&] {
    const Result result = explore(options, [&] { return std::make_unique<Faulty>(parts); });
    return std::string(result.failure ? name_of(result.failure->fault) : "none");
  });
}

}  // namespace

TEST_CASE("faults: a race on plain data is found, and none where a release hands it on") {
  const Faulty::Part send_relaxed = [](FaultyShared& s) {
    s.data.write(1);
    s.word.store(1, kRelaxed);
  };
  const Faulty::Part send = [](FaultyShared& s) {
    s.data.write(1);
    s.word.store(1, kRelease);
  };
  const Faulty::Part receive = [](FaultyShared& s) {
    if (s.word.load(kAcquire) == 1) s.data.read();
  };
  CHECK(fault_of({send_relaxed, receive}) == "race");
  CHECK(fault_of({send, receive}) == "none");
}

TEST_CASE("faults: a lock keeps plain data, and the wrong lock does not") {
  const Faulty::Part locked = [](FaultyShared& s) {
    runtime::MutexLock lock(s.mutex);
    s.data.write(1);
  };
  const Faulty::Part wrongly = [](FaultyShared& s) {
    runtime::MutexLock lock(s.other_mutex);
    s.data.write(1);
  };
  CHECK(fault_of({locked, locked}) == "none");
  CHECK(fault_of({locked, wrongly}) == "race");
}

TEST_CASE("faults: two locks in two orders block for ever") {
  const Faulty::Part one_way = [](FaultyShared& s) {
    runtime::MutexLock first(s.mutex);
    runtime::MutexLock second(s.other_mutex);
  };
  const Faulty::Part other_way = [](FaultyShared& s) {
    runtime::MutexLock first(s.other_mutex);
    runtime::MutexLock second(s.mutex);
  };
  CHECK(fault_of({one_way, one_way}) == "none");
  CHECK(fault_of({one_way, other_way}) == "lost wake");
}

TEST_CASE("faults: a sleeper on a futex that is woken before it sleeps") {
  const Faulty::Part sleep = [](FaultyShared& s) {
    if (s.word.load(kAcquire) == 0) runtime::futex_wait(s.word, 0);
  };
  const Faulty::Part wake = [](FaultyShared& s) {
    s.word.store(1, kRelease);
    runtime::futex_wake(s.word, 1);
  };
  // The store comes after the wake: a sleeper in between is forgotten.
  const Faulty::Part wake_first = [](FaultyShared& s) {
    runtime::futex_wake(s.word, 1);
    s.word.store(1, kRelease);
  };
  CHECK(fault_of({sleep, wake}) == "none");
  CHECK(fault_of({sleep, wake_first}) == "lost wake");
}

TEST_CASE("faults: a loop that pauses ends when it can, and is reported when it cannot") {
  const Faulty::Part spin = [](FaultyShared& s) {
    while (s.word.load(kAcquire) == 0)
      runtime::cpu_relax();
  };
  const Faulty::Part set = [](FaultyShared& s) { s.word.store(1, kRelease); };
  const Faulty::Part nothing = [](FaultyShared&) {};
  CHECK(fault_of({spin, set}) == "none");
  CHECK(fault_of({spin, nothing}) == "endless");
}

}  // namespace ekiden::model

// Runtimes whose polls get stuck on purpose, with short limits, and what to say about them.
#pragma once

#include <algorithm>
#include <mutex>
#include <vector>

#include "tests/unit/scheduler/fixture.hpp"

namespace ekiden::runtime::test {

inline Options quick_to_replace(unsigned workers) {
  Options options = Fixture::with_workers(workers);
  options.stall_report_ns = 10 * kNanosPerMilli;
  options.stall_replace_ns = 20 * kNanosPerMilli;
  return options;
}

// What on_stall was told.
class StallLog {
 public:
  void listen(Options& options) {
    options.on_stall = [this](const Stall& stall) {
      std::lock_guard lock(mutex_);
      stalls_.push_back(stall);
    };
  }
  std::vector<Stall> of(StallEvent event) const {
    std::lock_guard lock(mutex_);
    std::vector<Stall> found;
    std::copy_if(stalls_.begin(), stalls_.end(), std::back_inserter(found),
                 [&](const Stall& stall) { return stall.event == event; });
    return found;
  }
  std::size_t count(StallEvent event) const { return of(event).size(); }

 private:
  mutable std::mutex mutex_;
  std::vector<Stall> stalls_;
};

// Workers that are there: without replacements that have left.
inline std::vector<WorkerInfo> present(Runtime& runtime) {
  std::vector<WorkerInfo> rows = runtime.list_workers();
  rows.erase(std::remove_if(rows.begin(), rows.end(),
                            [](const WorkerInfo& row) { return row.state == "left"; }),
             rows.end());
  return rows;
}

inline std::size_t count_stuck(Runtime& runtime) {
  const std::vector<WorkerInfo> rows = runtime.list_workers();
  return static_cast<std::size_t>(
      std::count_if(rows.begin(), rows.end(), [](const auto& row) { return row.stuck_ns != 0; }));
}

inline std::uint64_t replacements_started(Runtime& runtime) {
  std::uint64_t started = 0;
  for (const WorkerInfo& row : runtime.list_workers())
    started += row.replacements;
  return started;
}

// Tasks that are in their poll until they are let go.
class Stuck {
 public:
  // Each calls `first` before it gets stuck.
  Stuck(
      Fixture& f, TypeId type, unsigned count, std::function<void()> first = [] {}) {
    for (unsigned i = 0; i < count; ++i) {
      f.spawn(type, [this, first](PollContext&) {
        first();
        ++inside_;
        gate_.pass();
        --inside_;
        return kPollReady;
      });
    }
    REQUIRE(eventually([&] { return inside_ == static_cast<int>(count); }));
  }
  ~Stuck() { let_go(); }
  void let_go() {
    gate_.open();
    eventually([&] { return inside_ == 0; });
  }

 private:
  Gate gate_;
  std::atomic<int> inside_{0};
};

}  // namespace ekiden::runtime::test

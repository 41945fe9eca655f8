// The state word among threads: no wake is lost, one hand holds a queued task, one thread disposes.

#include <catch2/catch.hpp>
#include <memory>
#include <thread>
#include <vector>

#include "runtime/task/state.hpp"
#include "tests/unit/base/threads.hpp"

namespace ekiden::runtime::test {
namespace {

using Submit = StateWord::Submit;
using CloseJoin = StateWord::CloseJoin;

void make_idle(StateWord& word, std::uint32_t generation, bool join = false) {
  EKIDEN_CHECK(word.reserve());
  EKIDEN_CHECK(word.claim_reserved(generation));
  word.make_runnable(join);
  word.start_poll();
  EKIDEN_CHECK(word.end_pending() == Submit::kNothing);
}

// A scheduler of one task: its queue is a counter that should only ever be 0 or 1.
struct OneTask {
  StateWord word;
  Atomic<int> queued{0};
  Atomic<int> doubled{0};

  void submit() {
    if (queued.fetch_add(1) != 0) ++doubled;
  }
  bool take() {
    int one = 1;
    return queued.compare_exchange_strong(one, 0);
  }
};

TEST_CASE("after a wake the task is polled, and sees what was written before (invariant 1)") {
  const unsigned wakers = GENERATE(1u, 2u, 3u);
  const bool yields = GENERATE(false, true);
  CAPTURE(wakers, yields);
  constexpr std::uint64_t kRounds = 20'000;
  OneTask task;
  make_idle(task.word, 1);
  std::vector<Atomic<std::uint64_t>> sent(wakers);
  std::vector<Atomic<std::uint64_t>> seen(wakers);
  run_together(wakers + 1, [&](unsigned me) {
    if (me < wakers) {
      for (std::uint64_t i = 1; i <= kRounds; ++i) {
        // relaxed: the wake alone has to publish it, also where the task was notified already.
        sent[me].store(i, std::memory_order_relaxed);
        if (task.word.wake(1) == Submit::kSubmit) task.submit();
        // Waits for every seventh only, so that wakes come in bursts, too.
        while (i % 7 == 0 && seen[me].load(std::memory_order_relaxed) < i)
          std::this_thread::yield();
      }
      while (seen[me].load(std::memory_order_relaxed) < kRounds)
        std::this_thread::yield();
      return;
    }
    for (;;) {
      if (!task.take()) {
        std::this_thread::yield();
        continue;
      }
      task.word.start_poll();
      bool all = true;
      for (unsigned i = 0; i < wakers; ++i) {
        const std::uint64_t now = sent[i].load(std::memory_order_relaxed);
        seen[i].store(now, std::memory_order_relaxed);
        all = all && now == kRounds;
      }
      if (all) return;
      if (yields && seen[0].load(std::memory_order_relaxed) % 3 == 0) {
        task.submit();
      } else if (task.word.end_pending() == Submit::kSubmit) {
        task.submit();
      }
    }
  });
  CHECK(task.doubled == 0);
}

TEST_CASE("of many wakers of an idle task one gets it (invariant 3)") {
  constexpr int kRounds = 3000;
  constexpr unsigned kWakers = 4;
  std::vector<StateWord> words(kRounds);
  for (StateWord& word : words)
    make_idle(word, 1);
  std::vector<Atomic<int>> hands(kRounds);
  run_together(kWakers, [&](unsigned me) {
    for (int i = 0; i < kRounds; ++i) {
      const Submit answer = me % 2 == 0 ? words[i].wake(1) : words[i].cancel(1);
      if (answer == Submit::kSubmit) hands[i].fetch_add(1);
    }
  });
  bool one_each = true;
  bool cancelled = true;
  for (int i = 0; i < kRounds; ++i) {
    one_each = one_each && hands[i] == 1;
    cancelled = cancelled && words[i].load().is_cancelled();
  }
  CHECK(one_each);
  CHECK(cancelled);
}

TEST_CASE("a cancel that races with the end of a poll is seen by the next one") {
  constexpr int kRounds = 5000;
  std::vector<StateWord> words(kRounds);
  for (StateWord& word : words) {
    make_idle(word, 1);
    EKIDEN_CHECK(word.wake(1) == Submit::kSubmit);
  }
  Atomic<int> lost{0};
  std::vector<Atomic<int>> submitted(kRounds);
  run_together(2, [&](unsigned me) {
    for (int i = 0; i < kRounds; ++i) {
      if (me == 1) {
        if (words[i].cancel(1) == Submit::kSubmit) submitted[i].fetch_add(1);
        continue;
      }
      const Snapshot polled = words[i].start_poll();
      if (words[i].end_pending() == Submit::kSubmit) submitted[i].fetch_add(1);
      if (polled.is_cancelled()) submitted[i].fetch_add(1);  // this poll has seen it
    }
  });
  for (int i = 0; i < kRounds; ++i) {
    if (submitted[i] != 1) ++lost;
  }
  CHECK(lost == 0);
}

TEST_CASE("between the end and the closing of a hold exactly one disposes (invariant 2)") {
  constexpr int kRounds = 5000;
  const unsigned closers = GENERATE(1u, 2u, 3u);
  CAPTURE(closers);
  std::vector<StateWord> words(kRounds);
  for (StateWord& word : words) {
    make_idle(word, 1, /*join=*/true);
    EKIDEN_CHECK(word.wake(1) == Submit::kSubmit);
    word.start_poll();
  }
  std::vector<Atomic<int>> disposals(kRounds);
  std::vector<Atomic<int>> closed(kRounds);
  std::vector<Atomic<int>> freed(kRounds);
  run_together(closers + 1, [&](unsigned me) {
    for (int i = 0; i < kRounds; ++i) {
      if (me == 0) {
        // As Worker::finish: it drops itself, or leaves that to the holder.
        const bool held = words[i].complete().has_join();
        if (!held) disposals[i].fetch_add(1);
        if (words[i].unref()) freed[i].fetch_add(1);
        continue;
      }
      const CloseJoin answer = words[i].close_join(1);
      if (answer != CloseJoin::kStale) closed[i].fetch_add(1);
      if (answer != CloseJoin::kDispose) continue;
      disposals[i].fetch_add(1);
      if (words[i].unref()) freed[i].fetch_add(1);
    }
  });
  int wrong = 0;
  for (int i = 0; i < kRounds; ++i) {
    if (disposals[i] != 1 || closed[i] != 1 || freed[i] != 1) ++wrong;
    if (words[i].load().refs() != 0) ++wrong;
  }
  CHECK(wrong == 0);
}

TEST_CASE("wakers and cancellers that meet an unheld task's end change nothing (invariant 2)") {
  constexpr int kRounds = 5000;
  const unsigned wakers = GENERATE(1u, 3u);
  CAPTURE(wakers);
  std::vector<StateWord> words(kRounds);
  for (StateWord& word : words) {
    make_idle(word, 1);
    EKIDEN_CHECK(word.wake(1) == Submit::kSubmit);
    word.start_poll();
  }
  Atomic<int> submitted{0};
  run_together(wakers + 1, [&](unsigned me) {
    for (int i = 0; i < kRounds; ++i) {
      if (me == 0) {
        EKIDEN_CHECK(words[i].is_unheld());
        words[i].free_unheld();
      } else if ((me % 2 == 0 ? words[i].wake(1) : words[i].cancel(1)) == Submit::kSubmit) {
        submitted.fetch_add(1);
      }
    }
  });
  CHECK(submitted == 0);
  int wrong = 0;
  for (const StateWord& word : words)
    wrong += word.load().bits() != (std::uint64_t{1} << 32 | Snapshot::kComplete);
  CHECK(wrong == 0);
}

TEST_CASE("of commit and discard one gets the reservation") {
  constexpr int kRounds = 5000;
  std::vector<StateWord> words(kRounds);
  for (StateWord& word : words)
    EKIDEN_CHECK(word.reserve());
  std::vector<Atomic<int>> claims(kRounds);
  run_together(3, [&](unsigned) {
    for (int i = 0; i < kRounds; ++i) {
      if (words[i].claim_reserved(1)) claims[i].fetch_add(1);
    }
  });
  int wrong = 0;
  for (int i = 0; i < kRounds; ++i)
    wrong += claims[i] != 1;
  CHECK(wrong == 0);
}

TEST_CASE("old wakers never touch the tasks that follow in their slot") {
  constexpr std::uint32_t kGenerations = 20'000;
  StateWord word;
  Atomic<std::uint32_t> last_ended{0};
  Atomic<bool> done{false};
  Atomic<int> touched{0};
  run_together(3, [&](unsigned me) {
    if (me == 0) {
      for (std::uint32_t g = 1; g <= kGenerations; ++g) {
        make_idle(word, g, /*join=*/true);
        const Snapshot before = word.load();
        if (!before.is_idle() || before.is_cancelled() || !before.has_join()) ++touched;
        if (word.wake(g) != Submit::kSubmit) ++touched;
        if (word.start_poll().is_cancelled()) ++touched;
        word.complete();
        if (word.close_join(g) != CloseJoin::kDispose) ++touched;
        static_cast<void>(word.unref());
        if (!word.unref()) ++touched;
        last_ended.store(g);
      }
      done.store(true);
      return;
    }
    while (!done.load()) {
      const std::uint32_t old = last_ended.load();
      if (old == 0) continue;
      if (word.wake(old) == Submit::kSubmit) ++touched;
      if (word.cancel(old) == Submit::kSubmit) ++touched;
      if (word.close_join(old) != CloseJoin::kStale) ++touched;
      if (word.claim_reserved(old)) ++touched;
    }
  });
  CHECK(touched == 0);
}

}  // namespace
}  // namespace ekiden::runtime::test

// Every transition of the state word, alone.

#include "runtime/task/state.hpp"

#include <catch2/catch.hpp>
#include <cstring>

namespace ekiden::runtime::test {
namespace {

using Submit = StateWord::Submit;
using CloseJoin = StateWord::CloseJoin;

constexpr std::uint32_t kFirst = 1;  // the generation of a slot's first task

// A task of the first generation, taken to where a case begins.
void reserve(StateWord& word) { REQUIRE(word.reserve()); }

void queue(StateWord& word, bool join = false) {
  reserve(word);
  REQUIRE(word.claim_reserved(kFirst));
  word.make_runnable(join);
}

void run(StateWord& word, bool join = false) {
  queue(word, join);
  word.start_poll();
}

void idle(StateWord& word, bool join = false) {
  run(word, join);
  REQUIRE(word.end_pending() == Submit::kNothing);
}

void complete(StateWord& word, bool join = false) {
  run(word, join);
  word.complete();
}

// A slot whose word has this value. There is no other way to a late generation in a test's time.
void set_bits(StateWord& word, std::uint64_t bits) {
  static_assert(sizeof(StateWord) == sizeof bits);
  std::memcpy(static_cast<void*>(&word), &bits, sizeof bits);
}

TEST_CASE("a fresh slot is free, and no handle finds a task in it") {
  StateWord word;
  CHECK(word.load().refs() == 0);
  CHECK(word.load().generation() == 0);
  CHECK_FALSE(word.load().is_alive(0));
  CHECK(word.wake(0) == Submit::kNothing);
  CHECK(word.cancel(0) == Submit::kNothing);
  CHECK(word.close_join(0) == CloseJoin::kStale);
  CHECK_FALSE(word.claim_reserved(0));
}

TEST_CASE("reserved") {
  StateWord word;
  reserve(word);
  const Snapshot state = word.load();
  CHECK(state.is_reserved());
  CHECK(state.is_alive(kFirst));
  CHECK_FALSE(state.is_alive(kFirst + 1));
  CHECK(state.refs() == 1);
  CHECK_FALSE(state.is_idle());
  CHECK(word.wake(kFirst) == Submit::kNothing);
  CHECK(word.cancel(kFirst) == Submit::kNothing);
  CHECK(word.close_join(kFirst) == CloseJoin::kStale);
  CHECK(word.load().bits() == state.bits());
}

TEST_CASE("reserved and claimed: by one, and a wake meanwhile submits nothing") {
  StateWord word;
  reserve(word);
  CHECK_FALSE(word.claim_reserved(kFirst + 1));
  CHECK(word.claim_reserved(kFirst));
  CHECK_FALSE(word.claim_reserved(kFirst));
  CHECK(word.load().is_reserved());
  CHECK(word.wake(kFirst) == Submit::kNothing);
  CHECK(word.cancel(kFirst) == Submit::kNothing);

  SECTION("committed after all: queued once, and what came before is forgotten") {
    word.make_runnable(false);
    const Snapshot state = word.load();
    CHECK(state.is_active());
    CHECK_FALSE(state.is_notified());
    CHECK_FALSE(state.is_cancelled());
    CHECK_FALSE(state.is_reserved());
    CHECK(state.refs() == 1);
    CHECK(word.wake(kFirst) == Submit::kNothing);
  }
  SECTION("put back: as if nothing had been") {
    word.unclaim_reserved();
    CHECK(word.load().is_reserved());
    CHECK_FALSE(word.load().is_active());
    CHECK_FALSE(word.load().is_notified());
    CHECK_FALSE(word.load().is_cancelled());
    CHECK(word.claim_reserved(kFirst));
  }
  SECTION("discarded: free") {
    CHECK_FALSE(word.complete().has_join());
    CHECK(word.unref());
    CHECK_FALSE(word.load().is_alive(kFirst));
    CHECK(word.wake(kFirst) == Submit::kNothing);
  }
}

TEST_CASE("queued: polled once, woken or not") {
  StateWord word;
  const bool join = GENERATE(false, true);
  queue(word, join);
  CHECK(word.load().has_join() == join);
  CHECK(word.load().refs() == (join ? 2u : 1u));
  CHECK(word.load().is_active());
  if (GENERATE(false, true)) CHECK(word.wake(kFirst) == Submit::kNothing);
  const Snapshot polled = word.start_poll();
  CHECK(polled.bits() == word.load().bits());
  CHECK(polled.is_active());
  CHECK_FALSE(polled.is_notified());
  CHECK(polled.generation() == kFirst);
}

TEST_CASE("running and pending: idle") {
  StateWord word;
  run(word);
  CHECK(word.end_pending() == Submit::kNothing);
  CHECK(word.load().is_idle());
}

TEST_CASE("woken while running: in the poller's hand again, once") {
  StateWord word;
  run(word);
  CHECK(word.wake(kFirst) == Submit::kNothing);
  CHECK(word.wake(kFirst) == Submit::kNothing);
  CHECK(word.load().is_active());
  CHECK(word.load().is_notified());
  CHECK(word.end_pending() == Submit::kSubmit);
  CHECK(word.load().is_active());
  CHECK_FALSE(word.start_poll().is_notified());
  CHECK(word.end_pending() == Submit::kNothing);
}

TEST_CASE("yield: from one poll to the next, whether woken meanwhile or not") {
  StateWord word;
  run(word);
  if (GENERATE(false, true)) CHECK(word.wake(kFirst) == Submit::kNothing);
  if (GENERATE(false, true)) CHECK(word.cancel(kFirst) == Submit::kNothing);
  word.start_poll();
  CHECK(word.end_pending() == Submit::kNothing);
}

TEST_CASE("idle: the first to wake it has it in hand") {
  StateWord word;
  idle(word);
  CHECK(word.wake(kFirst + 1) == Submit::kNothing);
  CHECK(word.load().is_idle());
  CHECK(word.wake(kFirst) == Submit::kSubmit);
  CHECK(word.wake(kFirst) == Submit::kNothing);
  CHECK(word.cancel(kFirst) == Submit::kNothing);
  CHECK(word.start_poll().is_cancelled());
}

TEST_CASE("cancel wakes an idle task, and stays") {
  StateWord word;
  idle(word);
  CHECK(word.cancel(kFirst) == Submit::kSubmit);
  CHECK(word.cancel(kFirst) == Submit::kNothing);
  CHECK(word.start_poll().is_cancelled());
  CHECK(word.end_pending() == Submit::kNothing);
  CHECK(word.load().is_cancelled());
  CHECK(word.wake(kFirst) == Submit::kSubmit);
}

TEST_CASE("cancelled while running: the poll that runs may not know, the next one does") {
  StateWord word;
  run(word);
  CHECK(word.cancel(kFirst) == Submit::kNothing);
  CHECK(word.end_pending() == Submit::kSubmit);
  CHECK(word.start_poll().is_cancelled());
}

TEST_CASE("complete: no wake, no cancel, and the flags of running are gone") {
  StateWord word;
  run(word);
  if (GENERATE(false, true)) CHECK(word.wake(kFirst) == Submit::kNothing);
  CHECK_FALSE(word.complete().has_join());
  const Snapshot state = word.load_after_store();
  CHECK(state.is_complete());
  CHECK_FALSE(state.is_active());
  CHECK_FALSE(state.is_notified());
  CHECK_FALSE(state.is_idle());
  CHECK(word.wake(kFirst) == Submit::kNothing);
  CHECK(word.cancel(kFirst) == Submit::kNothing);
  CHECK(word.load().bits() == state.bits());
  CHECK(word.unref());
}

TEST_CASE("unheld: dropped and free in one go, and who wakes it then does nothing") {
  StateWord word;
  run(word);
  if (GENERATE(false, true)) CHECK(word.wake(kFirst) == Submit::kNothing);
  if (GENERATE(false, true)) CHECK(word.cancel(kFirst) == Submit::kNothing);
  REQUIRE(word.is_unheld());
  word.free_unheld();
  CHECK_FALSE(word.load().is_alive(kFirst));
  CHECK(word.load().bits() == (std::uint64_t{kFirst} << 32 | Snapshot::kComplete));
  CHECK(word.wake(kFirst) == Submit::kNothing);
  CHECK(word.cancel(kFirst) == Submit::kNothing);
  CHECK(word.close_join(kFirst) == CloseJoin::kStale);
  REQUIRE(word.reserve());
  CHECK(word.load().generation() == kFirst + 1);
}

TEST_CASE("held until its hold is closed") {
  StateWord word;
  run(word, /*join=*/true);
  CHECK_FALSE(word.is_unheld());
  CHECK(word.close_join(kFirst) == CloseJoin::kDetached);
  REQUIRE(word.is_unheld());
  word.free_unheld();
  CHECK_FALSE(word.load().is_alive(kFirst));
}

TEST_CASE("a hold that is closed early leaves the drop to the end") {
  StateWord word;
  idle(word, /*join=*/true);
  CHECK(word.close_join(kFirst + 1) == CloseJoin::kStale);
  CHECK(word.close_join(kFirst) == CloseJoin::kDetached);
  CHECK(word.close_join(kFirst) == CloseJoin::kStale);
  CHECK(word.load().refs() == 1);
  CHECK(word.wake(kFirst) == Submit::kSubmit);
  word.start_poll();
  CHECK_FALSE(word.complete().has_join());
  CHECK(word.unref());
}

TEST_CASE("a hold that is closed after the end disposes") {
  StateWord word;
  run(word, /*join=*/true);
  CHECK(word.complete().has_join());
  CHECK_FALSE(word.unref());  // the worker's
  CHECK(word.load().is_alive(kFirst));
  CHECK(word.close_join(kFirst) == CloseJoin::kDispose);
  CHECK(word.close_join(kFirst) == CloseJoin::kStale);
  CHECK(word.load().refs() == 1);
  CHECK(word.unref());
  CHECK_FALSE(word.load().is_alive(kFirst));
}

TEST_CASE("a hold that is not there cannot be closed") {
  StateWord word;
  SECTION("queued") { queue(word); }
  SECTION("running") { run(word); }
  SECTION("idle") { idle(word); }
  SECTION("complete") { complete(word); }
  CHECK(word.close_join(kFirst) == CloseJoin::kStale);
  CHECK(word.load().refs() == 1);
}

TEST_CASE("the next task has the next generation, and the last one's handles are stale") {
  StateWord word;
  complete(word);
  REQUIRE(word.unref());
  REQUIRE(word.reserve());
  CHECK(word.load().generation() == kFirst + 1);
  CHECK(word.load().bits() ==
        (std::uint64_t{kFirst + 1} << 32 | Snapshot::kRefOne | Snapshot::kReserved));
  CHECK_FALSE(word.claim_reserved(kFirst));
  REQUIRE(word.claim_reserved(kFirst + 1));
  word.make_runnable(true);
  word.start_poll();
  CHECK(word.end_pending() == Submit::kNothing);
  CHECK(word.wake(kFirst) == Submit::kNothing);
  CHECK(word.cancel(kFirst) == Submit::kNothing);
  CHECK(word.close_join(kFirst) == CloseJoin::kStale);
  CHECK(word.load().is_idle());
}

TEST_CASE("a slot whose generations are used up is not used again") {
  constexpr std::uint64_t kLast = ~std::uint32_t{0};
  StateWord word;
  set_bits(word, (kLast - 1) << 32 | Snapshot::kComplete);
  REQUIRE(word.reserve());
  CHECK(word.load().generation() == kLast);
  REQUIRE(word.claim_reserved(kLast));
  word.complete();
  REQUIRE(word.unref());
  const std::uint64_t before = word.load().bits();
  CHECK_FALSE(word.reserve());
  CHECK(word.load().bits() == before);
  CHECK_FALSE(word.load().is_alive(kLast));
}

TEST_CASE("the three parts of the word do not spill into each other") {
  StateWord word;
  constexpr std::uint64_t kMany = Snapshot::kRefMask;
  set_bits(word, std::uint64_t{7} << 32 | kMany << Snapshot::kRefShift | Snapshot::kActive |
                     Snapshot::kNotified);
  CHECK(word.load().refs() == kMany);
  CHECK(word.load().generation() == 7);
  const Snapshot polled = word.start_poll();
  CHECK(polled.refs() == kMany);
  CHECK(polled.generation() == 7);
  CHECK(word.end_pending() == Submit::kNothing);
  CHECK(word.load().refs() == kMany);
  CHECK(word.load().generation() == 7);
  CHECK_FALSE(word.unref());
  CHECK(word.load().refs() == kMany - 1);
}

}  // namespace
}  // namespace ekiden::runtime::test

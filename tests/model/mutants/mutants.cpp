#include "tests/model/mutants/mutants.hpp"

namespace ekiden::model {

namespace {

using Change = Mutation::Change;
constexpr Change kRelaxed = Change::kRelaxed;
constexpr Change kAcqRel = Change::kAcqRel;
constexpr Change kSplit = Change::kSplit;
constexpr Change kSkip = Change::kSkip;

constexpr const char* kState = "runtime/task/state.hpp";
constexpr const char* kRing = "runtime/queue/local_queue.hpp";
constexpr const char* kChildren = "runtime/queue/child_stack.hpp";
constexpr const char* kLifo = "runtime/queue/lifo_slot.hpp";
constexpr const char* kGlobal = "runtime/queue/global_queue.hpp";
constexpr const char* kParker = "runtime/scheduler/parker.cpp";
constexpr const char* kIdle = "runtime/scheduler/idle_set.cpp";
constexpr const char* kIdleHeader = "runtime/scheduler/idle_set.hpp";
constexpr const char* kReactor = "runtime/reactor/reactor.hpp";
constexpr const char* kInterrupt = "runtime/reactor/interrupt_event.cpp";
constexpr const char* kReadiness = "runtime/reactor/readiness.hpp";
constexpr const char* kSources = "runtime/reactor/source_table.hpp";
constexpr const char* kLife = "runtime/reactor/source_life.hpp";
constexpr const char* kTimers = "runtime/timer/timers.cpp";
constexpr const char* kShortLock = "runtime/timer/short_lock.hpp";
constexpr const char* kArena = "runtime/base/slot_arena.cpp";
constexpr const char* kPresence = "runtime/task/presence.cpp";
constexpr const char* kPresenceHeader = "runtime/task/presence.hpp";
constexpr const char* kChannel = "plugin_api/include/ekiden/sdk/detail/mpsc_ring.hpp";
constexpr const char* kOwners = "runtime/task/owner_table.hpp";

}  // namespace

const std::vector<Mutant>& all_mutants() {
  static const std::vector<Mutant> mutants = {
      // The state word.
      {kState, "compare_exchange_weak(old, next, std::memory_order_acq_rel", kRelaxed,
       "state.wake"},
      {kState, "compare_exchange_weak(old, next, std::memory_order_acq_rel", kSplit,
       "state.two_wakes"},
      {kState, "word_.fetch_and(~Snapshot::kNotified, std::memory_order_acq_rel)", kRelaxed,
       "state.two_wakes"},
      {kState, "compare_exchange_weak(old, old & ~Snapshot::kActive", kRelaxed, "state.wake"},
      {kState, "compare_exchange_weak(old, old & ~Snapshot::kActive", kSplit, "state.wake"},
      {kState, "word_.fetch_sub(Snapshot::kRefOne, std::memory_order_acq_rel)", kRelaxed,
       "state.end_held"},
      {kState, "word_.fetch_sub(Snapshot::kRefOne, std::memory_order_acq_rel)", kSplit,
       "state.end_held"},
      {kState, "const Snapshot last(word_.load(std::memory_order_acquire))", kRelaxed,
       "state.end_held"},
      {kState, "return !Snapshot(word_.load(std::memory_order_acquire)).has_join()", kRelaxed,
       "state.end_held"},
      {kState, "compare_exchange_weak(old, (old & ~kGone) | Snapshot::kComplete", kAcqRel,
       "state.join"},
      {kState, "load_after_store() const { return Snapshot(word_.load(", kAcqRel, "state.join"},
      {kState, "| Snapshot::kActive) + hold, order)", kAcqRel, "state.admission"},
      {kState, "compare_exchange_weak(old, wanted, std::memory_order_seq_cst", kSplit,
       "state.reservation"},
      // The ring.
      {kRing, "head_.compare_exchange_strong(head, head + count", kSplit, "ring.steal"},
      {kRing, "tail_.store(tail + 1, std::memory_order_release)", kRelaxed, "ring.steal"},
      {kRing, "victim.tail_.load(std::memory_order_acquire) - head", kRelaxed, "ring.steal"},
      {kRing, "tail_.store(tail + count - 1, std::memory_order_release)", kRelaxed, "ring.chain"},
      // The stack of children.
      {kChildren, "bottom_.store(bottom + 1, std::memory_order_release)", kRelaxed,
       "children.one_thief"},
      {kChildren, "bottom_.store(bottom, std::memory_order_seq_cst)", kAcqRel,
       "children.two_thieves"},
      {kChildren, "if (top >= bottom_.load(std::memory_order_seq_cst))", kAcqRel,
       "children.two_thieves"},
      {kChildren, "top_.compare_exchange_strong(top, top + 1", kSplit, "children.one_thief"},
      // The LIFO slot.
      {kLifo, "slot_.store(item, std::memory_order_release)", kRelaxed, "lifo.slot"},
      {kLifo, "slot_.exchange(item, std::memory_order_acq_rel)", kRelaxed, "lifo.slot"},
      {kLifo, "return slot_.exchange(nullptr", kRelaxed, "lifo.slot"},
      {kLifo, "return slot_.exchange(nullptr", kSplit, "lifo.slot"},
      // The global queue.
      {kGlobal, "compare_exchange_weak(size, size + admitted", kSplit, "global.admission"},
      {kGlobal, "size_.fetch_sub(taken", kSplit, "global.queue"},
      {kGlobal, "size_.fetch_add(count, std::memory_order_seq_cst)", kAcqRel, "idle.outside"},
      {kGlobal, "return size_.load(std::memory_order_seq_cst)", kAcqRel, "idle.outside"},
      // The parker and the idle set.
      {kParker, "return word_.compare_exchange_strong(empty", kSplit, "park.parker"},
      {kParker, "word_.exchange(kNotified, std::memory_order_acq_rel)", kRelaxed, "park.parker"},
      {kParker, "word_.exchange(kEmpty, std::memory_order_acq_rel)", kRelaxed,
       "park.two_notifiers"},
      {kParker, "word_.exchange(kEmpty, std::memory_order_acq_rel)", kSplit, "park.two_notifiers"},
      {kIdle, "state_.fetch_add(kOneSleeper - (was_searching", kAcqRel, "idle.outside"},
      {kIdleHeader, "const std::uint64_t state = state_.load(std::memory_order_seq_cst)", kAcqRel,
       "idle.outside"},
      {kIdle, "state_.fetch_sub(1, std::memory_order_seq_cst)", kSplit, "idle.stuck_finder"},
      // The reactor: who holds it, and how that one is interrupted.
      {kReactor, "!held_.exchange(true, std::memory_order_acquire)", kSplit, "reactor.let_go"},
      {kReactor, "!held_.exchange(true, std::memory_order_acquire)", kRelaxed, "reactor.let_go"},
      {kReactor, "held_.store(false, std::memory_order_release)", kRelaxed, "reactor.let_go"},
      {kReactor, "held_.store(false, std::memory_order_release)", kSkip, "reactor.push"},
      {kInterrupt, "pending_.exchange(true, std::memory_order_seq_cst)", kAcqRel,
       "reactor.interrupt"},
      {kInterrupt, "blocking_.load(std::memory_order_seq_cst)", kAcqRel, "reactor.interrupt"},
      {kInterrupt, "blocking_.store(true, std::memory_order_seq_cst)", kAcqRel,
       "reactor.interrupt"},
      {kInterrupt, "pending_.load(std::memory_order_seq_cst)", kAcqRel, "reactor.interrupt"},
      // Readiness, waiters and the life of a source.
      {kReadiness, "Readiness load() const noexcept", kAcqRel, "readiness.event"},
      {kReadiness, "compare_exchange_weak(seen, next.bits(), std::memory_order_seq_cst", kAcqRel,
       "readiness.event"},
      {kReadiness, "compare_exchange_weak(seen, next.bits(), std::memory_order_acq_rel", kSplit,
       "readiness.clear"},
      {kSources, "bits_.store(waker.bits(), std::memory_order_seq_cst)", kAcqRel,
       "readiness.closing"},
      {kSources, "bits_.exchange(0, std::memory_order_seq_cst)", kAcqRel, "readiness.event"},
      {kLife, "word_.fetch_or(kClosing, std::memory_order_seq_cst)", kAcqRel, "readiness.close"},
      {kLife, "word_.load(std::memory_order_seq_cst) & kClosing", kAcqRel, "readiness.close"},
      {kLife, "compare_exchange_weak(word, word + 1, std::memory_order_acquire", kSplit,
       "readiness.reuse"},
      {kLife, "word_.fetch_sub(1, std::memory_order_acq_rel)", kRelaxed, "readiness.reuse"},
      {kLife, "word_.fetch_sub(1, std::memory_order_acq_rel)", kSplit, "readiness.reuse"},
      // Timers.
      {kTimers, "lane.next.store(due, std::memory_order_seq_cst)", kAcqRel, "timer.sleep"},
      {kShortLock, "held_.exchange(true, std::memory_order_acquire)) lock_slow()", kSplit,
       "timer.cancel"},
      // Slots.
      {kArena, "used_.store(index + 1, std::memory_order_release)", kRelaxed, "arena.walker"},
      // Quiescence.
      {kPresence, "all_records.load(std::memory_order_seq_cst)", kAcqRel, "presence.visit"},
      {kPresence, "compare_exchange_weak(record->next, record, std::memory_order_seq_cst", kAcqRel,
       "presence.visit"},
      {kPresence, "record.current.load(std::memory_order_seq_cst) != owner", kAcqRel,
       "presence.visit"},
      {kPresenceHeader, "record.current.exchange(owner, std::memory_order_seq_cst)", kAcqRel,
       "presence.visit"},
      {kPresenceHeader, "record.current.store(kNobody, std::memory_order_release)", kRelaxed,
       "presence.visit"},
      {kPresenceHeader, "record_.current.store(outer_, std::memory_order_release)", kRelaxed,
       "presence.last_task"},
      {kOwners, "records_[owner].admits.load(std::memory_order_seq_cst)", kAcqRel,
       "presence.visit"},
      {kOwners, "records_[owner].admits.store(false, std::memory_order_seq_cst)", kAcqRel,
       "presence.visit"},
      // The SDK's bounded channel.
      {kChannel, "(word & ~kReceiverWaits) + kPositionOne,", kSplit, "channel.two_places"},
      {kChannel, "(word & ~kReceiverWaits) + kPositionOne,", kRelaxed, "channel.two_places"},
      {kChannel, "compare_exchange_weak(word, word | kReceiverWaits", kRelaxed,
       "channel.one_place"},
      {kChannel, "compare_exchange_weak(word, word | kReceiverWaits", kSplit, "channel.one_place"},
      {kChannel, "cell.published.store((at + 1) & kPositionMask", kRelaxed, "channel.one_place"},
      {kChannel, "return cell_of(head).published.load(", kRelaxed, "channel.one_place"},
      {kChannel, "head_.store((head + 1) & kPositionMask", kRelaxed, "channel.one_place"},
      {kChannel, "const std::uint64_t head = head_.load(std::memory_order_acquire)", kRelaxed,
       "channel.one_place"},
      {kChannel, "tail_.fetch_add(0, std::memory_order_acq_rel)", kRelaxed, "channel.one_place"},
      {kChannel, "tail_.fetch_or(kSendersWait, std::memory_order_acq_rel)", kRelaxed,
       "channel.one_place"},
      {kChannel, "tail_.fetch_or(kSendersWait, std::memory_order_acq_rel)", kSplit,
       "channel.one_place"},
      {kChannel, "tail_.fetch_sub(kReservedOne, std::memory_order_acq_rel)", kSplit,
       "channel.reservation"},
      {kChannel, "tail_.fetch_sub(kReservedOne, std::memory_order_acq_rel)", kRelaxed,
       "channel.permit_unused"},
      {kChannel, "tail_.fetch_or(kClosed, std::memory_order_acq_rel)", kSplit,
       "channel.permit_unused"},
      {kChannel, "head_seen_.store(head, std::memory_order_release)", kRelaxed,
       "channel.two_places"},
  };
  return mutants;
}

}  // namespace ekiden::model

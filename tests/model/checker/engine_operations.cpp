// What happens at the operations of a model's threads.

#include <string>
#include <string_view>

#include "tests/model/checker/engine.hpp"

namespace ekiden::model {

// --- Atomics -------------------------------------------------------------------------------------

unsigned Engine::find(const void* address, std::uint64_t held) {
  return memory_.find(address, held);
}

void Engine::construct(const void* address, std::uint64_t value) {
  memory_.construct(address, value);
}

// A choice among `most` + 1 stores: how many behind the newest.
unsigned Engine::stale(unsigned most) {
  if (most == 0) return 0;
  if (!at_random_ && stale_reads_ == options_.stale_reads) {
    result_.bounds_mattered = true;
    return 0;
  }
  constexpr unsigned kOneIn = 4;
  const unsigned behind = choices_.choose(most + 1, kOneIn);
  if (behind != 0) ++stale_reads_;
  return behind;
}

// How many behind the newest a store or read-modify-write of this thread is to come.
unsigned Engine::place_of_store(unsigned atomic, std::memory_order order) {
  std::array<unsigned, 16> places;
  unsigned count = 0;
  const unsigned most = memory_.open_behind(atomic, mine().knowledge, order);
  for (unsigned behind = 0; behind <= most && count < places.size(); ++behind) {
    if (memory_.may_follow(atomic, behind)) places[count++] = behind;
  }
  return places[stale(count - 1)];
}

std::uint64_t Engine::load(const void* address, std::uint64_t held, std::memory_order order,
                           Site site) {
  const unsigned atomic = find(address, held);
  step();
  order = mutated(order, site);
  const unsigned behind = stale(memory_.open_behind(atomic, mine().knowledge, order));
  const std::uint64_t value = memory_.load(atomic, behind, mine().knowledge, order);
  note(Operation::kLoad, atomic, value, order, behind, site);
  tick();
  return value;
}

bool Engine::store(const void* address, std::uint64_t held, std::uint64_t value,
                   std::memory_order order, Site site) {
  const unsigned atomic = find(address, held);
  step();
  const Mutation* mutation = mutation_at(site);
  if (mutation != nullptr && mutation->change == Mutation::Change::kSkip) {
    ++result_.mutated;
    return false;
  }
  order = mutated(order, site);
  const unsigned behind = place_of_store(atomic, order);
  note(Operation::kStore, atomic, value, order, behind, site);
  memory_.store(atomic, behind, /*reads_it=*/false, value, mine().knowledge, order);
  tick();
  wrote();
  return behind == 0;
}

std::uint64_t Engine::begin_exchange(const void* address, std::uint64_t held,
                                     std::memory_order order, Site site) {
  const unsigned atomic = find(address, held);
  step();
  order = mutated(order, site);
  const Mutation* mutation = mutation_at(site);
  const bool split = mutation != nullptr && mutation->change == Mutation::Change::kSplit;
  if (split) ++result_.mutated;
  const unsigned behind = place_of_store(atomic, order);
  exchanges_[current_] = {atomic, behind, order, split, site};
  return memory_.load(atomic, behind, mine().knowledge, order);
}

bool Engine::end_exchange(std::uint64_t value) {
  Exchange exchange = exchanges_[current_];
  if (exchange.split) {
    step();
    exchange.behind = 0;
  }
  note(Operation::kExchange, exchange.atomic, value, exchange.order, exchange.behind,
       exchange.site);
  memory_.store(exchange.atomic, exchange.behind, /*reads_it=*/true, value, mine().knowledge,
                exchange.order);
  tick();
  wrote();
  return exchange.behind == 0;
}

Engine::Exchanged Engine::compare_exchange(const void* address, std::uint64_t held,
                                           std::uint64_t& expected, std::uint64_t desired,
                                           std::memory_order success, std::memory_order failure,
                                           bool weak, Site site) {
  const unsigned atomic = find(address, held);
  step();
  success = mutated(success, site);
  failure = mutated(failure, site);
  Knowledge& knowledge = mine().knowledge;
  // One that fails is a mere load; a weak one may fail for nothing.
  const unsigned open = memory_.open_behind(atomic, knowledge, failure);
  const bool can_fail_for_nothing = weak && memory_.newest(atomic) == expected;
  unsigned behind = stale(open + (can_fail_for_nothing ? 1 : 0));
  const bool for_nothing = behind == open + 1;
  if (for_nothing) behind = 0;
  const bool stays = behind <= memory_.open_behind(atomic, knowledge, success) &&
                     memory_.may_follow(atomic, behind);
  // An old store of the wanted value that cannot be replaced is no reason to fail.
  if (memory_.value_behind(atomic, behind) == expected && !stays) behind = 0;
  if (for_nothing || memory_.value_behind(atomic, behind) != expected) {
    expected = memory_.load(atomic, behind, knowledge, failure);
    note(Operation::kFailedCompareExchange, atomic, expected, failure, behind, site);
    tick();
    return {false, false};
  }
  static_cast<void>(memory_.load(atomic, behind, knowledge, success));
  const Mutation* mutation = mutation_at(site);
  if (mutation != nullptr && mutation->change == Mutation::Change::kSplit) {
    ++result_.mutated;
    step();
    behind = 0;
  }
  note(Operation::kCompareExchange, atomic, desired, success, behind, site);
  memory_.store(atomic, behind, /*reads_it=*/true, desired, knowledge, success);
  tick();
  wrote();
  return {true, behind == 0};
}

// --- Plain data ----------------------------------------------------------------------------------

void Engine::race(const char* what, Site site, unsigned with) {
  note(what[0] == 'w' ? Operation::kPlainWrite : Operation::kPlainRead, 0, 0,
       std::memory_order_relaxed, 0, site);
  fail(Fault::kRace, std::string("plain data: a ") + what + " by thread " +
                         std::to_string(current_) + " races with thread " + std::to_string(with));
}

void Engine::read_plain(PlainHistory& plain, Site site) {
  if (!plain.written.is_known_to(mine().knowledge)) race("read", site, plain.written.thread);
  plain.read[current_] = now().at;
}

void Engine::write_plain(PlainHistory& plain, Site site) {
  if (!plain.written.is_known_to(mine().knowledge)) race("write", site, plain.written.thread);
  for (unsigned thread = 0; thread < kThreadsMax; ++thread) {
    if (!Moment{thread, plain.read[thread]}.is_known_to(mine().knowledge)) {
      race("write", site, thread);
    }
  }
  plain.written = now();
}

// --- Mutants and traces --------------------------------------------------------------------------

const Mutation* Engine::mutation_at(Site site) const {
  if (mutation_ == nullptr) return nullptr;
  if (site.line < mutation_->line || site.line > mutation_->line + 2) return nullptr;
  return std::string_view(site.file).ends_with(mutation_->file) ? mutation_ : nullptr;
}

std::memory_order Engine::mutated(std::memory_order order, Site site) {
  const Mutation* mutation = mutation_at(site);
  if (mutation == nullptr) return order;
  if (mutation->change == Mutation::Change::kRelaxed) {
    ++result_.mutated;
    return std::memory_order_relaxed;
  }
  if (mutation->change == Mutation::Change::kAcqRel && order == std::memory_order_seq_cst) {
    ++result_.mutated;
    return std::memory_order_acq_rel;  // of which a load takes one half and a store the other
  }
  return order;
}

void Engine::note(Operation operation, unsigned atomic, std::uint64_t value,
                  std::memory_order order, unsigned behind, Site site) {
  events_.push_back({current_, operation, atomic, value, order, behind, site});
}

}  // namespace ekiden::model

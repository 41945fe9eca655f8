#include "runtime/scheduler/replacements.hpp"

#include <cerrno>
#include <new>
#include <system_error>

#include "runtime/scheduler/scheduler.hpp"

namespace ekiden::runtime {

Replacements::Replacements(Scheduler& scheduler)
    : scheduler_(scheduler),
      seat_count_(scheduler.config().stall_replace_max),
      seats_(std::make_unique<Seat[]>(seat_count_)),
      replaced_by_(scheduler.config().worker_slots(), kNone) {}

unsigned Replacements::id_of(std::size_t seat) const {
  return scheduler_.config().workers + static_cast<unsigned>(seat);
}

const Replacements::Seat* Replacements::seat_of(unsigned worker) const {
  const unsigned first = scheduler_.config().workers;
  return worker < first || worker - first >= seat_count_ ? nullptr : &seats_[worker - first];
}

// The lowest: workers are made in the order of their numbers.
std::optional<std::size_t> Replacements::free_seat() const {
  for (std::size_t i = 0; i < seat_count_; ++i) {
    if (!seats_[i].thread.joinable()) return i;
  }
  return std::nullopt;
}

Worker& Replacements::worker_at(std::size_t seat) {
  const unsigned id = id_of(seat);
  return id < scheduler_.workers_.size() ? *scheduler_.workers_[id]
                                         : scheduler_.workers_.add(scheduler_);
}

Replacements::Start Replacements::start(unsigned replaced, int& os_error) {
  const auto free = free_seat();
  if (!free) return Start::kAllInUse;
  Seat& seat = seats_[*free];
  try {
    Worker& worker = worker_at(*free);
    worker.prepare_to_replace(*scheduler_.workers_[replaced]);
    seat.gone.store(false, std::memory_order_relaxed);
    seat.replaces.store(replaced, std::memory_order_relaxed);
    seat.thread = std::thread([this, &seat, id = worker.id()] {
      scheduler_.run_worker(id);
      // release: pairs with the acquire in review(). The last thing that this thread does here.
      seat.gone.store(true, std::memory_order_release);
    });
  } catch (const std::system_error& error) {
    seat.replaces.store(kNone, std::memory_order_relaxed);
    os_error = error.code().value();
    return Start::kFailed;
  } catch (const std::bad_alloc&) {
    seat.replaces.store(kNone, std::memory_order_relaxed);
    os_error = ENOMEM;
    return Start::kFailed;
  }
  seat.dismissed = false;
  add_relaxed<std::uint64_t>(seat.starts, 1);
  replaced_by_[replaced] = id_of(*free);
  ++active_;
  return Start::kStarted;
}

bool Replacements::is_dismissed(unsigned worker) const {
  const Seat* seat = seat_of(worker);
  return seat != nullptr && (seat->dismissed || !seat->thread.joinable());
}

// It looks at the wish after each poll, and once more after it has joined the sleepers: so it sees
// it, or we find it among them.
void Replacements::dismiss(std::size_t seat) {
  seats_[seat].dismissed = true;
  const unsigned id = id_of(seat);
  replaced_by_[seats_[seat].replaces.load(std::memory_order_relaxed)] = kNone;
  scheduler_.workers_[id]->ask_to_leave();
  if (scheduler_.idle_.take(id)) scheduler_.unpark(id);
}

void Replacements::reap(std::size_t seat) {
  seats_[seat].thread.join();
  seats_[seat].replaces.store(kNone, std::memory_order_relaxed);
  --active_;
}

void Replacements::join_all() {
  for (std::size_t i = 0; i < seat_count_; ++i) {
    if (seats_[i].thread.joinable()) reap(i);
  }
}

std::optional<unsigned> Replacements::replaces(unsigned worker) const {
  const Seat* seat = seat_of(worker);
  // relaxed: for people.
  const unsigned replaced = seat ? seat->replaces.load(std::memory_order_relaxed) : kNone;
  return replaced != kNone ? std::optional(replaced) : std::nullopt;
}

std::uint64_t Replacements::starts(unsigned worker) const {
  const Seat* seat = seat_of(worker);
  return seat != nullptr ? seat->starts.load(std::memory_order_relaxed) : 0;
}

}  // namespace ekiden::runtime

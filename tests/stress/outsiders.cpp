#include "tests/stress/outsiders.hpp"

#include <chrono>

#include "tests/stress/actor.hpp"

namespace ekiden::runtime::stress {

Outsiders::Outsiders(World& world, unsigned count) : world_(world) {
  for (unsigned i = 0; i < count; ++i)
    threads_.emplace_back([this, i] { live(i); });
}

void Outsiders::stop() {
  stop_.store(true);
  for (std::thread& thread : threads_)
    thread.join();
  threads_.clear();
}

void Outsiders::live(unsigned number) {
  Random random(world_.new_seed());
  std::vector<Hold> holds;
  while (!stop_.load()) {
    do_favours(random);
    // A task that was cancelled keeps what it has until its hold is ended, and others may wait for
    // that: so none is forgotten while things wind down. At other times some are left to the
    // unload.
    end_holds(holds, world_.winding_down.load() ? 0 : 10);
    if (number == 0 && random.one_in(20)) look(random);
    do_something(random, holds);
    // Else these threads alone would keep the runtime from ever going to sleep.
    if (random.one_in(3)) std::this_thread::sleep_for(std::chrono::microseconds(random.below(300)));
  }
  do_favours(random);
}

void Outsiders::do_favours(Random& random) {
  for (const Favour& favour : world_.take_favours()) {
    if (random.one_in(10)) std::this_thread::yield();
    // relaxed: the wake alone has to publish it.
    favour.done->store(true, std::memory_order_relaxed);
    world_.runtime.wake(favour.waker);
  }
}

void Outsiders::end_holds(std::vector<Hold>& holds, std::size_t keep) {
  for (; holds.size() > keep; holds.pop_back()) {
    const Hold& hold = holds.back();
    static_cast<void>(world_.runtime.join_close(hold.tenant->owner(), hold.task));
  }
}

void Outsiders::do_something(Random& random, std::vector<Hold>& holds) {
  const std::shared_ptr<Tenant> tenant = world_.some_tenant(random);
  if (tenant == nullptr) return;
  SpawnOptions options;
  switch (random.below(8)) {
    case 0:
      world_.runtime.wake(Waker(random.next()));
      break;
    case 1:
      world_.runtime.wake(world_.somebody(random));
      break;
    case 2:
      if (random.one_in(10)) static_cast<void>(world_.runtime.abort_any(world_.somebody(random)));
      break;
    case 3:
      if (world_.has_room()) tenant->spawn_batch(random.below(20), options, random);
      break;
    case 4:
      if (world_.has_room()) {
        options.join = true;
        const Handle task = tenant->spawn({random.below(5), 1, nullptr}, options, random);
        if (!task.is_null()) holds.push_back({tenant, task});
      }
      break;
    default:
      if (world_.has_room()) {
        tenant->spawn({random.below(30), static_cast<unsigned>(random.below(4)), nullptr}, options,
                      random);
      }
  }
}

void Outsiders::look(Random& random) {
  const Runtime& runtime = world_.runtime;
  static_cast<void>(runtime.list_tasks(std::nullopt, world_.somebody(random), 200));
  static_cast<void>(runtime.task_info(world_.somebody(random)));
  static_cast<void>(runtime.list_workers());
  static_cast<void>(runtime.list_types());
  static_cast<void>(runtime.queue_info());
}

}  // namespace ekiden::runtime::stress

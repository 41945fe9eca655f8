// Type-stable slots: nobody is given a slot that another has, over caches and the central pool.

#include <array>

#include "runtime/base/slot_arena.hpp"
#include "tests/model/checker/plain.hpp"
#include "tests/model/models/subject.hpp"

namespace ekiden::model {

namespace {

using runtime::SlotArena;

constexpr std::uint32_t kSlots = 4096;

class ArenaModel : public Model {
 protected:
  // Who has a slot writes into it, first thing and last thing.
  std::uint32_t take(SlotArena::Cache* cache) {
    const std::uint32_t index = arena_.allocate(cache);
    require(index < kTracked, "a slot of those that are there");
    require(slots_[index].read() == 0, "a slot was given to two");
    slots_[index].write(1);
    return index;
  }
  void give(std::uint32_t index, SlotArena::Cache* cache) {
    slots_[index].write(0);
    arena_.release(index, cache);
  }

  static constexpr std::uint32_t kTracked = 400;
  SlotArena arena_{64, kSlots};
  std::array<Plain<int>, kTracked> slots_;
};

class CentralPool final : public ArenaModel {
 public:
  CentralPool() { give(take(nullptr), nullptr); }

  unsigned threads() const override { return 3; }
  void run(unsigned) override {
    const std::uint32_t first = take(nullptr);
    give(first, nullptr);
    take(nullptr);
  }
};

// One frees what fills its cache, so that half of it goes to the pool, from where the other takes.
class Caches final : public ArenaModel {
 public:
  Caches() {
    for (std::uint32_t& index : taken_)
      index = take(&full_);
    for (std::size_t i = 0; i + 1 < taken_.size(); ++i)
      give(taken_[i], &full_);
  }

  unsigned threads() const override { return 2; }
  void run(unsigned thread) override {
    if (thread == 0) {
      give(taken_.back(), &full_);
      take(&full_);
    } else {
      take(&empty_);
      take(&empty_);
      arena_.flush(empty_);
      take(&empty_);
    }
  }
  void at_end() override {
    arena_.flush(full_);
    for (std::size_t i = 0; i < SlotArena::Cache::kCapacity; ++i)
      take(nullptr);
  }

 private:
  std::array<std::uint32_t, SlotArena::Cache::kCapacity + 1> taken_{};
  SlotArena::Cache full_;
  SlotArena::Cache empty_;
};

// A walker over all slots ever used, while the first ones come from fresh memory.
class Walker final : public ArenaModel {
 public:
  unsigned threads() const override { return 2; }
  void run(unsigned thread) override {
    if (thread == 0) {
      take(nullptr);
      take(nullptr);
      return;
    }
    const std::uint32_t used = arena_.used_slots();
    for (std::uint32_t index = 0; index < used; ++index) {
      const auto* word = static_cast<const std::uint64_t*>(arena_.at(index));
      require(reinterpret_cast<std::uintptr_t>(word) >= 4096, "a slot that is used has memory");
      require(*word == 0, "which is zero at first");
    }
  }
};

}  // namespace

void add_slot_arena(Subjects& subjects) {
  Options options;
  options.preemptions = 5;
  options.stale_reads = 2;
  subjects.push_back(subject_of<Walker>("arena.walker", "7: a walker finds the memory", options));
  subjects.push_back(subject_of<Caches>("arena.caches", "2: no slot is given to two", options));
  subjects.push_back(subject_of<CentralPool>("arena.pool", "2: nor by the pool", options));
}

}  // namespace ekiden::model

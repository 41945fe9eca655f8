// The atomics of one run: what was stored in each, in order, and which of it a load may read.
//
// A load reads any store that is not older than what its thread knows (Knowledge::view): its own
// stores and reads, and what it has acquired. A store comes anywhere in the modification order
// after what its thread knows, so also before one that was made earlier: that one was still in its
// core's buffer. So does a read-modify-write, right behind what it read. A release store hands on
// what its thread knows, and a read-modify-write what it read hands on besides (release sequences).
//
// The one order of seq_cst operations is the order in which the run makes them. So a seq_cst load
// reads nothing older than the last seq_cst store, or than what an earlier seq_cst load has read,
// and a seq_cst store comes after both.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "tests/model/checker/knowledge.hpp"
#include "tests/model/checker/site.hpp"

namespace ekiden::model {

class Memory {
 public:
  void forget_everything();

  // The atomic at this address; one that is met for the first time holds `value`.
  unsigned find(const void* address, std::uint64_t value);
  // One was constructed there: what was there before is another one, which is forgotten.
  void construct(const void* address, std::uint64_t value);

  std::uint64_t newest(unsigned atomic) const { return atomics_[atomic].from_end(0).value; }
  // How many stores besides the newest the thread may read, or put one of its own behind.
  unsigned open_behind(unsigned atomic, const Knowledge& mine, std::memory_order order) const;
  std::uint64_t value_behind(unsigned atomic, unsigned behind) const {
    return atomics_[atomic].from_end(behind).value;
  }
  // False: a read-modify-write has read it, and nothing comes between the two.
  bool may_follow(unsigned atomic, unsigned behind) const {
    return !atomics_[atomic].from_end(behind).followed;
  }

  std::uint64_t load(unsigned atomic, unsigned behind, Knowledge& mine, std::memory_order order);
  // Right behind that store. `reads_it`: as the second half of a read-modify-write.
  void store(unsigned atomic, unsigned behind, bool reads_it, std::uint64_t value, Knowledge& mine,
             std::memory_order order);

  // From now on the thread reads nothing older than what is there now: what is stored becomes
  // visible some time, and for a thread that waits in a loop only that time is of interest.
  void catch_up(Knowledge& mine) const;

 private:
  struct Store {
    std::uint64_t value = 0;
    Place place = 0;
    bool followed = false;
    Knowledge handed_on;  // nothing where the store was no release
  };

  struct Atomic {
    // In modification order; the first `count`, the rest is kept for later runs.
    std::vector<Store> stores;
    std::size_t count = 0;
    Place seq_cst_floor = 0;

    const Store& from_end(unsigned behind) const { return stores[count - 1 - behind]; }
    Store& from_end(unsigned behind) { return stores[count - 1 - behind]; }
  };

  struct Slot {
    const void* address = nullptr;
    std::uint32_t run = 0;
    std::uint16_t atomic = 0;
  };

  Slot& slot_of(const void* address);
  unsigned add(const void* address, std::uint64_t value);
  static Store& insert(Atomic& atomic, unsigned behind);

  std::array<Slot, 256> slots_;
  std::array<Atomic, kAtomicsMax> atomics_;
  unsigned used_ = 0;
  std::uint32_t run_ = 1;
  // Where those of this run lie.
  std::uintptr_t lowest_ = 0;
  std::uintptr_t highest_ = 0;
};

}  // namespace ekiden::model

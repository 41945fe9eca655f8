// A worker's ring: its owner against thieves, with a capacity of two or four, after the positions
// have gone round. Invariant 3: whatever is pushed is taken once, by somebody who sees it whole.

#include "runtime/queue/local_queue.hpp"

#include <array>

#include "tests/model/checker/plain.hpp"
#include "tests/model/models/subject.hpp"

namespace ekiden::model {

namespace {

struct Item {
  Plain<int> payload;
  Plain<int> taken;
};

using Ring = runtime::LocalQueue<Item>;

constexpr std::size_t kItems = 6;

class RingModel : public Model {
 protected:
  explicit RingModel(std::size_t capacity) : ring_(capacity) {
    // Further than the ring is long.
    for (std::size_t i = 0; i <= capacity; ++i) {
      require(ring_.push(&filler_) != 0, "there is room");
      require(ring_.pop() == &filler_, "what was pushed is popped");
    }
  }

  // Owner. False: the ring is full.
  bool push(unsigned item) {
    items_[item].payload.write(7);
    return ring_.push(&items_[item]) != 0;
  }
  void take(Item* item) {
    if (item == nullptr) return;
    require(item->payload.read() == 7, "an item is seen as it was pushed");
    require(item->taken.read() == 0, "an item was taken twice");
    item->taken.write(1);
  }
  void pop() { take(ring_.pop()); }
  // A thief with its own ring, which it empties.
  void steal(Ring& own) {
    std::size_t moved = 0;
    Item* item = own.steal_from(ring_, moved);
    require((item == nullptr) == (moved == 0), "who moves some returns one");
    take(item);
    while (Item* next = own.pop())
      take(next);
  }
  void drain_and_check(unsigned pushed) {
    while (Item* item = ring_.pop())
      take(item);
    require(ring_.empty(), "nothing is left");
    for (unsigned i = 0; i < pushed; ++i)
      require(items_[i].taken.read() == 1, "an item was lost");
  }

  Ring ring_;
  std::array<Item, kItems> items_;
  Item filler_;
};

// The owner pushes and pops; `thieves` steal once each.
class PushPopSteal final : public RingModel {
 public:
  PushPopSteal(std::size_t capacity, unsigned thieves, unsigned before)
      : RingModel(capacity), thieves_(thieves), before_(before) {
    for (unsigned i = 0; i < before_; ++i)
      require(push(i), "there is room");
  }

  unsigned threads() const override { return 1 + thieves_; }
  void run(unsigned thread) override {
    if (thread != 0) return steal(thread == 1 ? own_ : other_);
    pop();
    for (unsigned i = before_; i < before_ + 2; ++i) {
      // No room: a thief that is late. The owner runs it itself.
      if (!push(i)) take(&items_[i]);
    }
    pop();
  }
  void at_end() override { drain_and_check(before_ + 2); }

 private:
  const unsigned thieves_;
  const unsigned before_;
  Ring own_{2};
  Ring other_{2};
};

// A full ring that overflows while somebody steals.
class Overflow final : public RingModel {
 public:
  Overflow() : RingModel(4) {
    for (unsigned i = 0; i < 4; ++i)
      require(push(i), "there is room");
  }

  unsigned threads() const override { return 2; }
  void run(unsigned thread) override {
    if (thread == 1) return steal(own_);
    std::uint64_t from = 0;
    const std::size_t count = ring_.take_half(from);
    for (std::size_t i = 0; i < count; ++i)
      take(ring_.entry(from + i));
    require(push(4), "there is room now");
    pop();
  }
  void at_end() override { drain_and_check(5); }

 private:
  Ring own_{4};
};

// Thieves in a ring: the one that is stolen from steals itself.
class Chain final : public RingModel {
 public:
  Chain() : RingModel(4) {
    for (unsigned i = 0; i < 4; ++i)
      require(push(i), "there is room");
  }

  unsigned threads() const override { return 2; }
  void run(unsigned thread) override {
    std::size_t moved = 0;
    if (thread == 0) {
      take(middle_.steal_from(ring_, moved));
      take(middle_.pop());
    } else {
      take(last_.steal_from(middle_, moved));
      while (Item* item = last_.pop())
        take(item);
    }
  }
  void at_end() override {
    while (Item* item = middle_.pop())
      take(item);
    drain_and_check(4);
  }

 private:
  Ring middle_{4};
  Ring last_{4};
};

}  // namespace

void add_local_queue(Subjects& subjects) {
  Options options;
  options.preemptions = 4;
  options.stale_reads = 2;
  subjects.push_back(subject_of<PushPopSteal>("ring.steal", "3: the owner and a thief", options,
                                              std::size_t{2}, 1u, 1u));
  subjects.push_back(subject_of<PushPopSteal>("ring.steal_half", "3: and a fuller ring", options,
                                              std::size_t{4}, 1u, 3u));
  subjects.push_back(subject_of<Overflow>("ring.overflow", "3: an overflow and a thief", options));
  subjects.push_back(subject_of<Chain>("ring.chain", "3: a thief is stolen from", options));
  options.preemptions = 3;
  options.stale_reads = 1;
  subjects.push_back(subject_of<PushPopSteal>("ring.two_thieves", "3: the owner and two thieves",
                                              options, std::size_t{2}, 2u, 2u));
}

}  // namespace ekiden::model

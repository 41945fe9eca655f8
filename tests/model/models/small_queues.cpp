// The LIFO slot and the global queue.

#include <array>

#include "runtime/queue/global_queue.hpp"
#include "runtime/queue/lifo_slot.hpp"
#include "tests/model/checker/plain.hpp"
#include "tests/model/models/subject.hpp"

namespace ekiden::model {

namespace {

struct Item {
  Item* queue_next = nullptr;
  Plain<int> payload;
  Plain<int> taken;
};

class Items {
 public:
  Item* make(unsigned item) {
    items_[item].payload.write(7);
    return &items_[item];
  }
  void take(Item* item) {
    if (item == nullptr) return;
    require(item->payload.read() == 7, "an item is seen as it was pushed");
    require(item->taken.read() == 0, "an item was taken twice");
    item->taken.write(1);
  }
  // By who has taken it, or who knows that all are done.
  bool is_taken(unsigned item) const { return items_[item].taken.read() == 1; }
  void check(unsigned pushed) {
    for (unsigned i = 0; i < pushed; ++i)
      require(items_[i].taken.read() == 1, "an item was lost");
  }

 private:
  std::array<Item, 4> items_;
};

// --- The LIFO slot -------------------------------------------------------------------------------

class Slot final : public Model {
 public:
  unsigned threads() const override { return 3; }
  void run(unsigned thread) override {
    if (thread != 0) return items_.take(slot_.take());
    for (unsigned i = 0; i < 3; ++i)
      items_.take(slot_.push(items_.make(i)));
    items_.take(slot_.take());
  }
  void at_end() override {
    items_.take(slot_.take());
    require(slot_.empty(), "nothing is left");
    items_.check(3);
  }

 private:
  Items items_;
  runtime::LifoSlot<Item> slot_;
};

// --- The global queue ----------------------------------------------------------------------------

// Two push, one pops; what is pushed before a flag is not overlooked by who has seen the flag.
class PushPop final : public Model {
 public:
  unsigned threads() const override { return 3; }
  void run(unsigned thread) override {
    if (thread < 2) {
      Item* item = items_.make(thread);
      queue_.push(item, item, 1, thread);
      if (thread == 0) pushed_.store(1, std::memory_order_release);
      return;
    }
    const bool must_find = pushed_.load(std::memory_order_acquire) == 1;
    const std::size_t size = queue_.size();
    require(!must_find || size >= 1, "the size is never below the truth");
    take_some();
    require(!must_find || items_.is_taken(0), "who finds the queue empty has taken all");
  }
  void at_end() override {
    take_some();
    require(queue_.empty(), "nothing is left, and the size says so");
    items_.check(2);
  }

 private:
  void take_some() {
    unsigned cursor = 1;
    Item* first = nullptr;
    for (;;) {
      const std::size_t taken = queue_.pop(2, cursor, first);
      if (taken == 0) return;
      for (std::size_t i = 0; i < taken; ++i) {
        Item* next = first->queue_next;
        items_.take(first);
        first = next;
      }
    }
  }

  Items items_;
  runtime::GlobalQueue<Item> queue_{2, 100};
  runtime::Atomic<int> pushed_{0};
};

// New work within the capacity only, and never refused while there is room.
class Admission final : public Model {
 public:
  unsigned threads() const override { return 2; }
  void run(unsigned thread) override {
    admitted_[thread] = queue_.admit();
    if (!admitted_[thread]) return;
    queue_.push_admitted(items_.make(thread), thread);
  }
  void at_end() override {
    require(admitted_[0] + admitted_[1] == 1, "one of two has room where there is room for one");
    require(queue_.size() == 1, "and is counted");
  }

 private:
  Items items_;
  runtime::GlobalQueue<Item> queue_{1, 1};
  bool admitted_[2] = {};
};

}  // namespace

void add_small_queues(Subjects& subjects) {
  Options options;
  options.preemptions = 4;
  options.stale_reads = 2;
  subjects.push_back(subject_of<Slot>("lifo.slot", "3: owner and thieves", options));
  subjects.push_back(subject_of<Admission>("global.admission", "5: refused at capacity", options));
  options.preemptions = 3;
  options.stale_reads = 1;
  subjects.push_back(subject_of<PushPop>("global.queue", "3, 4: pushers and a popper", options));
}

}  // namespace ekiden::model

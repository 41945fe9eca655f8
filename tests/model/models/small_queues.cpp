// The LIFO slot, the stack of children and the global queue.

#include <array>

#include "runtime/queue/child_stack.hpp"
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
      items_.take(slot_.replace(items_.make(i)));
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

// --- The stack of children -----------------------------------------------------------------------

// The owner pushes and pops, `thieves` steal. Filled and emptied before, so that places are used
// again.
class Children final : public Model {
 public:
  Children(unsigned thieves, unsigned before) : thieves_(thieves), before_(before) {
    for (unsigned i = 0; i < 3; ++i) {
      require(stack_.push(&filler_) != 0, "there is room");
      require(stack_.steal() == &filler_, "what was pushed is stolen");
    }
    for (unsigned i = 0; i < before_; ++i)
      push(i);
  }

  unsigned threads() const override { return 1 + thieves_; }
  void run(unsigned thread) override {
    if (thread != 0) {
      items_.take(stack_.steal());
      items_.take(stack_.steal());
      return;
    }
    items_.take(stack_.pop());
    push(before_);
    items_.take(stack_.pop());
    items_.take(stack_.pop());
  }
  void at_end() override {
    while (Item* item = stack_.pop())
      items_.take(item);
    require(stack_.empty(), "nothing is left");
    items_.check(before_ + 1);
  }

 private:
  // Where it is full the owner keeps the item.
  void push(unsigned item) {
    Item* made = items_.make(item);
    if (stack_.push(made) == 0) items_.take(made);
  }

  const unsigned thieves_;
  const unsigned before_;
  Items items_;
  Item filler_;
  runtime::ChildStack<Item> stack_{2};
};

// --- The global queue ----------------------------------------------------------------------------

// Two push, one pops; what is pushed before a flag is not overlooked by who has seen the flag.
class PushPop final : public Model {
 public:
  unsigned threads() const override { return 3; }
  void run(unsigned thread) override {
    if (thread < 2) {
      queue_.push(items_.make(thread), thread);
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
    while (queue_.pop(2, cursor, [this](Item* item) { items_.take(item); }) != 0) {
    }
  }

  Items items_;
  runtime::GlobalQueue<Item> queue_{2, 1};
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
  subjects.push_back(
      subject_of<Children>("children.one_thief", "3: owner and thief", options, 1u, 1u));
  subjects.push_back(subject_of<Admission>("global.admission", "5: refused at capacity", options));
  options.preemptions = 3;
  options.stale_reads = 1;
  subjects.push_back(
      subject_of<Children>("children.two_thieves", "3: and two of them", options, 2u, 2u));
  subjects.push_back(subject_of<PushPop>("global.queue", "3, 4: pushers and a popper", options));
}

}  // namespace ekiden::model

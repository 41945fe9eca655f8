#include "runtime/task/task_table.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <limits>
#include <set>

#include "tests/unit/base/threads.hpp"

namespace ekiden::runtime::test {
namespace {

class Table : public TaskTable {
 public:
  TaskType type{1};

  TaskHeader* make(std::size_t size = 0, std::size_t align = 16, Caches* caches = nullptr) {
    return allocate(type, lay_out(size, align), /*now=*/0, caches);
  }
  // As a discard: nobody refers to it any more.
  void end(TaskHeader& task, Caches* caches = nullptr) {
    EKIDEN_CHECK(task.state.claim_reserved(task.handle().generation()));
    task.state.complete();
    EKIDEN_CHECK(task.state.unref());
    free(task, caches);
  }
};

std::size_t slot_bytes(const TaskHeader& task) { return kTaskSlotBytes[task.index >> 26]; }

TEST_CASE("a state of any size and alignment has room of its own") {
  Table table;
  std::vector<std::pair<TaskHeader*, std::size_t>> made;
  bool aligned = true;
  bool inside = true;
  for (const std::size_t size : {0u,   1u,   16u,  47u,  48u,  49u,  63u,  64u,  65u,   176u,
                                 177u, 432u, 433u, 896u, 897u, 943u, 944u, 945u, 5000u, 1u << 20}) {
    for (std::size_t align = 1; align <= kStateAlignMax; align *= 2) {
      TaskHeader* task = table.make(size, align);
      REQUIRE(task != nullptr);
      auto* state = static_cast<std::byte*>(task->state_memory());
      aligned = aligned && reinterpret_cast<std::uintptr_t>(state) % align == 0;
      auto* slot = reinterpret_cast<std::byte*>(task);
      const bool in_slot =
          state >= slot + kTaskHeaderBytes && state + size <= slot + slot_bytes(*task);
      const bool external = task->bits & TaskHeader::kBitExternalState;
      inside = inside && in_slot == !external;
      std::memset(state, static_cast<int>(made.size() % 251), size);
      made.emplace_back(task, size);
    }
  }
  CHECK(aligned);
  CHECK(inside);
  int overwritten = 0;
  for (std::size_t i = 0; i < made.size(); ++i) {
    const auto* state = static_cast<const std::byte*>(made[i].first->state_memory());
    const auto mark = static_cast<std::byte>(i % 251);
    if (!std::all_of(state, state + made[i].second, [&](std::byte b) { return b == mark; })) {
      ++overwritten;
    }
    table.end(*made[i].first);
  }
  CHECK(overwritten == 0);
}

TEST_CASE("the smallest slot that fits is taken, and the heap only beyond the largest") {
  struct Case {
    std::size_t size, align, slot;
    bool external;
  };
  const Case cases[] = {
      {0, 16, 128, false},    {48, 1, 128, false},   {48, 16, 128, false},   {49, 16, 256, false},
      {32, 32, 128, false},   {33, 32, 256, false},  {0, 64, 128, false},    {1, 64, 256, false},
      {176, 16, 256, false},  {177, 16, 512, false}, {432, 16, 512, false},  {433, 16, 1024, false},
      {944, 16, 1024, false}, {945, 16, 128, true},  {896, 64, 1024, false}, {897, 64, 128, true}};
  Table table;
  for (const Case& c : cases) {
    CAPTURE(c.size, c.align);
    TaskHeader* task = table.make(c.size, c.align);
    CHECK(slot_bytes(*task) == c.slot);
    CHECK(static_cast<bool>(task->bits & TaskHeader::kBitExternalState) == c.external);
    table.end(*task);
  }
}

TEST_CASE("a task begins with nothing of the slot's last one") {
  Table table;
  TaskHeader* task = table.make();
  const Handle first = task->handle();
  task->join_waker = 7;
  task->local = task;
  task->parent = 8;
  task->polls = 9;
  task->waits_on = 10;
  task->bits |= TaskHeader::kBitFailed | TaskHeader::kBitCancelled | TaskHeader::kBitChild;
  table.edit_extra(*task, [](TaskExtra& extra) { extra.name = "first"; });
  table.end(*task);
  TaskHeader* again = table.make();
  REQUIRE(again == task);
  CHECK(again->handle().index() == first.index());
  CHECK(again->handle().generation() == first.generation() + 1);
  CHECK(again->type.load() == &table.type);
  CHECK(again->join_waker == 0);
  CHECK(again->local == nullptr);
  CHECK(again->parent == 0);
  CHECK(again->polls == 0);
  CHECK(again->waits_on == 0);
  CHECK(again->children == 0);
  CHECK(again->bits == 0);
  CHECK_FALSE(again->waits_for_children());
  table.with_extra(*again, [](const TaskExtra* extra) { CHECK(extra == nullptr); });
  table.end(*again);
}

TEST_CASE("handles find their slot, whoever lives there, and nonsense finds nothing") {
  Table table;
  TaskHeader* small = table.make(10);
  TaskHeader* large = table.make(900);
  CHECK(table.find(small->handle()) == small);
  CHECK(table.find(large->handle()) == large);
  CHECK(table.at(large->index) == large);
  const Handle old = small->handle();
  table.end(*small);
  CHECK(table.find(old) == small);
  CHECK(table.find(Handle()) == nullptr);
  CHECK(table.find(Handle(HandleKind::kTask, old.index(), 0)) == nullptr);
  CHECK(table.find(Handle(HandleKind::kTimer, old.index(), 1)) == nullptr);
  CHECK(table.find(Handle(HandleKind::kTask, old.index() + 1'000'000, 1)) == nullptr);
  CHECK(table.find(Handle(HandleKind::kTask, Handle::kIndexMask, 1)) == nullptr);
  CHECK(table.find(Handle(~std::uint64_t{0})) == nullptr);
  table.end(*large);
}

TEST_CASE("a walk visits the slots of all classes in order, from anywhere") {
  Table table;
  std::vector<std::uint32_t> indices;
  for (const std::size_t size : {10u, 200u, 400u, 900u}) {
    for (int i = 0; i < 3; ++i)
      indices.push_back(table.make(size)->index);
  }
  const auto walk = [&](std::optional<std::uint32_t> after, std::size_t limit) {
    std::vector<std::uint32_t> seen;
    table.walk(after, [&](TaskHeader& task, std::uint32_t index) {
      CHECK(task.index == index);
      seen.push_back(index);
      return seen.size() < limit;
    });
    return seen;
  };
  const auto from = [&](std::size_t first) {
    return std::vector<std::uint32_t>(indices.begin() + static_cast<std::ptrdiff_t>(first),
                                      indices.end());
  };
  constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();
  REQUIRE(std::is_sorted(indices.begin(), indices.end()));
  CHECK(walk(std::nullopt, kAll) == indices);
  for (std::size_t i = 0; i < indices.size(); ++i)
    CHECK(walk(indices[i], kAll) == from(i + 1));
  CHECK(walk(indices[1], 2) == std::vector<std::uint32_t>{indices[2], indices[3]});
  CHECK(walk(Handle::kIndexMask, kAll).empty());
  CHECK(walk((1u << 26) - 1, 1) == std::vector<std::uint32_t>{indices[3]});
  for (const std::uint32_t index : indices)
    table.end(*table.at(index));
}

TEST_CASE("extras are made when first edited and gone with the task") {
  Table table;
  TaskHeader* task = table.make();
  bool none = false;
  table.with_extra(*task, [&](const TaskExtra* extra) { none = extra == nullptr; });
  CHECK(none);
  table.edit_extra(*task, [](TaskExtra& extra) { extra.name = "named"; });
  table.edit_extra(*task, [](TaskExtra& extra) { extra.fail_code = -3; });
  table.with_extra(*task, [&](const TaskExtra* extra) {
    REQUIRE(extra != nullptr);
    CHECK(extra->name == "named");
    CHECK(extra->fail_code == -3);
  });
  table.end(*task);
  // One that still has an extra when the table goes: freed with the table, or a leak checker says
  // so.
  TaskHeader* kept = table.make();
  table.edit_extra(*kept, [](TaskExtra& extra) { extra.name = std::string(100, 'x'); });
}

TEST_CASE("threads with caches of their own get slots of their own") {
  Table table;
  Atomic<int> clashes{0};
  run_together(4, [&](unsigned me) {
    TaskTable::Caches caches;
    std::vector<TaskHeader*> held;
    for (int i = 0; i < 5000; ++i) {
      TaskHeader* task = table.make((i % 4) * 200, 16, &caches);
      std::memset(task->state_memory(), static_cast<int>(me), 1);
      task->local = &held;
      held.push_back(task);
      if (held.size() < 50) continue;
      for (TaskHeader* each : held) {
        if (each->local != &held) ++clashes;
        table.end(*each, &caches);
      }
      held.clear();
    }
    for (TaskHeader* each : held)
      table.end(*each, &caches);
    table.flush(caches);
  });
  CHECK(clashes == 0);
}

// Lists run while slots are used for the first time: whoever finds a task alive finds its type.
TEST_CASE("a task that a walk finds alive has its type and fields") {
  Table table;
  Atomic<bool> done{false};
  Atomic<int> without_type{0};
  Atomic<int> old_fields{0};
  run_together(2, [&](unsigned me) {
    if (me == 0) {
      for (int round = 0; round < 3000; ++round) {
        TaskHeader* fresh = table.make();  // kept: the next one is fresh memory again
        TaskHeader* used = table.make(100);
        used->polls.store(1, std::memory_order_relaxed);
        table.end(*used);
        static_cast<void>(fresh);
      }
      done.store(true);
      return;
    }
    while (!done.load()) {
      table.walk(std::nullopt, [&](TaskHeader& task, std::uint32_t) {
        const Snapshot before = task.state.load();
        if (before.refs() == 0) return true;
        if (task.type.load(std::memory_order_acquire) == nullptr) ++without_type;
        if (before.is_reserved() && task.parent.load(std::memory_order_relaxed) != 0) ++old_fields;
        return true;
      });
    }
  });
  CHECK(without_type == 0);
  CHECK(old_fields == 0);
}

}  // namespace
}  // namespace ekiden::runtime::test

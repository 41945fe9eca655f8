#include "runtime/task/task_type.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/base/threads.hpp"

namespace ekiden::runtime::test {
namespace {

constexpr OwnerId kOwner = 3;
constexpr unsigned kShards = 2;

TaskTypeSpec good() {
  TaskTypeSpec spec;
  spec.name = "good";
  spec.poll = [](void*, PollContext*) { return kPollReady; };
  spec.drop = [](void*) {};
  spec.state_size = 40;
  spec.state_align = 8;
  spec.cancel = CancelMode::kAsync;
  return spec;
}

TEST_CASE("a type is what was registered") {
  TypeTable types(kShards);
  const TaskTypeSpec spec = good();
  TypeId id = 0;
  REQUIRE(types.add(kOwner, spec, id) == Status::kOk);
  CHECK(id != 0);
  TaskType* type = types.find(id);
  REQUIRE(type != nullptr);
  CHECK(type->id == id);
  CHECK(type->poll == spec.poll);
  CHECK(type->drop == spec.drop);
  CHECK(type->state_size == 40);
  CHECK(type->state_align == 8);
  CHECK(type->cancel == CancelMode::kAsync);
  CHECK(type->owner == kOwner);
  CHECK(type->registered);
  CHECK(types.name(*type) == "good");
  CHECK(types.totals(*type).live() == 0);
}

TEST_CASE("bad specifications are refused") {
  struct Case {
    const char* what;
    void (*spoil)(TaskTypeSpec&);
    Status status;
  };
  const Case cases[] = {
      {"no name", [](TaskTypeSpec& s) { s.name.clear(); }, Status::kInvalid},
      {"a long name", [](TaskTypeSpec& s) { s.name.assign(kTypeNameBytesMax + 1, 'n'); },
       Status::kInvalid},
      {"no poll", [](TaskTypeSpec& s) { s.poll = nullptr; }, Status::kInvalid},
      {"an unknown way to cancel", [](TaskTypeSpec& s) { s.cancel = static_cast<CancelMode>(3); },
       Status::kInvalid},
      {"alignment 0", [](TaskTypeSpec& s) { s.state_align = 0; }, Status::kInvalid},
      {"alignment 12", [](TaskTypeSpec& s) { s.state_align = 12; }, Status::kInvalid},
      {"alignment 128", [](TaskTypeSpec& s) { s.state_align = 2 * kStateAlignMax; },
       Status::kInvalid},
      {"too large", [](TaskTypeSpec& s) { s.state_size = kStateBytesMax + 1; }, Status::kTooBig},
      {"the largest", [](TaskTypeSpec& s) { s.state_size = kStateBytesMax; }, Status::kOk},
      {"the longest name", [](TaskTypeSpec& s) { s.name.assign(kTypeNameBytesMax, 'n'); },
       Status::kOk},
      {"no drop, no state", [](TaskTypeSpec& s) { s.drop = nullptr, s.state_size = 0; },
       Status::kOk},
  };
  TypeTable types(kShards);
  for (const Case& c : cases) {
    CAPTURE(c.what);
    TaskTypeSpec spec = good();
    c.spoil(spec);
    TypeId id = 0;
    CHECK(types.add(kOwner, spec, id) == c.status);
    CHECK((id != 0) == (c.status == Status::kOk));
  }
}

TEST_CASE("ids that were never given out name nothing") {
  TypeTable types(kShards);
  CHECK(types.find(0) == nullptr);
  CHECK(types.find(1) == nullptr);
  CHECK(types.find(static_cast<TypeId>(kTypesMax)) == nullptr);
  CHECK(types.find(~TypeId{0}) == nullptr);
}

TEST_CASE("an owner has a limit of types, and others have their own") {
  TypeTable types(1);
  TypeId id = 0;
  for (std::size_t i = 0; i < kTypesPerOwnerMax; ++i) {
    REQUIRE(types.add(kOwner, good(), id) == Status::kOk);
  }
  CHECK(types.add(kOwner, good(), id) == Status::kLimit);
  CHECK(types.add(kOwner + 1, good(), id) == Status::kOk);
  CHECK(types.ids(kOwner).size() == kTypesPerOwnerMax);
  CHECK(types.ids(std::nullopt).size() == kTypesPerOwnerMax + 1);
}

TEST_CASE("a retired type is forgotten, and its record is used again with new numbers") {
  TypeTable types(kShards);
  TypeId first = 0;
  TypeId other = 0;
  REQUIRE(types.add(kOwner, good(), first) == Status::kOk);
  REQUIRE(types.add(kOwner + 1, good(), other) == Status::kOk);
  TaskType* type = types.find(first);
  const TypeCounters* const counters = type->counters.get();
  type->counters[0].spawned = 5;
  type->counters[1].freed = 5;
  type->counters[1].polls = 100;
  types.retire(kOwner);
  CHECK_FALSE(type->registered);
  CHECK(type->poll == nullptr);
  CHECK(type->drop == nullptr);
  CHECK(types.find(first) == type);  // memory of types is for ever
  CHECK(types.ids(kOwner).empty());
  CHECK(types.ids(std::nullopt) == std::vector<TypeId>{other});

  TypeId again = 0;
  TaskTypeSpec spec = good();
  spec.name = "next";
  REQUIRE(types.add(kOwner + 2, spec, again) == Status::kOk);
  CHECK(again == first);
  CHECK(types.find(again) == type);
  CHECK(types.name(*type) == "next");
  CHECK(type->owner == kOwner + 2);
  // A worker may still charge time to the old type: its counters must not have gone.
  CHECK(type->counters.get() == counters);
  CHECK(types.totals(*type).spawned == 0);
  CHECK(types.totals(*type).polls == 0);
  CHECK(types.totals(*type).live() == 0);
  type->counters[0].polls.fetch_add(7);
  CHECK(types.totals(*type).polls == 7);
}

TEST_CASE("live tasks are counted for an owner or all") {
  TypeTable types(kShards);
  TypeId ids[3] = {};
  REQUIRE(types.add(kOwner, good(), ids[0]) == Status::kOk);
  REQUIRE(types.add(kOwner, good(), ids[1]) == Status::kOk);
  REQUIRE(types.add(kOwner + 1, good(), ids[2]) == Status::kOk);
  types.find(ids[0])->counters[0].spawned = 10;
  types.find(ids[0])->counters[1].freed = 4;
  types.find(ids[1])->counters[1].spawned = 3;
  types.find(ids[2])->counters[0].spawned = 1;
  CHECK(types.live(kOwner) == 9);
  CHECK(types.live(kOwner + 1) == 1);
  CHECK(types.live(kOwner + 2) == 0);
  CHECK(types.live(std::nullopt) == 10);
}

// An unload believes the 0: a task of one type may spawn one of another and end while we count.
TEST_CASE("tasks of two types that spawn each other are never counted as none (invariant 7)") {
  TypeTable types(1);
  TypeId ids[2] = {};
  REQUIRE(types.add(kOwner, good(), ids[0]) == Status::kOk);
  REQUIRE(types.add(kOwner, good(), ids[1]) == Status::kOk);
  TypeCounters* const counters[2] = {types.find(ids[0])->counters.get(),
                                     types.find(ids[1])->counters.get()};
  counters[0]->spawned = 1;
  Atomic<bool> done{false};
  Atomic<int> none{0};
  run_together(2, [&](unsigned me) {
    if (me == 0) {
      for (unsigned i = 0; i < 300'000; ++i) {
        add_relaxed<std::uint64_t>(counters[(i + 1) % 2]->spawned, 1);
        Counter& freed = counters[i % 2]->freed;
        freed.store(freed.load(std::memory_order_relaxed) + 1, std::memory_order_release);
      }
      done.store(true);
    } else {
      while (!done.load()) {
        if (types.live(kOwner) == 0) ++none;
      }
    }
  });
  CHECK(none == 0);
}

TEST_CASE("types are registered and found by many threads at once") {
  TypeTable types(1);
  Atomic<int> wrong{0};
  run_together(4, [&](unsigned me) {
    const OwnerId owner = 10 + me;
    for (int i = 0; i < 300; ++i) {
      TypeId id = 0;
      TaskTypeSpec spec = good();
      spec.name = std::to_string(me);
      if (types.add(owner, spec, id) != Status::kOk) ++wrong;
      const TaskType* type = types.find(id);
      if (type == nullptr || type->owner != owner || types.name(*type) != spec.name) ++wrong;
      if (i % 10 == 9) types.retire(owner);
    }
  });
  CHECK(wrong == 0);
  CHECK(types.ids(std::nullopt).empty());
}

}  // namespace
}  // namespace ekiden::runtime::test

#include "runtime/blocking/job_table.hpp"

#include <catch2/catch.hpp>
#include <vector>

using namespace ekiden::runtime;

TEST_CASE("slots are found by handle, for their owner, until they are freed") {
  JobTable table;
  JobSlot* slot = table.take(3, Job{});
  REQUIRE(slot != nullptr);
  const Handle handle = JobTable::handle_of(*slot);
  JobSlot* found = nullptr;
  CHECK(table.find(3, handle, found) == Status::kOk);
  CHECK(found == slot);
  CHECK(table.find(4, handle, found) == Status::kForeign);
  CHECK(table.find(3, Handle(), found) == Status::kInvalid);
  CHECK(table.find(3, Handle(HandleKind::kTimer, handle.index(), 1), found) == Status::kInvalid);
  CHECK(table.find(3, Handle(HandleKind::kJob, Handle::kIndexMask, 1), found) == Status::kStale);
  CHECK(table.count(3) == 1);

  slot->detached = true;
  CHECK(table.find(3, handle, found) == Status::kStale);
  slot->failure = new std::string("owned by the slot");
  table.free(*slot);
  CHECK(table.count(3) == 0);
  CHECK(table.find(3, handle, found) == Status::kStale);

  JobSlot* again = table.take(4, Job{});
  REQUIRE(again == slot);
  CHECK(again->failure == nullptr);
  CHECK_FALSE(again->detached);
  CHECK(JobTable::handle_of(*again) != handle);
  CHECK(table.find(3, handle, found) == Status::kStale);
}

TEST_CASE("an owner's slots can be walked while they are freed") {
  JobTable table;
  for (int i = 0; i < 300; ++i)
    REQUIRE(table.take(static_cast<OwnerId>(i % 3), Job{}) != nullptr);
  std::uint32_t cursor = 0;
  int freed = 0;
  while (JobSlot* slot = table.next_of(1, cursor)) {
    CHECK(slot->owner == 1);
    table.free(*slot);
    ++freed;
  }
  CHECK(freed == 100);
  CHECK(table.count(1) == 0);
  CHECK(table.count(0) == 100);
  CHECK(table.count(2) == 100);
}

TEST_CASE("a queue keeps its order while slots leave from anywhere") {
  std::vector<JobSlot> slots(5);
  JobQueue queue;
  CHECK(queue.front() == nullptr);
  for (JobSlot& slot : slots)
    queue.push_back(slot);
  queue.remove(slots[2]);
  queue.remove(slots[4]);
  queue.remove(slots[0]);
  CHECK(queue.size() == 2);
  CHECK(queue.front() == &slots[1]);
  queue.push_back(slots[0]);
  queue.remove(slots[1]);
  CHECK(queue.front() == &slots[3]);
  queue.remove(slots[3]);
  CHECK(queue.front() == &slots[0]);
  queue.remove(slots[0]);
  CHECK(queue.front() == nullptr);
  CHECK(queue.size() == 0);
}

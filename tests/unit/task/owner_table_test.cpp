#include "runtime/task/owner_table.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <vector>

#include "tests/unit/base/threads.hpp"

namespace ekiden::runtime::test {
namespace {

TEST_CASE("the runtime itself is the first owner and admits") {
  OwnerTable owners;
  CHECK(owners.name(kRuntimeOwner) == "runtime");
  CHECK(owners.admits(kRuntimeOwner));
  CHECK(owners.open_ones() == std::vector<OwnerId>{kRuntimeOwner});
}

TEST_CASE("an owner's life: open, draining, closed") {
  OwnerTable owners;
  OwnerId id = 0;
  REQUIRE(owners.open("echo", 0, id) == Status::kOk);
  CHECK(id != kRuntimeOwner);
  CHECK(owners.name(id) == "echo");
  CHECK(owners.admits(id));
  CHECK(owners.open_ones().size() == 2);
  owners.stop_admission(id);
  CHECK_FALSE(owners.admits(id));
  CHECK(owners.open_ones().size() == 2);
  owners.close(id);
  CHECK(owners.open_ones().size() == 1);
  CHECK_FALSE(owners.admits(id));
  CHECK(owners.name(id) == "echo");  // for log lines that come late
}

TEST_CASE("numbers that are no owner's are refused, not followed") {
  OwnerTable owners;
  for (const OwnerId id : {OwnerId{5}, kMaxOwners - 1, kMaxOwners, ~OwnerId{0}}) {
    CHECK_FALSE(owners.admits(id));
    owners.stop_admission(id);
  }
  CHECK(owners.find(kMaxOwners) == nullptr);
  CHECK(owners.name(kMaxOwners).empty());
}

TEST_CASE("a number comes back as late as possible, and with nothing of its last owner") {
  OwnerTable owners;
  OwnerId first = 0;
  REQUIRE(owners.open("first", 2, first) == Status::kOk);
  CHECK(owners.take_task(first));
  owners.find(first)->refusals.fetch_add(3);
  owners.force(first);
  owners.close(first);
  OwnerId id = 0;
  for (OwnerId i = 0; i < kMaxOwners - 2; ++i) {
    REQUIRE(owners.open("other", 0, id) == Status::kOk);
    REQUIRE(id != first);
    owners.close(id);
  }
  REQUIRE(owners.open("again", 2, id) == Status::kOk);
  CHECK(id == first);
  CHECK(owners.find(id)->refusals == 0);
  CHECK_FALSE(owners.is_forced(id));
  CHECK(owners.take_task(id));
  CHECK(owners.take_task(id));
  CHECK_FALSE(owners.take_task(id));
}

TEST_CASE("owners are limited in number") {
  OwnerTable owners;
  OwnerId id = 0;
  for (OwnerId i = 1; i < kMaxOwners; ++i)
    REQUIRE(owners.open("many", 0, id) == Status::kOk);
  OwnerId refused = 0;
  CHECK(owners.open("one more", 0, refused) == Status::kLimit);
  owners.close(77);
  CHECK(owners.open("one more", 0, refused) == Status::kOk);
  CHECK(refused == 77);
}

TEST_CASE("a task limit counts live tasks, 0 is none") {
  OwnerTable owners;
  OwnerId limited = 0;
  OwnerId free = 0;
  REQUIRE(owners.open("limited", 2, limited) == Status::kOk);
  REQUIRE(owners.open("free", 0, free) == Status::kOk);
  CHECK(owners.take_task(limited));
  CHECK(owners.take_task(limited));
  CHECK_FALSE(owners.take_task(limited));
  owners.give_task(limited);
  CHECK(owners.take_task(limited));
  for (int i = 0; i < 100; ++i)
    CHECK(owners.take_task(free));
}

TEST_CASE("a limit holds against many threads") {
  constexpr std::uint64_t kLimit = 10;
  OwnerTable owners;
  OwnerId id = 0;
  REQUIRE(owners.open("limited", kLimit, id) == Status::kOk);
  Atomic<std::uint64_t> held{0};
  Atomic<int> beyond{0};
  run_together(4, [&](unsigned) {
    for (int i = 0; i < 20'000; ++i) {
      if (!owners.take_task(id)) continue;
      if (held.fetch_add(1) >= kLimit) ++beyond;
      held.fetch_sub(1);
      owners.give_task(id);
    }
  });
  CHECK(beyond == 0);
  for (std::uint64_t i = 0; i < kLimit; ++i)
    CHECK(owners.take_task(id));
  CHECK_FALSE(owners.take_task(id));
}

TEST_CASE("force is one owner's or everybody's") {
  OwnerTable owners;
  OwnerId a = 0;
  OwnerId b = 0;
  REQUIRE(owners.open("a", 0, a) == Status::kOk);
  REQUIRE(owners.open("b", 0, b) == Status::kOk);
  owners.force(a);
  CHECK(owners.is_forced(a));
  CHECK_FALSE(owners.is_forced(b));
  CHECK_FALSE(owners.is_forced(kRuntimeOwner));
  owners.force(std::nullopt);
  CHECK(owners.is_forced(b));
  CHECK(owners.is_forced(kRuntimeOwner));
}

TEST_CASE("after the end of everybody's admission no owner is opened") {
  OwnerTable owners;
  OwnerId a = 0;
  REQUIRE(owners.open("a", 0, a) == Status::kOk);
  owners.stop_all();
  CHECK_FALSE(owners.admits(a));
  CHECK_FALSE(owners.admits(kRuntimeOwner));
  OwnerId late = 0;
  CHECK(owners.open("late", 0, late) == Status::kDraining);
}

TEST_CASE("threads that open at once get numbers of their own") {
  OwnerTable owners;
  std::array<std::vector<OwnerId>, 4> got;
  run_together(4, [&](unsigned me) {
    for (int i = 0; i < 200; ++i) {
      OwnerId id = 0;
      if (owners.open("t" + std::to_string(me), 0, id) != Status::kOk) return;
      got[me].push_back(id);
      if (i % 2 == 0) {
        owners.close(got[me].back());
        got[me].pop_back();
      }
    }
  });
  std::set<OwnerId> all;
  for (const auto& ids : got)
    all.insert(ids.begin(), ids.end());
  CHECK(all.size() == 400);
  for (unsigned me = 0; me < 4; ++me) {
    for (const OwnerId id : got[me])
      CHECK(owners.name(id) == "t" + std::to_string(me));
  }
}

}  // namespace
}  // namespace ekiden::runtime::test

#include "runtime/channel/buffer_table.hpp"

#include <catch2/catch.hpp>
#include <cstring>
#include <thread>
#include <vector>

#include "tests/unit/channel/fixture.hpp"

namespace ekiden::runtime::test {
namespace {

struct Allocated {
  Handle handle;
  BufferView view;
};

Allocated allocate(BufferTable& table, std::uint64_t size, OwnerId owner = kMe) {
  Allocated made;
  if (table.allocate(owner, size, made.handle, made.view) != Status::kOk) return {};
  return made;
}

TEST_CASE("a buffer has the size it was asked for, and bytes for it", "[channel]") {
  BufferTable table;
  for (const std::uint64_t size :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{4097}, kBufferMaxBytes}) {
    INFO(size << " bytes");
    const Allocated made = allocate(table, size);
    REQUIRE_FALSE(made.handle.is_null());
    CHECK(made.handle.kind() == HandleKind::kBuffer);
    REQUIRE(made.view.data != nullptr);
    CHECK(reinterpret_cast<std::uintptr_t>(made.view.data) % 16 == 0);
    std::memset(made.view.data, 0x5a, size);
    BufferView view;
    CHECK(table.view(kMe, made.handle, view) == Status::kOk);
    CHECK(view.data == made.view.data);
    CHECK(view.size == size);
    CHECK(table.release(kMe, made.handle) == Status::kOk);
  }
  Handle none;
  BufferView view;
  CHECK(table.allocate(kMe, kBufferMaxBytes + 1, none, view) == Status::kTooBig);
  CHECK(table.allocate(kMe, ~std::uint64_t{0}, none, view) == Status::kTooBig);
  CHECK(table.allocate(kMaxOwners, 1, none, view) == Status::kInvalid);
  CHECK(none.is_null());
}

TEST_CASE("references share the bytes, and the last one frees them", "[channel]") {
  BufferTable table;
  const Allocated first = allocate(table, 10);
  Handle second;
  REQUIRE(table.retain(kMe, first.handle, second) == Status::kOk);
  CHECK_FALSE(second == first.handle);
  CHECK(table.release(kMe, first.handle) == Status::kOk);
  BufferView view;
  CHECK(table.view(kMe, second, view) == Status::kOk);
  CHECK(view.data == first.view.data);
  view.data[9] = std::byte{7};  // still there: the sanitizer would tell
  CHECK(table.release(kMe, second) == Status::kOk);
  CHECK(table.view(kMe, second, view) == Status::kStale);
}

TEST_CASE("a buffer is written and cut by who has the only reference", "[channel]") {
  BufferTable table;
  const Allocated made = allocate(table, 100);
  BufferView view;
  CHECK(table.edit(kMe, made.handle, view) == Status::kOk);
  Handle other;
  REQUIRE(table.retain(kMe, made.handle, other) == Status::kOk);
  CHECK(table.edit(kMe, made.handle, view) == Status::kWrongState);
  CHECK(table.edit(kMe, other, view) == Status::kWrongState);
  CHECK(table.trim(kMe, other, 10) == Status::kWrongState);
  CHECK(table.release(kMe, made.handle) == Status::kOk);
  CHECK(table.edit(kMe, other, view) == Status::kOk);
  CHECK(table.trim(kMe, other, 101) == Status::kTooBig);
  CHECK(table.trim(kMe, other, 100) == Status::kOk);
  CHECK(table.trim(kMe, other, 10) == Status::kOk);
  CHECK(table.trim(kMe, other, 11) == Status::kTooBig);
  CHECK(table.view(kMe, other, view) == Status::kOk);
  CHECK(view.size == 10);
}

TEST_CASE("a buffer's handle is good for its owner, until it is released or sent", "[channel]") {
  BufferTable table;
  const Allocated made = allocate(table, 1);
  const Allocated released = allocate(table, 1);
  REQUIRE(table.release(kMe, released.handle) == Status::kOk);
  const Allocated sent = allocate(table, 1);
  BufferReference* reference = nullptr;
  REQUIRE(table.take(kMe, sent.handle, reference) == Status::kOk);
  struct Row {
    const char* what;
    OwnerId owner;
    Handle handle;
    Status expected;
  };
  const Handle good = made.handle;
  const std::vector<Row> rows = {
      {"nothing", kMe, Handle(), Status::kInvalid},
      {"a timer", kMe, Handle(HandleKind::kTimer, good.index(), 1), Status::kInvalid},
      {"generation 0", kMe, Handle(HandleKind::kBuffer, good.index(), 0), Status::kInvalid},
      {"never made", kMe, Handle(HandleKind::kBuffer, Handle::kIndexMask, 1), Status::kStale},
      {"to come", kMe, Handle(HandleKind::kBuffer, good.index(), 99), Status::kStale},
      {"released", kMe, released.handle, Status::kStale},
      {"in a channel", kMe, sent.handle, Status::kStale},
      {"another owner's", kOther, good, Status::kForeign},
      {"good", kMe, good, Status::kOk},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    BufferView view;
    Handle out;
    CHECK(table.view(row.owner, row.handle, view) == row.expected);
    CHECK(table.edit(row.owner, row.handle, view) == row.expected);
    CHECK(table.trim(row.owner, row.handle, 1) == row.expected);
    CHECK(table.retain(row.owner, row.handle, out) == row.expected);
    if (row.expected == Status::kOk) CHECK(table.release(row.owner, out) == Status::kOk);
    CHECK(table.release(row.owner, row.handle) == row.expected);
  }
}

TEST_CASE("a reference keeps its bytes on its way, and arrives with a new handle", "[channel]") {
  BufferTable table;
  const Allocated made = allocate(table, 5);
  BufferReference* reference = nullptr;
  REQUIRE(table.take(kMe, made.handle, reference) == Status::kOk);
  BufferReference* again = nullptr;
  CHECK(table.take(kMe, made.handle, again) == Status::kStale);
  Handle arrived;
  REQUIRE(table.give(kOther, *reference, arrived) == Status::kOk);
  BufferView view;
  CHECK(table.view(kMe, made.handle, view) == Status::kStale);
  CHECK(table.view(kMe, arrived, view) == Status::kForeign);
  CHECK(table.view(kOther, arrived, view) == Status::kOk);
  CHECK(view.data == made.view.data);
  CHECK(table.edit(kOther, arrived, view) == Status::kOk);  // the only reference there is
  CHECK(table.release(kOther, arrived) == Status::kOk);
}

TEST_CASE("what an owner holds is counted and released, and nothing else", "[channel]") {
  BufferTable table;
  std::vector<Handle> mine;
  for (int i = 0; i < 100; ++i)
    mine.push_back(allocate(table, 10).handle);
  const Allocated theirs = allocate(table, 10, kOther);
  BufferReference* sent = nullptr;
  REQUIRE(table.take(kMe, mine[50], sent) == Status::kOk);
  CHECK(table.count_makers(kMe) == MakerCounts{{maker::kOutsideTasks, 99}});
  CHECK(table.release_all(kMe) == 99);
  CHECK(table.count_makers(kMe).empty());
  CHECK(table.release(kMe, mine[0]) == Status::kStale);
  BufferView view;
  CHECK(table.view(kOther, theirs.handle, view) == Status::kOk);
  Handle arrived;
  CHECK(table.give(kOther, *sent, arrived) == Status::kOk);
  CHECK(table.release_all(kOther) == 2);
}

TEST_CASE("many threads may use one buffer and their own", "[channel]") {
  const unsigned threads = GENERATE(1u, 2u, 4u, 8u);
  BufferTable table;
  const Allocated shared = allocate(table, 64);
  std::memset(shared.view.data, 0x42, 64);
  Atomic<int> wrong{0};
  std::vector<std::thread> all;
  for (unsigned t = 0; t < threads; ++t) {
    all.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) {
        Handle own;
        BufferView view;
        if (table.retain(kMe, shared.handle, own) != Status::kOk) wrong.fetch_add(1);
        if (table.view(kMe, own, view) != Status::kOk || view.data[i % 64] != std::byte{0x42}) {
          wrong.fetch_add(1);
        }
        if (table.release(kMe, own) != Status::kOk) wrong.fetch_add(1);
        const Allocated mine = allocate(table, 1, kOther);
        if (table.release(kOther, mine.handle) != Status::kOk) wrong.fetch_add(1);
      }
    });
  }
  for (std::thread& thread : all)
    thread.join();
  CHECK(wrong.load() == 0);
  BufferView view;
  CHECK(table.edit(kMe, shared.handle, view) == Status::kOk);  // all others are gone
  CHECK(table.release_all(kMe) == 1);
  CHECK(table.release_all(kOther) == 0);
}

}  // namespace
}  // namespace ekiden::runtime::test

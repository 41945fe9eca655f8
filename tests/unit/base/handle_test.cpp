#include "runtime/base/handle.hpp"

#include <catch2/catch.hpp>

namespace ekiden::runtime::test {
namespace {

TEST_CASE("a handle keeps its three parts apart") {
  constexpr std::uint32_t kTop = ~std::uint32_t{0};
  struct Case {
    HandleKind kind;
    std::uint32_t index, generation;
    std::uint64_t bits;
  };
  const Case cases[] = {
      {HandleKind::kTask, 0, 1, 0x0000'0000'0000'0001},
      {HandleKind::kTask, Handle::kIndexMask, kTop, 0x0fff'ffff'ffff'ffff},
      {HandleKind::kTimer, 1, 2, 0x8000'0001'0000'0002},
      {HandleKind::kIo, 0x0abc'def1, 0x1234'5678, 0x9abc'def1'1234'5678},
      {HandleKind::kJob, Handle::kIndexMask, 0, 0xafff'ffff'0000'0000},
  };
  for (const Case& c : cases) {
    CAPTURE(c.bits);
    const Handle handle(c.kind, c.index, c.generation);
    CHECK(handle.bits() == c.bits);
    CHECK(Handle(c.bits) == handle);
    CHECK(handle.kind() == c.kind);
    CHECK(handle.index() == c.index);
    CHECK(handle.generation() == c.generation);
    CHECK(handle.is_null() == (c.generation == 0));
  }
}

TEST_CASE("an index that is too large does not spill into the kind") {
  const Handle handle(HandleKind::kTimer, ~std::uint32_t{0}, 7);
  CHECK(handle.kind() == HandleKind::kTimer);
  CHECK(handle.index() == Handle::kIndexMask);
}

TEST_CASE("zero is no handle") {
  CHECK(Handle().is_null());
  CHECK(Handle().bits() == 0);
  CHECK(Handle() == Handle(std::uint64_t{0}));
  CHECK_FALSE(Handle(HandleKind::kTask, 0, 1) == Handle(HandleKind::kTask, 0, 2));
}

}  // namespace
}  // namespace ekiden::runtime::test

#include "runtime/reactor/reactor.hpp"

#include <catch2/catch.hpp>
#include <cerrno>
#include <string>

#include "tests/unit/reactor/support.hpp"

namespace ekiden::runtime::test {

namespace {

Status poll(Bench& bench, Handle handle, Interest interest, Waker waker) {
  Readiness out;
  return bench.reactor.poll_ready(kOwner, handle, interest, waker, out);
}

// Until the reactor knows that nothing can be read.
void exhaust(Bench& bench, Handle handle) {
  if (bench.read(handle, 64, Waker{}).status != Status::kPending) std::abort();
}

}  // namespace

TEST_CASE("one thread holds the reactor at a time") {
  Bench bench;
  CHECK_FALSE(bench.reactor.try_hold());
  bench.reactor.let_go();
  CHECK(bench.reactor.try_hold());
}

TEST_CASE("adopt makes a descriptor non-blocking and refuses what cannot be waited for") {
  Bench bench;
  Pair pipe = make_pipe();
  const int number = pipe.near.get();
  bench.adopt(std::move(pipe.near));
  CHECK((fcntl(number, F_GETFL) & O_NONBLOCK) != 0);

  Handle out;
  int os_error = 0;
  CHECK(bench.reactor.adopt(kOwner, -5, out, os_error) == Status::kInvalid);
  CHECK(bench.reactor.adopt(kOwner, 1 << 20, out, os_error) == Status::kOsError);
  CHECK(os_error == EBADF);
  Fd folder(open("/", O_RDONLY | O_CLOEXEC));
  CHECK(bench.reactor.adopt(kOwner, folder.get(), out, os_error) == Status::kOsError);
  CHECK(os_error == EPERM);
  CHECK(is_open(folder.get()));
  CHECK(bench.reactor.adopt(kOwner, number, out, os_error) == Status::kOsError);
  CHECK(os_error == EEXIST);
  CHECK(out.is_null());
  CHECK(bench.reactor.count(kOwner) == 1);
}

TEST_CASE("stale, foreign and made-up handles are refused by every call") {
  Bench bench;
  const Handle closed = bench.adopt(std::move(make_pipe().near));
  REQUIRE(bench.reactor.close(kOwner, closed) == Status::kOk);
  Pair pair = make_socket_pair();
  const Handle live = bench.adopt(std::move(pair.near));

  struct Row {
    const char* what;
    Handle handle;
    OwnerId owner;
    Status expected;
  };
  const Row rows[] = {
      {"closed", closed, kOwner, Status::kStale},
      {"another owner's", live, kStranger, Status::kForeign},
      {"null", Handle{}, kOwner, Status::kStale},
      {"a generation to come", Handle(HandleKind::kIo, live.index(), live.generation() + 1), kOwner,
       Status::kStale},
      {"an index to come", Handle(HandleKind::kIo, 12345, 1), kOwner, Status::kStale},
      {"another kind", Handle(HandleKind::kTimer, live.index(), live.generation()), kOwner,
       Status::kStale},
      {"all ones", Handle(~std::uint64_t{0}), kOwner, Status::kStale},
  };
  Reactor& reactor = bench.reactor;
  for (const Row& row : rows) {
    CAPTURE(row.what);
    char byte = 0;
    std::size_t count = 0;
    int os_error = 0;
    Readiness out;
    CHECK(reactor.read(row.owner, row.handle, task(1), &byte, 1, count, os_error) == row.expected);
    CHECK(reactor.write(row.owner, row.handle, task(1), &byte, 1, count, os_error) == row.expected);
    CHECK(reactor.poll_ready(row.owner, row.handle, Interest::kRead, task(1), out) == row.expected);
    CHECK(reactor.clear_ready(row.owner, row.handle, Interest::kRead, out) == row.expected);
    CHECK(reactor.close(row.owner, row.handle) == row.expected);
  }
  SourceInfo info;
  CHECK_FALSE(reactor.describe(closed, info));
  CHECK(reactor.describe(live, info));
  CHECK(bench.target.take().empty());
}

TEST_CASE("a new source counts as ready until a call has shown otherwise") {
  Bench bench;
  Pair pair = make_socket_pair();
  const Handle handle = bench.adopt(std::move(pair.near));
  Readiness seen;
  REQUIRE(bench.reactor.poll_ready(kOwner, handle, Interest::kRead, task(1), seen) == Status::kOk);
  CHECK(seen.facts().has_any(kReadable));
  // The caller's own read would block.
  REQUIRE(bench.reactor.clear_ready(kOwner, handle, Interest::kRead, seen) == Status::kOk);
  CHECK(poll(bench, handle, Interest::kRead, task(1)) == Status::kPending);
  CHECK(bench.drain() == 0);
  send_text(pair.far, "x");
  CHECK(bench.drain() == 1);
  CHECK(bench.target.take() == std::vector<Waker>{task(1)});
  CHECK(poll(bench, handle, Interest::kRead, task(1)) == Status::kOk);
}

TEST_CASE("a clear with an old look loses no event") {
  Bench bench;
  Pair pair = make_socket_pair();
  const Handle handle = bench.adopt(std::move(pair.near));
  exhaust(bench, handle);
  REQUIRE(poll(bench, handle, Interest::kRead, task(1)) == Status::kPending);
  Readiness old_look;
  REQUIRE(bench.reactor.poll_ready(kOwner, handle, Interest::kWrite, task(2), old_look) ==
          Status::kOk);
  send_text(pair.far, "x");
  REQUIRE(bench.drain() == 1);
  REQUIRE(bench.reactor.clear_ready(kOwner, handle, Interest::kRead, old_look) == Status::kOk);
  CHECK(poll(bench, handle, Interest::kRead, task(1)) == Status::kOk);
}

TEST_CASE("the newest waiter replaces the old one, a direction for itself") {
  Bench bench;
  Pair pair = make_socket_pair();
  const Handle handle = bench.adopt(std::move(pair.near));
  exhaust(bench, handle);
  REQUIRE(poll(bench, handle, Interest::kRead, task(1)) == Status::kPending);
  REQUIRE(poll(bench, handle, Interest::kRead, task(2)) == Status::kPending);
  send_text(pair.far, "x");
  bench.drain();
  CHECK(bench.target.take() == std::vector<Waker>{task(2)});
}

TEST_CASE("a null waker leaves nobody behind") {
  Bench bench;
  Pair pair = make_socket_pair();
  const Handle handle = bench.adopt(std::move(pair.near));
  exhaust(bench, handle);
  REQUIRE(poll(bench, handle, Interest::kRead, Waker{}) == Status::kPending);
  send_text(pair.far, "x");
  CHECK(bench.drain() == 0);
}

TEST_CASE("closing wakes both waiters, and their next call is stale") {
  Bench bench;
  Pair pair = make_socket_pair();
  const int number = pair.near.get();
  const Handle handle = bench.adopt(std::move(pair.near));
  exhaust(bench, handle);
  REQUIRE(poll(bench, handle, Interest::kRead, task(1)) == Status::kPending);
  const std::string big(1 << 20, 'x');
  while (bench.write(handle, big, task(2)).status == Status::kOk) {
  }
  REQUIRE(bench.reactor.close(kOwner, handle) == Status::kOk);
  CHECK_FALSE(is_open(number));
  CHECK(bench.target.count(task(1)) == 1);
  CHECK(bench.target.count(task(2)) == 1);
  CHECK(poll(bench, handle, Interest::kRead, task(1)) == Status::kStale);
  CHECK(bench.reactor.close(kOwner, handle) == Status::kStale);
  CHECK(bench.drain() == 0);
}

TEST_CASE("sources are counted by owner, and an unload closes the owner's alone") {
  Bench bench;
  std::vector<Pair> pairs;
  for (int i = 0; i < 20; ++i) {
    pairs.push_back(make_socket_pair());
    bench.adopt(std::move(pairs.back().near), i % 4 == 0 ? kStranger : kOwner);
  }
  CHECK(bench.reactor.count(kOwner) == 15);
  CHECK(bench.reactor.count(kStranger) == 5);
  CHECK(bench.reactor.close_all(kOwner) == 15);
  CHECK(bench.reactor.close_all(kOwner) == 0);
  CHECK(bench.reactor.count(kOwner) == 0);
  CHECK(bench.reactor.count(kStranger) == 5);
}

TEST_CASE("a source says what it is and what is waited for") {
  Bench bench;
  Pair pair = make_socket_pair();
  const int number = pair.near.get();
  const Handle handle = bench.adopt(std::move(pair.near), kOwner);
  exhaust(bench, handle);
  REQUIRE(poll(bench, handle, Interest::kRead, task(1)) == Status::kPending);
  SourceInfo info;
  REQUIRE(bench.reactor.describe(handle, info));
  CHECK(info.owner == kOwner);
  CHECK(info.descriptor == number);
  CHECK(info.read_waited);
  CHECK_FALSE(info.write_waited);
  CHECK(info.local_address == "unix:");
}

TEST_CASE("a slot is used again under another generation") {
  Bench bench;
  std::vector<Handle> handles;
  for (int i = 0; i < 100; ++i) {
    handles.push_back(bench.adopt(std::move(make_pipe().near)));
    REQUIRE(bench.reactor.close(kOwner, handles.back()) == Status::kOk);
  }
  for (std::size_t i = 1; i < handles.size(); ++i) {
    CHECK(handles[i].index() == handles[0].index());
    CHECK(handles[i].generation() == handles[i - 1].generation() + 1);
  }
}

TEST_CASE("a number closed behind the reactor's back belongs to its next owner") {
  Bench bench;
  Pair old_pair = make_socket_pair();
  const int number = old_pair.near.get();
  const Handle old_handle = bench.adopt(std::move(old_pair.near));
  exhaust(bench, old_handle);
  REQUIRE(poll(bench, old_handle, Interest::kRead, task(1)) == Status::kPending);
  ::close(number);

  Pair new_pair = make_socket_pair();
  if (new_pair.near.get() != number) {
    REQUIRE(dup2(new_pair.near.get(), number) == number);
    new_pair.near = Fd(number);
  }
  const Handle new_handle = bench.adopt(std::move(new_pair.near));
  exhaust(bench, new_handle);
  REQUIRE(poll(bench, new_handle, Interest::kRead, task(2)) == Status::kPending);
  bench.drain();
  CHECK(bench.target.take() == std::vector<Waker>{task(1)});

  // The old source neither reads nor waits nor closes what is not its own any more.
  send_text(new_pair.far, "for the new one");
  const Bench::Io old_read = bench.read(old_handle, 64, task(1));
  CHECK(old_read.status == Status::kOsError);
  CHECK(old_read.os_error == EBADF);
  SourceInfo info;
  REQUIRE(bench.reactor.describe(old_handle, info));
  CHECK(info.descriptor == -1);
  CHECK(bench.reactor.close(kOwner, old_handle) == Status::kOk);
  CHECK(is_open(number));

  bench.drain();
  CHECK(bench.target.take() == std::vector<Waker>{task(2)});
  CHECK(bench.read(new_handle, 64).data == "for the new one");
}

}  // namespace ekiden::runtime::test

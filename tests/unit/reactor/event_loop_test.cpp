#include "runtime/reactor/event_loop.hpp"

#include <sys/eventfd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <filesystem>
#include <fstream>

#include "tests/unit/reactor/support.hpp"

namespace ekiden::runtime::test {

namespace {

using Report = RecordingSink::Report;

struct LoopBench {
  std::unique_ptr<EventLoop> loop = EventLoop::create();
  RecordingSink sink;

  EventLoop::Registration add(Fd& fd, std::uint64_t token) {
    const EventLoop::Added added = loop->add(fd.get(), token);
    if (added.error != 0) std::abort();
    fd.give();
    return added.registration;
  }

  std::vector<Report> turn(std::size_t max_events = 64) {
    loop->turn(sink, Wait::kNoWait, max_events);
    return std::exchange(sink.reports, {});
  }
};

}  // namespace

TEST_CASE("a watched descriptor is reported once") {
  LoopBench bench;
  Pair pipe = make_pipe();
  const auto registration = bench.add(pipe.near, 42);
  CHECK(bench.turn().empty());
  REQUIRE(bench.loop->watch(registration, Interest::kRead));
  CHECK(bench.turn().empty());
  send_text(pipe.far, "x");
  CHECK(bench.turn() == std::vector<Report>{{42, kReadable}});
  send_text(pipe.far, "x");
  CHECK(bench.turn().empty());
}

TEST_CASE("what is ready before the watch is reported, also when its edge has passed") {
  LoopBench bench;
  Pair pipe = make_pipe();
  const auto registration = bench.add(pipe.near, 42);
  send_text(pipe.far, "x");
  CHECK(bench.turn().empty());  // nobody waits
  REQUIRE(bench.loop->watch(registration, Interest::kRead));
  CHECK(bench.turn().size() == 1);
  REQUIRE(bench.loop->watch(registration, Interest::kRead));
  CHECK(bench.turn().size() == 1);
}

TEST_CASE("watching twice is watching once, and the directions are apart") {
  LoopBench bench;
  Pair pair = make_socket_pair();
  const auto registration = bench.add(pair.near, 42);
  REQUIRE(bench.loop->watch(registration, Interest::kRead));
  REQUIRE(bench.loop->watch(registration, Interest::kRead));
  REQUIRE(bench.loop->watch(registration, Interest::kWrite));
  CHECK(bench.turn() == std::vector<Report>{{42, kWritable}});
  send_text(pair.far, "x");
  CHECK(bench.turn() == std::vector<Report>{{42, kReadable}});
}

TEST_CASE("a hang-up is reported in both directions") {
  LoopBench bench;
  Pair pair = make_socket_pair();
  const auto registration = bench.add(pair.near, 42);
  bench.loop->watch(registration, Interest::kRead);
  CHECK(bench.turn().empty());
  pair.far.close();
  bench.loop->watch(registration, Interest::kWrite);
  std::size_t reports = 0;
  CHECK(eventually([&] { return (reports += bench.turn().size()) == 2; }));
}

TEST_CASE("descriptors that cannot be watched are refused and stay the caller's") {
  LoopBench bench;
  const auto path =
      std::filesystem::temp_directory_path() / ("ekiden_unit_reactor_" + std::to_string(getpid()));
  std::ofstream(path) << "x";
  Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::filesystem::remove(path);
  Fd folder(open("/", O_RDONLY | O_CLOEXEC));
  Fd null(open("/dev/null", O_RDWR | O_CLOEXEC));
  for (const Fd* fd : {&file, &folder, &null}) {
    CAPTURE(fd->get());
    CHECK(bench.loop->add(fd->get(), 1).error == EPERM);
    CHECK(is_open(fd->get()));
  }
  CHECK(bench.loop->add(-1, 1).error == EBADF);
  CHECK(bench.loop->add(1 << 20, 1).error == EBADF);
}

TEST_CASE("the same descriptor twice is refused, and the first goes on") {
  LoopBench bench;
  Pair pipe = make_pipe();
  const int number = pipe.near.get();
  const auto registration = bench.add(pipe.near, 42);
  CHECK(bench.loop->add(number, 43).error == EEXIST);
  REQUIRE(bench.loop->watch(registration, Interest::kRead));
  send_text(pipe.far, "x");
  CHECK(bench.turn() == std::vector<Report>{{42, kReadable}});
}

TEST_CASE("a removed descriptor is closed and reports nothing") {
  LoopBench bench;
  Pair pipe = make_pipe();
  const int number = pipe.near.get();
  const auto registration = bench.add(pipe.near, 42);
  REQUIRE(bench.loop->watch(registration, Interest::kRead));
  send_text(pipe.far, "x");
  CHECK(bench.loop->remove(registration));
  CHECK_FALSE(is_open(number));
  CHECK(bench.turn().empty());
  CHECK_FALSE(bench.loop->remove(registration));
  CHECK_FALSE(bench.loop->watch(registration, Interest::kRead));
  CHECK(bench.loop->release(registration) == -1);
}

TEST_CASE("a released descriptor stays open and can be added again") {
  LoopBench bench;
  Pair pipe = make_pipe();
  const int number = pipe.near.get();
  const auto first = bench.add(pipe.near, 42);
  REQUIRE(bench.loop->watch(first, Interest::kRead));
  Fd back(bench.loop->release(first));
  CHECK(back.get() == number);
  send_text(pipe.far, "x");
  CHECK(bench.turn().empty());
  const auto second = bench.add(back, 43);
  CHECK_FALSE(bench.loop->watch(first, Interest::kRead));
  REQUIRE(bench.loop->watch(second, Interest::kRead));
  CHECK(bench.turn() == std::vector<Report>{{43, kReadable}});
}

TEST_CASE("a null registration is refused everywhere") {
  LoopBench bench;
  CHECK_FALSE(bench.loop->watch({}, Interest::kRead));
  CHECK_FALSE(bench.loop->remove({}));
  CHECK(bench.loop->release({}) == -1);
}

TEST_CASE("a number that the kernel gave out again reaches its new registration") {
  // An anonymous file too: all of them share an inode, so only epoll itself can tell them apart.
  const bool anonymous = GENERATE(false, true);
  const bool watched = GENERATE(false, true);
  CAPTURE(anonymous, watched);
  LoopBench bench;
  Pair old_pipe = make_pipe();
  if (anonymous) old_pipe.near = Fd(eventfd(0, EFD_CLOEXEC));
  const int number = old_pipe.near.get();
  const auto old_registration = bench.add(old_pipe.near, 1);
  if (watched) REQUIRE(bench.loop->watch(old_registration, Interest::kRead));

  ::close(number);  // behind the loop's back
  Pair new_pipe = make_pipe();
  if (anonymous) {
    new_pipe.near = Fd(eventfd(0, EFD_CLOEXEC));
    new_pipe.far = Fd(fcntl(new_pipe.near.get(), F_DUPFD_CLOEXEC, 0));
  }
  if (new_pipe.near.get() != number) {
    REQUIRE(dup2(new_pipe.near.get(), number) == number);
    new_pipe.near = Fd(number);
  }
  const EventLoop::Added added = bench.loop->add(number, 2);
  REQUIRE(added.error == 0);
  new_pipe.near.give();
  CHECK(added.displaced);
  CHECK(added.displaced_token == 1);

  // Who waited on the old one is told; nobody can wait on it any more.
  const std::vector<Report> told = bench.turn();
  CHECK(told == (watched ? std::vector<Report>{{1, kReadable | kError}} : std::vector<Report>{}));
  CHECK_FALSE(bench.loop->watch(old_registration, Interest::kRead));

  REQUIRE(bench.loop->watch(added.registration, Interest::kRead));
  CHECK(bench.turn().empty());
  CHECK(bench.loop->remove(old_registration));
  CHECK(is_open(number));
  send_text(new_pipe.far, "12345678");
  CHECK(bench.turn() == std::vector<Report>{{2, kReadable}});
  REQUIRE(bench.loop->watch(added.registration, Interest::kRead));
  CHECK(bench.turn() == std::vector<Report>{{2, kReadable}});
  CHECK(bench.loop->remove(added.registration));
  CHECK_FALSE(is_open(number));
}

TEST_CASE("a turn is bounded, and what is left comes next") {
  LoopBench bench;
  std::vector<Pair> pipes;
  for (std::uint64_t i = 0; i < 10; ++i) {
    pipes.push_back(make_pipe());
    const auto registration = bench.add(pipes.back().near, i);
    REQUIRE(bench.loop->watch(registration, Interest::kRead));
    send_text(pipes.back().far, "x");
  }
  std::size_t reports = 0;
  for (int turn = 0; turn < 100 && reports < 10; ++turn) {
    const std::size_t some = bench.turn(3).size();
    CHECK(some <= 3);
    reports += some;
  }
  CHECK(reports == 10);
}

TEST_CASE("a sink may watch, add and remove while it is told") {
  class Sink final : public EventSink {
   public:
    void on_ready(std::uint64_t token, ReadySet) noexcept override {
      ++reports;
      if (reports == 1) {
        static_cast<void>(loop->watch(registration, Interest::kRead));
      } else {
        removed = token == 42 && loop->remove(registration);
      }
    }
    EventLoop* loop = nullptr;
    EventLoop::Registration registration;
    int reports = 0;
    bool removed = false;
  };
  LoopBench bench;
  Pair pipe = make_pipe();
  Sink sink;
  sink.loop = bench.loop.get();
  sink.registration = bench.add(pipe.near, 42);
  REQUIRE(bench.loop->watch(sink.registration, Interest::kRead));
  send_text(pipe.far, "x");
  CHECK(eventually([&] {
    bench.loop->turn(sink, Wait::kNoWait, 64);
    return sink.removed;
  }));
  CHECK(sink.reports == 2);
}

TEST_CASE("a loop that ends closes what is registered, watched or not") {
  Pair first = make_pipe();
  Pair second = make_pipe();
  const int numbers[] = {first.near.get(), second.near.get()};
  {
    LoopBench bench;
    const auto registration = bench.add(first.near, 1);
    static_cast<void>(bench.add(second.near, 2));
    REQUIRE(bench.loop->watch(registration, Interest::kRead));
  }
  CHECK_FALSE(is_open(numbers[0]));
  CHECK_FALSE(is_open(numbers[1]));
}

}  // namespace ekiden::runtime::test

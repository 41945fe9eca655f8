// Waiting for bytes: an actor sends some through a pair of sockets or two pipes to another, which
// sends them back.

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "runtime/reactor/reactor.hpp"
#include "tests/stress/actor.hpp"

namespace ekiden::runtime::stress {

namespace {

constexpr int kPairsMax = 100;

// One side: what it reads from and writes to, which for sockets is one descriptor.
class End {
 public:
  End(Actor& actor, int in, int out) : runtime_(actor.runtime()), owner_(actor.owner()) {
    in_ = adopt(actor, in);
    out_ = in == out ? in_ : adopt(actor, out);
  }
  ~End() {
    close();
    if (in_ != out_) static_cast<void>(runtime_.reactor().close(owner_, in_));
  }
  End(const End&) = delete;
  End& operator=(const End&) = delete;

  Handle handle() const { return in_; }
  bool is_open() const { return !in_.is_null() && !out_.is_null(); }
  void close() { static_cast<void>(runtime_.reactor().close(owner_, out_)); }

  // kOk with a count of 0 is the end of the stream, also where the other side was torn down.
  Status read(Waker waker, std::uint8_t* data, std::size_t size, std::size_t& count) {
    int error = 0;
    const Status status = runtime_.reactor().read(owner_, in_, waker, data, size, count, error);
    return settle(status, count);
  }
  Status write(Waker waker, const std::uint8_t* data, std::size_t size, std::size_t& count) {
    int error = 0;
    const Status status = runtime_.reactor().write(owner_, out_, waker, data, size, count, error);
    return settle(status, count);
  }

 private:
  static Status settle(Status status, std::size_t& count) {
    if (status == Status::kPending || status == Status::kOk) return status;
    count = 0;
    return Status::kOk;
  }
  Handle adopt(Actor& actor, int fd) {
    Handle source;
    int error = 0;
    const Status status = runtime_.reactor().adopt(owner_, fd, source, error);
    actor.world().findings.add_if(status != Status::kOk, Fault::kUnexpectedStatus);
    if (status != Status::kOk) ::close(fd);
    return source;
  }

  Runtime& runtime_;
  const OwnerId owner_;
  Handle in_;
  Handle out_;
};

// Sends back what comes, until the end.
class Echoing final : public Wait {
 public:
  Echoing(Actor& actor, int in, int out) : end_(actor, in, out) {}

  bool poll(Actor& actor, PollContext& context) override {
    if (!end_.is_open()) return true;
    actor.runtime().note_wait(end_.handle());
    for (;;) {
      std::size_t count = 0;
      if (from_ == to_) {
        const Status status = end_.read(Waker(context.waker), buffer_, sizeof buffer_, count);
        if (status == Status::kPending) return false;
        if (count == 0) return true;
        from_ = 0;
        to_ = count;
      }
      const Status status = end_.write(Waker(context.waker), buffer_ + from_, to_ - from_, count);
      if (status == Status::kPending) return false;
      if (count == 0) return true;
      from_ += count;
      if (!actor.runtime().spend_budget()) return false;
    }
  }

 private:
  End end_;
  std::uint8_t buffer_[1000];
  std::size_t from_ = 0;
  std::size_t to_ = 0;
};

class EchoWait final : public Wait {
 public:
  EchoWait(Actor& actor, int in, int out)
      : world_(actor.world()), end_(actor, in, out), bytes_(1 + actor.random().below(200'000)) {
    for (std::uint8_t& byte : bytes_)
      byte = static_cast<std::uint8_t>(actor.random().next());
  }
  ~EchoWait() override { world_.open_pairs.fetch_sub(1); }

  bool poll(Actor& actor, PollContext& context) override {
    if (!end_.is_open()) return true;
    actor.runtime().note_wait(end_.handle());
    const Waker waker(context.waker);
    for (;;) {
      const bool wrote = send(waker);
      const bool read = receive(waker);
      if (over_) return true;
      if (!wrote && !read) return false;
      if (!actor.runtime().spend_budget()) return false;
    }
  }

 private:
  bool send(Waker waker) {
    if (sent_ == bytes_.size()) return false;
    std::size_t count = 0;
    const Status status = end_.write(waker, bytes_.data() + sent_, bytes_.size() - sent_, count);
    if (status == Status::kPending) return false;
    over_ = over_ || count == 0;  // the echo was aborted
    sent_ += count;
    return true;
  }
  bool receive(Waker waker) {
    std::uint8_t buffer[4096];
    std::size_t count = 0;
    if (end_.read(waker, buffer, sizeof buffer, count) == Status::kPending) return false;
    const bool fits = received_ + count <= sent_;
    const auto expected = bytes_.begin() + static_cast<std::ptrdiff_t>(received_);
    world_.findings.add_if(!fits || !std::equal(buffer, buffer + count, expected),
                           Fault::kWrongBytes);
    received_ += count;
    over_ = over_ || count == 0 || received_ == bytes_.size();
    return true;
  }

  World& world_;
  End end_;
  std::vector<std::uint8_t> bytes_;
  std::size_t sent_ = 0;
  std::size_t received_ = 0;
  bool over_ = false;
};

// Two descriptors a side; with sockets they are the same.
struct Wires {
  int near_in = -1, near_out = -1, far_in = -1, far_out = -1;
};

bool open_wires(bool sockets, Wires& wires) {
  int ends[2];
  if (sockets) {
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return false;
    wires = {ends[0], ends[0], ends[1], ends[1]};
    return true;
  }
  int back[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return false;
  if (pipe2(back, O_CLOEXEC) != 0) {
    close(ends[0]);
    close(ends[1]);
    return false;
  }
  wires = {back[0], ends[1], ends[0], back[1]};
  return true;
}

}  // namespace

std::unique_ptr<Wait> wait_for_echo(Actor& actor) {
  World& world = actor.world();
  if (!actor.runtime().admits(actor.owner()) || !world.has_room()) return nullptr;
  if (world.open_pairs.fetch_add(1) >= kPairsMax) {
    world.open_pairs.fetch_sub(1);
    return nullptr;
  }
  Wires wires;
  if (!open_wires(actor.random().one_in(2), wires)) {
    world.open_pairs.fetch_sub(1);
    return nullptr;
  }
  auto near = std::make_unique<EchoWait>(actor, wires.near_in, wires.near_out);
  // If it is refused, the plan goes, and with it the far end: then ours finds the end of the
  // stream.
  ActorPlan far{0, 0, std::make_unique<Echoing>(actor, wires.far_in, wires.far_out)};
  actor.tenant().spawn(std::move(far), {}, actor.random());
  return near;
}

}  // namespace ekiden::runtime::stress

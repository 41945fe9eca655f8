#include "runtime/reactor/reactor.hpp"

#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>

#include "runtime/base/check.hpp"
#include "runtime/reactor/socket_address.hpp"

namespace ekiden::runtime {

namespace {

// 0, or an errno value.
int kind_of(int fd, SourceKind& kind) {
  struct stat status {};
  if (fstat(fd, &status) != 0) return errno;
  kind = S_ISFIFO(status.st_mode) ? SourceKind::kPipe : SourceKind::kOther;
  if (!S_ISSOCK(status.st_mode)) return 0;
  int type = 0;
  socklen_t size = sizeof type;
  if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0) return errno;
  kind = type == SOCK_STREAM ? SourceKind::kStreamSocket : SourceKind::kOtherSocket;
  return 0;
}

}  // namespace

// Wakes whom an event is for.
class Reactor::Dispatch final : public EventSink {
 public:
  explicit Dispatch(Reactor& reactor) : reactor_(reactor) {}

  void on_ready(std::uint64_t token, ReadySet facts) noexcept override {
    const Handle handle(token);
    Source* const source = reactor_.sources_.peek(handle);
    EKIDEN_CHECK(source != nullptr);  // tokens are handles of ours, and slots stay
    if (!source->readiness.set(handle.generation(), facts)) return;
    for (const Interest interest : {Interest::kRead, Interest::kWrite}) {
      if (facts.has_any(event_for(interest))) wake(source->waiter(interest).take());
    }
  }

  std::size_t wakes() const { return wakes_; }

 private:
  void wake(Waker waiter) {
    if (waiter.is_null()) return;
    ++wakes_;
    reactor_.target_.wake(waiter);
  }

  Reactor& reactor_;
  std::size_t wakes_ = 0;
};

Reactor::Reactor(WakeTarget& target)
    : target_(target), loop_(EventLoop::create()), sources_(*this) {}

Reactor::~Reactor() = default;

Status Reactor::adopt(OwnerId owner, int fd, Handle& out, int& os_error) {
  if (fd < 0) return Status::kInvalid;
  SourceKind kind{};
  os_error = kind_of(fd, kind);
  if (os_error != 0) return Status::kOsError;
  return adopt_as(owner, fd, kind, kReadable | kWritable, out, os_error);
}

Status Reactor::adopt_stream(OwnerId owner, int fd, ReadySet facts, Handle& out, int& os_error) {
  if (fd < 0) return Status::kInvalid;
  return adopt_as(owner, fd, SourceKind::kStreamSocket, facts, out, os_error);
}

Status Reactor::adopt_as(OwnerId owner, int fd, SourceKind kind, ReadySet facts, Handle& out,
                         int& os_error) {
  const Handle handle = sources_.reserve();
  if (handle.is_null()) return Status::kNoMemory;
  const EventLoop::Added added = loop_->add(fd, handle.bits());
  if (added.displaced) forget_number(added.displaced_token);
  if (added.error != 0) {
    sources_.abandon(handle);
    os_error = added.error;
    return Status::kOsError;
  }
  Source& source = sources_.reserved(handle);
  source.readiness.open(handle.generation(), facts);
  source.registration = added.registration;
  source.kind = kind;
  source.descriptor.store(fd, std::memory_order_relaxed);  // relaxed: published by publish()
  sources_.publish(handle, owner);
  out = handle;
  return Status::kOk;
}

// The file of that source was closed behind our back and its number names another file now. Its
// calls get EBADF from here on; who waits hears of it from the loop, in the next turn.
void Reactor::forget_number(std::uint64_t displaced_token) {
  const SourceUse source = sources_.use_any(Handle(displaced_token));
  if (source) source->descriptor.store(-1, std::memory_order_relaxed);
}

Status Reactor::close(OwnerId owner, Handle handle) {
  SourceUse source;
  const Status found = sources_.use(owner, handle, source);
  if (found != Status::kOk) return found;
  return end(*source) ? Status::kOk : Status::kStale;
}

// The caller has it pinned; the descriptor is closed when the last one lets go.
bool Reactor::end(Source& source) {
  if (!source.life.begin_close()) return false;
  for (const Interest interest : {Interest::kRead, Interest::kWrite}) {
    const Waker waiter = source.waiter(interest).take();
    if (!waiter.is_null()) target_.wake(waiter);
  }
  return true;
}

void Reactor::close_descriptor(Source& source) noexcept { loop_->remove(source.registration); }

std::size_t Reactor::close_all(OwnerId owner) {
  std::size_t closed = 0;
  sources_.for_each([&](SourceUse& source, Handle) {
    if (source->owner == owner && end(*source)) ++closed;
  });
  return closed;
}

MakerCounts Reactor::count_makers(OwnerId owner) {
  MakerCounts counts;
  sources_.for_each([&](SourceUse& source, Handle) {
    if (source->owner == owner) ++counts[source->maker];
  });
  return counts;
}

Status Reactor::poll_ready(OwnerId owner, Handle handle, Interest interest, Waker waker,
                           Readiness& out) {
  SourceUse source;
  Status status = sources_.use(owner, handle, source);
  if (status != Status::kOk) return status;
  out = source->readiness.load();
  if (out.is_ready_for(interest)) return Status::kOk;
  status = wait(*source, handle.generation(), interest, waker);
  if (status == Status::kOk) out = source->readiness.load();
  return status;
}

Status Reactor::clear_ready(OwnerId owner, Handle handle, Interest interest, Readiness observed) {
  SourceUse source;
  const Status found = sources_.use(owner, handle, source);
  if (found != Status::kOk) return found;
  static_cast<void>(source->readiness.clear(observed, facts_for(interest)));
  return Status::kOk;
}

// kPending: the waker is in the source and the descriptor is followed. kOk: look again.
// The order of the steps is the argument at the top of reactor.hpp.
Status Reactor::wait(Source& source, std::uint32_t generation, Interest interest, Waker waker) {
  if (waker.is_null()) return Status::kPending;
  WaiterWord& waiter = source.waiter(interest);
  waiter.store(waker);
  Status status = Status::kPending;
  if (source.life.is_closing()) {
    status = Status::kStale;
  } else if (source.readiness.load().is_ready_for(interest)) {
    status = Status::kOk;
  } else if (!loop_->follow(source.registration, interest)) {
    // The number is another file's: whoever tries again finds EBADF.
    static_cast<void>(source.readiness.set(generation, event_for(interest) | kError));
    status = Status::kOk;
  }
  if (status != Status::kPending) waiter.withdraw(waker);
  return status;
}

std::size_t Reactor::turn(Wait wait, std::size_t max_events) {
  EKIDEN_CHECK(held_.load(std::memory_order_relaxed));  // relaxed: the holder's own store
  Dispatch dispatch(*this);
  loop_->turn(dispatch, wait, max_events);
  return dispatch.wakes();
}

bool Reactor::describe(Handle handle, SourceInfo& out) {
  const SourceUse source = sources_.use_any(handle);
  if (!source) return false;
  out = SourceInfo{};
  out.owner = source->owner;
  out.descriptor = source->descriptor.load(std::memory_order_relaxed);
  out.facts = source->readiness.load().facts();
  out.read_waited = source->waiter(Interest::kRead).is_set();
  out.write_waited = source->waiter(Interest::kWrite).is_set();
  out.reader = source->waiter(Interest::kRead).look();
  out.writer = source->waiter(Interest::kWrite).look();
  if (out.descriptor >= 0) {
    out.local_address = local_address_text(out.descriptor);
    out.peer_address = peer_address_text(out.descriptor);
  }
  return true;
}

}  // namespace ekiden::runtime

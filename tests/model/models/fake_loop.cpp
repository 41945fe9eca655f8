#include "tests/model/models/fake_loop.hpp"

#include <sys/types.h>

#include "tests/model/checker/model.hpp"

namespace ekiden::model {

namespace {

FakeKernel* kernel = nullptr;

}  // namespace

// --- The kernel ----------------------------------------------------------------------------------

FakeKernel::FakeKernel() { kernel = this; }

FakeKernel::~FakeKernel() { kernel = nullptr; }

FakeKernel& FakeKernel::of_this_run() {
  require(kernel != nullptr, "the model has a kernel");
  return *kernel;
}

// Whoever sleeps in wait() looks again.
void FakeKernel::ring_bell() {
  bell_.fetch_add(1, std::memory_order_acq_rel);
  runtime::futex_wake(bell_, 1);
}

void FakeKernel::send_bytes() {
  {
    runtime::MutexLock lock(mutex_);
    bytes_ = true;
    edge_ = bytes_followed_;
  }
  ring_bell();
}

bool FakeKernel::receive_bytes() {
  runtime::MutexLock lock(mutex_);
  const bool got = bytes_;
  bytes_ = false;
  return got;
}

bool FakeKernel::has_bytes() {
  runtime::MutexLock lock(mutex_);
  return bytes_;
}

bool FakeKernel::is_closed() {
  runtime::MutexLock lock(mutex_);
  return closed_;
}

bool FakeKernel::somebody_waits() {
  runtime::MutexLock lock(mutex_);
  return waits_;
}

void FakeKernel::write_event() {
  {
    runtime::MutexLock lock(mutex_);
    ++event_;
  }
  ring_bell();
}

void FakeKernel::read_event() {
  runtime::MutexLock lock(mutex_);
  event_ = 0;
}

void FakeKernel::close_descriptor() {
  runtime::MutexLock lock(mutex_);
  require(!closed_, "a descriptor is closed once");
  closed_ = true;
  bytes_followed_ = edge_ = false;
}

void FakeKernel::follow_bytes() {
  {
    runtime::MutexLock lock(mutex_);
    if (bytes_followed_) return;
    bytes_followed_ = true;
    // What is ready already is reported, too.
    edge_ = bytes_;
    if (!edge_) return;
  }
  ring_bell();
}

// By the one who is about to wait.
void FakeKernel::watch_event() {
  runtime::MutexLock lock(mutex_);
  event_watched_ = true;
}

FakeKernel::Ready FakeKernel::take_ready() {
  waits_ = false;
  if (edge_) {
    edge_ = false;
    return Ready::kBytes;
  }
  if (event_watched_ && event_ != 0) {
    event_watched_ = false;
    return Ready::kEvent;
  }
  return Ready::kNothing;
}

FakeKernel::Ready FakeKernel::look() {
  runtime::MutexLock lock(mutex_);
  return take_ready();
}

FakeKernel::Ready FakeKernel::look_or_wait() {
  runtime::MutexLock lock(mutex_);
  const Ready ready = take_ready();
  waits_ = ready == Ready::kNothing;
  return ready;
}

FakeKernel::Ready FakeKernel::wait() {
  for (;;) {
    const std::uint32_t before = bell_.load(std::memory_order_acquire);
    if (const Ready ready = look_or_wait(); ready != Ready::kNothing) return ready;
    runtime::futex_wait(bell_, before);
  }
}

// --- The loop ------------------------------------------------------------------------------------

FakeLoop::Added FakeLoop::add(int, std::uint64_t token) {
  token_ = token;
  Added added;
  added.registration = Registration(nullptr, 1);
  return added;
}

bool FakeLoop::watch(Registration, runtime::Interest) {
  require(false, "the reactor follows");
  return false;
}

bool FakeLoop::follow(Registration, runtime::Interest) {
  FakeKernel::of_this_run().follow_bytes();
  return true;
}

bool FakeLoop::remove(Registration) {
  FakeKernel::of_this_run().close_descriptor();
  return true;
}

// True: something was reported.
bool FakeLoop::handle(FakeKernel::Ready ready, runtime::EventSink& sink) {
  if (ready == FakeKernel::Ready::kEvent) interrupt_watched_.write(false);
  if (ready != FakeKernel::Ready::kBytes) return false;
  sink.on_ready(token_, runtime::kReadable);
  return true;
}

FakeLoop::Turn FakeLoop::turn(runtime::EventSink& sink, runtime::Wait wait, std::size_t) {
  FakeKernel& system = FakeKernel::of_this_run();
  Turn result;
  if (wait == runtime::Wait::kBlock) {
    do {
      if (!interrupt_watched_.read()) {
        interrupt_watched_.write(true);
        interrupt_.drain();
        system.watch_event();
      }
      if (!interrupt_.begin_blocking()) break;
      if (handle(system.wait(), sink)) ++result.reports;
    } while (result.reports == 0);
    interrupt_.end_blocking();
  }
  if (result.reports == 0 && handle(system.look(), sink)) ++result.reports;
  if (wait == runtime::Wait::kBlock) result.interrupted = interrupt_.consume();
  return result;
}

}  // namespace ekiden::model

// --- What the compiled sources of the reactor call instead of the system's -----------------------

extern "C" {

int model_eventfd(unsigned, int) noexcept { return 1000; }

ssize_t model_write(int, const void*, std::size_t size) {
  ekiden::model::FakeKernel::of_this_run().write_event();
  return static_cast<ssize_t>(size);
}

ssize_t model_read(int, void*, std::size_t size) {
  ekiden::model::FakeKernel::of_this_run().read_event();
  return static_cast<ssize_t>(size);
}

int model_close(int) { return 0; }
}

std::unique_ptr<ekiden::runtime::EventLoop> ekiden::runtime::EventLoop::create() {
  return std::make_unique<model::FakeLoop>();
}

// What the reactor's tests share: descriptors that close themselves, a sink and a wake target that
// remember, and waiting for a condition.
#pragma once

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "runtime/reactor/event_loop.hpp"
#include "runtime/reactor/reactor.hpp"

namespace ekiden::runtime::test {

inline constexpr std::chrono::seconds kLong{30};

// True when `condition` held before a long time had passed.
template <class Condition>
bool eventually(Condition&& condition) {
  const auto deadline = std::chrono::steady_clock::now() + kLong;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  return true;
}

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd() { close(); }

  int get() const { return fd_; }
  int give() { return std::exchange(fd_, -1); }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_ = -1;
};

inline bool is_open(int fd) { return fcntl(fd, F_GETFD) >= 0; }

// `near` is what a test gives away, `far` what it keeps.
struct Pair {
  Fd near;
  Fd far;
};

inline Pair make_socket_pair(int type = SOCK_STREAM) {
  int fds[2];
  if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds) != 0) std::abort();
  return {Fd(fds[0]), Fd(fds[1])};
}

// near reads, far writes.
inline Pair make_pipe() {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) std::abort();
  return {Fd(fds[0]), Fd(fds[1])};
}

inline void send_text(const Fd& fd, const std::string& text) {
  if (::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    std::abort();
}

class RecordingSink final : public EventSink {
 public:
  struct Report {
    std::uint64_t token;
    ReadySet facts;
    friend bool operator==(const Report&, const Report&) = default;
  };

  void on_ready(std::uint64_t token, ReadySet facts) noexcept override {
    reports.push_back({token, facts});
  }

  std::vector<Report> reports;
};

class RecordingTarget final : public WakeTarget {
 public:
  void wake(Waker waker) noexcept override {
    const std::lock_guard lock(mutex_);
    woken_.push_back(waker);
  }
  std::vector<Waker> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(woken_, {});
  }
  std::size_t count(Waker waker) {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::count(woken_.begin(), woken_.end(), waker));
  }

 private:
  std::mutex mutex_;
  std::vector<Waker> woken_;
};

inline Waker task(std::uint32_t index) { return Waker(HandleKind::kTask, index, 1); }

inline constexpr OwnerId kOwner = 7;
inline constexpr OwnerId kStranger = 8;

// A reactor whose holder is the test.
struct Bench {
  RecordingTarget target;
  Reactor reactor{target};

  Bench() { static_cast<void>(reactor.try_hold()); }

  Handle adopt(Fd fd, OwnerId owner = kOwner) {
    Handle handle;
    int os_error = 0;
    if (reactor.adopt(owner, fd.get(), handle, os_error) != Status::kOk) std::abort();
    fd.give();
    return handle;
  }

  struct Io {
    Status status;
    std::string data;
    std::size_t count = 0;
    int os_error = 0;
  };

  Io read(Handle handle, std::size_t size, Waker waker = task(1)) {
    Io io{};
    io.data.resize(size);
    io.status = reactor.read(kOwner, handle, waker, io.data.data(), size, io.count, io.os_error);
    io.data.resize(io.count);
    return io;
  }
  Io write(Handle handle, const std::string& data, Waker waker = task(2)) {
    Io io{};
    io.status =
        reactor.write(kOwner, handle, waker, data.data(), data.size(), io.count, io.os_error);
    return io;
  }

  // Turns without blocking until nothing comes any more; the number of wakes.
  std::size_t drain() {
    std::size_t wakes = 0;
    for (int quiet = 0; quiet < 3; ++quiet) {
      const std::size_t woken = reactor.turn(Wait::kNoWait, 64);
      if (woken > 0) quiet = 0;
      wakes += woken;
    }
    return wakes;
  }
};

}  // namespace ekiden::runtime::test

// A runtime, a host on it, and a plugin instance that consists of functions in this program.
#pragma once

#include <ekiden/plugin.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "daemon/host/host.hpp"
#include "runtime/runtime.hpp"

namespace ekiden::daemon::test {

inline constexpr std::chrono::seconds kPatience{30};

// Looks at a condition until it holds; false after kPatience. Never part of what is measured.
template <class Condition>
bool eventually(Condition condition) {
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  return true;
}

// A task whose poll is a function object. Its counters may be read from any thread.
struct Probe {
  using Body = std::function<std::int32_t(ekd_cx*)>;

  explicit Probe(Body poll_body) : body(std::move(poll_body)) {}

  const Body body;
  std::atomic<int> polls{0};
  std::atomic<int> drops{0};
};

// The body of a task that has nothing to do.
inline std::int32_t end_at_once(ekd_cx*) { return EKD_READY; }

// What a probe's task has as its state.
extern "C" std::int32_t ekiden_test_probe_poll(void* state, ekd_cx* cx);
extern "C" void ekiden_test_probe_drop(void* state);

class Daemon;

// One instance. Unloaded in the order of the real thing when it goes, unless it is already.
class Plugin {
 public:
  Plugin(Daemon& daemon, const std::string& name, std::uint64_t task_limit = 0);
  ~Plugin();
  Plugin(const Plugin&) = delete;
  Plugin& operator=(const Plugin&) = delete;

  // Stops admission, cancels, waits for the ledger, retires. False where something stayed.
  bool unload();

  // The description of a probe's type.
  static ekd_task_type probe_type(std::uint32_t cancel = EKD_CANCEL_ONE_POLL);
  // Spawns a probe's task; the code of the spawn.
  std::int32_t spawn(Probe& probe, const ekd_spawn_options* options = nullptr,
                     ekd_task* out = nullptr);
  // Runs `body` in a poll and waits until its task has been dropped. False where it was not.
  bool run(Probe::Body body);

  ekd_ctx* ctx = nullptr;
  ekd_services api{};
  std::uint32_t probe_type_id = 0;

 private:
  Daemon& daemon_;
};

class Daemon {
 public:
  explicit Daemon(unsigned workers = 2) : Daemon(options(workers)) {}
  explicit Daemon(const runtime::Options& options);
  ~Daemon();

  static runtime::Options options(unsigned workers);

  runtime::Runtime runtime;
  std::unique_ptr<Host> host;
};

inline ekd_spawn_options spawn_options(std::uint32_t flags) {
  ekd_spawn_options options{};
  options.struct_size = sizeof(options);
  options.flags = flags;
  return options;
}

// A task that waits for ever, held by the test until this goes.
struct Held {
  explicit Held(Plugin& plugin) : owner(plugin) {
    const ekd_spawn_options options = spawn_options(EKD_SPAWN_JOIN);
    code = plugin.spawn(probe, &options, &task);
  }
  ~Held() {
    if (code != EKD_OK) return;
    owner.api.task->abort(owner.ctx, task);
    owner.api.task->join_close(owner.ctx, task);
    eventually([&] { return probe.drops.load() == 1; });
  }

  Plugin& owner;
  Probe probe{[](ekd_cx*) { return EKD_PENDING; }};
  ekd_task task = 0;
  std::int32_t code = 0;
};

// What is written to the standard error while it lives.
class CapturedStderr {
 public:
  CapturedStderr();
  ~CapturedStderr();
  // What has been written so far.
  std::string text() const;
  // How many lines hold all of the words.
  std::size_t lines_with(const std::vector<std::string>& words) const;

 private:
  int saved_ = -1;
  int file_ = -1;
};

inline ekd_join_result join_result() {
  ekd_join_result result{};
  result.struct_size = sizeof(result);
  return result;
}

inline std::string text_of(const ekd_error& error) { return {error.text, error.text_size}; }

}  // namespace ekiden::daemon::test

// Testing a plugin in the process of its test: a real runtime with a clock that you turn.
//
//   #include <ekiden/testing.hpp>
//   using namespace std::chrono_literals;
//
//   TEST_CASE("a greeting takes ten milliseconds") {
//     ekiden::testing::Harness harness;
//     auto plugin = harness.load(ekd_plugin);  // yours, linked into the test, or a file: hello.so
//     auto answer = plugin.call_async("greet", R"({"name":"Ada"})");
//     harness.advance(10ms);
//     CHECK(answer.get() == R"({"greeting":"Hello, Ada!"})");
//     CHECK(plugin.unload().clean());
//   }
//
// What is real: workers, queues, the reactor, the blocking pool, the services of the ABI, the
// lifecycle (init, start, commands, drain, fini on the plugin's own lifecycle thread, deadlines,
// PENDING answers, the ledger). It is the daemon's own code. What there is not: configuration
// files, the plugin folder, the control socket. A test framework is not needed, and none is in the
// way: what goes wrong is an exception on the thread that called.
//
// The clock. `ekd.time/1` and cx->now_ns stand still until the test moves them, and then an hour
// passes at once. advance() stops at every deadline on the way, in order: it fires what is due,
// lets everything run that this made runnable, and only then goes on. A timer fires at its deadline
// to the nanosecond. Everything else goes by real time: sockets, jobs, threads, and every deadline
// that guards against what hangs (of a call, a load, an unload). What drain is told as its deadline
// is on the clock that the plugin sees.
//
// Idle means: every worker sleeps, no task is queued, no job is queued or running on the blocking
// pool, no command is in the plugin's code, and no timer is due. What is on its way through the
// kernel is not seen (bytes that were sent to a socket a moment ago), nor what a thread does that
// the plugin has started itself. For these there is eventually().
//
// Threads: a Harness and its Plugins belong to one thread, the test's. What call_async and its like
// return may be waited for anywhere. One Harness at a time in a process.
#pragma once

#include <ekiden/plugin.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ekiden::testing {

struct Options {
  unsigned workers = 2;      // 1..1024
  bool manual_clock = true;  // false: the system's, and advance() is an error
  // As runtime.* of the daemon's configuration, with the same bounds.
  unsigned local_queue_capacity = 256;  // tasks, a power of two
  unsigned poll_budget = 128;
  unsigned blocking_threads_max = 64;
  unsigned blocking_queue_capacity = 4096;
  // Real time: what any call here waits for at most, unless it says otherwise.
  std::chrono::nanoseconds patience = std::chrono::seconds(30);
  bool log_to_stderr = false;  // what is logged, besides logs()
  // Libraries stay mapped after their unload, so that a leak checker can name what they have
  // leaked.
  bool keep_mapped = false;
};

// One sentence: what is wrong and, where it is the plugin's, its own text.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& text);
  ~Error() override;
};

// A command was answered with a code below zero, or not in time (EKD_E_TIMED_OUT).
class CallError : public Error {
 public:
  CallError(std::int32_t code, const std::string& text);
  ~CallError() override;
  std::int32_t code() const { return code_; }

 private:
  std::int32_t code_;
};

struct LogLine {
  std::uint32_t level = EKD_LOG_INFO;  // EKD_LOG_…
  std::string component;               // "plugin.<name>", or the host's own: "plugins", "runtime"
  std::string text;
};

// Things of one kind that a plugin has left behind.
struct Left {
  std::string kind;     // "task", "timer", "descriptor", "job", "memory block", "call", "thread"
  std::string made_by;  // the task type: of a task its own; empty: made outside a task, or unknown
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;  // of memory blocks
};

// How an unload has ended. Whatever was left, the host has taken back.
struct Unloaded {
  // Tasks that were alive when drain was over: the host has cancelled them. No mistake, unless
  // your drain is there to end them.
  std::vector<Left> cancelled;
  // What nobody has given back: timers, descriptors, jobs, blocks of memory, commands without an
  // answer, threads of the plugin's own that still run.
  std::vector<Left> leaked;
  // Why drain did not end well: its error's text, or that it took too long. Empty: it did.
  std::string drain_problem;

  bool clean() const { return leaked.empty() && drain_problem.empty(); }
  // All of it in one line for people; empty where there is nothing to tell.
  std::string text() const;
};

// What a plugin holds now.
struct Holdings {
  std::uint64_t tasks = 0;
  std::uint64_t timers = 0;
  std::uint64_t descriptors = 0;
  std::uint64_t jobs = 0;
  std::uint64_t calls = 0;  // commands that it has not answered
  std::uint64_t memory_blocks = 0;
  std::uint64_t memory_bytes = 0;
};

struct Task {
  ekd_task id = 0;
  std::string type;
  std::string name;
  std::string state;     // "reserved", "queued", "running", "waiting", "ended"
  // Of a waiting one: "timer", "io", "join", "job", "children", "channel"; "": unknown.
  std::string waits_on;
  std::uint64_t polls = 0;
  bool cancelled = false;
};

namespace detail {

// How something has ended: with a value, or with the error that get() throws. Carried as a value
// and thrown where it is asked for, because ThreadSanitizer cannot see how two threads share an
// exception.
template <class T>
struct Ended {
  std::optional<T> value;
  std::int32_t code = 0;  // below zero: a CallError
  std::string error;
};

[[noreturn]] void raise(std::int32_t code, const std::string& text);

}  // namespace detail

// What was begun and ends later. Any thread may wait for it; it may outlive the harness.
template <class T>
class Pending {
 public:
  explicit Pending(std::future<detail::Ended<T>> ended) : ended_(std::move(ended)) {}

  bool is_ready() const { return wait_for(std::chrono::nanoseconds(0)); }
  // Real time. False: it has not ended.
  bool wait_for(std::chrono::nanoseconds duration) const {
    return ended_.wait_for(duration) == std::future_status::ready;
  }
  // Waits for it; once. Throws Error, or for a command CallError, where it has failed.
  T get() {
    detail::Ended<T> ended = ended_.get();
    if (!ended.value) detail::raise(ended.code, ended.error);
    return std::move(*ended.value);
  }

 private:
  std::future<detail::Ended<T>> ended_;
};

class World;        // what the harness consists of
class PluginState;  // what it knows of one plugin

// A plugin that was loaded, by value: copies name the same one. It stays loaded until unload() or
// the end of its harness, also where nobody holds a Plugin.
class Plugin {
 public:
  const std::string& name() const;

  // Calls a command and waits for its answer, one JSON value ("null" where the plugin gave none).
  // `params_json`: JSON or empty. Throws CallError. The clock stands still meanwhile: a command
  // that waits for a timer needs call_async(), then advance().
  std::string call(std::string_view method, std::string_view params_json = {});
  Pending<std::string> call_async(std::string_view method, std::string_view params_json = {});

  // Unloads it as the daemon does: drain (at most 60 % of `within`, real time), cancel what is
  // left, fini. Throws Error where something has not ended within `within`, which the text names;
  // nothing was freed then, and a later unload goes on from there.
  Unloaded unload(std::chrono::nanoseconds within = std::chrono::seconds(5));
  // The same without waiting: for a drain, or tasks, that need the clock or the test to go on.
  // Admission is stopped when it returns.
  Pending<Unloaded> unload_async(std::chrono::nanoseconds within = std::chrono::seconds(5));
  bool is_loaded() const;

  Holdings holdings() const;
  std::vector<Task> tasks() const;  // at most 100'000
  // What the plugin has written to ekd.log/1, and what the host has said of its misuse, in order.
  std::vector<LogLine> logs() const;

  // To call the host in the plugin's name from the test: [any] functions, on any thread. NULL once
  // it is unloaded.
  ekd_ctx* ctx() const;

 private:
  friend class World;
  explicit Plugin(std::shared_ptr<PluginState> state);

  std::shared_ptr<PluginState> state_;
};

class Harness {
 public:
  // Throws Error: an option is out of range, another Harness is alive, or there are no threads.
  explicit Harness(const Options& options = {});
  // Unloads what is loaded and shuts the runtime down. Where something does not end within the
  // patience, or ten seconds if that is less, it says on stderr what, and aborts: nothing can be
  // freed under a running thread.
  ~Harness();
  Harness(const Harness&) = delete;
  Harness& operator=(const Harness&) = delete;

  // Loads a plugin that is linked into the test program: init and start. Its statics are the
  // program's, so unlike in the daemon they are as the last load has left them. `config_json`: a
  // JSON object. Throws Error with the plugin's text where it is refused or does not start.
  Plugin load(const ekd_plugin_desc& descriptor, std::string_view config_json = "{}");
  // Loads a file as the daemon does: with all its checks, from a copy, with fresh statics.
  Plugin load(const std::filesystem::path& library, std::string_view config_json = "{}");
  // The same without waiting: for a start that answers PENDING and needs the clock to go on. (Not
  // waiting for it, and ending the harness, gives it up.)
  Pending<Plugin> load_async(const ekd_plugin_desc& descriptor,
                             std::string_view config_json = "{}");
  Pending<Plugin> load_async(const std::filesystem::path& library,
                             std::string_view config_json = "{}");
  // A plugin without code: a context, in which the test registers types and spawns tasks itself.
  Plugin open(std::string_view name = "test");

  std::uint64_t now_ns() const;
  // Moves the clock. When it returns, everything is idle and the clock stands at now + `by`. Throws
  // Error where something does not become idle within the patience.
  void advance(std::chrono::nanoseconds by);
  // Returns when everything is idle; the clock stands still. Throws as above.
  void run_until_idle();
  // Runs until `done` is true, moving the clock to the next deadline whenever everything is idle;
  // `done` is asked then. Where there is no deadline, it waits for sockets and threads. False: not
  // within the patience.
  bool run_until(const std::function<bool()>& done);
  // Asks again and again, real time passing, until it is so. False: not within the patience, or
  // within `patience`.
  bool eventually(const std::function<bool()>& condition) const;
  static bool eventually(const std::function<bool()>& condition, std::chrono::nanoseconds patience);

  // What was logged since the harness began, the host's own lines too; the latest 100'000.
  std::vector<LogLine> logs() const;
  // The table that init gets.
  const ekd_host* host() const;

 private:
  std::unique_ptr<World> world_;
};

}  // namespace ekiden::testing

// The answer to everything that is asked of plugins, and what a list shows of one.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/clock.hpp"
#include "runtime/runtime.hpp"
#include "runtime/task/owner.hpp"

namespace ekiden::daemon {

enum class Outcome : std::uint8_t {
  kOk,
  kFailed,
  kDenied,    // the operating system, or a check of owners and permissions, refuses
  kNotFound,  // no such plugin, file or method
  kConflict,  // not in the state that it is in
  kTimedOut,
};

struct PluginResult {
  Outcome outcome = Outcome::kOk;
  std::string message;    // one sentence for people, empty with kOk; may hold any bytes
  std::string json;       // with kOk: the result as JSON text; empty stands for null
  std::int32_t code = 0;  // of a command: EKD_OK, or the code below zero that it was answered with
};

// Runs exactly once, on any thread, perhaps before the call that took it returns. Must not block.
using PluginDone = std::function<void(PluginResult)>;

// How far a command is, as its plugin says it: one JSON value in one line. False: nobody waits for
// the command any more. Any thread, several at a time, perhaps still while the command is being
// answered. Must not block.
using PluginProgress = std::function<bool(std::string_view json)>;

// Whether a next generation is about to take the place of the one that is shown.
enum class Replacement : std::uint8_t {
  kNone,
  kInProgress,  // it is checked, or the shown one is being unloaded for it
  kWaits,       // the shown one's unload missed its deadline
};

// Live tasks of one type.
struct LiveType {
  std::string type;
  std::uint64_t count = 0;
};

// Timers, descriptors and so on that tasks of one type have made.
struct MadeThings {
  std::string kind;     // timer, descriptor, job, sender, receiver, buffer
  std::string made_by;  // the task type; empty: made outside a task
  std::uint64_t count = 0;
};

struct PluginRow {
  std::string name;
  std::string version;  // empty until the descriptor has been read
  // checking, loading, starting, running, draining, retired; failed (its own code refused to
  // start), refused (the daemon did not take it), disabled (by the configuration)
  std::string state;
  std::uint32_t generation = 0;  // 0: no load was tried
  std::uint64_t tasks = 0;       // alive now
  std::string path;              // of the file in the plugin folder
  std::string error;             // why it is failed or refused, or what it waits for while draining
  std::string pending_error;     // why the file in the folder is not the one that runs
  Replacement replacement = Replacement::kNone;
  std::string sha256;  // of the loaded copy, hexadecimal; empty until it is copied

  // For `plugin.info`.
  std::string abi;                                  // "1.0": what it was built with
  std::string config_schema;                        // as the plugin has it; empty: none
  runtime::OwnerId owner = runtime::kRuntimeOwner;  // kRuntimeOwner: none yet
  std::uint64_t timers = 0;
  std::uint64_t descriptors = 0;
  std::uint64_t jobs = 0;
  std::uint64_t calls = 0;  // commands that it has not answered yet
  std::uint64_t memory_blocks = 0;
  std::uint64_t memory_bytes = 0;
  std::uint64_t task_limit = 0;
  std::uint64_t refusals = 0;  // spawns refused
  runtime::Nanos age_ns = 0;   // since it started to run
  // Only of a single row, not in lists.
  std::vector<LiveType> task_types;
  std::vector<MadeThings> made;
};

// What an unload could not end.
struct PluginLeftover {
  std::string plugin;
  std::string message;                      // the sentence of the unload's refusal
  std::vector<runtime::Straggler> running;  // polls and jobs that had not returned
};

}  // namespace ekiden::daemon

// A program in a process of its own, started with posix_spawn: under ThreadSanitizer a fork of a
// process with threads is not safe. Its output goes to files, so that it never waits for a reader.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tests/integration/harness/wait_until.hpp"

namespace ekiden::integration {

// What waitpid said: the exit code, or 128 + the signal that ended it.
using ExitCode = int;

class ChildProcess {
 public:
  // Starts argv[0] (a path). Standard output and error are written to these files.
  ChildProcess(const std::vector<std::string>& argv, const std::filesystem::path& out,
               const std::filesystem::path& err);
  // Kills it if it still runs.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  void signal(int number) const;
  bool running() { return !poll(); }
  // The exit code if it has ended.
  std::optional<ExitCode> poll();
  // Nothing if it still runs after `limit`.
  std::optional<ExitCode> wait(std::chrono::milliseconds limit = kLongTime);

 private:
  pid_t pid_ = -1;
  std::optional<ExitCode> exit_code_;
};

struct Output {
  ExitCode exit_code;
  std::string out;
  std::string err;
};

// Runs a program to its end; throws if it does not end in a long time.
Output run_program(const std::vector<std::string>& argv);

}  // namespace ekiden::integration

#include "tests/integration/harness/child_process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "tests/integration/harness/temp_folder.hpp"

namespace ekiden::integration {
namespace {

// Files and signal state for the child: it must not inherit what the test has ignored or blocked.
class SpawnSetup {
 public:
  SpawnSetup(const std::filesystem::path& out, const std::filesystem::path& err) {
    posix_spawn_file_actions_init(&files_);
    posix_spawn_file_actions_addopen(&files_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    constexpr int kFlags = O_WRONLY | O_CREAT | O_APPEND;
    posix_spawn_file_actions_addopen(&files_, STDOUT_FILENO, out.c_str(), kFlags, 0644);
    posix_spawn_file_actions_addopen(&files_, STDERR_FILENO, err.c_str(), kFlags, 0644);
    posix_spawnattr_init(&attributes_);
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  }
  ~SpawnSetup() {
    posix_spawn_file_actions_destroy(&files_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnSetup(const SpawnSetup&) = delete;
  SpawnSetup& operator=(const SpawnSetup&) = delete;

  pid_t spawn(const std::vector<std::string>& argv) {
    std::vector<char*> pointers;
    for (const std::string& argument : argv)
      pointers.push_back(const_cast<char*>(argument.c_str()));
    pointers.push_back(nullptr);
    pid_t pid = -1;
    const int error =
        posix_spawn(&pid, argv[0].c_str(), &files_, &attributes_, pointers.data(), environ);
    if (error != 0) throw std::system_error(error, std::generic_category(), argv[0]);
    return pid;
  }

 private:
  posix_spawn_file_actions_t files_;
  posix_spawnattr_t attributes_;
};

}  // namespace

ChildProcess::ChildProcess(const std::vector<std::string>& argv, const std::filesystem::path& out,
                           const std::filesystem::path& err)
    : pid_(SpawnSetup(out, err).spawn(argv)) {}

ChildProcess::~ChildProcess() {
  if (poll()) return;
  signal(SIGKILL);
  wait();
}

void ChildProcess::signal(int number) const {
  if (!exit_code_) kill(pid_, number);
}

std::optional<ExitCode> ChildProcess::poll() {
  int status = 0;
  if (!exit_code_ && waitpid(pid_, &status, WNOHANG) == pid_) {
    exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  return exit_code_;
}

std::optional<ExitCode> ChildProcess::wait(std::chrono::milliseconds limit) {
  wait_until([this] { return poll().has_value(); }, limit);
  return exit_code_;
}

Output run_program(const std::vector<std::string>& argv) {
  const TempFolder folder;
  const std::filesystem::path out = folder.path() / "out", err = folder.path() / "err";
  ChildProcess child(argv, out, err);
  const std::optional<ExitCode> code = child.wait();
  if (!code) throw std::runtime_error(argv[0] + " did not end");
  return {*code, read_text(out), read_text(err)};
}

}  // namespace ekiden::integration

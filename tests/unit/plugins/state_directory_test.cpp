// The state directory and its lock.
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "daemon/app/state_directory.hpp"
#include "daemon/config/exit_codes.hpp"
#include "tests/unit/plugins/fixture.hpp"

namespace ekiden::daemon {
namespace {

namespace fs = std::filesystem;
using test::TempFolder;

// The exit code that a daemon would leave with, or 0.
int claim(const fs::path& path, std::string* text = nullptr) {
  const auto claimed = StateDirectory::claim(path);
  const auto* problem = std::get_if<StartProblem>(&claimed);
  if (problem == nullptr) return 0;
  if (text != nullptr) *text = problem->text;
  return problem->exit_code;
}

}  // namespace

TEST_CASE("A missing state directory is made, for nobody else") {
  const TempFolder folder;
  const fs::path path = folder.path() / "a" / "b" / "state";
  CHECK(claim(path) == 0);
  CHECK((fs::status(path).permissions() & fs::perms::all) == fs::perms::owner_all);
  CHECK((fs::status(path.parent_path()).permissions() & fs::perms::all) == fs::perms::owner_all);
}

TEST_CASE("Of two daemons the second one is told who holds the lock") {
  const TempFolder folder;
  const fs::path path = folder.path() / "state";
  {
    const auto first = StateDirectory::claim(path);
    REQUIRE(std::holds_alternative<StateDirectory>(first));
    std::string text;
    CHECK(claim(path, &text) == kExitCannotCreate);
    CHECK(text.find("process " + std::to_string(::getpid())) != std::string::npos);
  }
  CHECK(claim(path) == 0);
}

TEST_CASE("The lock of a daemon that was killed holds nobody up") {
  const TempFolder folder;
  const fs::path path = folder.path() / "state";
  const pid_t child = ::fork();
  if (child == 0) {
    const auto held = StateDirectory::claim(path);
    ::_exit(std::holds_alternative<StateDirectory>(held) ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(fs::exists(path / "lock"));
  CHECK(claim(path) == 0);
}

TEST_CASE("A state directory that others could change is refused") {
  const TempFolder folder;
  const fs::path path = folder.path() / "state";
  std::string text;

  fs::create_directory(path);
  ::chmod(path.c_str(), 0770);
  CHECK(claim(path, &text) == kExitPermission);
  CHECK(text.find("chmod go-w") != std::string::npos);
  ::chmod(path.c_str(), 0700);

  ::chmod(folder.path().c_str(), 0777);
  CHECK(claim(path) == kExitPermission);
  ::chmod(folder.path().c_str(), 01777);
  CHECK(claim(path) == 0);

  fs::remove_all(path);
  test::write_bytes(path, "a file");
  CHECK(claim(path) == kExitCannotCreate);
  if (::geteuid() == 0) {
    fs::remove_all(path);
    fs::create_directory(path);
    REQUIRE(::chown(path.c_str(), 65534, 65534) == 0);
    CHECK(claim(path, &text) == kExitPermission);
    CHECK(text.find("belongs to user 65534") != std::string::npos);
  }
}

TEST_CASE("Where the daemon's user may not write, the code says so") {
  if (::geteuid() != 0) return;
  const TempFolder folder;
  ::chmod(folder.path().c_str(), 0755);
  CHECK(
      test::true_as_user(65534, [&] { return claim(folder.path() / "state") == kExitPermission; }));
}

}  // namespace ekiden::daemon

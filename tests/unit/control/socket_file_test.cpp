#include "daemon/control/socket_file.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <optional>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "daemon/config/exit_codes.hpp"
#include "daemon/control/control_server.hpp"
#include "daemon/control/method_table.hpp"
#include "tests/unit/control/support/raw_client.hpp"
#include "tests/unit/control/support/temp_folder.hpp"

using namespace ekiden::daemon;
using namespace ekiden::daemon::control;
using namespace ekiden::daemon::control::test;

namespace {

namespace fs = std::filesystem;

mode_t mode_of(const fs::path& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0 ? info.st_mode & 07777 : 0;
}

// Binds without listening any more: what a daemon leaves that was killed.
void leave_stale_socket(const fs::path& path, int type = SOCK_STREAM) {
  const int fd = ::socket(AF_UNIX, type, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  ::close(fd);
}

std::optional<SocketProblem> problem_of(const fs::path& path) {
  auto claimed = SocketFile::claim(path, 0660);
  if (auto* problem = std::get_if<SocketProblem>(&claimed)) return *problem;
  return std::nullopt;
}

void check_problem(const fs::path& path, int exit_code, const std::string& part) {
  const auto problem = problem_of(path);
  REQUIRE(problem);
  CAPTURE(problem->text);
  CHECK(problem->exit_code == exit_code);
  CHECK(problem->text.find(part) != std::string::npos);
}

struct Umask {
  explicit Umask(mode_t mask) : before(::umask(mask)) {}
  ~Umask() { ::umask(before); }
  const mode_t before;
};

}  // namespace

TEST_CASE("the socket has the mode that was asked for, whatever the umask") {
  for (const mode_t mask : {mode_t{0}, mode_t{022}, mode_t{077}}) {
    for (const mode_t mode : {mode_t{0600}, mode_t{0660}, mode_t{0666}}) {
      const Umask scope(mask);
      TempFolder folder;
      auto claimed = SocketFile::claim(folder / "socket", mode);
      REQUIRE(std::holds_alternative<SocketFile>(claimed));
      CHECK(mode_of(folder / "socket") == mode);
    }
  }
}

TEST_CASE("the folder is made where it is missing, closed to others") {
  const Umask scope(0);
  TempFolder folder;
  auto claimed = SocketFile::claim(folder / "a/b/socket", 0660);
  REQUIRE(std::holds_alternative<SocketFile>(claimed));
  CHECK(mode_of(folder / "a") == 0750);
  CHECK(mode_of(folder / "a/b") == 0750);
}

TEST_CASE("the file goes when its owner goes") {
  TempFolder folder;
  { const auto claimed = SocketFile::claim(folder / "socket", 0660); }
  CHECK(fs::is_empty(folder.path()));
}

TEST_CASE("a file that has taken the place of ours is left alone") {
  TempFolder folder;
  auto claimed = SocketFile::claim(folder / "socket", 0660);
  fs::remove(folder / "socket");
  std::ofstream(folder / "socket") << "mine";
  std::get<SocketFile>(claimed).release();
  CHECK(fs::is_regular_file(folder / "socket"));
}

TEST_CASE("a stale socket is taken over") {
  TempFolder folder;
  leave_stale_socket(folder / "socket");
  CHECK_FALSE(problem_of(folder / "socket"));
}

TEST_CASE("a socket that somebody listens on is not") {
  TempFolder folder;
  ControlServer first(folder / "socket", 0660, std::make_shared<MethodTable>());
  REQUIRE_FALSE(first.start());
  ControlServer second(folder / "socket", 0660, std::make_shared<MethodTable>());
  const auto problem = second.start();
  REQUIRE(problem);
  CHECK(problem->exit_code == kExitCannotCreate);
  CHECK(problem->text.find("another daemon answers") != std::string::npos);
  second.stop();
  CHECK(RawClient(folder / "socket").connected());
}

TEST_CASE("what is in the way is named and left alone") {
  TempFolder folder;
  SECTION("a regular file") {
    std::ofstream(folder / "socket") << "data";
    check_problem(folder / "socket", kExitCannotCreate, "is not a socket");
    CHECK(fs::file_size(folder / "socket") == 4);
  }
  SECTION("a link, also to a stale socket") {
    leave_stale_socket(folder / "real");
    fs::create_symlink(folder / "real", folder / "socket");
    check_problem(folder / "socket", kExitCannotCreate, "is not a socket");
    CHECK(fs::is_symlink(folder / "socket"));
  }
  SECTION("a folder") {
    fs::create_directory(folder / "socket");
    check_problem(folder / "socket", kExitCannotCreate, "is not a socket");
  }
  SECTION("a file where the folder should be") {
    std::ofstream(folder / "file") << "data";
    check_problem(folder / "file/socket", kExitCannotCreate, "folder");
  }
  SECTION("a path that the system does not take") {
    check_problem(folder / std::string(200, 'x'), kExitCannotCreate, "longer than 107 bytes");
  }
  SECTION("a path that names a folder") {
    check_problem(folder.path() / "", kExitCannotCreate, "names a folder");
  }
  SECTION("a folder that everybody may write to") {
    fs::permissions(folder.path(), fs::perms::all);
    check_problem(folder / "socket", kExitPermission, "everybody may write");
  }
  SECTION("a lock on the folder") {
    const int holder = ::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    REQUIRE(::flock(holder, LOCK_EX | LOCK_NB) == 0);
    check_problem(folder / "socket", kExitCannotCreate, "locked");
    ::close(holder);
  }
}

TEST_CASE("a folder of somebody else is refused") {
  if (::geteuid() != 0) return;  // only root can make one
  TempFolder folder;
  REQUIRE(::chown(folder.path().c_str(), 12345, 12345) == 0);
  check_problem(folder / "socket", kExitPermission, "belongs to user 12345");
}

TEST_CASE("without the right to write to the folder, the answer is a permission") {
  if (::geteuid() == 0) return;  // root may
  TempFolder folder;
  fs::permissions(folder.path(), fs::perms::owner_read | fs::perms::owner_exec);
  check_problem(folder / "socket", kExitPermission, "cannot create the control socket");
  fs::permissions(folder.path(), fs::perms::owner_all);
}

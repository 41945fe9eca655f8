// Which files may become plugins, judged by name, kind, owner and permissions.
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "daemon/plugins/file_check.hpp"
#include "tests/unit/plugins/fixture.hpp"

namespace ekiden::daemon {
namespace {

namespace fs = std::filesystem;
using test::TempFolder;
using test::write_bytes;

constexpr uid_t kNobody = 65534;

struct Case {
  const char* what;
  std::function<void(const fs::path& folder)> make;  // makes <folder>/x.so
  Outcome outcome;
  const char* says;
};

void set_mode(const fs::path& path, mode_t mode) { ::chmod(path.c_str(), mode); }

const std::vector<Case>& bad_files() {
  static const std::vector<Case> table = {
      {"missing", [](const fs::path&) {}, Outcome::kNotFound, "there is no file"},
      {"empty", [](const fs::path& f) { write_bytes(f / "x.so", ""); }, Outcome::kFailed,
       "is empty"},
      {"a folder", [](const fs::path& f) { fs::create_directory(f / "x.so"); }, Outcome::kFailed,
       "not a regular file"},
      {"a link",
       [](const fs::path& f) {
         write_bytes(f / "real", "x");
         fs::create_symlink(f / "real", f / "x.so");
       },
       Outcome::kFailed, "symbolic link"},
      {"a link to nothing", [](const fs::path& f) { fs::create_symlink("none", f / "x.so"); },
       Outcome::kFailed, "symbolic link"},
      {"a pipe", [](const fs::path& f) { ::mkfifo((f / "x.so").c_str(), 0600); }, Outcome::kFailed,
       "not a regular file"},
      {"writable by all", [](const fs::path& f) { write_bytes(f / "x.so", "x", 0666); },
       Outcome::kDenied, "chmod go-w"},
      {"writable by the group", [](const fs::path& f) { write_bytes(f / "x.so", "x", 0664); },
       Outcome::kDenied, "0664"},
      {"in a folder that all may write to",
       [](const fs::path& f) {
         write_bytes(f / "x.so", "x");
         set_mode(f, 0777);
       },
       Outcome::kDenied, "the plugin folder"},
      {"in a folder that the group may write to",
       [](const fs::path& f) {
         write_bytes(f / "x.so", "x");
         set_mode(f, 0775);
       },
       Outcome::kDenied, "0775"},
      {"too large",
       [](const fs::path& f) {
         write_bytes(f / "x.so", "x");
         fs::resize_file(f / "x.so", 1ull << 40);
       },
       Outcome::kFailed, "at most"},
  };
  return table;
}

}  // namespace

TEST_CASE("A regular file of the right owner and mode is opened") {
  const TempFolder folder;
  write_bytes(folder.path() / "x.so", "bytes", 0644);
  const auto file = open_checked(folder.path(), "x");
  REQUIRE(file);
  CHECK(file->status.st_size == 5);
  CHECK(file->path == folder.path() / "x.so");
}

TEST_CASE("Unfit files are refused with a sentence") {
  for (const Case& row : bad_files()) {
    const TempFolder folder;
    row.make(folder.path());
    INFO(row.what);
    const auto file = open_checked(folder.path(), "x");
    REQUIRE_FALSE(file);
    INFO(file.refusal().text);
    CHECK(file.refusal().outcome == row.outcome);
    CHECK(file.refusal().text.find(row.says) != std::string::npos);
  }
}

TEST_CASE("A name that is no plugin's never reaches the file system") {
  const TempFolder folder;
  for (const std::string& name :
       {std::string(), std::string("../x"), std::string("/etc/passwd"), std::string("X"),
        std::string("1x"), std::string("_x"), std::string("x.so"), std::string("x y"),
        std::string("x\0y", 3), std::string("\xc3\xa4"), std::string(64, 'x')}) {
    INFO(name);
    const auto file = open_checked(folder.path(), name);
    REQUIRE_FALSE(file);
    CHECK(file.refusal().outcome == Outcome::kFailed);
    CHECK(file.refusal().text.find("is not a plugin's name") != std::string::npos);
  }
  CHECK(open_checked(folder.path(), std::string(63, 'x')).refusal().outcome == Outcome::kNotFound);
}

TEST_CASE("A folder that is not there is not found") {
  const TempFolder folder;
  const auto file = open_checked(folder.path() / "none", "x");
  REQUIRE_FALSE(file);
  CHECK(file.refusal().outcome == Outcome::kNotFound);
}

TEST_CASE("A file or folder of another user is refused") {
  if (::geteuid() != 0) return;
  const TempFolder folder;
  write_bytes(folder.path() / "x.so", "x");
  REQUIRE(::chown((folder.path() / "x.so").c_str(), kNobody, kNobody) == 0);
  auto file = open_checked(folder.path(), "x");
  REQUIRE_FALSE(file);
  CHECK(file.refusal().outcome == Outcome::kDenied);
  CHECK(file.refusal().text.find("belongs to user 65534") != std::string::npos);

  REQUIRE(::chown((folder.path() / "x.so").c_str(), 0, 0) == 0);
  REQUIRE(::chown(folder.path().c_str(), kNobody, kNobody) == 0);
  file = open_checked(folder.path(), "x");
  REQUIRE_FALSE(file);
  CHECK(file.refusal().outcome == Outcome::kDenied);
}

TEST_CASE("An unprivileged daemon takes root's files and its own, and reads no others") {
  if (::geteuid() != 0) return;
  const TempFolder folder;
  set_mode(folder.path(), 0755);
  const auto as_nobody = [&](const char* name, bool taken, Outcome outcome) {
    return test::true_as_user(kNobody, [&] {
      const auto file = open_checked(folder.path(), name);
      return taken ? static_cast<bool>(file) : !file && file.refusal().outcome == outcome;
    });
  };
  write_bytes(folder.path() / "roots.so", "x", 0644);
  write_bytes(folder.path() / "secret.so", "x", 0600);
  write_bytes(folder.path() / "own.so", "x", 0600);
  REQUIRE(::chown((folder.path() / "own.so").c_str(), kNobody, kNobody) == 0);
  write_bytes(folder.path() / "third.so", "x", 0644);
  REQUIRE(::chown((folder.path() / "third.so").c_str(), 12345, 12345) == 0);
  CHECK(as_nobody("roots", true, Outcome::kOk));
  CHECK(as_nobody("own", true, Outcome::kOk));
  CHECK(as_nobody("secret", false, Outcome::kDenied));
  CHECK(as_nobody("third", false, Outcome::kDenied));
  set_mode(folder.path(), 0700);
  CHECK(as_nobody("roots", false, Outcome::kDenied));
}

}  // namespace ekiden::daemon

// Configuration files: where they may be and what they may be.
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <sstream>
#include <string>

#include "daemon/config/check_config.hpp"
#include "daemon/config/exit_codes.hpp"
#include "daemon/config/limits.hpp"
#include "daemon/config/parse.hpp"
#include "tests/unit/config/fixture.hpp"

namespace fs = std::filesystem;
using namespace ekiden::daemon;
using test::problems_of;
using test::settings_of;
using test::TemporaryFolder;

namespace {

constexpr std::string_view kGood = R"({"plugins": {"directory": "../plugins"}})";

std::string problem_of(const fs::path& file) {
  const std::vector<std::string> problems = problems_of(load_settings(file, test::kUser));
  return problems.size() == 1 ? problems.front() : std::to_string(problems.size()) + " problems";
}

// Not root while it lives: root may read everything.
class Unprivileged {
 public:
  Unprivileged() : was_root_(geteuid() == 0) {
    if (was_root_ && seteuid(kNobody) != 0) throw std::runtime_error("seteuid failed");
  }
  ~Unprivileged() {
    if (was_root_ && seteuid(0) != 0) std::abort();
  }
  Unprivileged(const Unprivileged&) = delete;
  Unprivileged& operator=(const Unprivileged&) = delete;

 private:
  static constexpr uid_t kNobody = 65534;
  const bool was_root_;
};

}  // namespace

TEST_CASE("relative paths start at the file's own folder") {
  const TemporaryFolder folder;
  const fs::path file = folder.write("etc/ekiden.json", kGood);
  CHECK(settings_of(load_settings(file, test::kUser)).plugins.directory ==
        folder.path() / "plugins");
}

TEST_CASE("the file's folder may be reached through a link") {
  const TemporaryFolder folder;
  folder.write("real/etc/ekiden.json", kGood);
  fs::create_directory_symlink(folder.path() / "real/etc", folder.path() / "link");
  CHECK(settings_of(load_settings(folder.path() / "link/ekiden.json", test::kUser))
            .plugins.directory == folder.path() / "real/plugins");
}

TEST_CASE("a file without a folder in its name is in the working folder") {
  const TemporaryFolder folder;
  folder.write("ekiden.json", kGood);
  const fs::path before = fs::current_path();
  fs::current_path(folder.path());
  const ParsedSettings parsed = load_settings("ekiden.json", test::kUser);
  fs::current_path(before);
  CHECK(settings_of(parsed).plugins.directory == folder.path().parent_path() / "plugins");
}

TEST_CASE("what is not a readable file of text is refused") {
  const TemporaryFolder folder;
  const fs::path file = folder.write("ekiden.json", kGood);

  CHECK(problem_of(folder.path() / "missing.json") == "there is no such file; check the path");
  CHECK(problem_of(file / "below") == "cannot be opened: Not a directory");
  CHECK(problem_of(folder.path()) == "is a directory; give the configuration file itself");
  CHECK(problem_of("/dev/zero") == "is not a regular file; give one");

  const fs::path fifo = folder.path() / "fifo";
  REQUIRE(mkfifo(fifo.c_str(), 0644) == 0);
  CHECK(problem_of(fifo) == "is not a regular file; give one");

  const fs::path loop = folder.path() / "loop";
  fs::create_symlink(loop, loop);
  CHECK_THAT(problem_of(loop), Catch::StartsWith("cannot be opened: "));
}

TEST_CASE("a file that may not be read is refused") {
  const TemporaryFolder folder;
  const fs::path file = folder.write("ekiden.json", kGood);
  fs::permissions(file, fs::perms::none);
  std::string problem;
  {
    const Unprivileged nobody;
    problem = problem_of(file);
  }
  CHECK(problem == "not allowed to read it; check the permissions of the file and its folders");
}

TEST_CASE("the size of a file is limited") {
  const TemporaryFolder folder;
  std::string text(kGood);
  text.resize(limits::kFileMaxBytes, ' ');
  CHECK(problems_of(load_settings(folder.write("largest", text), test::kUser)).empty());
  CHECK(problem_of(folder.write("too_large", text + " ")) ==
        "is larger than 1048576 bytes, the most that is read");
}

TEST_CASE("checking a good configuration says so") {
  const TemporaryFolder folder;
  std::ostringstream out;
  std::ostringstream err;
  CHECK(check_config(folder.write("ekiden.json", kGood), out, err) == kExitOk);
  CHECK(out.str() == "configuration ok\n");
  CHECK(err.str().empty());
}

TEST_CASE("checking a bad configuration prints a line for each problem") {
  const TemporaryFolder folder;
  const fs::path file = folder.write("ekiden.json", R"({"log": {"level": 1}, "lgo": {}})");
  std::ostringstream out;
  std::ostringstream err;
  CHECK(check_config(file, out, err) == kExitConfig);
  CHECK(out.str().empty());
  const std::string name = file.native();
  CHECK_THAT(err.str(), Catch::StartsWith(name + ": /plugins: this key is missing"));
  CHECK_THAT(err.str(), Catch::Contains("\n" + name + ": /log/level: found 1;"));
  CHECK_THAT(err.str(), Catch::Contains("\n" + name + ": /lgo: unknown key;"));
}

TEST_CASE("checking a file that is not there prints its name") {
  std::ostringstream out;
  std::ostringstream err;
  CHECK(check_config("/no/such/\nfile", out, err) == kExitConfig);
  CHECK(err.str() == "/no/such/\\nfile: there is no such file; check the path\n");
}

TEST_CASE("the sample configuration holds the defaults") {
  const fs::path file = fs::path(EKIDEN_SOURCE_DIR) / "config/ekiden.json";
  const Settings settings = settings_of(load_settings(file, test::kUser));
  CHECK(settings.runtime == RuntimeSettings{});
  CHECK(settings.shutdown == ShutdownSettings{});
  CHECK(settings.log == LogSettings{});
  CHECK(settings.control == ControlSettings{default_socket_path(test::kUser)});
  CHECK(settings.state_directory == default_state_directory(test::kUser));
  CHECK(settings.plugins.directory == fs::canonical(EKIDEN_SOURCE_DIR) / "build/plugins");
  CHECK(settings.plugins.of("echo").config == R"({"listen":"127.0.0.1:7007"})");
  CHECK(settings.plugins.of("hello_c") == PluginSetting{});
}

// Files and plugins that must not be taken: each is refused with a sentence, in the answer and in
// the log, and the daemon goes on as if nothing had been.
#include <elf.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <functional>
#include <nlohmann/json.hpp>

#include "tests/integration/harness/daemon_process.hpp"

namespace ekiden::integration {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr std::string_view kMagic = "EKDPLUG1";

void set_mode(const fs::path& path, mode_t mode) { REQUIRE(chmod(path.c_str(), mode) == 0); }

// hello_c's file with bytes changed, as <folder>/<name>.so.
void add_patched(const DaemonFolder& folder, const std::string& name,
                 const std::function<void(std::string& bytes)>& patch) {
  std::string bytes = read_text(built_plugin("hello_c"));
  patch(bytes);
  const fs::path file = folder.plugins() / (name + ".so");
  write_text(file, bytes);
  set_mode(file, 0755);
}

// Where hello_c's descriptor lies in its file.
std::size_t descriptor_at(const std::string& bytes) {
  const std::size_t at = bytes.find(kMagic);
  REQUIRE(at != std::string::npos);
  return at;
}

template <class T>
void put(std::string& bytes, std::size_t at, T value) {
  std::memcpy(bytes.data() + at, &value, sizeof(value));
}

struct BadFile {
  const char* what;
  const char* name;  // as which it is loaded
  std::function<void(const DaemonFolder&)> make;
  int exit_code;     // of ekidenctl
  const char* says;  // part of the sentence
};

const std::vector<BadFile>& bad_files() {
  static const std::vector<BadFile> table = {
      {"a text", "text",
       [](const DaemonFolder& folder) {
         write_text(folder.plugins() / "text.so", "#!/bin/sh\nexit 0\n");
         set_mode(folder.plugins() / "text.so", 0755);
       },
       1, "ELF"},
      {"an empty file", "empty",
       [](const DaemonFolder& folder) {
         write_text(folder.plugins() / "empty.so", "");
         set_mode(folder.plugins() / "empty.so", 0755);
       },
       1, "empty"},
      {"a file that ends in its headers", "cut",
       [](const DaemonFolder& folder) {
         add_patched(folder, "cut", [](std::string& bytes) { bytes.resize(40); });
       },
       1, ""},
      {"a file that ends in the middle", "half",
       [](const DaemonFolder& folder) {
         add_patched(folder, "half", [](std::string& bytes) { bytes.resize(bytes.size() / 2); });
       },
       1, ""},
      {"another machine", "machine",
       [](const DaemonFolder& folder) {
         add_patched(folder, "machine", [](std::string& bytes) {
           put<std::uint16_t>(bytes, offsetof(Elf64_Ehdr, e_machine), EM_S390);
         });
       },
       1, "machine"},
      {"no descriptor", "plain_library",
       [](const DaemonFolder& folder) {
         folder.add_plugin(built_plugin("plain_library"), "plain_library");
       },
       1, "ekd_plugin"},
      {"a wrong magic number", "magic",
       [](const DaemonFolder& folder) {
         add_patched(folder, "magic", [](std::string& bytes) { bytes[descriptor_at(bytes)]++; });
       },
       1, ""},
      {"an ABI major that nobody knows", "major",
       [](const DaemonFolder& folder) {
         add_patched(folder, "major", [](std::string& bytes) {
           put<std::uint16_t>(bytes, descriptor_at(bytes) + 12, 99);
         });
       },
       1, "99"},
      {"a host newer than this one", "newer",
       [](const DaemonFolder& folder) {
         add_patched(folder, "newer", [](std::string& bytes) {
           put<std::uint16_t>(bytes, descriptor_at(bytes) + 16, 77);
         });
       },
       1, "77"},
      {"a struct_size that is too small", "small",
       [](const DaemonFolder& folder) {
         add_patched(folder, "small", [](std::string& bytes) {
           put<std::uint32_t>(bytes, descriptor_at(bytes) + 8, 16);
         });
       },
       1, "16"},
      {"a struct_size beyond the file", "huge",
       [](const DaemonFolder& folder) {
         add_patched(folder, "huge", [](std::string& bytes) {
           put<std::uint32_t>(bytes, descriptor_at(bytes) + 8, 0x7fffffff);
         });
       },
       1, "struct_size"},
      {"a file that everybody may write", "open_file",
       [](const DaemonFolder& folder) {
         folder.add_plugin(built_plugin("hello_c"), "open_file");
         set_mode(folder.plugins() / "open_file.so", 0777);
       },
       4, "writ"},
      {"a link", "link",
       [](const DaemonFolder& folder) {
         fs::create_symlink(built_plugin("hello_c"), folder.plugins() / "link.so");
       },
       1, "link"},
      {"a folder", "folder",
       [](const DaemonFolder& folder) { fs::create_directory(folder.plugins() / "folder.so"); }, 1,
       "regular"},
      {"a name that is not the file's", "other",
       [](const DaemonFolder& folder) { folder.add_plugin(built_plugin("hello_c"), "other"); }, 1,
       "hello_c"},
      {"an unresolved symbol", "unresolved",
       [](const DaemonFolder& folder) {
         folder.add_plugin(built_plugin("unresolved"), "unresolved");
       },
       1, "nobody_defines_this"},
      {"a service that the host lacks", "needy",
       [](const DaemonFolder& folder) { folder.add_plugin(built_plugin("needy"), "needy"); }, 1,
       "ekd.teleport/1"},
      {"a path", "../plugins/hello_c", [](const DaemonFolder&) {}, 2, ""},
      {"nothing", "nothing", [](const DaemonFolder&) {}, 5, "nothing"},
  };
  return table;
}

// What a refusal must be: the right code, a sentence that says what is wrong, the same in the log,
// and a daemon that works.
void check_refused(DaemonProcess& daemon, const std::string& name, int exit_code,
                   const std::string& says) {
  const Output output = daemon.ctl({"plugin", "load", name});
  INFO(output.err);
  CHECK((output.exit_code == exit_code || (exit_code == 2 && output.exit_code == 1)));
  CHECK(output.err.find(says) != std::string::npos);
  CHECK(output.err.size() > 20);
  CHECK(daemon.control().call_plugin("hello_c", "greet", {{"name", "Ada"}}).is_object());
}

}  // namespace

TEST_CASE("A file that is no fit plugin is refused by name, with a sentence") {
  DaemonProcess daemon({"hello_c"});
  for (const BadFile& file : bad_files()) {
    INFO(file.what);
    file.make(daemon.folder());
    check_refused(daemon, file.name, file.exit_code, file.says);
  }
  CHECK(daemon.control().call("status").at("plugins") == 1);
}

TEST_CASE("Unfit files in the folder do not keep a daemon from starting") {
  DaemonFolder folder({"hello_c"}, json::object());
  for (const BadFile& file : bad_files())
    file.make(folder);
  ChildProcess daemon({ekidend_path(), "--config", folder.config().string()}, folder.path() / "out",
                      folder.log());
  REQUIRE(wait_until([&] {
    return !daemon.running() || read_text(folder.log()).find(" ready") != std::string::npos;
  }));
  const std::string log = read_text(folder.log());
  INFO(log);
  for (const BadFile& file : bad_files()) {
    if (std::strcmp(file.name, "nothing") == 0 || file.exit_code == 2) continue;
    INFO(file.what);
    CHECK(log.find(file.name) != std::string::npos);
    CHECK(log.find(file.says) != std::string::npos);
  }
  ControlClient control(folder.socket());
  CHECK(control.call_plugin("hello_c", "greet", {{"name", "Ada"}}).is_object());
  daemon.signal(SIGTERM);
  CHECK(daemon.wait() == std::optional<ExitCode>(0));
}

TEST_CASE("A plugin folder that everybody may write is refused") {
  DaemonProcess daemon({"hello_c"});
  daemon.folder().add_plugin(built_plugin("statics"), "statics");
  set_mode(daemon.folder().plugins(), 0777);
  check_refused(daemon, "statics", 4, "writ");
  set_mode(daemon.folder().plugins(), 0755);
  CHECK(daemon.ctl({"plugin", "load", "statics"}).exit_code == 0);
}

TEST_CASE("A plugin that fails on its way in is rolled back, and the daemon says why") {
  struct Row {
    json config;
    std::string says;
  };
  const std::vector<Row> table = {
      {{{"init", "error"}}, "the moon is in the wrong phase"},
      {{{"init", "throw"}}, "thrown out of init"},
      {{{"init", "odd_throw"}}, "threw"},
      {{{"start", "error"}}, "the engine does not turn over"},
  };
  for (const Row& row : table) {
    DaemonProcess daemon({"hello_c", "mischief"},
                         {{"plugins", {{"settings", {{"mischief", {{"config", row.config}}}}}}}});
    INFO(row.config.dump());
    CHECK(daemon.log_has(row.says));
    const json info = daemon.control().call("plugin.info", {{"name", "mischief"}});
    CHECK(info.at("state") == "failed");
    CHECK(info.at("tasks") == 0);
    CHECK(info.at("error").get<std::string>().find(row.says) != std::string::npos);
    check_refused(daemon, "mischief", 1, row.says);
  }
}

}  // namespace ekiden::integration

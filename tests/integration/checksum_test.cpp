// checksum over real trees, and the progress of its commands through the control plane.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>
#include <thread>

#include "tests/integration/harness/daemon_process.hpp"
#include "tests/integration/harness/scale.hpp"
#include "tests/integration/harness/temp_folder.hpp"
#include "tests/integration/harness/wait_until.hpp"

namespace ekiden::integration {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

// So large that nobody reads it to its end, and takes no room.
constexpr off_t kEndless = off_t{1} << 40;

json settings(const fs::path& root, const json& more = json::object()) {
  json config = {{"root", root.string()}};
  config.update(more);
  return {{"plugins", {{"settings", {{"checksum", {{"config", config}}}}}}}};
}

void write_file(const fs::path& file, std::size_t bytes) {
  static std::mt19937 random(11);
  fs::create_directories(file.parent_path());
  std::string text(bytes, '\0');
  for (char& c : text)
    c = static_cast<char>(random());
  write_text(file, text);
}

void write_endless(const fs::path& file) {
  write_text(file, "");
  REQUIRE(truncate(file.c_str(), kEndless) == 0);
}

json sum(DaemonProcess& daemon, const std::string& path) {
  return daemon.control().call_plugin("checksum", "sum", {{"path", path}});
}

json status(DaemonProcess& daemon) { return daemon.control().call_plugin("checksum", "status"); }

std::map<std::string, std::string> digests(const json& answer) {
  std::map<std::string, std::string> found;
  for (const json& file : answer.at("files"))
    found[file.at("path").get<std::string>()] = file.at("sha256").get<std::string>();
  return found;
}

// What sha256sum says of the regular files below a folder.
std::map<std::string, std::string> reference(const fs::path& folder) {
  const Output output = run_program(
      {"/bin/sh", "-c", "cd \"$0\" && find . -type f -exec sha256sum {} +", folder.string()});
  REQUIRE(output.exit_code == 0);
  std::map<std::string, std::string> found;
  std::istringstream lines(output.out);
  for (std::string line; std::getline(lines, line);)
    found[line.substr(68)] = line.substr(0, 64);  // behind "<digest>  ./"
  return found;
}

// The error's kind, or "none".
std::string refusal(DaemonProcess& daemon, const json& params) {
  try {
    daemon.control().call_plugin("checksum", "sum", params);
  } catch (const ControlError& error) {
    CHECK(std::string(error.what()).size() > 20);
    return error.kind;
  }
  return "none";
}

bool is_idle(DaemonProcess& daemon) {
  const json now = status(daemon);
  return now.at("sums") == 0 && now.at("hashing") == 0;
}

}  // namespace

TEST_CASE("A tree's sums are those of sha256sum, by as many readers as allowed") {
  const TempFolder root;
  for (int i = 0; i < 40; i++) {
    const std::string name = "tree/" + std::to_string(i % 5) + "/file " + std::to_string(i) + " é";
    write_file(root.path() / name, static_cast<std::size_t>(i) * 7919);
  }
  write_file(root.path() / "tree/one-chunk", 131072);
  write_file(root.path() / "beside/not asked for", 10);
  fs::create_directories(root.path() / "tree/empty");
  const int concurrency = GENERATE(1, 3);
  DaemonProcess daemon({"checksum"}, settings(root.path(), {{"concurrency", concurrency}}));
  const json answer = sum(daemon, "tree");
  CHECK(digests(answer) == reference(root.path() / "tree"));
  CHECK(answer.at("errors").empty());
  CHECK(answer.at("skipped").empty());
  for (const json& file : answer.at("files")) {
    CHECK(file.at("size") ==
          fs::file_size(root.path() / "tree" / file.at("path").get<std::string>()));
  }
  CHECK(digests(sum(daemon, "./tree//empty/")).empty());
  CHECK(digests(sum(daemon, "")).size() == 42);

  // Several at a time share the same readers.
  std::vector<std::unique_ptr<ControlClient>> clients;
  for (int i = 0; i < 6; i++) {
    clients.push_back(daemon.connect());
    clients.back()->send(
        "plugin.call", {{"plugin", "checksum"}, {"method", "sum"}, {"params", {{"path", "tree"}}}});
  }
  for (const auto& client : clients)
    CHECK(digests(client->next_answer().at("result")) == digests(answer));
  CHECK(status(daemon).at("hashing_peak") <= concurrency);
  CHECK(status(daemon).at("hashing_peak") > 0);
  CHECK(wait_until([&] { return is_idle(daemon); }));
}

TEST_CASE("What is outside the root, or no regular file, is never read") {
  const TempFolder outside;
  write_file(outside.path() / "secret", 10);
  const TempFolder root;
  write_file(root.path() / "in/file", 10);
  fs::create_symlink(outside.path(), root.path() / "in/link");
  fs::create_symlink("file", root.path() / "in/near");
  fs::create_symlink("in", root.path() / "again");
  REQUIRE(mkfifo((root.path() / "in/fifo").c_str(), 0600) == 0);
  DaemonProcess daemon({"checksum"}, settings(root.path()));
  for (const std::string path :
       {"..", "../", "in/..", "in/../..", "in/../in", "/", "/etc", "//", "in/link", "in/link/",
        "in/link/.", "again", "in/file", "in/fifo", "in/link/secret"}) {
    INFO(path);
    CHECK(refusal(daemon, {{"path", path}}) == "failed");
  }
  CHECK(refusal(daemon, {{"path", outside.path().string()}}) == "failed");
  CHECK(refusal(daemon, {{"path", "nowhere"}}) == "not_found");
  CHECK(refusal(daemon, {{"path", std::string(251, 'x')}}) == "failed");
  CHECK(refusal(daemon, {{"path", 1}}) == "failed");
  CHECK(refusal(daemon, {{"way", "in"}}) == "failed");

  const json answer = sum(daemon, "in");
  CHECK(digests(answer).size() == 1);
  CHECK(answer.at("skipped") == json::parse(R"([{"path":"fifo","kind":"a fifo"},
      {"path":"link","kind":"a symbolic link"},{"path":"near","kind":"a symbolic link"}])"));
}

TEST_CASE("A file that cannot be read is named, and the others are summed") {
  const TempFolder root;
  write_file(root.path() / "good", 10);
  write_file(root.path() / "locked", 10);
  write_file(root.path() / std::string("odd\xff\"\n"), 10);
  REQUIRE(chmod((root.path() / "locked").c_str(), 0) == 0);
  // Changes while it is read: it is touched until the answer is there.
  write_text(root.path() / "changing", "");
  REQUIRE(truncate((root.path() / "changing").c_str(), off_t{64} << 20) == 0);
  DaemonProcess daemon({"checksum"}, settings(root.path(), {{"chunk", 4096}}));
  std::atomic<bool> over{false}, touched{false};
  std::thread toucher([&] {
    const int fd = open((root.path() / "changing").c_str(), O_WRONLY | O_CLOEXEC);
    while (!over.load()) {
      static_cast<void>(!pwrite(fd, "x", 1, 0));
      touched.store(true);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    close(fd);
  });
  while (!touched.load())
    std::this_thread::yield();
  auto client = daemon.connect();
  client->send("plugin.call", {{"plugin", "checksum"}, {"method", "sum"}, {"progress", true}});
  json line;
  do {
    line = client->next_answer();
  } while (line.contains("params"));
  over = true;
  toucher.join();
  const json answer = line.at("result");
  std::map<std::string, std::string> errors;
  for (const json& row : answer.at("errors"))
    errors[row.at("path")] = row.at("error");
  CHECK(errors["changing"] == "it changed while it was read");
  if (geteuid() != 0) CHECK(errors["locked"] == "Permission denied");
  CHECK(digests(answer).count("good") == 1);
  CHECK(digests(answer).count("odd\\xff\"\n") == 1);
}

TEST_CASE("A sum whose client has gone stops, however that went") {
  const TempFolder root;
  write_endless(root.path() / "endless");
  DaemonProcess daemon({"checksum"}, settings(root.path()));
  const json call = {{"plugin", "checksum"}, {"method", "sum"}};
  const auto is_reading = [&] { return status(daemon).at("hashing") == 1; };
  SECTION("its connection was closed") {
    auto client = daemon.connect();
    client->send("plugin.call", call);
    REQUIRE(wait_until(is_reading));
    client.reset();
    CHECK(wait_until([&] { return is_idle(daemon); }));
  }
  SECTION("ekidenctl was interrupted, and had shown progress") {
    const fs::path err = daemon.folder().path() / "err";
    ChildProcess ctl({ekidenctl_path(), "--socket", daemon.folder().socket().string(), "call",
                      "checksum", "sum", "--progress"},
                     daemon.folder().path() / "ctl-out", err);
    REQUIRE(wait_until([&] { return read_text(err).find('\n') != std::string::npos; }));
    const std::string shown = read_text(err);
    const json event = json::parse(shown.substr(0, shown.find('\n')));
    CHECK(event.at("phase") == "hashing");
    CHECK(event.at("files") == 1);
    ctl.signal(SIGINT);
    CHECK(ctl.wait() == std::optional<ExitCode>(128 + SIGINT));
    CHECK(wait_until([&] { return is_idle(daemon); }));
  }
  SECTION("its time was up") {
    json short_call = call;
    short_call["timeout_ms"] = 300;
    try {
      daemon.control().call("plugin.call", short_call);
      FAIL("the sum ended");
    } catch (const ControlError& error) {
      CHECK(error.kind == "timed_out");
    }
    CHECK(wait_until([&] { return is_idle(daemon); }));
  }
  SECTION("its plugin was unloaded") {
    auto client = daemon.connect();
    client->send("plugin.call", call);
    REQUIRE(wait_until(is_reading));
    daemon.control().call("plugin.unload", {{"name", "checksum"}});
    CHECK(client->next_answer().contains("error"));
  }
}

TEST_CASE("A command tells how far it is, in front of its answer") {
  const TempFolder root;
  for (int i = 0; i < 5; i++)
    write_file(root.path() / std::to_string(i), 1000);
  DaemonProcess daemon({"checksum"}, settings(root.path()));
  const Output quiet = daemon.ctl({"--json", "call", "checksum", "sum"});
  CHECK(quiet.exit_code == 0);
  CHECK(quiet.err.empty());
  const Output told = daemon.ctl({"--json", "call", "checksum", "sum", "{}", "--progress"});
  CHECK(told.exit_code == 0);
  CHECK(told.out == quiet.out);
  json last;
  std::istringstream lines(told.err);
  for (std::string line; std::getline(lines, line);)
    last = json::parse(line);
  CHECK(last == json::parse(R"({"phase":"hashing","files":5,"files_done":5,"bytes":5000,
                                "bytes_done":5000})"));
}

TEST_CASE("What checksum is asked and configured to do is bounded") {
  SECTION("files") {
    const TempFolder root;
    for (int i = 0; i < 5; i++)
      write_file(root.path() / "in" / std::to_string(i), 1);
    DaemonProcess daemon({"checksum"}, settings(root.path(), {{"files_max", 5}}));
    CHECK(digests(sum(daemon, "in")).size() == 5);
    CHECK(refusal(daemon, {{"path", ""}}) == "failed");
  }
  SECTION("without a root it runs, and says what is missing") {
    DaemonProcess daemon({"checksum"});
    CHECK(refusal(daemon, json::object()) == "conflict");
    CHECK(daemon.list("plugin").at(0).at("state") == "running");
  }
  SECTION("a configuration that is wrong") {
    for (const char* wrong :
         {R"({"root":"relative"})", R"({"root":"/nowhere/at/all"})", R"({"root":1})",
          R"({"concurrency":0})", R"({"concurrency":65})", R"({"chunk":1})", R"({"files":1})"}) {
      INFO(wrong);
      json changes = settings("/");
      changes["plugins"]["settings"]["checksum"]["config"] = json::parse(wrong);
      DaemonProcess daemon({"checksum"}, changes);
      CHECK(daemon.list("plugin").at(0).at("state") == "failed");
    }
  }
}

}  // namespace ekiden::integration

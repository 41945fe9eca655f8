#include "tests/unit/plugins/fixture.hpp"

#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdio>
#include <fstream>
#include <mutex>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <utility>

namespace ekiden::daemon::test {

namespace fs = std::filesystem;

// --- Files ---------------------------------------------------------------------------------------

TempFolder::TempFolder() {
  std::string pattern = (fs::temp_directory_path() / "ekiden-unit-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  path_ = pattern;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

fs::path built_plugin(const std::string& stem) {
  return fs::path(EKIDEN_UNIT_PLUGIN_FOLDER) / (stem + ".so");
}

std::string read_bytes(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream bytes;
  bytes << in.rdbuf();
  return bytes.str();
}

void write_bytes(const fs::path& file, const std::string& bytes, mode_t mode) {
  std::ofstream(file, std::ios::binary) << bytes;
  ::chmod(file.c_str(), mode);
}

std::size_t count_files(const fs::path& folder) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(folder))
    count++;
  return count;
}

bool is_mapped(const std::string& text) {
  return read_bytes("/proc/self/maps").find(text) != std::string::npos;
}

// --- Waiting -------------------------------------------------------------------------------------

bool wait_until(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

struct Asked::Shared {
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<PluginResult> result;
  int answers = 0;
};

Asked::Asked() : shared_(std::make_shared<Shared>()) {}

PluginDone Asked::done() {
  return [shared = shared_](PluginResult result) {
    const std::lock_guard lock(shared->mutex);
    shared->answers++;
    shared->result = std::move(result);
    shared->changed.notify_all();
  };
}

PluginResult Asked::get() {
  std::unique_lock lock(shared_->mutex);
  if (!shared_->changed.wait_for(lock, kPatience, [&] { return shared_->result.has_value(); })) {
    throw std::runtime_error("nobody answered");
  }
  if (shared_->answers != 1) throw std::runtime_error("answered twice");
  return *shared_->result;
}

bool Asked::is_here() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->result.has_value();
}

bool true_as_user(uid_t user, const std::function<bool()>& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setgid(user) != 0 || ::setuid(user) != 0) ::_exit(2);
    ::_exit(body() ? 0 : 1);
  }
  int status = 0;
  return ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// --- The daemon ----------------------------------------------------------------------------------

namespace {

runtime::Options small_runtime() {
  runtime::Options options;
  options.workers = 2;
  return options;
}

}  // namespace

SmallDaemon::SmallDaemon(const std::vector<std::string>& plugins, const std::string& mode)
    : runtime_(small_runtime()) {
  fs::create_directories(folder());
  ::chmod(folder().c_str(), 0755);
  fs::create_directories(folder_.path() / "state");
  for (const std::string& name : plugins) {
    write_bytes(folder() / (name + ".so"), read_bytes(built_plugin(name)));
  }
  settings_.directory = folder();
  settings_.unload_ms = 20'000;
  settings_.settings["probe"].config =
      "{\"journal\":\"" + (folder_.path() / "journal").string() + "\",\"mode\":\"" + mode + "\"}";
  runtime_.start();
  host_ = std::make_unique<Host>(runtime_);
}

SmallDaemon::~SmallDaemon() {
  let_go();
  end_manager();
  host_.reset();
  if (!runtime_.shutdown(soon()).empty()) std::abort();
}

void SmallDaemon::end_manager() {
  if (manager_ && !manager_->unload_all(soon()).empty()) {
    std::fputs("a plugin could not be unloaded at the end of a test\n", stderr);
    std::abort();
  }
  manager_.reset();
}

runtime::Nanos SmallDaemon::soon() const {
  return runtime_.now_ns() + 20 * runtime::kNanosPerSecond;
}

PluginManager& SmallDaemon::manager() {
  if (!manager_) {
    manager_ =
        std::make_unique<PluginManager>(runtime_, *host_, settings_, folder_.path() / "state");
  }
  return *manager_;
}

PluginResult SmallDaemon::load(const std::string& name) {
  Asked asked;
  manager().load(name, asked.done());
  return asked.get();
}

PluginResult SmallDaemon::unload(const std::string& name) {
  Asked asked;
  manager().unload(name, asked.done());
  return asked.get();
}

PluginResult SmallDaemon::call(const std::string& name, const std::string& method,
                               const std::string& params, std::chrono::nanoseconds timeout) {
  Asked asked;
  manager().call(name, method, params, timeout, asked.done());
  return asked.get();
}

PluginResult SmallDaemon::reload(const std::string& name) {
  Asked asked;
  manager().reload(name, asked.done());
  return asked.get();
}

void SmallDaemon::replace_file(const std::string& name, const std::string& tail) {
  const fs::path made = folder_.path() / (name + ".new");
  write_bytes(made, read_bytes(built_plugin(name)) + tail);
  fs::rename(made, folder() / (name + ".so"));
}

void SmallDaemon::fail_next_start() { write_bytes(folder_.path() / "journal.bad", "bad"); }

std::string SmallDaemon::state_of(const std::string& name) {
  const auto row = manager().find(name);
  return row ? row->state : "none";
}

void SmallDaemon::let_go() { write_bytes(folder_.path() / "journal.go", "go"); }

std::string SmallDaemon::journal() const {
  std::istringstream lines(read_bytes(folder_.path() / "journal"));
  std::string text;
  for (std::string line; lines >> line;)
    text += (text.empty() ? "" : " ") + line;
  return text;
}

}  // namespace ekiden::daemon::test

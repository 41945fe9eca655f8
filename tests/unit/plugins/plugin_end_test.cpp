// Who still has to wait for whom when a generation, and then the manager, comes to its end.
#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <string>

#include "daemon/logging/log.hpp"
#include "daemon/plugins/deadline_thread.hpp"
#include "daemon/plugins/instance.hpp"
#include "tests/unit/plugins/fixture.hpp"

namespace ekiden::daemon {
namespace {

using test::Asked;
using test::SmallDaemon;
using test::wait_until;

// Nobody reads stderr: a thread that logs a warning about plugins waits, as long as the log lets
// it. Less than a warning is not written.
class StuckLog {
 public:
  StuckLog() : stderr_(::dup(STDERR_FILENO)) {
    REQUIRE(log::set_level("plugins", log::Level::kWarn));
    REQUIRE(::pipe2(pipe_, O_CLOEXEC | O_NONBLOCK) == 0);
    const std::string page(4096, 'x');
    while (::write(pipe_[1], page.data(), page.size()) > 0) {
    }
    ::dup2(pipe_[1], STDERR_FILENO);
  }
  ~StuckLog() {
    ::dup2(stderr_, STDERR_FILENO);
    for (const int fd : {stderr_, pipe_[0], pipe_[1]})
      ::close(fd);
    log::clear_level("plugins");
  }
  StuckLog(const StuckLog&) = delete;
  StuckLog& operator=(const StuckLog&) = delete;

 private:
  const int stderr_;
  int pipe_[2] = {-1, -1};
};

}  // namespace

TEST_CASE("A manager does not end before the threads of generations that have left it") {
  Asked reloaded;
  {
    const StuckLog log;
    SmallDaemon daemon({"minimal"});
    REQUIRE(daemon.load("minimal").outcome == Outcome::kOk);
    test::write_bytes(daemon.folder() / "minimal.so", "no library");
    daemon.manager().reload("minimal", reloaded.done());
    // The new generation has left the table, and its thread is about to log that.
    REQUIRE(wait_until([&] { return !daemon.manager().find("minimal")->pending_error.empty(); }));
    daemon.end_manager();
    CHECK(reloaded.is_here());
  }
  CHECK(reloaded.get().outcome == Outcome::kFailed);
}

TEST_CASE("An unload of an instance that is just ending is answered when that is over") {
  SmallDaemon daemon;
  daemon.manager();  // makes the folder for copies
  Host& host = daemon.host();
  DeadlineThread deadlines;
  const InstanceSurroundings surroundings{daemon.runtime(), host, deadlines,
                                          PluginFolders{daemon.folder(), daemon.copies()}};
  Asked late;
  bool answered_before_the_end = false;
  const auto over = [&](const std::shared_ptr<Instance>& instance, Outcome) {
    // As a daemon that ends: it takes the answer as leave to destroy what this function uses.
    instance->unload(runtime::kNever, late.done());
    answered_before_the_end = late.is_here();
  };
  const auto instance = std::make_shared<Instance>(surroundings, "probe", 1, PluginSetting{}, over);
  Asked loaded;
  instance->load(LoadPlan{}, loaded.done());
  REQUIRE(loaded.get().outcome == Outcome::kOk);
  Asked unloaded;
  instance->unload(runtime::kNever, unloaded.done());
  CHECK(unloaded.get().outcome == Outcome::kOk);
  CHECK(late.get().outcome == Outcome::kOk);
  CHECK_FALSE(answered_before_the_end);
  instance->join();
}

}  // namespace ekiden::daemon

// What a harness consists of: the runtime, the host, the plugins, and the clock that moves them.
#pragma once

#include <chrono>
#include <ekiden/testing.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/host/host.hpp"
#include "daemon/plugins/deadline_thread.hpp"
#include "daemon/plugins/instance.hpp"
#include "daemon/testing/log_capture.hpp"
#include "daemon/testing/plugin_state.hpp"
#include "daemon/testing/private_folder.hpp"
#include "runtime/base/clock.hpp"
#include "runtime/runtime.hpp"

namespace ekiden::testing {

// The test's thread.
class World {
 public:
  explicit World(const Options& options);  // throws as Harness does
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  Pending<Plugin> load(Origin origin, std::string_view config);

  const Options& options() const { return options_; }
  const daemon::Host& host() const { return *host_; }
  runtime::Runtime& runtime() { return runtime_; }
  const LogCapture& log() const { return log_; }
  // For a plugin whose file is in `folder`.
  daemon::InstanceSurroundings surroundings(const std::filesystem::path& folder);

  // See Harness.
  void advance(std::chrono::nanoseconds by);
  void run_until_idle();
  bool run_until(const std::function<bool()>& done);

 private:
  // There is one at a time.
  struct Only {
    Only();
    ~Only();
  };

  bool is_idle() const;
  bool fire_due();
  void move_to(runtime::Nanos time);
  void need_manual_clock(const char* what) const;
  std::string describe_busy() const;
  runtime::Nanos patience_ends() const;
  runtime::Options with_stalls(runtime::Options options);
  void report_stall(const runtime::Stall& stall);
  void check_new(const Origin& origin, std::string_view config) const;
  void unload_all();
  const std::filesystem::path& copies();

  const Options options_;
  // In the order in which they are made.
  Only only_;
  LogCapture log_;
  runtime::ManualClock clock_;
  runtime::Runtime runtime_;
  std::unique_ptr<daemon::Host> host_;
  std::unique_ptr<daemon::DeadlineThread> deadlines_;
  std::optional<PrivateFolder> copies_;
  std::vector<std::shared_ptr<PluginState>> plugins_;
  std::uint32_t generation_ = 0;
};

}  // namespace ekiden::testing

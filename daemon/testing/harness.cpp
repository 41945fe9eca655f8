#include <algorithm>
#include <cstring>
#include <ekiden/testing.hpp>
#include <thread>
#include <utility>

#include "daemon/config/plugin_name.hpp"
#include "daemon/plugins/file_check.hpp"
#include "daemon/plugins/steady_time.hpp"
#include "daemon/testing/plugin_state.hpp"
#include "daemon/testing/world.hpp"

namespace ekiden::testing {

namespace {

Origin linked(const ekd_plugin_desc& descriptor) {
  Origin origin;
  origin.linked = &descriptor;
  origin.name.assign(descriptor.name, ::strnlen(descriptor.name, sizeof(descriptor.name)));
  return origin;
}

Origin from_file(const std::filesystem::path& library) {
  Origin origin;
  const auto path = std::filesystem::absolute(library).lexically_normal();
  if (path.extension() != ".so") {
    throw Error("'" + library.string() + "' is no plugin's file; expected <name>.so");
  }
  origin.folder = path.parent_path();
  origin.name = path.stem();
  if (!daemon::is_plugin_name(origin.name)) {
    throw Error(daemon::not_a_plugin_name(origin.name).text);
  }
  return origin;
}

std::int32_t do_nothing(ekd_ctx*, const ekd_host*, ekd_str, void**, ekd_error*) { return EKD_OK; }

Origin empty(std::string_view name) {
  if (!daemon::is_plugin_name(name)) throw Error(daemon::not_a_plugin_name(name).text);
  Origin origin;
  origin.name = name;
  ekd_plugin_desc& own = origin.own.emplace();
  own.magic = EKD_PLUGIN_MAGIC;
  own.struct_size = sizeof(own);
  own.abi_major = EKD_ABI_MAJOR;
  own.abi_minor = EKD_ABI_MINOR;
  std::memcpy(own.name, name.data(), name.size());
  std::memcpy(own.version, "0", 2);
  own.init = do_nothing;
  return origin;
}

Plugin wait(World& world, const std::string& name, Pending<Plugin> loading) {
  const auto patience = world.options().patience;
  if (!loading.wait_for(patience)) {
    throw Error("'" + name + "' has not started within " +
                daemon::duration_text(static_cast<runtime::Nanos>(patience.count())) +
                "; where it waits for the clock, use load_async() and advance()");
  }
  return loading.get();
}

Plugin load(World& world, Origin origin, std::string_view config) {
  const std::string name = origin.name;
  return wait(world, name, world.load(std::move(origin), config));
}

}  // namespace

Harness::Harness(const Options& options) : world_(std::make_unique<World>(options)) {}

Harness::~Harness() = default;

Plugin Harness::load(const ekd_plugin_desc& descriptor, std::string_view config_json) {
  return testing::load(*world_, linked(descriptor), config_json);
}

Plugin Harness::load(const std::filesystem::path& library, std::string_view config_json) {
  return testing::load(*world_, from_file(library), config_json);
}

Pending<Plugin> Harness::load_async(const ekd_plugin_desc& descriptor,
                                    std::string_view config_json) {
  return world_->load(linked(descriptor), config_json);
}

Pending<Plugin> Harness::load_async(const std::filesystem::path& library,
                                    std::string_view config_json) {
  return world_->load(from_file(library), config_json);
}

Plugin Harness::open(std::string_view name) { return testing::load(*world_, empty(name), "{}"); }

std::uint64_t Harness::now_ns() const { return world_->runtime().now_ns(); }

void Harness::advance(std::chrono::nanoseconds by) { world_->advance(by); }

void Harness::run_until_idle() { world_->run_until_idle(); }

bool Harness::run_until(const std::function<bool()>& done) { return world_->run_until(done); }

bool Harness::eventually(const std::function<bool()>& condition) const {
  return eventually(condition, world_->options().patience);
}

bool Harness::eventually(const std::function<bool()>& condition,
                         std::chrono::nanoseconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  return true;
}

std::vector<LogLine> Harness::logs() const { return world_->log().lines(); }

const ekd_host* Harness::host() const { return world_->host().table(); }

}  // namespace ekiden::testing

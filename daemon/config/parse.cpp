#include "daemon/config/parse.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "daemon/config/file.hpp"
#include "daemon/config/json_text.hpp"
#include "daemon/config/limits.hpp"
#include "daemon/config/object_reader.hpp"
#include "daemon/config/rule.hpp"
#include "daemon/logging/escape.hpp"

namespace ekiden::daemon {
namespace {

using namespace limits;

constexpr Presence kOptional = Presence::kOptional;
constexpr Presence kRequired = Presence::kRequired;

void read_blocking(ObjectReader& reader, BlockingSettings& blocking) {
  reader.member("threads_max", kOptional, whole_number(kBlockingThreadsMin, kBlockingThreadsMax),
                blocking.threads_max);
  reader.member("queue_capacity", kOptional,
                whole_number(kBlockingQueueCapacityMin, kBlockingQueueCapacityMax),
                blocking.queue_capacity);
  reader.member("keep_alive_ms", kOptional,
                whole_number(kBlockingKeepAliveMinMs, kBlockingKeepAliveMaxMs),
                blocking.keep_alive_ms);
}

void read_stall(ObjectReader& reader, StallSettings& stall) {
  std::uint32_t replace_ms = 0;  // not said
  reader.member("report_ms", kOptional, whole_number(kStallReportMinMs, kStallReportMaxMs),
                stall.report_ms);
  reader.member("replace_ms", kOptional, whole_number(kStallReplaceMinMs, kStallReplaceMaxMs),
                replace_ms);
  reader.member("replace_max", kOptional,
                word_or("workers", whole_number(kReplaceMaxMin, kReplaceMaxMax)),
                stall.replace_max);
  stall.replace_ms =
      replace_ms != 0 ? replace_ms : std::max(kStallReplaceDefaultMs, stall.report_ms);
}

void read_runtime(ObjectReader& reader, RuntimeSettings& runtime) {
  reader.member("workers", kOptional, auto_or(whole_number(kWorkersMin, kWorkersMax)),
                runtime.workers);
  reader.member("local_queue_capacity", kOptional,
                power_of_two(kLocalQueueCapacityMin, kLocalQueueCapacityMax),
                runtime.local_queue_capacity);
  reader.member("global_queue_capacity", kOptional,
                whole_number(kGlobalQueueCapacityMin, kGlobalQueueCapacityMax),
                runtime.global_queue_capacity);
  reader.member("global_queue_interval", kOptional,
                auto_or(whole_number(kGlobalQueueIntervalMinPolls, kGlobalQueueIntervalMaxPolls)),
                runtime.global_queue_interval);
  reader.member("event_interval", kOptional,
                whole_number(kEventIntervalMinPolls, kEventIntervalMaxPolls),
                runtime.event_interval);
  reader.member("lifo_slot", kOptional, boolean(), runtime.lifo_slot);
  reader.member("poll_budget", kOptional, whole_number(kPollBudgetMin, kPollBudgetMax),
                runtime.poll_budget);
  reader.object("blocking", kOptional,
                [&](ObjectReader& blocking) { read_blocking(blocking, runtime.blocking); });
  reader.object("stall", kOptional, [&](ObjectReader& stall) { read_stall(stall, runtime.stall); });
}

void read_plugin(ObjectReader& reader, PluginSetting& plugin) {
  reader.member("enabled", kOptional, boolean(), plugin.enabled);
  reader.member("config", kOptional, object_text(), plugin.config);
  reader.object("limits", kOptional, [&](ObjectReader& limits) {
    limits.member("tasks", kOptional, whole_number(kPluginTasksMin, kPluginTasksMax),
                  plugin.limits.tasks);
  });
}

void read_plugins(ObjectReader& reader, const std::filesystem::path& folder,
                  PluginSettings& plugins) {
  reader.member("directory", kRequired, path_in(folder, kPathMaxBytes), plugins.directory);
  reader.member("autoload", kOptional, boolean(), plugins.autoload);
  reader.member("unload_ms", kOptional, whole_number(kUnloadMinMs, kUnloadMaxMs),
                plugins.unload_ms);
  reader.entries("settings", plugin_name(), [&](const std::string& name, ObjectReader& plugin) {
    read_plugin(plugin, plugins.settings[name]);
  });
}

void read_control(ObjectReader& reader, const std::filesystem::path& folder,
                  ControlSettings& control) {
  reader.member("socket", kOptional, path_in(folder, kSocketPathMaxBytes), control.socket);
  reader.member("mode", kOptional, octal_mode(kSocketModeNeeded, kSocketModeMax), control.mode);
}

void read_log(ObjectReader& reader, LogSettings& log) {
  reader.member("level", kOptional, log_level(), log.level);
  reader.member("format", kOptional, log_format(), log.format);
}

void read_root(ObjectReader& reader, const std::filesystem::path& folder, Settings& settings) {
  reader.object("runtime", kOptional,
                [&](ObjectReader& runtime) { read_runtime(runtime, settings.runtime); });
  reader.object("plugins", kRequired,
                [&](ObjectReader& plugins) { read_plugins(plugins, folder, settings.plugins); });
  reader.object("control", kOptional,
                [&](ObjectReader& control) { read_control(control, folder, settings.control); });
  reader.member("state_directory", kOptional, path_in(folder, kPathMaxBytes),
                settings.state_directory);
  reader.object("shutdown", kOptional, [&](ObjectReader& shutdown) {
    shutdown.member("grace_ms", kOptional, whole_number(kGraceMinMs, kGraceMaxMs),
                    settings.shutdown.grace_ms);
  });
  reader.object("log", kOptional, [&](ObjectReader& log) { read_log(log, settings.log); });
}

// A path of the file was measured when it was read; the default comes from the environment.
void check_socket(const Settings& settings, ProblemList& problems) {
  const std::string& path = settings.control.socket.native();
  if (path.size() <= kSocketPathMaxBytes) return;
  problems.add("/control/socket", "the default, " + escape_text(path) + ", is longer than " +
                                      std::to_string(kSocketPathMaxBytes) +
                                      " bytes; give a shorter path");
}

void check_stall(const StallSettings& stall, ProblemList& problems) {
  if (stall.replace_ms >= stall.report_ms) return;
  problems.add("/runtime/stall/replace_ms",
               "found " + std::to_string(stall.replace_ms) + ", which is less than report_ms, " +
                   std::to_string(stall.report_ms) +
                   "; a poll is reported before its worker is replaced: raise this one or lower "
                   "that");
}

ParsedSettings failed(std::string text) {
  ProblemList problems;
  problems.add("", std::move(text));
  return problems.take();
}

}  // namespace

ParsedSettings parse_settings(std::string_view text, const std::filesystem::path& folder,
                              const UserEnvironment& user) {
  ProblemList problems;
  nlohmann::json root;
  if (!parse_json(text, root, problems)) return problems.take();
  if (!root.is_object())
    return failed("found " + describe(root) + "; a configuration is an object");

  Settings settings;
  settings.control.socket = default_socket_path(user);
  settings.state_directory = default_state_directory(user);
  ObjectReader reader(root, "", problems);
  read_root(reader, folder, settings);
  reader.finish();
  check_socket(settings, problems);
  check_stall(settings.runtime.stall, problems);
  if (!problems.empty()) return problems.take();
  return settings;
}

ParsedSettings load_settings(const std::filesystem::path& file, const UserEnvironment& user) {
  std::string text;
  if (auto problem = read_file(file, kFileMaxBytes, text)) return failed(std::move(*problem));

  std::error_code error;
  const std::filesystem::path folder =
      std::filesystem::canonical(std::filesystem::absolute(file, error).parent_path(), error);
  if (error) return failed("its folder cannot be found: " + error.message());
  return parse_settings(text, folder, user);
}

}  // namespace ekiden::daemon

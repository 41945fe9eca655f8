#include "daemon/config/render.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <cstdio>
#include <filesystem>
#include <optional>

#include "daemon/logging/escape.hpp"
#include "daemon/logging/utf8.hpp"

namespace ekiden::daemon {
namespace {

// Keeps the order of the documentation.
using Json = nlohmann::ordered_json;

constexpr int kIndentSpaces = 2;

Json or_word(const std::optional<std::uint32_t>& number, const char* word) {
  return number ? Json(*number) : Json(word);
}

Json or_auto(const std::optional<std::uint32_t>& number) { return or_word(number, "auto"); }

Json path_text(const std::filesystem::path& path) {
  const std::string& bytes = path.native();
  return find_invalid_utf8(bytes) == std::string::npos ? bytes : escape_text(bytes);
}

std::string octal(std::uint32_t mode) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%04o", mode);
  return text.data();
}

Json render_runtime(const RuntimeSettings& runtime) {
  return {
      {"workers", or_auto(runtime.workers)},
      {"local_queue_capacity", runtime.local_queue_capacity},
      {"global_queue_capacity", runtime.global_queue_capacity},
      {"global_queue_interval", or_auto(runtime.global_queue_interval)},
      {"event_interval", runtime.event_interval},
      {"lifo_slot", runtime.lifo_slot},
      {"poll_budget", runtime.poll_budget},
      {"blocking",
       {{"threads_max", runtime.blocking.threads_max},
        {"queue_capacity", runtime.blocking.queue_capacity},
        {"keep_alive_ms", runtime.blocking.keep_alive_ms}}},
      {"stall",
       {{"report_ms", runtime.stall.report_ms},
        {"replace_ms", runtime.stall.replace_ms},
        {"replace_max", or_word(runtime.stall.replace_max, "workers")}}},
  };
}

Json render_plugin(const PluginSetting& plugin) {
  return {
      {"enabled", plugin.enabled},
      {"config", Json::parse(plugin.config)},
      {"limits", Json::object({{"tasks", plugin.limits.tasks}})},
  };
}

Json render_plugins(const PluginSettings& plugins) {
  Json settings = Json::object();
  for (const auto& [name, plugin] : plugins.settings)
    settings[name] = render_plugin(plugin);
  return {
      {"directory", path_text(plugins.directory)},
      {"autoload", plugins.autoload},
      {"unload_ms", plugins.unload_ms},
      {"settings", std::move(settings)},
  };
}

}  // namespace

std::string render_settings(const Settings& settings) {
  const Json root = {
      {"runtime", render_runtime(settings.runtime)},
      {"plugins", render_plugins(settings.plugins)},
      {"control",
       {{"socket", path_text(settings.control.socket)}, {"mode", octal(settings.control.mode)}}},
      {"state_directory", path_text(settings.state_directory)},
      {"shutdown", Json::object({{"grace_ms", settings.shutdown.grace_ms}})},
      {"log",
       {{"level", log::level_name(settings.log.level)},
        {"format", log::format_name(settings.log.format)}}},
  };
  return root.dump(kIndentSpaces) + "\n";
}

}  // namespace ekiden::daemon

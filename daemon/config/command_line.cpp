#include "daemon/config/command_line.hpp"

#include <CLI/CLI.hpp>

#include <ostream>
#include <string>

#include "daemon/config/default_paths.hpp"
#include "daemon/config/exit_codes.hpp"
#include "daemon/config/limits.hpp"
#include "daemon/logging/escape.hpp"

namespace ekiden::daemon {
namespace {

constexpr const char* kVersionLine = "ekidend " EKIDEN_VERSION;
constexpr const char* kSynopsis = "Hosts plugins on one work-stealing runtime.";

// What CLI11 fills in.
struct Texts {
  std::string config;
  std::string socket;
  std::string log_level;
  bool check_config = false;
};

std::string level_names() {
  std::string names;
  for (const std::string_view name : log::kLevelNames) {
    if (!names.empty()) names += ", ";
    names += name;
  }
  return names;
}

// Validators of CLI11 answer with what is wrong, or with an empty string.
std::string check_path(const std::string& text) {
  return text.empty() ? "the path is empty" : std::string();
}

std::string check_socket(const std::string& text) {
  if (text.empty()) return "the path is empty";
  const std::size_t bytes = std::filesystem::absolute(text).native().size();
  if (bytes <= limits::kSocketPathMaxBytes) return {};
  return "the absolute path has " + std::to_string(bytes) + " bytes; at most " +
         std::to_string(limits::kSocketPathMaxBytes) + " are allowed";
}

std::string check_level(const std::string& text) {
  if (log::parse_level(text)) return {};
  return "unknown level " + text + "; allowed: " + level_names();
}

void describe_options(CLI::App& app, Texts& texts) {
  app.set_help_flag("-h,--help", "Show this help and exit");
  app.set_version_flag("--version", kVersionLine, "Show the version and exit");
  app.add_option("--config", texts.config, "Configuration file, JSON with // comments")
      ->required()
      ->type_name("FILE")
      ->check(check_path);
  app.add_flag("--check-config", texts.check_config,
               "Check the configuration, print what is wrong and exit");
  app.add_option(
         "--socket", texts.socket,
         "Control socket, instead of the configuration's; by default " + default_socket_path())
      ->type_name("PATH")
      ->check(check_socket);
  app.add_option("--log-level", texts.log_level, "Instead of the configuration's: " + level_names())
      ->type_name("LEVEL")
      ->check(check_level);
}

CommandLine to_command_line(const CLI::App& app, const Texts& texts) {
  CommandLine line;
  line.config = texts.config;
  line.check_config = texts.check_config;
  if (app.count("--socket") > 0) line.socket = std::filesystem::absolute(texts.socket);
  if (app.count("--log-level") > 0) line.log_level = log::parse_level(texts.log_level);
  return line;
}

}  // namespace

std::variant<CommandLine, int> read_command_line(int argc, const char* const* argv,
                                                 std::ostream& out, std::ostream& err) {
  CLI::App app(kSynopsis, "ekidend");
  Texts texts;
  describe_options(app, texts);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    out << app.help();
    return kExitOk;
  } catch (const CLI::CallForVersion&) {
    out << kVersionLine << '\n';
    return kExitOk;
  } catch (const CLI::Error& mistake) {
    err << "ekidend: " << escape_text(mistake.what()) << "; `ekidend --help` shows the usage\n";
    return kExitUsage;
  }
  return to_command_line(app, texts);
}

void apply(const CommandLine& command_line, Settings& settings) {
  if (command_line.socket) settings.control.socket = *command_line.socket;
  if (command_line.log_level) settings.log.level = *command_line.log_level;
}

}  // namespace ekiden::daemon

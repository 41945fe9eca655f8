#include "daemon/config/command_line.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "daemon/config/exit_codes.hpp"

using namespace ekiden::daemon;

namespace {

struct Outcome {
  std::variant<CommandLine, int> result;
  std::string out;
  std::string err;
};

Outcome run(const std::vector<std::string>& arguments) {
  std::vector<const char*> argv = {"/usr/bin/ekidend"};
  for (const std::string& argument : arguments)
    argv.push_back(argument.c_str());
  std::ostringstream out;
  std::ostringstream err;
  auto result = read_command_line(static_cast<int>(argv.size()), argv.data(), out, err);
  return {std::move(result), out.str(), err.str()};
}

CommandLine line_of(const Outcome& outcome) {
  INFO(outcome.err);
  REQUIRE(std::holds_alternative<CommandLine>(outcome.result));
  return std::get<CommandLine>(outcome.result);
}

}  // namespace

TEST_CASE("the configuration alone is enough") {
  CommandLine expected;
  expected.config = "etc/ekiden.json";
  CHECK(line_of(run({"--config", "etc/ekiden.json"})) == expected);
  CHECK(line_of(run({"--config=etc/ekiden.json"})) == expected);
}

TEST_CASE("every flag is read") {
  const CommandLine line = line_of(
      run({"--config", "c.json", "--check-config", "--socket", "s.sock", "--log-level", "debug"}));
  CHECK(line.config == "c.json");
  CHECK(line.check_config);
  CHECK(line.socket == std::filesystem::absolute("s.sock"));
  CHECK(line.log_level == log::Level::kDebug);
}

TEST_CASE("the command line goes before the file") {
  Settings settings;
  settings.control.socket = "/run/file.sock";
  apply(CommandLine{"c.json", false, std::nullopt, std::nullopt}, settings);
  CHECK(settings.control.socket == "/run/file.sock");
  CHECK(settings.log.level == log::Level::kInfo);
  apply(CommandLine{"c.json", false, "/run/line.sock", log::Level::kOff}, settings);
  CHECK(settings.control.socket == "/run/line.sock");
  CHECK(settings.log.level == log::Level::kOff);
}

TEST_CASE("version and help need no configuration and end with 0") {
  const Outcome version = run({"--version"});
  CHECK(std::get<int>(version.result) == kExitOk);
  CHECK(version.out == "ekidend " EKIDEN_VERSION "\n");
  CHECK(version.err.empty());

  const Outcome help = run({"--help"});
  CHECK(std::get<int>(help.result) == kExitOk);
  CHECK(help.err.empty());
  for (const char* const flag :
       {"--config", "--check-config", "--socket", "--log-level", "--version", "--help"}) {
    CHECK_THAT(help.out, Catch::Contains(flag));
  }
}

TEST_CASE("a wrong command line is explained in one line and ends with 64") {
  struct Case {
    std::vector<std::string> arguments;
    std::string says;
  };
  const std::vector<Case> cases = {
      {{}, "--config is required"},
      {{"--check-config"}, "--config is required"},
      {{"--config"}, "--config"},
      {{"--config", ""}, "the path is empty"},
      {{"--config", "a", "--config", "b"}, "--config"},
      {{"--config", "a", "--socket", ""}, "the path is empty"},
      {{"--config", "a", "--socket", "/" + std::string(200, 's')}, "has 201 bytes; at most 107"},
      {{"--config", "a", "--log-level", "loud"}, "unknown level loud; allowed: trace, debug"},
      {{"--config", "a", "--log-level", "INFO"}, "unknown level INFO"},
      {{"--config", "a", "--check-config=maybe"}, "--check-config"},
      {{"--config", "a", "--daemonize"}, "--daemonize"},
      {{"--config", "a", "extra"}, "extra"},
      {{"--config", "a", "bad\n\x1b[2Jword"}, R"(bad\n\u001b[2Jword)"},
  };
  for (const Case& c : cases) {
    const Outcome outcome = run(c.arguments);
    CAPTURE(c.arguments, outcome.err);
    REQUIRE(std::holds_alternative<int>(outcome.result));
    CHECK(std::get<int>(outcome.result) == kExitUsage);
    CHECK(outcome.out.empty());
    CHECK_THAT(outcome.err, Catch::StartsWith("ekidend: ") && Catch::Contains(c.says));
    CHECK_THAT(outcome.err, Catch::EndsWith("`ekidend --help` shows the usage\n"));
    CHECK(outcome.err.find('\n') == outcome.err.size() - 1);
  }
}

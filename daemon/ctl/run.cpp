#include "daemon/ctl/run.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <sstream>
#include <utility>
#include <variant>

#include "daemon/control/json_line.hpp"
#include "daemon/control/limits.hpp"
#include "daemon/ctl/client.hpp"
#include "daemon/ctl/command_line.hpp"
#include "daemon/ctl/dump.hpp"
#include "daemon/ctl/failure.hpp"
#include "daemon/ctl/views.hpp"
#include "daemon/logging/escape.hpp"

namespace ekiden::daemon::ctl {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using Result = std::variant<json, Failure>;

constexpr milliseconds kTimeout{30'000};
// The daemon itself gives a start 60 s before it calls it too slow.
constexpr milliseconds kLoadTimeout{70'000};
// What the client waits longer than the daemon, so that the daemon's answer, which says more, is
// the one that is shown.
constexpr milliseconds kAnswerMargin{2'000};

// `config check FILE`: the file is read here, with the rights of whoever asks.
std::optional<Failure> add_file(const std::string& name, json& params) {
  std::error_code error;
  const std::filesystem::path path = std::filesystem::canonical(name, error);
  if (error) return Failure{kExitFailed, "cannot read '" + name + "': " + error.message()};
  std::ifstream file(path, std::ios::binary);
  std::string text(control::kLineMaxBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.is_open() || file.bad()) return Failure{kExitFailed, "cannot read '" + name + "'"};
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > control::kLineMaxBytes) {
    return Failure{kExitFailed, "'" + name + "' is too large for a configuration"};
  }
  params["text"] = std::move(text);
  params["folder"] = path.parent_path().string();
  return std::nullopt;
}

// An unload may take as long as the daemon was told, which only the daemon knows.
milliseconds unload_timeout(Client& client) {
  const Result settings =
      client.call("config.show", json::object(), steady_clock::now() + kTimeout);
  if (const auto* shown = std::get_if<json>(&settings)) {
    static const json::json_pointer kUnload("/plugins/unload_ms");
    if (shown->is_object() && shown->contains(kUnload) && shown->at(kUnload).is_number_unsigned()) {
      return std::max(kTimeout,
                      milliseconds(shown->at(kUnload).get<std::uint32_t>()) + kAnswerMargin);
    }
  }
  return kTimeout;
}

milliseconds timeout_of(const Command& command, Client& client) {
  if (command.timeout) return *command.timeout;
  if (command.method == "plugin.load") return kLoadTimeout;
  if (command.method == "plugin.unload") return unload_timeout(client);
  if (command.method == "plugin.reload") return unload_timeout(client) + kLoadTimeout;
  return kTimeout;
}

// As lines of JSON, each at once: somebody may be reading them through a pipe.
Client::OnNotice shown_on(std::ostream& err) {
  return [&err](const json& params) {
    const auto data = params.find("data");
    if (data != params.end()) err << json_line(*data) << std::flush;
  };
}

Result carry_out(const Command& command, std::ostream& err) {
  json params;
  static_cast<void>(control::read_json(command.params_json, params));
  if (command.check_file) {
    if (auto failure = add_file(*command.check_file, params)) return std::move(*failure);
  }
  Client client;
  const auto connect_by = steady_clock::now() + command.timeout.value_or(kTimeout);
  if (auto failure = client.connect(command.socket, connect_by)) return std::move(*failure);

  milliseconds timeout = timeout_of(command, client);
  if (command.method == "plugin.call" && !params.contains("timeout_ms")) {
    params["timeout_ms"] = std::min<std::int64_t>(timeout.count(), control::kCallMaxMs);
    timeout += kAnswerMargin;
  }
  return client.call(command.method, params, steady_clock::now() + timeout, shown_on(err));
}

int carry_out_dump(const Command& command, std::ostream& out, std::ostream& err) {
  json params;
  static_cast<void>(control::read_json(command.params_json, params));
  Client client;
  const auto connect_by = steady_clock::now() + command.timeout.value_or(kTimeout);
  if (const auto failure = client.connect(command.socket, connect_by)) {
    err << "ekidenctl: " << escape_text(failure->text) << "\n";
    return failure->exit_code;
  }
  return dump(client, params, command.as_json, command.timeout.value_or(kDumpTimeout), out, err);
}

// A result can say that something is wrong.
int exit_code_of(const Command& command, const json& result) {
  if (command.method != "config.check" || !result.is_object()) return kExitOk;
  return result.value("ok", json(true)) == json(false) ? kExitFailed : kExitOk;
}

}  // namespace

int run(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  const auto read = read_command_line(argc, argv, out, err);
  if (const int* exit_code = std::get_if<int>(&read)) return *exit_code;
  const auto& command = std::get<Command>(read);
  if (command.by_pages) return carry_out_dump(command, out, err);
  const Result result = carry_out(command, err);
  if (const auto* failure = std::get_if<Failure>(&result)) {
    err << "ekidenctl: " << escape_text(failure->text) << "\n";
    return failure->exit_code;
  }
  const json& value = std::get<json>(result);
  out << (command.as_json ? json_line(value) : view(command.method, value)) << std::flush;
  if (!out) {
    err << "ekidenctl: cannot write the result\n";
    return kExitFailed;
  }
  return exit_code_of(command, value);
}

}  // namespace ekiden::daemon::ctl

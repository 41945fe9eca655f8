#include "daemon/ctl/command_line.hpp"

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "daemon/config/default_paths.hpp"
#include "daemon/control/json_line.hpp"
#include "daemon/control/limits.hpp"
#include "daemon/ctl/failure.hpp"
#include "daemon/logging/escape.hpp"
#include "daemon/logging/level.hpp"

namespace ekiden::daemon::ctl {
namespace {

using nlohmann::json;

constexpr double kTimeoutMinSeconds = 0.001;
constexpr double kTimeoutMaxSeconds = 86'400;

// A `call` wraps its argument: message, params, and the argument's own containers.
constexpr std::size_t kCallNestingMax = control::kNestingMax - 2;
constexpr std::size_t kRpcNestingMax = control::kNestingMax - 1;

// Where options of commands are written to. One command is given, so they do not meet.
struct Arguments {
  double timeout_s = 0;
  std::string name;
  std::string method;
  std::string json_text;
  std::string id;
  std::string after;
  std::string plugin;
  std::string type;
  std::string state;
  std::string waits_on;
  std::string sort;
  bool reverse = false;
  std::int64_t min_age_ms = 0;
  std::int64_t min_polls = 0;
  std::int64_t limit = 0;
  std::string level;
  std::string component;
  std::string file;
  bool progress = false;
  std::string format;
};

// Declares the commands. What the chosen one stands for is written into `command`.
class Declaration {
 public:
  Declaration(CLI::App& app, Arguments& arguments, Command& command)
      : app_(app), arguments_(arguments), command_(command) {}

  void declare() {
    declare_options();
    add(app_, "status", "What the daemon is and how it is", "status");
    declare_plugin();
    declare_task();
    add(group("worker", "The threads that run tasks"), "list",
        "Every worker: what it does and what it has done", "worker.list");
    add(group("queue", "Where tasks wait"), "list",
        "The global queue, every worker's own, the blocking pool's, and channels", "queue.list");
    declare_metrics();
    declare_log();
    declare_config();
    declare_calls();
    add(app_, "shutdown", "Begins an orderly shutdown, as SIGTERM does", "shutdown");
  }

 private:
  void declare_options() {
    app_.add_option("--socket", command_.socket, "The daemon's control socket")
        ->envname("EKIDEN_SOCKET")
        ->type_name("PATH")
        ->capture_default_str();
    app_.add_flag("--json", command_.as_json, "Prints the result as one line of JSON");
    app_.add_option("--timeout", arguments_.timeout_s,
                    "How long to wait for the answer (default: 30, longer for load and unload)")
        ->check(CLI::Range(kTimeoutMinSeconds, kTimeoutMaxSeconds))
        ->type_name("SECONDS");
  }

  void declare_plugin() {
    CLI::App& plugin = group("plugin", "What the daemon has loaded");
    add(plugin, "list", "Every plugin that was loaded, refused or is disabled", "plugin.list");
    add_with_name(plugin, "info", "One plugin in full", "plugin.info");
    add_with_name(plugin, "load", "Loads a plugin of the plugin folder", "plugin.load");
    add_with_name(plugin, "unload", "Unloads a plugin: none of its code runs any more",
                  "plugin.unload");
    add_with_name(plugin, "reload", "Checks a plugin's file, unloads what runs and loads that",
                  "plugin.reload");
  }

  void declare_task() {
    CLI::App& task = group("task", "What plugins have submitted");
    CLI::App& list = add(task, "list", "Live tasks: filtered, sorted, by pages", "task.list",
                         [this](json& params) { fill_task_list(params); });
    add_plugin_filter(list);
    add_task_filters(list);
    list.add_option("--sort", arguments_.sort, "By what: age and polls show the largest first")
        ->check(CLI::IsMember({"id", "age", "polls"}));
    list.add_flag("--reverse", arguments_.reverse, "In the opposite order");
    list.add_option("--limit", arguments_.limit, "Rows at most (default: 100)")
        ->check(CLI::Range(std::int64_t{1}, control::kTaskListMax));
    list.add_option("--after", arguments_.after, "Goes on where the page before has said")
        ->type_name("PLACE");
    CLI::App& dump = add(task, "dump", "Workers and all tasks, for at most 2 s or --timeout",
                         "task.dump", [this](json& params) {
                           command_.by_pages = true;
                           if (!arguments_.plugin.empty()) params["plugin"] = arguments_.plugin;
                         });
    add_plugin_filter(dump);
    add_with_id(task, "info", "One live task: what it waits for, since when, and who spawned it",
                "task.info");
    add_with_id(task, "cancel", "Asks a task to end, in the way its type says", "task.cancel");
  }

  void add_plugin_filter(CLI::App& command) {
    command.add_option("--plugin", arguments_.plugin, "Only tasks of this plugin")
        ->type_name("NAME");
  }

  void add_task_filters(CLI::App& list) {
    list.add_option("--type", arguments_.type, "Only tasks of this type")->type_name("NAME");
    list.add_option("--state", arguments_.state, "Only tasks in this state")
        ->check(CLI::IsMember({"reserved", "queued", "running", "waiting", "ended"}));
    list.add_option("--min-age-ms", arguments_.min_age_ms, "Only tasks at least that old")
        ->check(CLI::Range(std::int64_t{0}, control::kTaskFilterMax));
    list.add_option("--min-polls", arguments_.min_polls, "Only tasks polled at least that often")
        ->check(CLI::Range(std::int64_t{0}, control::kTaskFilterMax));
    list.add_option("--waits-on", arguments_.waits_on, "Only tasks that wait for this")
        ->check(CLI::IsMember({"timer", "io", "join", "job", "children", "channel", "unknown"}));
  }

  void fill_task_list(json& params) const {
    const auto text = [&](const char* name, const std::string& value) {
      if (!value.empty()) params[name] = value;
    };
    text("plugin", arguments_.plugin);
    text("type", arguments_.type);
    text("state", arguments_.state);
    text("waits_on", arguments_.waits_on);
    text("sort", arguments_.sort);
    text("after", arguments_.after);
    if (arguments_.min_age_ms != 0) params["min_age_ms"] = arguments_.min_age_ms;
    if (arguments_.min_polls != 0) params["min_polls"] = arguments_.min_polls;
    if (arguments_.limit != 0) params["limit"] = arguments_.limit;
    const bool ids = arguments_.sort.empty() || arguments_.sort == "id";
    if (arguments_.reverse) params["order"] = ids ? "descending" : "ascending";
  }

  void declare_metrics() {
    CLI::App& metrics =
        add(app_, "metrics", "Every counter, by worker, queue, plugin and task type", "metrics",
            [this](json& params) {
              if (arguments_.format.empty()) return;
              params["format"] = arguments_.format;
              command_.as_json = command_.as_json || arguments_.format == "json";
            });
    metrics.add_option("--format", arguments_.format, "json, or the text that Prometheus reads")
        ->check(CLI::IsMember({"json", "prometheus"}));
  }

  void declare_log() {
    CLI::App& log = group("log", "What is logged");
    add(log, "get", "The level, and the components that have their own", "log.get");
    CLI::App& set = add(log, "set", "Sets the level", "log.set", [this](json& params) {
      params["level"] = arguments_.level;
      if (!arguments_.component.empty()) params["component"] = arguments_.component;
    });
    std::vector<std::string> levels(log::kLevelNames.begin(), log::kLevelNames.end());
    levels.emplace_back("inherit");
    set.add_option("LEVEL", arguments_.level, "The least severe level that is written")
        ->required()
        ->check(CLI::IsMember(levels));
    set.add_option("COMPONENT", arguments_.component,
                   "Whose level, as plugin.echo (default: all that have none of their own)");
  }

  void declare_config() {
    CLI::App& config = group("config", "How the daemon is set up");
    add(config, "show", "The settings in force, defaults included", "config.show");
    CLI::App& check = add(config, "check", "Checks a configuration and changes nothing",
                          "config.check", [this](json&) {
                            if (!arguments_.file.empty()) command_.check_file = arguments_.file;
                          });
    check.add_option("FILE", arguments_.file,
                     "The file (default: the one that the daemon was started with)");
  }

  void declare_calls() {
    CLI::App& call =
        add(app_, "call", "Calls a command of a plugin", "plugin.call", [this](json& params) {
          params["plugin"] = arguments_.name;
          params["method"] = arguments_.method;
          if (arguments_.progress) params["progress"] = true;
          if (arguments_.json_text.empty()) return;
          params["params"] = read_argument(kCallNestingMax);
        });
    call.add_option("PLUGIN", arguments_.name, "The plugin's name")->required();
    call.add_option("METHOD", arguments_.method, "The plugin's command")->required();
    call.add_option("JSON", arguments_.json_text, "What the command takes");
    call.add_flag("--progress", arguments_.progress,
                  "Prints what the command says meanwhile to stderr, as lines of JSON");

    CLI::App& rpc =
        add(app_, "rpc", "Calls a method of the control protocol", "", [this](json& params) {
          command_.method = arguments_.method;
          if (arguments_.json_text.empty()) return;
          params = read_argument(kRpcNestingMax);
          if (!params.is_object()) {
            throw CLI::ValidationError("JSON", "must be an object");
          }
        });
    rpc.add_option("METHOD", arguments_.method, "One of those that rpc.discover lists")->required();
    rpc.add_option("JSON", arguments_.json_text, "The method's parameters, an object");
  }

  json read_argument(std::size_t nesting_max) const {
    json value;
    if (const auto problem = control::read_json(arguments_.json_text, value, nesting_max)) {
      throw CLI::ValidationError("JSON", "is not acceptable JSON: " + *problem);
    }
    return value;
  }

  CLI::App& group(const std::string& name, const std::string& summary) {
    CLI::App* const made = app_.add_subcommand(name, summary);
    made->require_subcommand(1);
    made->fallthrough();
    return *made;
  }

  using Fill = std::function<void(json& params)>;

  CLI::App& add(CLI::App& parent, const std::string& name, const std::string& summary,
                const std::string& method, Fill fill = nullptr) {
    CLI::App* const made = parent.add_subcommand(name, summary);
    made->fallthrough();
    made->callback([this, method, fill = std::move(fill)] {
      json params = json::object();
      command_.method = method;
      if (fill) fill(params);
      command_.params_json = control::write_json(params);
    });
    return *made;
  }

  void add_with_name(CLI::App& parent, const std::string& name, const std::string& summary,
                     const std::string& method) {
    add(parent, name, summary, method, [this](json& params) { params["name"] = arguments_.name; })
        .add_option("NAME", arguments_.name, "The plugin's name")
        ->required();
  }

  void add_with_id(CLI::App& parent, const std::string& name, const std::string& summary,
                   const std::string& method) {
    add(parent, name, summary, method, [this](json& params) { params["id"] = arguments_.id; })
        .add_option("ID", arguments_.id, "The task's id as `task list` shows it")
        ->required();
  }

  CLI::App& app_;
  Arguments& arguments_;
  Command& command_;
};

}  // namespace

std::variant<Command, int> read_command_line(int argc, const char* const* argv, std::ostream& out,
                                             std::ostream& err) {
  Command command;
  command.socket = default_socket_path();
  Arguments arguments;
  CLI::App app("Steers and inspects a running Ekiden daemon", "ekidenctl");
  app.set_version_flag("--version", "ekidenctl " EKIDEN_VERSION);
  app.require_subcommand(1);
  Declaration declaration(app, arguments, command);
  declaration.declare();
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {
    app.exit(asked, out, err);
    return kExitOk;
  } catch (const CLI::ParseError& mistake) {
    // CLI11 speaks of the command that is missing and not of the word in its place.
    const std::vector<std::string> unknown = app.remaining(true);
    const bool misspelt = dynamic_cast<const CLI::RequiredError*>(&mistake) && !unknown.empty();
    err << "ekidenctl: "
        << escape_text(misspelt ? "there is no command '" + unknown.front() + "'"
                                : std::string(mistake.what()))
        << "; see ekidenctl --help\n";
    return kExitUsage;
  }
  if (arguments.timeout_s > 0) {
    command.timeout = std::chrono::ceil<std::chrono::milliseconds>(
        std::chrono::duration<double>(arguments.timeout_s));
  }
  return command;
}

}  // namespace ekiden::daemon::ctl

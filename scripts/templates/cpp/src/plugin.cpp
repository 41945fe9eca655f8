// @NAME@: a plugin of the Ekiden daemon, to begin from.
//
//   $ ekidenctl call @NAME@ greet '{"name":"Ada"}'
//   {"greeting":"Hello, Ada!"}
//
// A greeting is a coroutine: it waits for its timer, answers the caller and ends. While nobody asks
// for one there is no task and no timer, so an idle plugin never wakes the machine.
#include <ekiden/sdk.hpp>

#include <string>
#include <string_view>

namespace {

using ekiden::Command;
using ekiden::Config;
using ekiden::Task;

class Greeter : public ekiden::Plugin {
 public:
  // Settings: plugins.settings.@NAME@.config in the daemon's file. What is thrown here refuses the
  // plugin, with its text.
  explicit Greeter(std::string_view config) {
    Config settings(config);
    delay_ = std::chrono::milliseconds(settings.number("delay_ms", 10, 0, 60'000));
    settings.finish();
  }

  // Each command is a task of its own, on one of the daemon's workers. It must not block: what
  // takes time is awaited.
  Task<std::string> command(Command command) override {
    if (command.method() == "greet") co_return co_await greet(command.params());
    command.unknown("greet");
  }

 private:
  Task<std::string> greet(std::string_view params) {
    Config given(params);
    const std::string name = given.text("name", "");
    given.finish();
    co_await ekiden::sleep(delay_);
    co_return "{\"greeting\":" + ekiden::json_quote("Hello, " + name + "!") + "}";
  }

  ekiden::Nanoseconds delay_{};
};

}  // namespace

// The one exported symbol: its name must be the file's, @NAME@.so.
EKIDEN_PLUGIN(Greeter, "@NAME@", "0.1.0")

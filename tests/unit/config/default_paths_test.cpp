#include "daemon/config/default_paths.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace ekiden::daemon;

TEST_CASE("default paths depend on the user and on absolute XDG folders") {
  struct Case {
    std::string name;
    UserEnvironment user;
    std::string socket;
    std::string state;
  };
  const std::vector<Case> cases = {
      {"root", {0, "", "", ""}, "/run/ekiden/control.sock", "/var/lib/ekiden"},
      {"root with variables",
       {0, "/run/user/0", "/x", "/root"},
       "/run/ekiden/control.sock",
       "/var/lib/ekiden"},
      {"user with everything",
       {7, "/run/user/7", "/data/state", "/home/a"},
       "/run/user/7/ekiden/control.sock",
       "/data/state/ekiden"},
      {"user with a home",
       {7, "/run/user/7", "", "/home/a"},
       "/run/user/7/ekiden/control.sock",
       "/home/a/.local/state/ekiden"},
      {"user with nothing", {7, "", "", ""}, "/tmp/ekiden-7/control.sock", "/tmp/ekiden-7/state"},
      {"relative variables",
       {7, "run", "state", "home"},
       "/tmp/ekiden-7/control.sock",
       "/tmp/ekiden-7/state"},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      CHECK(default_socket_path(c.user) == c.socket);
      CHECK(default_state_directory(c.user) == c.state);
    }
  }
}

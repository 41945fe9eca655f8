// Where the daemon and ekidenctl meet when nobody says otherwise. Depends on nothing, so that the
// client shares it with the daemon.
//
//                     root                        everybody else
//   control socket    /run/ekiden/control.sock    $XDG_RUNTIME_DIR/ekiden/control.sock
//   state directory   /var/lib/ekiden             $XDG_STATE_HOME/ekiden, else
//                                                 $HOME/.local/state/ekiden
//
// As the XDG base directory specification asks, a variable that is not an absolute path counts as
// unset. Without any of these variables it is /tmp/ekiden-<uid>/control.sock and
// /tmp/ekiden-<uid>/state: whoever creates that folder must check that it is his alone.
#pragma once

#include <sys/types.h>

#include <string>

namespace ekiden::daemon {

// What the defaults depend on; an empty string is an unset variable.
struct UserEnvironment {
  uid_t uid = 0;  // effective
  std::string xdg_runtime_dir;
  std::string xdg_state_home;
  std::string home;
};

// Reads the process's environment: not while another thread changes it.
UserEnvironment user_environment();

std::string default_socket_path(const UserEnvironment& user = user_environment());
std::string default_state_directory(const UserEnvironment& user = user_environment());

}  // namespace ekiden::daemon

// The control server: a socket in the file system and one thread that serves it. The thread is its
// own, and waits for no worker, no plugin and no client: it answers when everything else is stuck.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <thread>

#include "daemon/control/socket_file.hpp"

namespace ekiden::daemon::control {

class MethodTable;
class ServerLoop;

class ControlServer {
 public:
  // `mode`: permission bits of the socket, which are the access control; 0600 is part of them.
  ControlServer(std::filesystem::path socket, mode_t mode,
                std::shared_ptr<const MethodTable> methods);
  // stop().
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

  // Creates the socket and serves it; when this returns, clients are answered. Answers with what is
  // in the way, or nothing. Not twice. May take kFolderLockMs.
  [[nodiscard]] std::optional<SocketProblem> start();

  // Takes the socket away, writes what is ready to be written and ends the thread; requests in
  // flight are not answered any more. Waits at most kFolderLockMs + kFlushMs. Not on the control
  // thread. Further calls do nothing.
  void stop();

 private:
  const std::filesystem::path socket_;
  const mode_t mode_;
  const std::shared_ptr<const MethodTable> methods_;
  std::optional<SocketFile> file_;
  std::unique_ptr<ServerLoop> loop_;
  std::thread thread_;
};

}  // namespace ekiden::daemon::control

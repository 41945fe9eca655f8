#include "daemon/control/control_server.hpp"

#include <pthread.h>
#include <signal.h>

#include <system_error>
#include <utility>
#include <variant>

#include "daemon/config/exit_codes.hpp"
#include "daemon/control/method_table.hpp"
#include "daemon/control/server_loop.hpp"
#include "runtime/base/check.hpp"

namespace ekiden::daemon::control {
namespace {

// The process's signals are main's business: a thread takes over the mask of its maker. What a
// thread does to itself (a fault) stays open, for whoever reports crashes.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t signals;
    ::sigfillset(&signals);
    for (const int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT}) {
      ::sigdelset(&signals, own);
    }
    ::pthread_sigmask(SIG_SETMASK, &signals, &before_);
  }
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

}  // namespace

ControlServer::ControlServer(std::filesystem::path socket, mode_t mode,
                             std::shared_ptr<const MethodTable> methods)
    : socket_(std::move(socket)), mode_(mode), methods_(std::move(methods)) {}

ControlServer::~ControlServer() { stop(); }

std::optional<SocketProblem> ControlServer::start() {
  EKIDEN_CHECK(!file_);
  auto claimed = SocketFile::claim(socket_, mode_);
  if (auto* problem = std::get_if<SocketProblem>(&claimed)) return std::move(*problem);
  file_.emplace(std::move(std::get<SocketFile>(claimed)));
  try {
    loop_ = std::make_unique<ServerLoop>(file_->take_listener(), methods_);
    const SignalsBlocked scope;
    thread_ = std::thread([this] {
      ::pthread_setname_np(::pthread_self(), "ekd-control");
      loop_->run();
    });
  } catch (const std::system_error& failure) {
    file_->release();
    return SocketProblem{kExitCannotCreate,
                         std::string("cannot start the control server: ") + failure.what()};
  }
  return std::nullopt;
}

void ControlServer::stop() {
  if (!thread_.joinable()) return;
  // Before the listening descriptor is closed: see SocketFile::release().
  file_->release();
  loop_->stop();
  thread_.join();
  loop_.reset();
}

}  // namespace ekiden::daemon::control

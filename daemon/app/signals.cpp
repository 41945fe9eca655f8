#include "daemon/app/signals.hpp"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "daemon/config/exit_codes.hpp"
#include "daemon/logging/log.hpp"

namespace ekiden::daemon {
namespace {

sigset_t handled_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGHUP);
  return set;
}

std::string name_of(int signal) { return signal == SIGINT ? "SIGINT" : "SIGTERM"; }

}  // namespace

Signals::Signals(std::function<void()> stop) : stop_(std::move(stop)) {
  const sigset_t set = handled_signals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  thread_ = std::thread([this] { run(); });
}

Signals::~Signals() {
  // release: pairs with the acquire in run(). The signal is for this thread only.
  ending_.store(true, std::memory_order_release);
  ::pthread_kill(thread_.native_handle(), SIGHUP);
  thread_.join();
}

void Signals::run() {
  ::pthread_setname_np(::pthread_self(), "ekiden-signals");
  const sigset_t set = handled_signals();
  bool stopping = false;
  for (;;) {
    int signal = 0;
    if (::sigwait(&set, &signal) != 0) continue;
    if (ending_.load(std::memory_order_acquire)) return;
    if (signal == SIGHUP) {
      log::info("daemon", "SIGHUP is ignored; start the daemon again for a new configuration");
    } else if (!stopping) {
      stopping = true;
      log::info("daemon",
                name_of(signal) + ": shutting down; a second one ends the daemon at once");
      stop_();
    } else {
      log::critical("daemon", name_of(signal) + " again: the daemon ends without waiting");
      log::shutdown();
      ::_exit(kExitInternal);
    }
  }
}

}  // namespace ekiden::daemon

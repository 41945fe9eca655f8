// The control thread: accepts clients, reads their lines, calls methods and writes answers, with
// one event loop and no other thread's help. It waits for nothing but its event loop, and without a
// limit: a daemon that nobody talks to does not wake up.
//
// A turn: take events, serve each connection that has something to do (bounded, so that the next
// one has its share), go on with one request whose method had more to do than fits a turn, then
// hand out the answers that have arrived.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "daemon/control/connection.hpp"
#include "daemon/control/mailbox.hpp"
#include "daemon/control/method_table.hpp"
#include "runtime/base/atomic.hpp"
#include "runtime/reactor/event_loop.hpp"

namespace ekiden::daemon::control {

class ServerLoop final : private runtime::EventSink {
 public:
  // Takes the listening descriptor. Throws std::system_error where the system has no descriptor
  // left for the event loop; the listener is closed then too.
  ServerLoop(int listener, std::shared_ptr<const MethodTable> methods);
  // After run() has returned, or was never called.
  ~ServerLoop();
  ServerLoop(const ServerLoop&) = delete;
  ServerLoop& operator=(const ServerLoop&) = delete;

  // The thread's main function: until stop(). Then what is ready to be written is written, for at
  // most kFlushMs.
  void run();

  // Any thread, once or more.
  void stop() noexcept;

 private:
  struct Client {
    Connection connection;
    runtime::EventLoop::Registration registration;
    bool queued = false;  // in ready_
  };
  using Clients = std::unordered_map<ConnectionId, Client>;

  void on_ready(std::uint64_t token, runtime::ReadySet facts) noexcept override;
  void turn(runtime::Nanos deadline_ns);
  void enqueue(Client& client);
  void serve_ready();
  void serve(Connection& connection);
  void answer_line(Connection& connection, std::string_view line);
  void go_on_with_work();
  void hand_out_answers();
  void settle(Client& client);
  void flush_before_end();

  void accept_clients();
  void pause_accepting(int error);
  void admit(int socket);
  void refuse(int socket);
  void remove_abandoned();
  void remove(Clients::iterator position);

  const std::shared_ptr<const MethodTable> methods_;
  const std::unique_ptr<runtime::EventLoop> loop_;
  const std::shared_ptr<Mailbox> mailbox_;
  runtime::Atomic<bool> stop_{false};

  // Control thread only.
  runtime::EventLoop::Registration listener_;
  int listener_socket_;
  bool listener_ready_ = false;
  bool accept_complained_ = false;                    // about the shortage that lasts
  runtime::Nanos accept_again_ns_ = runtime::kNever;  // end of a pause in accepting
  Clients clients_;
  ConnectionId next_id_ = 1;
  std::vector<ConnectionId> ready_;  // connections with something to do that needs no event
};

}  // namespace ekiden::daemon::control

#include "daemon/control/server_loop.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>
#include <utility>
#include <variant>

#include "daemon/control/limits.hpp"
#include "daemon/control/os_error.hpp"
#include "daemon/control/rpc_message.hpp"
#include "daemon/logging/log.hpp"
#include "runtime/base/clock.hpp"

namespace ekiden::daemon::control {
namespace {

using runtime::EventLoop;
using runtime::Interest;
using runtime::Nanos;

// Connections have other numbers: theirs begin at 1.
constexpr std::uint64_t kListenerToken = 0;
constexpr std::size_t kEventsPerTurn = 2 * kConnectionsMax;
// New clients that are let in before the others are served.
constexpr int kAcceptsPerTurn = 16;

Nanos now_ns() { return runtime::SystemClock::instance().now_ns(); }

std::unique_ptr<EventLoop> make_loop(int listener) {
  try {
    return EventLoop::create();
  } catch (...) {
    ::close(listener);
    throw;
  }
}

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

std::string too_long() {
  return render_error(kNullId, {ErrorKind::kParse,
                                "the line is longer than " + std::to_string(kLineMaxBytes) +
                                    " bytes; it was skipped up to its line feed",
                                {}});
}

std::string unfinished() {
  return render_error(kNullId, {ErrorKind::kParse,
                                "the connection ended inside a line; end every message with a "
                                "line feed",
                                {}});
}

}  // namespace

ServerLoop::ServerLoop(int listener, std::shared_ptr<const MethodTable> methods)
    : methods_(std::move(methods)),
      loop_(make_loop(listener)),
      mailbox_(std::make_shared<Mailbox>(*loop_)),
      listener_socket_(listener) {
  const EventLoop::Added added = loop_->add(listener, kListenerToken);
  if (added.error != 0) {
    ::close(listener);
    throw std::system_error(added.error, std::generic_category(), "the control socket");
  }
  listener_ = added.registration;
}

ServerLoop::~ServerLoop() { mailbox_->close(); }

void ServerLoop::stop() noexcept {
  // release: pairs with the acquire in run().
  stop_.store(true, std::memory_order_release);
  loop_->interrupt();
}

void ServerLoop::run() {
  mailbox_->set_owner(std::this_thread::get_id());
  loop_->watch(listener_, Interest::kRead);
  while (!stop_.load(std::memory_order_acquire))
    turn(accept_again_ns_);
  flush_before_end();
  for (auto& [id, client] : clients_)
    client.connection.link()->set_gone();
  mailbox_->close();
}

void ServerLoop::turn(Nanos deadline_ns) {
  using runtime::Wait;
  loop_->arm(deadline_ns);
  const bool has_work = !ready_.empty() || listener_ready_ || mailbox_->has_work();
  loop_->turn(*this, has_work ? Wait::kNoWait : Wait::kBlock, kEventsPerTurn);
  serve_ready();
  go_on_with_work();
  hand_out_answers();
  if (accept_again_ns_ <= now_ns()) {
    accept_again_ns_ = runtime::kNever;
    listener_ready_ = true;
  }
  if (listener_ready_) accept_clients();
}

// --- Connections ------------------------------------------------------------------------------

void ServerLoop::on_ready(std::uint64_t token, runtime::ReadySet facts) noexcept {
  if (token == kListenerToken) {
    listener_ready_ = true;
    return;
  }
  const auto found = clients_.find(token);
  if (found == clients_.end()) return;
  if (facts.has_any(runtime::kReadable | runtime::kError)) {
    found->second.connection.mark_readable();
  }
  if (facts.has_any(runtime::kWritable | runtime::kError)) {
    found->second.connection.mark_writable();
  }
  enqueue(found->second);
}

void ServerLoop::enqueue(Client& client) {
  if (std::exchange(client.queued, true)) return;
  ready_.push_back(client.connection.id());
}

void ServerLoop::serve_ready() {
  // What becomes ready meanwhile has its turn after the others.
  for (const ConnectionId id : std::exchange(ready_, {})) {
    const auto found = clients_.find(id);
    if (found == clients_.end()) continue;
    found->second.queued = false;
    serve(found->second.connection);
    settle(found->second);
  }
}

void ServerLoop::serve(Connection& connection) {
  connection.receive();
  std::size_t bytes = 0;
  for (std::size_t lines = 0; lines < kLinesPerTurn && bytes < kLineBytesPerTurn; lines++) {
    // One at a time does long work, which keeps what it has found in memory.
    if (mailbox_->has_work_of(connection.id())) break;
    std::string_view line;
    const LineBuffer::Next next = connection.next_line(line);
    if (next == LineBuffer::Next::kNone) break;
    bytes += line.size();
    if (next == LineBuffer::Next::kTooLong) {
      connection.send(too_long());
    } else if (!is_blank(line)) {
      answer_line(connection, line);
      // Most methods have answered by now, and what that leaves to be written decides whether the
      // next request is taken.
      hand_out_answers();
    }
  }
  if (connection.take_unfinished()) connection.send(unfinished());
  connection.flush();
}

void ServerLoop::answer_line(Connection& connection, std::string_view line) {
  nlohmann::json params;
  const std::variant<Request, BadMessage> message = parse_request(line, params);
  if (const auto* bad = std::get_if<BadMessage>(&message)) {
    connection.send(render_error(bad->id, bad->error));
    return;
  }
  const auto& request = std::get<Request>(message);
  connection.begin_request();
  methods_->call(request, params, Responder(mailbox_, connection.id(), request, connection.link()));
}

// One part a turn, of whoever waits longest: so a request that takes a second holds up the others
// by a millisecond at a time.
void ServerLoop::go_on_with_work() {
  std::optional<Deferred> work = mailbox_->take_work();
  if (!work) return;
  try {
    work->next(std::move(work->responder));
  } catch (const std::exception& failure) {
    // The responder went with the call, and has told the client.
    log::error("control", std::string("a request failed: ") + failure.what());
  }
}

void ServerLoop::hand_out_answers() {
  for (Answer& answer : mailbox_->take()) {
    const auto found = clients_.find(answer.connection);
    if (found == clients_.end()) continue;  // the client is gone
    if (answer.kind == Answer::Kind::kProgress) {
      found->second.connection.send_progress(std::move(answer.line));
    } else {
      found->second.connection.end_request(std::move(answer));
    }
    enqueue(found->second);
  }
}

// After every touch: the connection goes, or waits for the right thing.
void ServerLoop::settle(Client& client) {
  const Connection& connection = client.connection;
  if (connection.is_finished()) {
    remove(clients_.find(connection.id()));
    return;
  }
  if (connection.is_blocked()) loop_->watch(client.registration, Interest::kWrite);
  if (connection.has_work()) {
    enqueue(client);
  } else if (connection.wants_event()) {
    loop_->watch(client.registration, Interest::kRead);
  }
}

void ServerLoop::remove(Clients::iterator position) {
  mailbox_->drop_work(position->first);
  position->second.connection.link()->set_gone();
  loop_->remove(position->second.registration);
  clients_.erase(position);
}

// --- Accepting --------------------------------------------------------------------------------

void ServerLoop::accept_clients() {
  for (int i = 0; i < kAcceptsPerTurn; i++) {
    const int socket = ::accept4(listener_socket_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (socket >= 0) {
      accept_complained_ = false;
      admit(socket);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      listener_ready_ = false;
      loop_->watch(listener_, Interest::kRead);
      return;
    } else if (errno != EINTR && errno != ECONNABORTED) {
      pause_accepting(errno);
      return;
    }
  }
}

// Out of descriptors or memory, most likely: the client waits in the kernel's queue, and asking
// again at once would only burn a core.
void ServerLoop::pause_accepting(int error) {
  listener_ready_ = false;
  accept_again_ns_ = now_ns() + kAcceptPauseMs * runtime::kNanosPerMilli;
  if (std::exchange(accept_complained_, true)) return;
  log::warn("control", "cannot accept clients: " + os_error_text(error) + "; trying again every " +
                           std::to_string(kAcceptPauseMs) + " ms");
}

void ServerLoop::admit(int socket) {
  if (clients_.size() >= kConnectionsMax) remove_abandoned();
  if (clients_.size() >= kConnectionsMax) return refuse(socket);
  const ConnectionId id = next_id_++;
  const EventLoop::Added added = loop_->add(socket, id);
  if (added.error != 0) {
    log::warn("control", "cannot wait for a client: " + os_error_text(added.error));
    ::close(socket);
    return;
  }
  const auto position =
      clients_.emplace(id, Client{Connection(socket, id), added.registration, false}).first;
  enqueue(position->second);
}

void ServerLoop::refuse(int socket) {
  OutputQueue output;
  output.push(
      render_error(kNullId, {ErrorKind::kBusy,
                             "all " + std::to_string(kConnectionsMax) +
                                 " control connections are in use; close one or try again later",
                             {}}));
  // A new socket's buffer is empty, so the line fits; where the client is gone already, so be it.
  static_cast<void>(output.flush(socket, kWriteBytesPerTurn));
  ::close(socket);
}

void ServerLoop::remove_abandoned() {
  for (auto next = clients_.begin(); next != clients_.end();) {
    const auto position = next++;
    if (position->second.connection.is_abandoned()) remove(position);
  }
}

// --- The end ----------------------------------------------------------------------------------

void ServerLoop::flush_before_end() {
  loop_->remove(listener_);
  listener_ready_ = false;
  accept_again_ns_ = runtime::kNever;
  hand_out_answers();
  const Nanos deadline_ns = now_ns() + kFlushMs * runtime::kNanosPerMilli;
  for (;;) {
    bool has_output = false;
    bool has_work = false;
    for (auto& [id, client] : clients_) {
      client.connection.flush();
      if (!client.connection.has_output()) continue;
      has_output = true;
      has_work = has_work || !client.connection.is_blocked();
      if (client.connection.is_blocked()) loop_->watch(client.registration, Interest::kWrite);
    }
    if (!has_output || now_ns() >= deadline_ns) return;
    loop_->arm(deadline_ns);
    using runtime::Wait;
    loop_->turn(*this, has_work ? Wait::kNoWait : Wait::kBlock, kEventsPerTurn);
  }
}

}  // namespace ekiden::daemon::control

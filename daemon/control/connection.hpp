// One client: its bytes, its requests in flight and what it still has to take. Knows the socket's
// calls and no event loop. Control thread only.
//
//   open ──the peer sends no more──> ended ──nothing in flight, nothing to write──> finished
//     └──the peer is gone, or a call on the socket failed──> broken = finished
//
// It stops asking for input while kInFlightMax requests are in flight or kOutputPauseBytes wait to
// be taken: the client's own kernel buffer fills, and it waits.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/control/client_link.hpp"
#include "daemon/control/line_buffer.hpp"
#include "daemon/control/output_queue.hpp"
#include "daemon/control/responder.hpp"

namespace ekiden::daemon::control {

class Connection {
 public:
  // `socket` is non-blocking and stays the caller's.
  Connection(int socket, ConnectionId id) : socket_(socket), id_(id) {}

  ConnectionId id() const { return id_; }
  int socket() const { return socket_; }
  const std::shared_ptr<ClientLink>& link() const { return link_; }

  // --- Input ----------------------------------------------------------------------------------
  // The event loop says that the socket may have something.
  void mark_readable() { readable_ = true; }
  // Worth asking the event loop when it is readable.
  bool wants_event() const { return wants_bytes() && !readable_; }
  // There is work that needs no event: bytes in the socket, or lines that were left for later.
  bool has_work() const;

  // One read, where more bytes are wanted.
  void receive();
  // The next thing to answer, if requests are taken now.
  LineBuffer::Next next_line(std::string_view& line);
  // Once, when the peer has ended inside a line.
  bool take_unfinished();

  // --- Answers --------------------------------------------------------------------------------
  void begin_request() { in_flight_++; }
  // The answer to a request that was begun.
  void end_request(Answer answer);
  // Says something that is no answer to a begun request: the line was none.
  void send(std::string line) { output_.push(std::move(line)); }
  // Progress of a begun request. Its size has been taken from the link's room.
  void send_progress(std::string line) {
    output_.push(std::move(line), OutputQueue::Kind::kProgress);
  }

  void flush();
  bool has_output() const { return !broken_ && !output_.empty(); }
  // Worth asking the event loop when it is writable.
  bool is_blocked() const { return !broken_ && write_blocked_; }
  void mark_writable() { write_blocked_ = false; }

  bool is_finished() const;
  // The peer is gone altogether, which nobody notices while nothing is read or written. One
  // poll(2).
  bool is_abandoned() const;

 private:
  bool takes_requests() const;
  bool wants_bytes() const;

  const int socket_;
  const ConnectionId id_;
  const std::shared_ptr<ClientLink> link_ = std::make_shared<ClientLink>();
  LineBuffer input_;
  OutputQueue output_;
  std::size_t in_flight_ = 0;
  bool readable_ = true;  // the last read did not say that the socket is empty
  bool write_blocked_ = false;
  bool ended_ = false;
  bool broken_ = false;
};

}  // namespace ekiden::daemon::control

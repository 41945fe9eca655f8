// TCP and what stream sockets have in common, on top of the reactor. Addresses are numbers (see
// socket_address.hpp). Any thread; the answers kStale and kForeign are as in reactor.hpp.
#pragma once

#include <string>
#include <string_view>

#include "runtime/reactor/reactor.hpp"

namespace ekiden::runtime {

struct ListenOptions {
  int backlog = 1024;       // connections; the kernel caps it at net.core.somaxconn
  bool reuse_port = false;  // several listeners on one port, the kernel spreads the connections
  bool ipv6_only = false;   // for [::]: leaves IPv4 connections to another listener
};

// A listener with SO_REUSEADDR. kInvalid: `address` is none. kOsError: the system refuses, and
// `os_error` says why (EADDRINUSE, EACCES, EADDRNOTAVAIL, EMFILE). In both cases `error_text` is a
// sentence for people.
Status tcp_listen(Reactor& reactor, OwnerId owner, std::string_view address,
                  const ListenOptions& options, Handle& out, int& os_error,
                  std::string& error_text);

// The next connection, non-blocking and close-on-exec; it belongs to the listener's owner. Also for
// listening Unix stream sockets. Connections that died in the queue are passed over.
// kOsError: EMFILE, ENFILE, ENOBUFS or ENOMEM leave the connection in the queue and the listener
// ready: try again later, on a timer, as nothing will wake you. kNoMemory, or ENOSPC from epoll:
// the connection is closed.
Status accept(Reactor& reactor, OwnerId owner, Handle listener, Waker waker, Handle& out,
              int& os_error);

// Starts a connection. kOk: the source is there, ask connect_result(); errors as tcp_listen.
Status tcp_connect(Reactor& reactor, OwnerId owner, std::string_view address, Handle& out,
                   int& os_error, std::string& error_text);

// kOk: connected. kPending. kOsError: why not (ECONNREFUSED, ETIMEDOUT); close the source then.
Status connect_result(Reactor& reactor, OwnerId owner, Handle handle, Waker waker, int& os_error);

// These give kOsError with ENOTSOCK for what is no socket, ENOTCONN and the like.
Status local_address(Reactor& reactor, OwnerId owner, Handle handle, std::string& out);
Status peer_address(Reactor& reactor, OwnerId owner, Handle handle, std::string& out);
Status set_nodelay(Reactor& reactor, OwnerId owner, Handle handle, bool on, int& os_error);
// No more is written from here; the peer reads what was written, then the end.
Status shutdown_write(Reactor& reactor, OwnerId owner, Handle handle, int& os_error);
// From here on close() sends a reset and throws away what has not been sent yet.
Status set_reset_on_close(Reactor& reactor, OwnerId owner, Handle handle, int& os_error);

}  // namespace ekiden::runtime

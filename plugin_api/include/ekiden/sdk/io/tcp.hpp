// TcpListener and TcpStream.
//
//   TcpListener listener = TcpListener::bind("127.0.0.1:7007");
//   for (;;) spawn(serve(co_await listener.accept())).detach();
#pragma once

#include <ekiden/sdk/io/fd_stream.hpp>
#include <ekiden/sdk/io/resolve.hpp>
#include <ekiden/sdk/io/socket.hpp>

#include <optional>
#include <vector>

EKIDEN_SDK_BEGIN

class TcpStream;

namespace detail {

class ConnectWait final : public Wait {
 public:
  explicit ConnectWait(const Address& to) : to_(to.to_string()) {}
  ConnectWait(ConnectWait&&) = default;

  bool begin() noexcept override {
    ekd_io made = 0;
    answer_.ask([&](ekd_error* error) {
      return bound.io->tcp_connect(bound.ctx, to_str(to_), &made, error);
    });
    if (!answer_.ok()) return true;
    made_ = IoHandle(made);
    return poll();
  }
  bool poll() noexcept override {
    return answer_.ask([this](ekd_error* error) {
      return bound.io->connect_poll(bound.ctx, made_.get(), waker(), error);
    });
  }
  inline TcpStream result();

 private:
  std::string to_;
  IoAnswer answer_;
  IoHandle made_;
};

}  // namespace detail

class TcpStream : public FdStream {
 public:
  TcpStream() noexcept = default;
  // A connection that is there already.
  explicit TcpStream(IoHandle io) noexcept : FdStream(std::move(io)) {}

  // co_await: a connection. Throws Error (EKD_E_OS: ECONNREFUSED and so on). Cancellation-safe:
  // what was begun is closed.
  static detail::ConnectWait connect(const Address& to) { return detail::ConnectWait(to); }
  // co_await: the same for "host:80", where each address of the host is tried in turn, or
  // "127.0.0.1:80". Errors: those of resolve(), and why the last address failed.
  static Task<TcpStream> connect(std::string host_port) {
    if (const auto address = Address::try_parse(host_port)) co_return co_await connect(*address);
    detail::HostPort to = detail::split_host_port(host_port);
    const std::vector<Address> all = co_await resolve(std::move(to.host), to.port);
    co_return co_await connect_any(all, host_port);
  }

  // [any] Throw Error (EKD_E_OS).
  Address local_address() const { return detail::local_address_of(io_); }
  Address peer_address() const { return detail::peer_address_of(io_); }
  void set_nodelay(bool on) const {
    ekd_error error = ekd_error_init();
    const std::int32_t code =
        detail::bound.io->set_nodelay(detail::bound.ctx, io_.get(), on ? 1 : 0, &error);
    if (code != EKD_OK) throw Error("nodelay", code, error);
  }

 private:
  static Task<TcpStream> connect_any(const std::vector<Address>& all, const std::string& name) {
    std::optional<Error> last;
    for (const Address& address : all) {
      try {
        co_return co_await connect(address);
      } catch (const Error& error) {
        last.emplace(error);
      }
    }
    if (!last) throw Error(EKD_E_NOT_FOUND, "connect to " + name + ": the host has no address");
    throw Error(last->code(), "connect to " + name + ": " + last->what(), last->os_errno());
  }
};

inline TcpStream detail::ConnectWait::result() {
  if (!answer_.ok()) answer_.check("connect to " + to_);
  return TcpStream(std::move(made_));
}

struct ListenOptions {
  std::uint32_t backlog = 0;  // connections that wait in the kernel; 0: the host's default
  bool reuse_port = false;    // several listeners share the port, and the kernel deals out
};

class TcpListener {
 public:
  TcpListener() noexcept = default;

  // [any] Binds and listens; port 0 takes a free one. Throws Error: EKD_E_OS (EADDRINUSE…),
  // EKD_E_INVALID (the text is no address), EKD_E_DRAINING.
  static TcpListener bind(const Address& at, const ListenOptions& options = {}) {
    return bind(at.to_string(), options);
  }
  static TcpListener bind(std::string_view at, const ListenOptions& options = {}) {
    ekd_listen_options listen{};
    listen.struct_size = sizeof(listen);
    listen.backlog = options.backlog;
    listen.flags = options.reuse_port ? EKD_LISTEN_REUSE_PORT : 0;
    ekd_io io = 0;
    ekd_error error = ekd_error_init();
    const std::int32_t code =
        detail::bound.io->tcp_listen(detail::bound.ctx, to_str(at), &listen, &io, &error);
    if (code != EKD_OK) throw Error("listen", code, error);
    TcpListener listener;
    listener.io_ = IoHandle(io);
    return listener;
  }

  // co_await: the next connection. Throws Error: EKD_E_OS, which leaves the listener as it was;
  // where is_shortage() says so, rest before the next accept. Cancellation-safe: no connection is
  // lost.
  detail::AcceptWait<TcpStream> accept() const { return detail::AcceptWait<TcpStream>(io_.get()); }

  explicit operator bool() const noexcept { return static_cast<bool>(io_); }
  Address local_address() const { return detail::local_address_of(io_); }
  const IoHandle& io() const noexcept { return io_; }
  void close() noexcept { io_.close(); }

 private:
  IoHandle io_;
};

EKIDEN_SDK_END

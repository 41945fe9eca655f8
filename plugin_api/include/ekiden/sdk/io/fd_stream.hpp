// FdStream: a stream of bytes over a descriptor; what TcpStream and UnixStream are, and what a pipe
// or a terminal becomes. Its halves, for two tasks.
#pragma once

#include <ekiden/sdk/io/transfer.hpp>

#include <memory>
#include <utility>

EKIDEN_SDK_BEGIN

namespace detail {

inline void shutdown_write(const IoHandle& io) {
  ekd_error error = ekd_error_init();
  const std::int32_t code = bound.io->shutdown_write(bound.ctx, io.get(), &error);
  // The peer has reset it: there is nothing left to end.
  if (code == EKD_OK || (code == EKD_E_OS && error.os_errno == ENOTCONN)) return;
  throw Error("shutdown", code, error);
}

}  // namespace detail

// One half of a stream. The descriptor is closed when both have gone.
class ReadHalf : public ReadsIo<ReadHalf> {
 public:
  explicit ReadHalf(std::shared_ptr<IoHandle> io) : io_(std::move(io)) {}
  const IoHandle& io() const noexcept { return *io_; }

 private:
  friend class FdStream;
  std::shared_ptr<IoHandle> io_;
};

// Ends our side of the stream when it goes.
class WriteHalf : public WritesIo<WriteHalf> {
 public:
  explicit WriteHalf(std::shared_ptr<IoHandle> io) : io_(std::move(io)) {}
  WriteHalf(WriteHalf&&) noexcept = default;
  WriteHalf& operator=(WriteHalf&& other) noexcept {
    end();
    io_ = std::move(other.io_);
    return *this;
  }
  ~WriteHalf() { end(); }

  const IoHandle& io() const noexcept { return *io_; }
  // [any] Ends our side (FIN). Throws Error (EKD_E_OS).
  void shutdown() const { detail::shutdown_write(*io_); }

 private:
  friend class FdStream;
  void end() noexcept {
    if (io_ == nullptr) return;
    detail::bound.io->shutdown_write(detail::bound.ctx, io_->get(), nullptr);
    io_.reset();
  }

  std::shared_ptr<IoHandle> io_;
};

class FdStream : public ReadsIo<FdStream>, public WritesIo<FdStream> {
 public:
  FdStream() noexcept = default;
  explicit FdStream(IoHandle io) noexcept : io_(std::move(io)) {}
  // [any] Owns `fd`, also where it throws; see IoHandle::adopt.
  static FdStream adopt(int fd) { return FdStream(IoHandle::adopt(fd)); }

  explicit operator bool() const noexcept { return static_cast<bool>(io_); }
  const IoHandle& io() const noexcept { return io_; }
  int fd() const noexcept { return io_.fd(); }
  void close() noexcept { io_.close(); }

  // [any] Ends our side once what was written has gone (FIN); reading goes on, and sees the end
  // when the peer ends its side. For sockets. Throws Error (EKD_E_OS).
  void shutdown() const { detail::shutdown_write(io_); }

  // Owned halves, for two tasks; with one allocation. This stream is empty then.
  std::pair<ReadHalf, WriteHalf> into_split() {
    auto io = std::make_shared<IoHandle>(std::move(io_));
    return {ReadHalf(io), WriteHalf(io)};
  }
  // The stream again. Throws Error (EKD_E_INVALID) where they are of two; then both are gone.
  static FdStream reunite(ReadHalf read_half, WriteHalf write_half) {
    if (read_half.io_ != write_half.io_)
      throw Error(EKD_E_INVALID, "reunite: these are halves of two streams");
    return FdStream(std::move(*std::exchange(write_half.io_, nullptr)));
  }

 protected:
  IoHandle io_;
};

EKIDEN_SDK_END

// Channels between plugins, ekd.channel/1: named, bounded, the host's own. A message is a Buffer of
// host memory that goes from plugin to plugin without being copied.
//
//   HostSender out("metrics.lines", 1024);            // makes the channel, or finds it
//   co_await out.send(Buffer::of("cpu 12"));
//
//   HostReceiver in("metrics.lines", 1024);           // in another plugin
//   while (auto message = co_await in.receive()) use(message->text());
//
// A channel lives as long as an end is open or a message waits, across the unload of either plugin.
// Only close() closes it. See ekiden/channel.h for what the host promises.
#pragma once

#include <ekiden/sdk/task.hpp>

#include <cstring>
#include <optional>
#include <span>
#include <string_view>

EKIDEN_SDK_BEGIN

namespace detail {

// Hosts that have no channels load plugins that use none.
inline const ekd_channel_api& channels() {
  if (bound.channel == nullptr) throw Error(EKD_E_UNSUPPORTED, "the host lacks " EKD_CHANNEL_ID);
  return *bound.channel;
}

}  // namespace detail

// One reference to a buffer. Move-only; share() makes another.
class Buffer {
 public:
  Buffer() noexcept = default;
  // Throws Error: EKD_E_TOO_BIG (over 16 MiB), EKD_E_NO_MEMORY. Not zeroed.
  explicit Buffer(std::size_t size) {
    void* data = nullptr;
    detail::check(detail::channels().buffer_alloc(detail::bound.ctx, size, &handle_, &data),
                  "a buffer");
  }
  // A copy of these bytes.
  static Buffer of(std::string_view bytes) {
    Buffer made(bytes.size());
    if (!bytes.empty()) std::memcpy(made.edit().data(), bytes.data(), bytes.size());
    return made;
  }
  // Takes over a reference that the host gave.
  static Buffer adopt(ekd_buffer handle) noexcept {
    Buffer taken;
    taken.handle_ = handle;
    return taken;
  }
  Buffer(Buffer&& other) noexcept : handle_(std::exchange(other.handle_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    if (this == &other) return *this;
    reset();
    handle_ = std::exchange(other.handle_, 0);
    return *this;
  }
  ~Buffer() { reset(); }

  explicit operator bool() const noexcept { return handle_ != 0; }
  ekd_buffer handle() const noexcept { return handle_; }
  // Gives the reference up to the caller.
  ekd_buffer release() noexcept { return std::exchange(handle_, 0); }
  void reset() noexcept {
    if (handle_ != 0) detail::channels().buffer_release(detail::bound.ctx, release());
  }
  // Another reference to the same bytes. From then on nobody may write them.
  Buffer share() const {
    ekd_buffer other = 0;
    detail::check(detail::channels().buffer_retain(detail::bound.ctx, handle_, &other), "a buffer");
    return adopt(other);
  }

  // Valid as long as this reference is held.
  std::span<const std::byte> bytes() const {
    const void* data = nullptr;
    std::uint64_t size = 0;
    detail::check(detail::channels().buffer_data(detail::bound.ctx, handle_, &data, &size),
                  "a buffer");
    return {static_cast<const std::byte*>(data), static_cast<std::size_t>(size)};
  }
  std::string_view text() const {
    const auto all = bytes();
    return {reinterpret_cast<const char*>(all.data()), all.size()};
  }
  // For writing. Throws Error (EKD_E_WRONG_STATE) where somebody else has a reference too.
  std::span<std::byte> edit() {
    void* data = nullptr;
    std::uint64_t size = 0;
    detail::check(detail::channels().buffer_edit(detail::bound.ctx, handle_, &data, &size),
                  "a buffer is shared and cannot be written");
    return {static_cast<std::byte*>(data), static_cast<std::size_t>(size)};
  }
  // Cuts it to its first bytes. Throws as edit(), and Error (EKD_E_TOO_BIG).
  void trim(std::size_t size) {
    detail::check(detail::channels().buffer_trim(detail::bound.ctx, handle_, size), "a buffer");
  }

 private:
  ekd_buffer handle_ = 0;
};

namespace detail {

struct OpenSender {
  static std::int32_t open(ekd_str name, const ekd_channel_options* options, std::uint64_t* out,
                           ekd_error* err) {
    return channels().open_sender(bound.ctx, name, options, out, err);
  }
  static void close(std::uint64_t end) { channels().sender_close(bound.ctx, end); }
};
struct OpenReceiver {
  static std::int32_t open(ekd_str name, const ekd_channel_options* options, std::uint64_t* out,
                           ekd_error* err) {
    return channels().open_receiver(bound.ctx, name, options, out, err);
  }
  static void close(std::uint64_t end) { channels().receiver_close(bound.ctx, end); }
};

// One end. The host has one waiter an end, so one task at a time waits at it.
template <class Kind>
class HostEnd {
 public:
  HostEnd(std::string_view name, std::uint32_t capacity) {
    ekd_channel_options options{};
    options.struct_size = sizeof(options);
    options.capacity = capacity;
    ekd_error error = ekd_error_init();
    const std::int32_t code = Kind::open(to_str(name), &options, &end_, &error);
    if (code != EKD_OK) throw Error("channel \"" + std::string(name) + "\"", code, error);
  }
  HostEnd(HostEnd&& other) noexcept : end_(std::exchange(other.end_, 0)) {}
  HostEnd& operator=(HostEnd&& other) noexcept {
    if (this == &other) return *this;
    drop();
    end_ = std::exchange(other.end_, 0);
    return *this;
  }
  ~HostEnd() { drop(); }

  // [any] Messages that wait in the channel now.
  std::size_t size() const { return info().queued; }
  std::size_t capacity() const { return info().capacity; }
  bool is_closed() const { return info().closed != 0; }
  // [any] Closes the channel for everybody: what waits in it is still received.
  void close_channel() const { channels().channel_close(bound.ctx, end_); }

 protected:
  std::uint64_t end() const { return end_; }

 private:
  ekd_channel_info info() const {
    ekd_channel_info info{};
    info.struct_size = sizeof(info);
    check(channels().channel_info(bound.ctx, end_, &info), "channel");
    return info;
  }
  void drop() noexcept {
    if (end_ != 0) Kind::close(std::exchange(end_, 0));
  }

  std::uint64_t end_ = 0;
};

class HostSendWait final : public Wait {
 public:
  HostSendWait(ekd_sender sender, Buffer message) : sender_(sender), message_(std::move(message)) {}
  HostSendWait(HostSendWait&&) = default;
  ~HostSendWait() {
    if (begun() && code_ == EKD_PENDING) channels().send_cancel(bound.ctx, sender_);
  }

  bool poll() noexcept override {
    code_ = channels().send_poll(bound.ctx, sender_, message_.handle(), waker());
    if (code_ == EKD_READY) message_.release();
    return code_ != EKD_PENDING;
  }
  void result() const {
    if (code_ == EKD_E_CLOSED) throw Closed("the channel is closed");
    check(code_, "send");
  }

 private:
  const ekd_sender sender_;
  Buffer message_;
  std::int32_t code_ = EKD_PENDING;
};

class HostReceiveWait final : public Wait {
 public:
  explicit HostReceiveWait(ekd_receiver receiver) : receiver_(receiver) {}
  HostReceiveWait(HostReceiveWait&&) = default;
  ~HostReceiveWait() {
    if (begun() && code_ == EKD_PENDING) channels().recv_cancel(bound.ctx, receiver_);
  }

  bool poll() noexcept override {
    ekd_buffer message = 0;
    code_ = channels().recv_poll(bound.ctx, receiver_, waker(), &message);
    if (code_ == EKD_READY) message_ = Buffer::adopt(message);
    return code_ != EKD_PENDING;
  }
  std::optional<Buffer> result() {
    if (code_ == EKD_E_CLOSED) return std::nullopt;
    check(code_, "receive");
    return std::move(message_);
  }

 private:
  const ekd_receiver receiver_;
  Buffer message_;
  std::int32_t code_ = EKD_PENDING;
};

}  // namespace detail

// `name`: [a-z][a-z0-9_.]*, at most 63 bytes; one name space for all plugins. `capacity`: messages,
// 1 to 65536; 0: the channel is there already. Throws Error as the host's open_sender answers.
class HostSender : public detail::HostEnd<detail::OpenSender> {
 public:
  HostSender(std::string_view name, std::uint32_t capacity) : HostEnd(name, capacity) {}

  // co_await: when there is room, in turn; throws Closed. Cancellation-safe: then it was not sent.
  detail::HostSendWait send(Buffer message) const { return {end(), std::move(message)}; }
  // [any] False: it is full, or others wait; the message is still yours. Throws Closed.
  bool try_send(Buffer& message) const {
    const std::int32_t code =
        detail::channels().send_poll(detail::bound.ctx, end(), message.handle(), 0);
    if (code == EKD_E_CLOSED) throw Closed("the channel is closed");
    detail::check(code, "send");
    if (code == EKD_READY) message.release();
    return code == EKD_READY;
  }
};

class HostReceiver : public detail::HostEnd<detail::OpenReceiver> {
 public:
  HostReceiver(std::string_view name, std::uint32_t capacity) : HostEnd(name, capacity) {}

  // co_await: the oldest message; nothing where the channel is closed and empty. Cancellation-safe:
  // no message is lost.
  detail::HostReceiveWait receive() const { return detail::HostReceiveWait(end()); }
};

EKIDEN_SDK_END

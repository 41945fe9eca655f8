// What tests of ekd.channel/1 share.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>

#include "tests/unit/host/fixture.hpp"

namespace ekiden::daemon::test {

inline const ekd_channel_api& channel_api(const Daemon& daemon) {
  return *static_cast<const ekd_channel_api*>(
      daemon.host->table()->get_ext(EKD_CHANNEL_ID, sizeof(ekd_channel_api)));
}

inline ekd_channel_options channel_options(std::uint32_t capacity) {
  ekd_channel_options options{};
  options.struct_size = sizeof(options);
  options.capacity = capacity;
  return options;
}

// 0 where it was refused.
inline ekd_sender open_sender(const ekd_channel_api& api, const Plugin& plugin,
                              std::uint32_t capacity, const char* name = "c") {
  const ekd_channel_options options = channel_options(capacity);
  ekd_sender sender = 0;
  api.open_sender(plugin.ctx, ekd_str_from(name), &options, &sender, nullptr);
  return sender;
}

inline ekd_receiver open_receiver(const ekd_channel_api& api, const Plugin& plugin,
                                  std::uint32_t capacity, const char* name = "c") {
  const ekd_channel_options options = channel_options(capacity);
  ekd_receiver receiver = 0;
  api.open_receiver(plugin.ctx, ekd_str_from(name), &options, &receiver, nullptr);
  return receiver;
}

// A buffer that holds one number; 0 where there is none.
inline ekd_buffer number_buffer(const ekd_channel_api& api, const Plugin& plugin,
                                std::uint64_t number) {
  ekd_buffer buffer = 0;
  void* data = nullptr;
  if (api.buffer_alloc(plugin.ctx, sizeof(number), &buffer, &data) != EKD_OK) return 0;
  std::memcpy(data, &number, sizeof(number));
  return buffer;
}

// The number in it, and releases it; all ones where it has none.
inline std::uint64_t take_number(const ekd_channel_api& api, const Plugin& plugin,
                                 ekd_buffer buffer) {
  const void* data = nullptr;
  std::uint64_t size = 0;
  std::uint64_t number = ~std::uint64_t{0};
  if (api.buffer_data(plugin.ctx, buffer, &data, &size) != EKD_OK) return number;
  if (size == sizeof(number)) std::memcpy(&number, data, sizeof(number));
  return api.buffer_release(plugin.ctx, buffer) == EKD_OK ? number : ~std::uint64_t{0};
}

// Sends without waiting; what was not taken is released.
inline std::int32_t send_number(const ekd_channel_api& api, const Plugin& plugin, ekd_sender sender,
                                std::uint64_t number, ekd_waker waker = 0) {
  const ekd_buffer buffer = number_buffer(api, plugin, number);
  const std::int32_t code = api.send_poll(plugin.ctx, sender, buffer, waker);
  if (code != EKD_READY) api.buffer_release(plugin.ctx, buffer);
  return code;
}

// The code, or the number that was received.
inline std::int64_t receive_number(const ekd_channel_api& api, const Plugin& plugin,
                                   ekd_receiver receiver, ekd_waker waker = 0) {
  ekd_buffer buffer = 0;
  const std::int32_t code = api.recv_poll(plugin.ctx, receiver, waker, &buffer);
  if (code == EKD_PENDING) return -100;
  if (code != EKD_READY) return code;
  return static_cast<std::int64_t>(take_number(api, plugin, buffer));
}
inline constexpr std::int64_t kNothingThere = -100;

inline ekd_channel_info channel_info(const ekd_channel_api& api, const Plugin& plugin,
                                     std::uint64_t end) {
  ekd_channel_info info{};
  info.struct_size = sizeof(info);
  api.channel_info(plugin.ctx, end, &info);
  return info;
}

}  // namespace ekiden::daemon::test

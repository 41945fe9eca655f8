// The host that this plugin runs in. There is one in a library, for one loaded generation of a
// plugin has its own statics.
#pragma once

#include <ekiden/channel.h>
#include <ekiden/sdk/base.hpp>

EKIDEN_SDK_BEGIN

namespace detail {

// EKD_CANCELLED, and room_size of ekd_task_type.
inline constexpr std::uint16_t kHostMinorMin = 3;

// Set once, before anything else of the SDK is used, and only read afterwards.
struct Binding {
  ekd_ctx* ctx = nullptr;
  const ekd_host* host = nullptr;
  const ekd_task_api* task = nullptr;
  const ekd_time_api* time = nullptr;
  const ekd_io_api* io = nullptr;
  const ekd_blocking_api* blocking = nullptr;
  const ekd_log_api* log = nullptr;
  const ekd_memory_api* memory = nullptr;
  const ekd_channel_api* channel = nullptr;  // null: the host has none
  // Told apart by what keeps ids of the host in statics: tests bind more than once.
  std::uint32_t epoch = 0;
};

inline constinit Binding bound{};

template <class Api>
const Api* service(const ekd_host& host, const char* id) {
  const auto* api = static_cast<const Api*>(host.get_ext(id, sizeof(Api)));
  if (api == nullptr) throw Error(EKD_E_UNSUPPORTED, std::string("the host lacks ") + id);
  return api;
}

}  // namespace detail

// Before the first use of the SDK; EKIDEN_PLUGIN does it. Throws Error (EKD_E_UNSUPPORTED) where
// the host is older than what this SDK needs. Bind again only when nothing of the former binding is
// left.
inline void bind(ekd_ctx* ctx, const ekd_host& host) {
  if (host.abi_minor < detail::kHostMinorMin)
    throw Error(EKD_E_UNSUPPORTED, "the host is older than version 1.3 of the plugin ABI");
  detail::Binding next;
  next.ctx = ctx;
  next.host = &host;
  next.task = detail::service<ekd_task_api>(host, EKD_TASK_ID);
  next.time = detail::service<ekd_time_api>(host, EKD_TIME_ID);
  next.io = detail::service<ekd_io_api>(host, EKD_IO_ID);
  next.blocking = detail::service<ekd_blocking_api>(host, EKD_BLOCKING_ID);
  next.log = detail::service<ekd_log_api>(host, EKD_LOG_ID);
  next.memory = detail::service<ekd_memory_api>(host, EKD_MEMORY_ID);
  next.channel =
      static_cast<const ekd_channel_api*>(host.get_ext(EKD_CHANNEL_ID, sizeof(ekd_channel_api)));
  next.epoch = detail::bound.epoch + 1;
  detail::bound = next;
}

// [any] A line in the daemon's log, under the plugin's name. level: EKD_LOG_….
inline void log(std::uint32_t level, std::string_view text) {
  detail::bound.log->write(detail::bound.ctx, level, to_str(text));
}

EKIDEN_SDK_END

#include "daemon/host/misuse.hpp"

#include <charconv>
#include <exception>
#include <string>

#include "daemon/logging/log.hpp"

namespace ekiden::daemon::host {

namespace {

// In the order of Function.
constexpr std::array<std::string_view, kFunctions> kNames = {
    "ekd_host get_ext",
    "ekd_host lifecycle_done",
    "ekd_host call_reply",
    "ekd_host call_progress",
    "ekd.task/1 type_register",
    "ekd.task/1 reserve",
    "ekd.task/1 commit",
    "ekd.task/1 commit_n",
    "ekd.task/1 discard",
    "ekd.task/1 spawn",
    "ekd.task/1 spawn_n",
    "ekd.task/1 join_poll",
    "ekd.task/1 join_close",
    "ekd.task/1 abort",
    "ekd.task/1 children_poll",
    "ekd.task/1 fail",
    "ekd.time/1 now_ns",
    "ekd.time/1 create",
    "ekd.time/1 arm",
    "ekd.time/1 poll",
    "ekd.time/1 cancel",
    "ekd.time/1 close",
    "ekd.time/1 start",
    "ekd.io/1 tcp_listen",
    "ekd.io/1 tcp_connect",
    "ekd.io/1 connect_poll",
    "ekd.io/1 accept",
    "ekd.io/1 read",
    "ekd.io/1 write",
    "ekd.io/1 shutdown_write",
    "ekd.io/1 adopt",
    "ekd.io/1 ready_poll",
    "ekd.io/1 clear_ready",
    "ekd.io/1 fd",
    "ekd.io/1 local_address",
    "ekd.io/1 peer_address",
    "ekd.io/1 set_nodelay",
    "ekd.io/1 close",
    "ekd.blocking/1 submit",
    "ekd.blocking/1 job_poll",
    "ekd.blocking/1 job_close",
    "ekd.log/1 enabled",
    "ekd.log/1 write",
    "ekd.memory/1 alloc",
    "ekd.memory/1 free",
    "ekd.metrics/1 add_metric",
    "ekd.metrics/1 add",
    "ekd.metrics/1 set",
    "ekd.metrics/1 observe",
    "ekd.metrics/1 render",
    "ekd.metrics/1 daemon_state",
    "ekd.channel/1 buffer_alloc",
    "ekd.channel/1 buffer_retain",
    "ekd.channel/1 buffer_release",
    "ekd.channel/1 buffer_data",
    "ekd.channel/1 buffer_edit",
    "ekd.channel/1 buffer_trim",
    "ekd.channel/1 open_sender",
    "ekd.channel/1 open_receiver",
    "ekd.channel/1 send_poll",
    "ekd.channel/1 send_cancel",
    "ekd.channel/1 recv_poll",
    "ekd.channel/1 recv_cancel",
    "ekd.channel/1 channel_info",
    "ekd.channel/1 channel_close",
    "ekd.channel/1 sender_close",
    "ekd.channel/1 receiver_close",
};
static_assert(!kNames.back().empty(), "every function has a name");

std::string hex(std::uint64_t value) {
  char digits[16];
  const auto end = std::to_chars(digits, digits + sizeof(digits), value, 16).ptr;
  return "0x" + std::string(digits, end);
}

}  // namespace

std::string_view function_name(Function function) noexcept {
  return kNames[static_cast<std::size_t>(function)];
}

std::uint32_t MisuseCounters::count(Function function) noexcept {
  // relaxed: a counter publishes nothing but itself.
  auto& counter = counts_[static_cast<std::size_t>(function)];
  return counter.fetch_add(1, std::memory_order_relaxed) + 1;
}

std::uint32_t MisuseCounters::seen(Function function) const noexcept {
  return counts_[static_cast<std::size_t>(function)].load(std::memory_order_relaxed);
}

void log_misuse(std::string_view component, Function function, std::uint64_t handle,
                std::string_view text, std::uint32_t times) noexcept {
  if (!log::enabled(log::Level::kWarn, component)) return;
  try {
    std::string line(function_name(function));
    if (handle != 0) line.append(" (").append(hex(handle)).append(")");
    line.append(": ").append(text);
    if (times > 1) line.append(" (").append(std::to_string(times)).append(" times by now)");
    log::warn(component, line);
  } catch (const std::exception&) {
    log::warn(component, function_name(function));
  }
}

}  // namespace ekiden::daemon::host

// ekd.log/1 on the daemon's log.
#include <string_view>

#include "daemon/host/host_call.hpp"
#include "daemon/host/services.hpp"
#include "daemon/logging/limits.hpp"
#include "daemon/logging/log.hpp"

namespace ekiden::daemon::host {

namespace {

static_assert(EKD_LOG_TRACE == static_cast<std::uint32_t>(log::Level::kTrace));
static_assert(EKD_LOG_DEBUG == static_cast<std::uint32_t>(log::Level::kDebug));
static_assert(EKD_LOG_INFO == static_cast<std::uint32_t>(log::Level::kInfo));
static_assert(EKD_LOG_WARN == static_cast<std::uint32_t>(log::Level::kWarn));
static_assert(EKD_LOG_ERROR == static_cast<std::uint32_t>(log::Level::kError));
static_assert(EKD_LOG_CRITICAL == static_cast<std::uint32_t>(log::Level::kCritical));

std::uint32_t enabled(ekd_ctx* ctx, std::uint32_t level) {
  HostCall call(ctx, Function::kLogEnabled);
  if (!call.admitted() || level > EKD_LOG_CRITICAL) return 0;
  return log::enabled(static_cast<log::Level>(level), call.ctx()->component) ? 1 : 0;
}

std::int32_t write(ekd_ctx* ctx, std::uint32_t level, ekd_str message) {
  HostCall call(ctx, Function::kLogWrite);
  if (!call.admitted()) return call.refusal();
  if (level > EKD_LOG_CRITICAL) return call.refuse(EKD_E_INVALID, "level is none of EKD_LOG_…");
  if (!is_readable(message)) {
    return call.refuse(EKD_E_INVALID, "message.data is NULL, but its size is not 0");
  }
  // The log itself cuts and escapes.
  log::write(static_cast<log::Level>(level), call.ctx()->component, view_of(message));
  return message.size > log::kMessageMaxBytes ? EKD_E_TOO_BIG : EKD_OK;
}

constexpr ekd_log_api kTable = {sizeof(ekd_log_api), 0, enabled, write};

}  // namespace

const ekd_log_api& log_service() noexcept { return kTable; }

}  // namespace ekiden::daemon::host

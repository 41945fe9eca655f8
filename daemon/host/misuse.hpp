// Telling the operator that a plugin uses the ABI wrongly, without letting it flood the log: of
// each function and instance the first time, and then every power of two.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "runtime/base/atomic.hpp"

namespace ekiden::daemon::host {

enum class Function : std::uint8_t {
  kGetExt,
  kLifecycleDone,
  kCallReply,
  kCallProgress,
  kTaskTypeRegister,
  kTaskReserve,
  kTaskCommit,
  kTaskCommitN,
  kTaskDiscard,
  kTaskSpawn,
  kTaskSpawnN,
  kTaskJoinPoll,
  kTaskJoinClose,
  kTaskAbort,
  kTaskChildrenPoll,
  kTaskFail,
  kTimeNow,
  kTimeCreate,
  kTimeArm,
  kTimePoll,
  kTimeCancel,
  kTimeClose,
  kTimeStart,
  kIoTcpListen,
  kIoTcpConnect,
  kIoConnectPoll,
  kIoAccept,
  kIoRead,
  kIoWrite,
  kIoShutdownWrite,
  kIoAdopt,
  kIoReadyPoll,
  kIoClearReady,
  kIoFd,
  kIoLocalAddress,
  kIoPeerAddress,
  kIoSetNodelay,
  kIoClose,
  kBlockingSubmit,
  kBlockingJobPoll,
  kBlockingJobClose,
  kLogEnabled,
  kLogWrite,
  kMemoryAlloc,
  kMemoryFree,
  kMetricsAddMetric,
  kMetricsAdd,
  kMetricsSet,
  kMetricsObserve,
  kMetricsRender,
  kMetricsDaemonState,
  kChannelBufferAlloc,
  kChannelBufferRetain,
  kChannelBufferRelease,
  kChannelBufferData,
  kChannelBufferEdit,
  kChannelBufferTrim,
  kChannelOpenSender,
  kChannelOpenReceiver,
  kChannelSendPoll,
  kChannelSendCancel,
  kChannelRecvPoll,
  kChannelRecvCancel,
  kChannelInfo,
  kChannelClose,
  kChannelSenderClose,
  kChannelReceiverClose,
};

inline constexpr std::size_t kFunctions =
    static_cast<std::size_t>(Function::kChannelReceiverClose) + 1;

// "ekd.task/1 commit": as the plugin's author knows it.
std::string_view function_name(Function function) noexcept;

// Any thread may call any member.
class MisuseCounters {
 public:
  // Counts one and answers how many it were by now.
  std::uint32_t count(Function function) noexcept;
  std::uint32_t seen(Function function) const noexcept;

 private:
  std::array<runtime::Atomic<std::uint32_t>, kFunctions> counts_{};
};

// Whether the n-th time is worth a line: the first, and every power of two.
constexpr bool is_worth_a_line(std::uint32_t n) noexcept { return (n & (n - 1)) == 0; }

// One line of level warn under `component`. `handle` 0: the call takes none, or none was given.
// `times`: how often it happened. Never throws; any thread.
void log_misuse(std::string_view component, Function function, std::uint64_t handle,
                std::string_view text, std::uint32_t times) noexcept;

}  // namespace ekiden::daemon::host

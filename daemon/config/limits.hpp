// Every limit and default of the configuration, in one place. The unit comes last in a name;
// without one, it is a plain count. `Min` and `Max` are the smallest and the largest accepted
// value.
#pragma once

#include <sys/un.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ekiden::daemon::limits {

// --- The file -----------------------------------------------------------------------------------
inline constexpr std::size_t kFileMaxBytes = std::size_t{1024} * 1024;
inline constexpr std::size_t kNestingMax = 32;  // open objects and arrays
// Problems that are told at once. A wrong file (a log, say) would else answer with a screen per
// line.
inline constexpr std::size_t kProblemsMax = 50;

// --- runtime ------------------------------------------------------------------------------------
inline constexpr std::uint32_t kWorkersMin = 1;
inline constexpr std::uint32_t kWorkersMax = 1024;

inline constexpr std::uint32_t kLocalQueueCapacityMin = 4;
inline constexpr std::uint32_t kLocalQueueCapacityMax = 32'768;
inline constexpr std::uint32_t kLocalQueueCapacityDefault = 256;

inline constexpr std::uint32_t kGlobalQueueCapacityMin = 1;
inline constexpr std::uint32_t kGlobalQueueCapacityMax = 16'777'216;
inline constexpr std::uint32_t kGlobalQueueCapacityDefault = 1'048'576;

inline constexpr std::uint32_t kGlobalQueueIntervalMinPolls = 1;
inline constexpr std::uint32_t kGlobalQueueIntervalMaxPolls = 65'535;

inline constexpr std::uint32_t kEventIntervalMinPolls = 1;
inline constexpr std::uint32_t kEventIntervalMaxPolls = 65'535;
inline constexpr std::uint32_t kEventIntervalDefaultPolls = 61;

inline constexpr bool kLifoSlotDefault = true;

inline constexpr std::uint32_t kPollBudgetMin = 1;
inline constexpr std::uint32_t kPollBudgetMax = 65'535;
inline constexpr std::uint32_t kPollBudgetDefault = 128;

// --- runtime.blocking ---------------------------------------------------------------------------
inline constexpr std::uint32_t kBlockingThreadsMin = 1;
inline constexpr std::uint32_t kBlockingThreadsMax = 1024;
inline constexpr std::uint32_t kBlockingThreadsDefault = 64;

inline constexpr std::uint32_t kBlockingQueueCapacityMin = 1;
inline constexpr std::uint32_t kBlockingQueueCapacityMax = 1'048'576;
inline constexpr std::uint32_t kBlockingQueueCapacityDefault = 4096;

inline constexpr std::uint32_t kBlockingKeepAliveMinMs = 1;
inline constexpr std::uint32_t kBlockingKeepAliveMaxMs = 86'400'000;  // a day
inline constexpr std::uint32_t kBlockingKeepAliveDefaultMs = 10'000;

// --- runtime.stall ------------------------------------------------------------------------------
// The monitor looks every 10 ms: a shorter time would promise what it cannot see.
inline constexpr std::uint32_t kStallReportMinMs = 10;
inline constexpr std::uint32_t kStallReportMaxMs = 3'600'000;  // an hour
inline constexpr std::uint32_t kStallReportDefaultMs = 50;

// What is not reported is not replaced: the default is report_ms where that is more.
inline constexpr std::uint32_t kStallReplaceMinMs = kStallReportMinMs;
inline constexpr std::uint32_t kStallReplaceMaxMs = kStallReportMaxMs;
inline constexpr std::uint32_t kStallReplaceDefaultMs = 200;
static_assert(kStallReplaceDefaultMs >= kStallReportDefaultMs);

inline constexpr std::uint32_t kReplaceMaxMin = 0;  // never
inline constexpr std::uint32_t kReplaceMaxMax = 1024;

// --- plugins ------------------------------------------------------------------------------------
inline constexpr bool kAutoloadDefault = true;
inline constexpr bool kPluginEnabledDefault = true;
inline constexpr std::string_view kPluginConfigDefault = "{}";

inline constexpr std::uint32_t kUnloadMinMs = 1;
inline constexpr std::uint32_t kUnloadMaxMs = 3'600'000;  // an hour
inline constexpr std::uint32_t kUnloadDefaultMs = 5000;

// A descriptor has 64 bytes for the name, with the zero that ends it.
inline constexpr std::size_t kPluginNameMaxBytes = 63;

// The runtime counts a plugin's tasks in 24 bits.
inline constexpr std::uint32_t kPluginTasksMin = 1;
inline constexpr std::uint32_t kPluginTasksMax = (1U << 24) - 1;
inline constexpr std::uint32_t kPluginTasksDefault = kPluginTasksMax;

// --- paths --------------------------------------------------------------------------------------
inline constexpr std::size_t kPathMaxBytes = 4095;  // PATH_MAX without the zero that ends it

// --- control ------------------------------------------------------------------------------------
// What the kernel takes as the address of a Unix socket, without the zero that ends it.
inline constexpr std::size_t kSocketPathMaxBytes = sizeof(sockaddr_un::sun_path) - 1;

inline constexpr std::uint32_t kSocketModeMax = 0777;
inline constexpr std::uint32_t kSocketModeDefault = 0660;
// Without these two the daemon's own user could not connect.
inline constexpr std::uint32_t kSocketModeNeeded = 0600;

// --- shutdown -----------------------------------------------------------------------------------
inline constexpr std::uint32_t kGraceMinMs = 1;
inline constexpr std::uint32_t kGraceMaxMs = 3'600'000;  // an hour
inline constexpr std::uint32_t kGraceDefaultMs = 5000;

// --- Relations ----------------------------------------------------------------------------------
template <class T>
constexpr bool within(T value, T min, T max) {
  return min <= value && value <= max;
}

static_assert(std::has_single_bit(kLocalQueueCapacityMin));
static_assert(std::has_single_bit(kLocalQueueCapacityMax));
static_assert(std::has_single_bit(kLocalQueueCapacityDefault));
static_assert(within(kLocalQueueCapacityDefault, kLocalQueueCapacityMin, kLocalQueueCapacityMax));
static_assert(within(kGlobalQueueCapacityDefault, kGlobalQueueCapacityMin,
                     kGlobalQueueCapacityMax));
static_assert(kGlobalQueueCapacityDefault >= kLocalQueueCapacityMax,
              "a full local queue must find room in the global one");
static_assert(within(kEventIntervalDefaultPolls, kEventIntervalMinPolls, kEventIntervalMaxPolls));
static_assert(within(kPollBudgetDefault, kPollBudgetMin, kPollBudgetMax));
static_assert(within(kBlockingThreadsDefault, kBlockingThreadsMin, kBlockingThreadsMax));
static_assert(within(kBlockingQueueCapacityDefault, kBlockingQueueCapacityMin,
                     kBlockingQueueCapacityMax));
static_assert(within(kBlockingKeepAliveDefaultMs, kBlockingKeepAliveMinMs,
                     kBlockingKeepAliveMaxMs));
static_assert(within(kStallReportDefaultMs, kStallReportMinMs, kStallReportMaxMs));
static_assert(within(kUnloadDefaultMs, kUnloadMinMs, kUnloadMaxMs));
static_assert(within(kPluginTasksDefault, kPluginTasksMin, kPluginTasksMax));
static_assert(within(kGraceDefaultMs, kGraceMinMs, kGraceMaxMs));
static_assert((kSocketModeDefault & kSocketModeNeeded) == kSocketModeNeeded);
static_assert(kSocketModeDefault <= kSocketModeMax);
static_assert(kSocketPathMaxBytes < kPathMaxBytes);

}  // namespace ekiden::daemon::limits

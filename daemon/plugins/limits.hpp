// Every limit of plugin loading, in one place; the unit comes last in a name.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace ekiden::daemon::plugin_limits {

// --- The file ------------------------------------------------------------------------------------
// A plugin with debugging information of a large C++ program stays well below it; what is larger is
// some other file.
inline constexpr std::uint64_t kFileMaxBytes = 512ull * 1024 * 1024;
// A descriptor of a later ABI may have grown; one that claims more than this is damaged.
inline constexpr std::uint32_t kDescriptorMaxBytes = 4096;
// Entries of requires_ext; a longer list lacks its closing NULL.
inline constexpr std::size_t kRequiredServicesMax = 64;
// Files of the plugin folder that are looked at when the daemon starts, and names of it that are
// noted one by one afterwards.
inline constexpr std::size_t kFolderFilesMax = 1024;
// How long nothing must have happened to a file of the folder until it is looked at: whoever writes
// it in pieces is done then, mostly. If not, the next piece is another change.
inline constexpr std::chrono::nanoseconds kSettle = std::chrono::milliseconds(100);
// The kernel's time stamps move in steps of up to 10 ms; a file that changed less than this ago may
// change again without a trace.
inline constexpr std::chrono::nanoseconds kTimeStampMin = std::chrono::milliseconds(50);

// Where the folder cannot be read when it has to be compared: the pause until the next try, doubled
// up to the longest one.
inline constexpr std::chrono::nanoseconds kComparePauseMin = std::chrono::milliseconds(200);
inline constexpr std::chrono::nanoseconds kComparePauseMax = std::chrono::minutes(1);

// --- The lifecycle thread ------------------------------------------------------------------------
// Commands that wait for one instance. The control server's own limit of requests in flight comes
// first in practice.
inline constexpr std::size_t kLifecycleQueueMax = 256;

// --- Time ----------------------------------------------------------------------------------------
// How long `init` and `start` together may take until the caller hears that it takes too long, and
// a callback that answered "pending" counts as failed.
inline constexpr std::chrono::nanoseconds kStartMax = std::chrono::seconds(60);
// How long the rollback of a failed start may take until what is left is shown as draining.
inline constexpr std::chrono::nanoseconds kRollbackMax = std::chrono::seconds(5);
// Shares of what is left of an unload's time, in percent: what the plugin's `drain` may use, and
// then what tasks that end asynchronously may use. After that they get no more polls than the
// others.
inline constexpr std::uint64_t kDrainPercent = 60;
inline constexpr std::uint64_t kAsyncCancelPercent = 80;
// How long the polls that run when a drain is over may take to return, before what is left counts
// as left.
inline constexpr std::chrono::nanoseconds kPollReturnMax = std::chrono::seconds(1);
// Tasks that were on their way into a queue while the others were cancelled are found by asking
// again after this pause.
inline constexpr std::chrono::nanoseconds kCancelAgain = std::chrono::milliseconds(100);
// Waiting for the ledger: the first pause, doubled up to the longest one.
inline constexpr std::chrono::nanoseconds kLedgerPauseMin = std::chrono::microseconds(100);
inline constexpr std::chrono::nanoseconds kLedgerPauseMax = std::chrono::milliseconds(4);
// How long a thread that was joined may still be listed by the kernel.
inline constexpr std::chrono::nanoseconds kThreadExitMax = std::chrono::milliseconds(50);

// --- Looking at tasks ----------------------------------------------------------------------------
// Rows that are asked for at a time.
inline constexpr std::size_t kTasksPageRows = 64;

// --- Messages ------------------------------------------------------------------------------------
// Tasks that one message names; the rest is counted.
inline constexpr std::size_t kTasksNamedMax = 3;

// Task types, and makers of things, that one message names.
inline constexpr std::size_t kTypesNamedMax = 8;

static_assert(kDrainPercent < 100 && kAsyncCancelPercent < 100);
static_assert(kLedgerPauseMin < kLedgerPauseMax);
static_assert(kTimeStampMin < kSettle);
static_assert(kComparePauseMin < kComparePauseMax);

}  // namespace ekiden::daemon::plugin_limits

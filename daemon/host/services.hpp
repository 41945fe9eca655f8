// The service tables of the ABI, one a file. They have static storage and hold no state: what a
// call works on, it finds through its context.
#pragma once

#include <ekiden/plugin.h>

#include "runtime/runtime.hpp"

namespace ekiden::daemon::host {

const ekd_task_api& task_service() noexcept;
const ekd_time_api& time_service() noexcept;
const ekd_io_api& io_service() noexcept;
const ekd_blocking_api& blocking_service() noexcept;
const ekd_channel_api& channel_service() noexcept;
const ekd_log_api& log_service() noexcept;
const ekd_memory_api& memory_service() noexcept;
const ekd_metrics_api& metrics_service() noexcept;

// The table that init receives.
const ekd_host& host_table() noexcept;

// Whom ekd.task/1 wake works on. A waker carries no context (it is a plain value that anything may
// hold, also where no context is at hand), and a call costs too much to look one up: so there is
// one runtime a process. Null: wakes do nothing.
void set_wake_runtime(runtime::Runtime* runtime) noexcept;

}  // namespace ekiden::daemon::host

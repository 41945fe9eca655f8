// Synchronization: what tasks of one plugin share, on whatever workers they run.
//
// Every wait for them is cancellation-safe: a task that is aborted, or a branch that loses a race
// or runs into its timeout, loses no permit, lock or notification; each says what happens to what
// it was given. None of them allocates after it is made. What does not wait is [any]: it may be
// called from any thread.
#pragma once

#include <ekiden/sdk/sync/barrier.hpp>
#include <ekiden/sdk/sync/event.hpp>
#include <ekiden/sdk/sync/mutex.hpp>
#include <ekiden/sdk/sync/notify.hpp>
#include <ekiden/sdk/sync/once_cell.hpp>
#include <ekiden/sdk/sync/rw_lock.hpp>
#include <ekiden/sdk/sync/semaphore.hpp>

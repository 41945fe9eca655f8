// Structured concurrency: what is begun ends before the await that began it does, also when it is
// cancelled.
//
//   with_group(body)            tasks of their own; the first failure cancels the rest
//   fork(…), fork_n(n, f)       the same for computing on all workers
//   race(…), join_all(…)        several things in one task
//   with_cleanup(body, f)       clean-up that may await
//   CancelSource, CancelToken   a request to stop, as a tree
//
// timeout() is in time.hpp.
#pragma once

#include <ekiden/sdk/structured/cancel.hpp>
#include <ekiden/sdk/structured/cleanup.hpp>
#include <ekiden/sdk/structured/fork.hpp>
#include <ekiden/sdk/structured/group.hpp>
#include <ekiden/sdk/structured/race.hpp>

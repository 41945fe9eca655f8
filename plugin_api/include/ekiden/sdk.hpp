// The C++ SDK: plugins as coroutines, on top of the C ABI alone. C++20.
//
//   sdk/plugin.hpp      a plugin as a class, its commands and settings
//   sdk/task.hpp        Task<T>
//   sdk/task_local.hpp  values that code finds without being handed them
//   sdk/spawn.hpp       tasks of their own and their handles; yield
//   sdk/structured.hpp  what ends together: groups, forks, race, join_all, clean-up, cancellation
//   sdk/sync.hpp        Mutex, RwLock, Semaphore, Notify, Event, Barrier, OnceCell
//   sdk/channel.hpp     oneshot, mpsc, mpmc, broadcast, watch; channels between plugins
//   sdk/time.hpp        sleep, timeout, intervals
//   sdk/trace.hpp       where coroutines wait
//   sdk/io.hpp          sockets, streams, names
//   sdk/blocking.hpp    what blocks, and files
#pragma once

#include <ekiden/sdk/blocking.hpp>
#include <ekiden/sdk/channel.hpp>
#include <ekiden/sdk/io.hpp>
#include <ekiden/sdk/plugin.hpp>
#include <ekiden/sdk/spawn.hpp>
#include <ekiden/sdk/structured.hpp>
#include <ekiden/sdk/sync.hpp>
#include <ekiden/sdk/task.hpp>
#include <ekiden/sdk/task_local.hpp>
#include <ekiden/sdk/time.hpp>
#include <ekiden/sdk/trace.hpp>

// The C++ SDK: plugins as coroutines, on top of the C ABI alone. C++20.
//
//   sdk/plugin.hpp    a plugin as a class, its commands and settings
//   sdk/task.hpp      Task<T>
//   sdk/spawn.hpp     tasks of their own and their handles; yield
//   sdk/group.hpp, fork.hpp, race.hpp, cleanup.hpp, cancel.hpp    what ends together
//   sdk/time.hpp      sleep, timeout, intervals
//   sdk/sync.hpp      locks, permits and notifications between tasks
#pragma once

#include <ekiden/sdk/cancel.hpp>
#include <ekiden/sdk/cleanup.hpp>
#include <ekiden/sdk/config.hpp>
#include <ekiden/sdk/fork.hpp>
#include <ekiden/sdk/group.hpp>
#include <ekiden/sdk/plugin.hpp>
#include <ekiden/sdk/race.hpp>
#include <ekiden/sdk/spawn.hpp>
#include <ekiden/sdk/sync.hpp>
#include <ekiden/sdk/task.hpp>
#include <ekiden/sdk/time.hpp>

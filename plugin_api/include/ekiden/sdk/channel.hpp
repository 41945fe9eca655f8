// Channels between the tasks of a plugin, and between plugins.
//
//   oneshot::channel<T>()          one message
//   mpsc::channel<T>(capacity)     many senders, one receiver, bounded; mpsc::unbounded<T>() not
//   mpmc::channel<T>(capacity)     many senders, many receivers, each message to one of them
//   broadcast::channel<T>(kept)    each message to every receiver
//   watch::channel<T>(value)       a value, and that it has changed
//   HostSender, HostReceiver       between plugins
//
// Whatever is said to be [any] may be called by any thread of the plugin.
#pragma once

#include <ekiden/sdk/channel/broadcast.hpp>
#include <ekiden/sdk/channel/host_channel.hpp>
#include <ekiden/sdk/channel/mpmc.hpp>
#include <ekiden/sdk/channel/mpsc.hpp>
#include <ekiden/sdk/channel/oneshot.hpp>
#include <ekiden/sdk/channel/unbounded.hpp>
#include <ekiden/sdk/channel/watch.hpp>

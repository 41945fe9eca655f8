// Threads that a plugin started itself, as far as the kernel can tell: a new thread takes over the
// name of the one that makes it. A lifecycle thread has a name of its own that is never used twice,
// so every other thread of that name comes from a lifecycle callback or a command. Threads that
// rename themselves, or that were started from a task, are not seen.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace ekiden::daemon {

// A name that no other call of this process has given: "p12.echo", at most 15 bytes, as the kernel
// keeps. Any thread.
std::string unique_thread_name(const std::string& plugin);

// Threads of this process, other than the calling one, that are called like it. One that has been
// joined may still be listed for a moment: asks again until there is none or `patience` is over.
std::size_t count_threads_named_like_me(std::chrono::nanoseconds patience);

}  // namespace ekiden::daemon

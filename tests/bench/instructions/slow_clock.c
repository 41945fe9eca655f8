/* Preloaded into a daemon that runs under callgrind: CLOCK_MONOTONIC goes 50 times slower, about as
 * much as everything else there. Else a poll would seem to last microseconds, and a worker would
 * look at its clock, timers and events after every few polls instead of every few hundred: what is
 * counted would be these looks, and how many there are would depend on how busy the machine is.
 *
 * Nothing here may wait for an absolute time: the kernel's clock goes on as before. */
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SLOWER 50u
#define NS_PER_S UINT64_C(1000000000)

static uint64_t began_ns;

static int kernel_time(clockid_t clock, struct timespec *out) {
  return (int)syscall(SYS_clock_gettime, clock, out);
}

static uint64_t ns_of(const struct timespec *time) {
  return (uint64_t)time->tv_sec * NS_PER_S + (uint64_t)time->tv_nsec;
}

__attribute__((constructor)) static void begin(void) {
  struct timespec now;
  if (kernel_time(CLOCK_MONOTONIC, &now) == 0) began_ns = ns_of(&now);
}

__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *out) {
  int result = kernel_time(clock, out);
  if (result != 0 || (clock != CLOCK_MONOTONIC && clock != CLOCK_MONOTONIC_COARSE)) return result;
  uint64_t now = ns_of(out);
  if (began_ns == 0 || now < began_ns) return result;
  uint64_t slowed = began_ns + (now - began_ns) / SLOWER;
  out->tv_sec = (time_t)(slowed / NS_PER_S);
  out->tv_nsec = (long)(slowed % NS_PER_S);
  return result;
}

/* ekd.time/1: the clock and timers.
 *
 * All times are nanoseconds of CLOCK_MONOTONIC. A timer is made once and armed as often as wanted;
 * arming and cancelling cost tens of nanoseconds, and a cancelled timer leaves nothing behind. */
#ifndef EKIDEN_TIME_H
#define EKIDEN_TIME_H

#include <ekiden/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#define EKD_TIME_ID "ekd.time/1"

#define EKD_NS_PER_US UINT64_C(1000)
#define EKD_NS_PER_MS UINT64_C(1000000)
#define EKD_NS_PER_S UINT64_C(1000000000)

typedef struct ekd_time_api {
  uint32_t struct_size;
  uint32_t reserved;

  /* [any] The clock, read now. cx->now_ns is cheaper and some µs older. */
  uint64_t (*now_ns)(ekd_ctx *ctx);

  /* [any] A timer, not armed. Owned by the caller: close it. EKD_E_NO_MEMORY, EKD_E_DRAINING. */
  int32_t (*create)(ekd_ctx *ctx, ekd_timer *out_timer);

  /* [any] Arms it for `deadline_ns`, or moves it there; one in the past fires at once. It never
   * fires early. EKD_E_STALE, EKD_E_FOREIGN. */
  int32_t (*arm)(ekd_ctx *ctx, ekd_timer timer, uint64_t deadline_ns);

  /* [any] EKD_READY once the deadline has come, and until it is armed again; else EKD_PENDING, and
   * `waker` is woken when it comes. One waiter: the newest replaces the old one.
   * EKD_E_WRONG_STATE if it is not armed. */
  int32_t (*poll)(ekd_ctx *ctx, ekd_timer timer, ekd_waker waker);

  /* [any] Disarms it. EKD_OK also if it has fired or was never armed. */
  int32_t (*cancel)(ekd_ctx *ctx, ekd_timer timer);

  /* [any] Disarms it and gives it back. */
  int32_t (*close)(ekd_ctx *ctx, ekd_timer timer);

  /* [any] Since ABI 1.2: ask for it with struct_size, or set host_minor_min. create, arm and poll
   * in one call, at the price of one: what a sleep or a timeout begins with. EKD_PENDING or
   * EKD_READY as of poll, and in both cases *out_timer is the timer, owned by the caller; else as
   * of create, and there is none. */
  int32_t (*start)(ekd_ctx *ctx, uint64_t deadline_ns, ekd_waker waker, ekd_timer *out_timer);
} ekd_time_api;

#ifdef __cplusplus
}
#endif

#endif /* EKIDEN_TIME_H */

/* ekd.blocking/1: work that may block, away from the workers.
 *
 * A pool with a bounded number of threads and a bounded queue. When the queue is full, submit
 * answers EKD_E_FULL: that is the backpressure. */
#ifndef EKIDEN_BLOCKING_H
#define EKIDEN_BLOCKING_H

#include <ekiden/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#define EKD_BLOCKING_ID "ekd.blocking/1"

/* [blocking] Runs the job; `argument` is its own to free. The result is handed to job_poll. Must
 * not unwind; as a net, a C++ exception ends the job as failed, with its text. */
typedef int32_t (*ekd_job_fn)(void *argument);
/* [any] Frees the argument of a job that will never run. Exactly one of run and drop is called for
 * a job that submit took, exactly once; drop on a thread of the daemon or inside job_close. */
typedef void (*ekd_job_drop_fn)(void *argument);

typedef struct ekd_job_options {
  uint32_t struct_size;
  uint32_t flags; /* 0 */
  ekd_job_fn run;
  ekd_job_drop_fn drop; /* may be NULL */
  void *argument;
} ekd_job_options;

typedef struct ekd_blocking_api {
  uint32_t struct_size;
  uint32_t reserved;

  /* [any] Queues a job. On an error nothing was taken: `argument` is still the caller's.
   * EKD_E_FULL, EKD_E_DRAINING, EKD_E_NO_MEMORY (no thread could be started), EKD_E_INVALID. */
  int32_t (*submit)(ekd_ctx *ctx, const ekd_job_options *job, ekd_job *out_job, ekd_error *err);

  /* [any] EKD_READY with the job's result in *out_result; EKD_PENDING; EKD_E_FAILED with the text
   * in `err` if an exception left it; EKD_E_CANCELLED. One waiter: the newest replaces the old one.
   */
  int32_t (*job_poll)(ekd_ctx *ctx, ekd_job job, ekd_waker waker, int32_t *out_result,
                      ekd_error *err);

  /* [any] Gives the handle back. A job that still waits is taken out of the queue and not run; one
   * that runs goes on, and its result is thrown away. */
  int32_t (*job_close)(ekd_ctx *ctx, ekd_job job);
} ekd_blocking_api;

#ifdef __cplusplus
}
#endif

#endif /* EKIDEN_BLOCKING_H */

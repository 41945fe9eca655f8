/* spawn_blocking: a task submits n jobs that do nothing and awaits them in order. Where the pool's
 * queue is full it awaits the oldest first: that is the backpressure. */
#include "bench.h"

#define JOBS_A_POLL 4096u

static uint32_t submitter_type;

struct submitter {
  struct round *round;
  uint64_t submitted;
  uint64_t awaited;
};

static int32_t nothing(void *argument) {
  (void)argument;
  return 1;
}

/* Submits what there is room for. */
static int32_t submit(struct submitter *self) {
  const ekd_job_options options = {.struct_size = sizeof(options), .run = nothing};
  ekd_job *jobs = self->round->scratch;
  for (; self->submitted < self->round->n; self->submitted++) {
    int32_t code = ekd.blocking->submit(bench_ctx, &options, &jobs[self->submitted], NULL);
    if (code != EKD_OK) return code;
  }
  return EKD_OK;
}

/* EKD_READY: the oldest has ended, and its result is counted. */
static int32_t await_oldest(struct submitter *self, ekd_waker waker) {
  ekd_job job = ((ekd_job *)self->round->scratch)[self->awaited];
  int32_t result = 0;
  int32_t code = ekd.blocking->job_poll(bench_ctx, job, waker, &result, NULL);
  if (code != EKD_READY) return code;
  atomic_fetch_add_explicit(&self->round->result, (uint64_t)result, memory_order_relaxed);
  ekd.blocking->job_close(bench_ctx, job);
  self->awaited++;
  return EKD_READY;
}

/* Jobs of others may fill the queue while none of ours is there to wait for. */
static int32_t submitter_poll(void *state, ekd_cx *cx) {
  struct submitter *self = state;
  note_worker(cx);
  for (uint32_t left = JOBS_A_POLL; self->awaited < self->round->n; left--) {
    int32_t code = submit(self);
    if (code != EKD_OK && code != EKD_E_FULL) {
      round_fail(self->round, code);
      return EKD_READY;
    }
    if (left == 0 || self->awaited == self->submitted) return EKD_YIELD;
    code = await_oldest(self, cx->waker);
    if (code == EKD_PENDING) return EKD_PENDING;
    if (code != EKD_READY) {
      round_fail(self->round, code);
      return EKD_READY;
    }
  }
  round_finish(self->round);
  return EKD_READY;
}

static int32_t register_types(ekd_error *err) {
  return register_type("submitter", submitter_poll, sizeof(struct submitter), &submitter_type, err);
}

static int32_t begin(struct round *round) {
  const struct submitter state = {.round = round};
  return ekd.task->spawn(bench_ctx, submitter_type, &state, sizeof(state), NULL, NULL);
}

const struct workload workload_spawn_blocking = {
    .name = "spawn_blocking",
    .about = "a task submits n empty jobs to the blocking pool and awaits them all",
    .n = 20000,
    .n_max = 10000000,
    .register_types = register_types,
    .begin = begin,
    .operations = count_same,
    .expected = count_same,
    .scratch_bytes = count_handles,
};

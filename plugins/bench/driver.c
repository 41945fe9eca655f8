/* The driver's task: begins a round, waits until the workload has ended it, and so on; then
 * answers.
 *
 * The clock runs from just before `begin` until the driver is polled again, so the wake of the one
 * who waits is inside, as it is for the peers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

#define ROUNDS_MAX 1000

/* A run that was cancelled leaves tasks behind that still count in `round`, so no other may begin.
 */
enum { IDLE, RUNNING, SPOILT };

static struct round round;
static atomic_int phase;
static uint32_t driver_type;
static atomic_uchar workers_seen[BENCH_WORKERS_MAX];

struct driver {
  ekd_call call;
  struct run_options options;
  uint64_t began_ns;
  uint64_t round_index; /* 0: the one that is reported apart */
  uint32_t in_round;
  uint32_t beginning; /* `begin` has to be called again */
  double first_ns;
  double ns[ROUNDS_MAX]; /* of an operation */
};

/* --- For the workloads ------------------------------------------------------------------------ */

void note_worker(const ekd_cx *cx) {
  atomic_uchar *seen = &workers_seen[cx->worker % BENCH_WORKERS_MAX];
  if (atomic_load_explicit(seen, memory_order_relaxed) == 0) {
    atomic_store_explicit(seen, 1, memory_order_relaxed);
  }
}

/* release: pairs with the acquire in the driver's poll. */
void round_finish(struct round *finished) {
  ekd_waker driver = finished->driver;
  atomic_store_explicit(&finished->finished, 1, memory_order_release);
  ekd.task->wake(driver);
}

/* acq_rel: what every step did has happened before the last one ends the round. */
void round_step(struct round *stepped, const ekd_cx *cx) {
  note_worker(cx);
  if (atomic_fetch_sub_explicit(&stepped->remaining, 1, memory_order_acq_rel) == 1) {
    round_finish(stepped);
  }
}

void round_fail(struct round *failed, int32_t code) {
  atomic_store(&failed->error, code);
  round_finish(failed);
}

/* --- The answer ------------------------------------------------------------------------------- */

/* The caller may begin another run as soon as it has its answer, so the phase is set before. */
static void answer_error(const struct driver *self, int32_t code, const char *text) {
  ekd_error err = ekd_error_init();
  ekd_error_set(&err, code, text);
  atomic_store(&phase, code == EKD_E_FAILED ? IDLE : SPOILT);
  ekd.host->call_reply(bench_ctx, self->call, code, EKD_STR(""), &err);
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static unsigned count_workers(void) {
  unsigned count = 0;
  for (unsigned i = 0; i < BENCH_WORKERS_MAX; i++)
    count += atomic_load(&workers_seen[i]);
  return count;
}

static void answer(struct driver *self) {
  const struct run_options *o = &self->options;
  qsort(self->ns, o->rounds, sizeof(self->ns[0]), compare);
  char json[512];
  int size = snprintf(
      json, sizeof(json),
      "{\"workload\":\"%s\",\"ns_per_op\":%.1f,\"min\":%.1f,\"max\":%.1f,\"first_round\":%.1f,"
      "\"ops\":%llu,\"n\":%llu,\"rounds\":%llu,\"batch\":%u,\"workers\":%u,\"check\":\"ok\"}",
      o->workload->name, self->ns[o->rounds / 2], self->ns[0], self->ns[o->rounds - 1],
      self->first_ns, (unsigned long long)o->workload->operations(o->n), (unsigned long long)o->n,
      (unsigned long long)o->rounds, o->batch, count_workers());
  atomic_store(&phase, IDLE);
  ekd.host->call_reply(bench_ctx, self->call, EKD_OK, ekd_str_of(json, (uint64_t)size), NULL);
}

/* --- The rounds ------------------------------------------------------------------------------- */

static void prepare_round(struct driver *self, const ekd_cx *cx) {
  round.n = self->options.n;
  round.batch = self->options.batch;
  round.begun = 0;
  round.driver = cx->waker;
  atomic_store(&round.remaining, 1);
  atomic_store(&round.result, 0);
  atomic_store(&round.error, EKD_OK);
  atomic_store(&round.finished, 0);
  self->in_round = 1;
  self->beginning = 1;
  self->began_ns = ekd.time->now_ns(bench_ctx);
}

/* EKD_OK, or an error that has been answered. */
static int32_t end_round(struct driver *self) {
  const struct run_options *o = &self->options;
  uint64_t took_ns = ekd.time->now_ns(bench_ctx) - self->began_ns;
  double ns = (double)took_ns / (double)o->workload->operations(o->n);
  self->in_round = 0;
  int32_t code = atomic_load(&round.error);
  char text[EKD_ERROR_TEXT_BYTES];
  if (code != EKD_OK) {
    snprintf(text, sizeof(text), "%s: a task was refused with code %d", o->workload->name, code);
    answer_error(self, code, text);
    return code;
  }
  uint64_t result = atomic_load(&round.result), expected = o->workload->expected(o->n);
  if (result != expected) {
    snprintf(text, sizeof(text), "%s came to %llu instead of %llu", o->workload->name,
             (unsigned long long)result, (unsigned long long)expected);
    answer_error(self, EKD_E_FAILED, text);
    return EKD_E_FAILED;
  }
  if (self->round_index == 0) {
    self->first_ns = ns;
  } else {
    self->ns[self->round_index - 1] = ns;
  }
  self->round_index++;
  return EKD_OK;
}

static int32_t driver_poll(void *state, ekd_cx *cx) {
  struct driver *self = state;
  if (cx->cancelled) {
    answer_error(self, EKD_E_CANCELLED, "the run was cancelled; load bench again for another");
    return EKD_READY;
  }
  for (;;) {
    if (!self->in_round) prepare_round(self, cx);
    if (self->beginning) {
      int32_t code = self->options.workload->begin(&round);
      if (code == EKD_E_FULL) return EKD_YIELD;
      self->beginning = 0;
      if (code != EKD_OK) round_fail(&round, code);
    }
    if (atomic_load_explicit(&round.finished, memory_order_acquire) == 0) return EKD_PENDING;

    if (end_round(self) != EKD_OK) return EKD_READY;
    if (self->round_index > self->options.rounds) {
      answer(self);
      return EKD_READY;
    }
  }
}

/* --- Starting --------------------------------------------------------------------------------- */

int32_t driver_register(ekd_error *err) {
  const ekd_task_type type = {
      .struct_size = sizeof(type),
      .cancel = EKD_CANCEL_ONE_POLL,
      .name = EKD_STR("driver"),
      .poll = driver_poll,
      .state_size = sizeof(struct driver),
      .state_align = _Alignof(struct driver),
  };
  return ekd.task->type_register(bench_ctx, &type, &driver_type, err);
}

int32_t driver_start(ekd_call call, const struct run_options *options, ekd_error *err) {
  int idle = IDLE;
  if (!atomic_compare_exchange_strong(&phase, &idle, RUNNING)) {
    return ekd_error_set(err, EKD_E_WRONG_STATE,
                         idle == RUNNING ? "a run is going on; wait for its end"
                                         : "a run was cut off; load bench again for another");
  }
  for (unsigned i = 0; i < BENCH_WORKERS_MAX; i++)
    atomic_store(&workers_seen[i], 0);
  void *state = NULL;
  ekd_task task = 0;
  int32_t code = ekd.task->reserve(bench_ctx, driver_type, 0, 0, &state, &task);
  if (code == EKD_OK) {
    struct driver *driver = memset(state, 0, sizeof(*driver));
    driver->call = call;
    driver->options = *options;
    code = ekd.task->commit(bench_ctx, task, NULL);
    if (code != EKD_OK) ekd.task->discard(bench_ctx, task);
  }
  if (code == EKD_OK) return EKD_OK;
  atomic_store(&phase, IDLE);
  return ekd_error_set(err, code, "the driver's task could not be started");
}

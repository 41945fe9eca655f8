/* The driver's task: begins a round, waits until the workload has ended it, and so on; then
 * answers.
 *
 * The clock runs from just before `begin` until the driver is polled again, so the wake of the one
 * who waits is inside, as it is for the peers; a workload may set it otherwise. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

#define ANSWER_BYTES 512

/* A run that was cancelled leaves tasks behind that still count in `round`, so no other may begin.
 */
enum { IDLE, RUNNING, SPOILT };

static struct round round;
static atomic_int phase;
static uint32_t driver_type;
static atomic_uchar workers_seen[BENCH_WORKERS_MAX];
static double round_ns[BENCH_ROUNDS_MAX]; /* of an operation */
static uint64_t *samples;                 /* of all rounds, the first one's first */

struct driver {
  ekd_call call;
  struct run_options options;
  struct run_result result;
  uint64_t round_index; /* 0: the one that is reported apart */
  uint32_t prepared;
  uint32_t in_round;
  uint32_t beginning; /* `begin` has to be called again */
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
  if (cx != NULL) note_worker(cx);
  if (atomic_fetch_sub_explicit(&stepped->remaining, 1, memory_order_acq_rel) == 1) {
    round_finish(stepped);
  }
}

void round_fail(struct round *failed, int32_t code) {
  atomic_store(&failed->error, code);
  atomic_store(&failed->stop, 1);
  round_finish(failed);
}

void round_clock_begin(struct round *timed) {
  atomic_store(&timed->clock_begin, ekd.time->now_ns(bench_ctx));
}

void round_clock_end(struct round *timed) {
  atomic_store(&timed->clock_end, ekd.time->now_ns(bench_ctx));
}

int32_t round_run_outside(struct round *outer, ekd_job_fn run) {
  const ekd_job_options options = {.struct_size = sizeof(options), .run = run, .argument = outer};
  return ekd.blocking->submit(bench_ctx, &options, &outer->job, NULL);
}

/* /proc/self/statm: "size resident …", in pages; 0 where it cannot be read. */
static uint64_t resident_bytes(void) {
  char text[128];
  unsigned long long pages = 0;
  int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  ssize_t size = read(fd, text, sizeof(text) - 1);
  close(fd);
  if (size <= 0) return 0;
  text[size] = '\0';
  return sscanf(text, "%*s %llu", &pages) == 1 ? pages * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

void round_note_bytes(struct round *holding) {
  uint64_t now = resident_bytes();
  if (now > holding->base_rss) atomic_store(&holding->bytes, now - holding->base_rss);
}

/* --- The run's memory ------------------------------------------------------------------------- */

void driver_fini(void) {
  free(round.scratch);
  free(samples);
  round.scratch = NULL;
  samples = NULL;
}

/* Touched here, so that it neither costs page faults in a round nor counts as the workload's. */
static void *touched(uint64_t bytes) {
  void *memory = malloc(bytes);
  return memory == NULL ? NULL : memset(memory, 0xff, bytes);
}

static int32_t prepare_run(struct driver *self) {
  const struct run_options *o = &self->options;
  const struct workload *workload = o->workload;
  if (workload->scratch_bytes != NULL) {
    round.scratch = touched(workload->scratch_bytes(o->n));
    if (round.scratch == NULL) return EKD_E_NO_MEMORY;
  }
  if (workload->samples) {
    samples = touched(o->n * (o->rounds + 1) * sizeof(*samples));
    if (samples == NULL) return EKD_E_NO_MEMORY;
  }
  round.base_rss = resident_bytes();
  self->prepared = 1;
  return EKD_OK;
}

/* --- The answer ------------------------------------------------------------------------------- */

/* The caller may begin another run as soon as it has its answer, so the phase is set before. */
static void answer_error(const struct driver *self, int32_t code, const char *text) {
  ekd_error err = ekd_error_init();
  ekd_error_set(&err, code, text);
  if (code == EKD_E_FAILED) driver_fini();
  atomic_store(&phase, code == EKD_E_FAILED ? IDLE : SPOILT);
  ekd.host->call_reply(bench_ctx, self->call, code, EKD_STR(""), &err);
}

static unsigned count_workers(void) {
  unsigned count = 0;
  for (unsigned i = 0; i < BENCH_WORKERS_MAX; i++) count += atomic_load(&workers_seen[i]);
  return count;
}

static void answer(struct driver *self) {
  char json[ANSWER_BYTES];
  self->result.ns = round_ns;
  self->result.samples = samples;
  self->result.workers = count_workers();
  uint64_t size = answer_write(json, sizeof(json), &self->options, &self->result);
  driver_fini();
  atomic_store(&phase, IDLE);
  ekd.host->call_reply(bench_ctx, self->call, EKD_OK, ekd_str_of(json, size), NULL);
}

/* --- The rounds ------------------------------------------------------------------------------- */

static void prepare_round(struct driver *self, const ekd_cx *cx) {
  const struct run_options *o = &self->options;
  round.n = o->n;
  round.batch = o->batch;
  round.load = o->load;
  round.begun = 0;
  round.driver = cx->waker;
  round.job = 0;
  round.samples = samples == NULL ? NULL : samples + self->round_index * o->n;
  atomic_store(&round.bytes, 0);
  atomic_store(&round.remaining, 1);
  atomic_store(&round.result, 0);
  atomic_store(&round.error, EKD_OK);
  atomic_store(&round.stop, 0);
  atomic_store(&round.finished, 0);
  self->in_round = 1;
  self->beginning = 1;
  atomic_store(&round.clock_end, 0);
  round_clock_begin(&round);
}

static void take_figures(struct driver *self, double ns) {
  if (self->round_index == 0) {
    self->result.first_ns = ns;
    self->result.bytes = atomic_load(&round.bytes);
  } else {
    round_ns[self->round_index - 1] = ns;
  }
  self->round_index++;
}

/* EKD_OK, or an error that has been answered. */
static int32_t end_round(struct driver *self) {
  const struct run_options *o = &self->options;
  if (atomic_load(&round.clock_end) == 0) round_clock_end(&round);
  uint64_t took_ns = atomic_load(&round.clock_end) - atomic_load(&round.clock_begin);
  self->in_round = 0;
  if (round.job != 0) ekd.blocking->job_close(bench_ctx, round.job);
  int32_t code = atomic_load(&round.error);
  char text[EKD_ERROR_TEXT_BYTES];
  if (code != EKD_OK) {
    snprintf(text, sizeof(text), "%s: something was refused with code %d", o->workload->name, code);
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
  take_figures(self, (double)took_ns / (double)o->workload->operations(o->n));
  return EKD_OK;
}

static int32_t driver_poll(void *state, ekd_cx *cx) {
  struct driver *self = state;
  if (cx->cancelled) {
    atomic_store(&round.stop, 1);
    answer_error(self, EKD_E_CANCELLED, "the run was cancelled; load bench again for another");
    return EKD_READY;
  }
  if (!self->prepared && prepare_run(self) != EKD_OK) {
    answer_error(self, EKD_E_FAILED, "no memory for a run of that size; take a smaller \"n\"");
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
  for (unsigned i = 0; i < BENCH_WORKERS_MAX; i++) atomic_store(&workers_seen[i], 0);
  const struct driver driver = {.call = call, .options = *options};
  int32_t code = ekd.task->spawn(bench_ctx, driver_type, &driver, sizeof(driver), NULL, NULL);
  if (code == EKD_OK) return EKD_OK;
  atomic_store(&phase, IDLE);
  return ekd_error_set(err, code, "the driver's task could not be started");
}

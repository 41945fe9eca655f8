/* What it costs to hold many.
 *
 * memory_parked: a task makes n tasks that wait; when all do, the clock ends and the memory is
 * read; then it wakes them all, and each ends. timers_held: a task arms n timers for an hour and
 * more; the clock runs while it makes and gives back others; then it gives back the n.
 *
 * The bytes are what the daemon has grown by from the run's beginning to the first round's fullest:
 * true for a daemon that has not held as many before, for it keeps what it had for the next. */
#include "bench.h"

#define STEPS_A_POLL 4096u

/* --- memory_parked ---------------------------------------------------------------------------- */

static uint32_t parker_type, parked_type;
static atomic_uint_fast64_t still_to_park;
static ekd_waker parker_waker;

struct parker {
  struct round *round;
  uint64_t spawned;
  uint64_t woken;
  uint32_t all_parked;
};

struct parked {
  struct round *round;
  uint32_t waits;
};

/* acq_rel: pairs with the acquire in parker_poll; every task waits before the last one tells. */
static int32_t parked_poll(void *state, ekd_cx *cx) {
  struct parked *self = state;
  if (self->waits) {
    atomic_fetch_add_explicit(&self->round->result, 1, memory_order_relaxed);
    round_step(self->round, cx);
    return EKD_READY;
  }
  self->waits = 1;
  if (atomic_fetch_sub_explicit(&still_to_park, 1, memory_order_acq_rel) == 1) {
    ekd.task->wake(parker_waker);
  }
  return EKD_PENDING;
}

static int32_t spawn_parked(struct parker *self) {
  struct round *round = self->round;
  ekd_task *tasks = round->scratch;
  const struct parked state = {.round = round};
  for (; self->spawned < round->n; self->spawned++) {
    int32_t code =
        ekd.task->spawn(bench_ctx, parked_type, &state, sizeof(state), NULL, &tasks[self->spawned]);
    if (code != EKD_OK) return code;
  }
  return EKD_OK;
}

/* It is one of the remaining, so that the round lasts until it has woken the last. */
static int32_t parker_poll(void *state, ekd_cx *cx) {
  struct parker *self = state;
  struct round *round = self->round;
  note_worker(cx);
  int32_t code = spawn_parked(self);
  if (code == EKD_E_FULL) return EKD_YIELD;
  if (code != EKD_OK) {
    round_fail(round, code);
    return EKD_READY;
  }
  if (atomic_load_explicit(&still_to_park, memory_order_acquire) != 0) return EKD_PENDING;
  if (!self->all_parked) {
    round_clock_end(round);
    round_note_bytes(round);
    self->all_parked = 1;
  }
  const ekd_task *tasks = round->scratch;
  for (uint32_t left = STEPS_A_POLL; self->woken < round->n; self->woken++, left--) {
    if (left == 0) return EKD_YIELD;
    ekd.task->wake(tasks[self->woken]);
  }
  round_step(round, cx);
  return EKD_READY;
}

static int32_t parked_types(ekd_error *err) {
  int32_t code = register_type("parker", parker_poll, sizeof(struct parker), &parker_type, err);
  if (code != EKD_OK) return code;
  return register_type("parked", parked_poll, sizeof(struct parked), &parked_type, err);
}

/* The task that makes the others has to be known to them before the first of them runs. */
static int32_t parked_begin(struct round *round) {
  void *state = NULL;
  ekd_task task = 0;
  int32_t code = ekd.task->reserve(bench_ctx, parker_type, 0, 0, &state, &task);
  if (code != EKD_OK) return code;
  *(struct parker *)state = (struct parker){.round = round};
  parker_waker = task;
  atomic_store(&still_to_park, round->n);
  atomic_store(&round->remaining, round->n + 1);
  code = ekd.task->commit(bench_ctx, task, NULL);
  if (code != EKD_OK) ekd.task->discard(bench_ctx, task);
  return code;
}

const struct workload workload_memory_parked = {
    .name = "memory_parked",
    .about = "a task makes n tasks that wait: time and memory each",
    .n = 1000000,
    .n_max = 10000000,
    .rounds = 3,
    .register_types = parked_types,
    .begin = parked_begin,
    .operations = count_same,
    .expected = count_same,
    .scratch_bytes = count_handles,
    .holds = "task",
};

/* --- timers_held ------------------------------------------------------------------------------ */

#define OTHERS 200000u

enum { ARMING, MEASURING, GIVING_BACK };

static uint32_t holder_type;

struct holder {
  struct round *round;
  uint64_t at; /* within the stage */
  uint32_t stage;
};

static int32_t hold_one(struct holder *self, const ekd_cx *cx) {
  ekd_timer *timer = (ekd_timer *)self->round->scratch + self->at;
  uint64_t delay_ns = 3600 * EKD_NS_PER_S + self->at % 3600000 * EKD_NS_PER_MS;
  int32_t code = ekd.time->start(bench_ctx, cx->now_ns + delay_ns, cx->waker, timer);
  return code == EKD_PENDING ? EKD_OK : code < 0 ? code : EKD_E_FAILED;
}

static int32_t make_another(struct holder *self, const ekd_cx *cx) {
  uint64_t delay_ms = 1000 + self->at % 60000;
  return timer_create_and_cancel(cx->now_ns + delay_ms * EKD_NS_PER_MS, cx->waker);
}

/* Only one that is still armed counts. */
static int32_t give_back(struct holder *self, const ekd_cx *cx) {
  ekd_timer timer = ((ekd_timer *)self->round->scratch)[self->at];
  if (ekd.time->poll(bench_ctx, timer, cx->waker) == EKD_PENDING) {
    atomic_fetch_add_explicit(&self->round->result, 1, memory_order_relaxed);
  }
  return ekd.time->close(bench_ctx, timer);
}

static int32_t step(struct holder *self, const ekd_cx *cx) {
  switch (self->stage) {
    case ARMING:
      return hold_one(self, cx);
    case MEASURING:
      return make_another(self, cx);
    default:
      return give_back(self, cx);
  }
}

static void end_stage(struct holder *self) {
  if (self->stage == ARMING) {
    round_note_bytes(self->round);
    round_clock_begin(self->round);
  }
  if (self->stage == MEASURING) round_clock_end(self->round);
  self->stage++;
  self->at = 0;
}

static int32_t holder_poll(void *state, ekd_cx *cx) {
  struct holder *self = state;
  note_worker(cx);
  for (uint32_t left = STEPS_A_POLL; left > 0; left--) {
    int32_t code = step(self, cx);
    if (code != EKD_OK) {
      round_fail(self->round, code);
      return EKD_READY;
    }
    self->at++;
    if (self->at < (self->stage == MEASURING ? OTHERS : self->round->n)) continue;
    end_stage(self);
    if (self->stage <= GIVING_BACK) continue;
    round_finish(self->round);
    return EKD_READY;
  }
  return EKD_YIELD;
}

static int32_t held_types(ekd_error *err) {
  return register_type("holder", holder_poll, sizeof(struct holder), &holder_type, err);
}

static int32_t held_begin(struct round *round) {
  const struct holder state = {.round = round};
  return ekd.task->spawn(bench_ctx, holder_type, &state, sizeof(state), NULL, NULL);
}

static uint64_t held_operations(uint64_t n) {
  (void)n;
  return OTHERS;
}

const struct workload workload_timers_held = {
    .name = "timers_held",
    .about = "while n timers are armed for an hour and more, others are made and given back",
    .n = 100000,
    .n_max = 10000000,
    .rounds = 3,
    .register_types = held_types,
    .begin = held_begin,
    .operations = held_operations,
    .expected = count_same,
    .scratch_bytes = count_handles,
    .holds = "timer",
};

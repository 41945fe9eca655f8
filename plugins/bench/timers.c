/* timer_create_cancel: a task makes timers of 1 to 61 s, asks each once and gives it back.
 * timer_fire_lateness: n tasks sleep for 50 to 250 ms, and each says how late it was woken. */
#include "bench.h"

int32_t timer_create_and_cancel(uint64_t deadline_ns, ekd_waker waker) {
  ekd_timer timer = 0;
  int32_t code = ekd.time->start(bench_ctx, deadline_ns, waker, &timer);
  if (code < 0) return code;
  int32_t closed = ekd.time->close(bench_ctx, timer);
  return code == EKD_PENDING ? closed : EKD_E_FAILED;
}

/* --- timer_create_cancel ---------------------------------------------------------------------- */

#define TIMERS_A_POLL 4096u

static uint32_t canceller_type;

struct canceller {
  struct round *round;
  uint64_t made;
};

static int32_t canceller_poll(void *state, ekd_cx *cx) {
  struct canceller *self = state;
  struct round *round = self->round;
  note_worker(cx);
  for (uint32_t left = TIMERS_A_POLL; self->made < round->n; left--, self->made++) {
    if (left == 0) return EKD_YIELD;
    uint64_t delay_ms = 1000 + self->made % 60000;
    int32_t code = timer_create_and_cancel(cx->now_ns + delay_ms * EKD_NS_PER_MS, cx->waker);
    if (code == EKD_OK) continue;
    round_fail(round, code);
    return EKD_READY;
  }
  atomic_store(&round->result, self->made);
  round_finish(round);
  return EKD_READY;
}

static int32_t cancel_types(ekd_error *err) {
  return register_type("canceller", canceller_poll, sizeof(struct canceller), &canceller_type, err);
}

static int32_t cancel_begin(struct round *round) {
  const struct canceller state = {.round = round};
  return ekd.task->spawn(bench_ctx, canceller_type, &state, sizeof(state), NULL, NULL);
}

const struct workload workload_timer_create_cancel = {
    .name = "timer_create_cancel",
    .about = "a task makes n timers of 1 to 61 s, asks each once and gives it back",
    .n = 200000,
    .n_max = 100000000,
    .register_types = cancel_types,
    .begin = cancel_begin,
    .operations = count_same,
    .expected = count_same,
};

/* --- timer_fire_lateness ---------------------------------------------------------------------- */

#define DELAY_MS_MIN 50u
#define DELAY_MS_SPAN 200u

static uint32_t bed_maker_type, sleeper_type;

/* n is a copy: the round may be over, and the next begun, before it looks again. */
struct bed_maker {
  struct round *round;
  uint64_t n;
  uint64_t spawned;
  uint64_t random;
};

struct sleeper {
  struct round *round;
  uint64_t deadline_ns;
  uint64_t index;
  ekd_timer timer; /* 0: not started */
};

/* Only one that is not early counts. */
static int32_t sleeper_poll(void *state, ekd_cx *cx) {
  struct sleeper *self = state;
  struct round *round = self->round;
  int32_t code = self->timer == 0
                     ? ekd.time->start(bench_ctx, self->deadline_ns, cx->waker, &self->timer)
                     : ekd.time->poll(bench_ctx, self->timer, cx->waker);
  if (code == EKD_PENDING) return EKD_PENDING;
  if (code != EKD_READY) {
    round_fail(round, code);
    return EKD_READY;
  }
  uint64_t now_ns = ekd.time->now_ns(bench_ctx);
  ekd.time->close(bench_ctx, self->timer);
  if (now_ns >= self->deadline_ns) {
    round->samples[self->index] = now_ns - self->deadline_ns;
    atomic_fetch_add_explicit(&round->result, 1, memory_order_relaxed);
  }
  round_step(round, cx);
  return EKD_READY;
}

static uint64_t next_random(uint64_t *x) {
  *x ^= *x << 13;
  *x ^= *x >> 7;
  *x ^= *x << 17;
  return *x;
}

static int32_t bed_maker_poll(void *state, ekd_cx *cx) {
  struct bed_maker *self = state;
  note_worker(cx);
  for (; self->spawned < self->n; self->spawned++) {
    uint64_t random = self->random;
    uint64_t delay_ms = DELAY_MS_MIN + next_random(&random) % DELAY_MS_SPAN;
    const struct sleeper sleeper = {
        .round = self->round,
        .deadline_ns = ekd.time->now_ns(bench_ctx) + delay_ms * EKD_NS_PER_MS,
        .index = self->spawned,
    };
    int32_t code = ekd.task->spawn(bench_ctx, sleeper_type, &sleeper, sizeof(sleeper), NULL, NULL);
    if (code == EKD_E_FULL) return EKD_YIELD;
    if (code != EKD_OK) {
      round_fail(self->round, code);
      return EKD_READY;
    }
    self->random = random;
  }
  return EKD_READY;
}

static int32_t fire_types(ekd_error *err) {
  int32_t code =
      register_type("bed_maker", bed_maker_poll, sizeof(struct bed_maker), &bed_maker_type, err);
  if (code != EKD_OK) return code;
  return register_type("sleeper", sleeper_poll, sizeof(struct sleeper), &sleeper_type, err);
}

static int32_t fire_begin(struct round *round) {
  atomic_store(&round->remaining, round->n);
  const struct bed_maker state = {
      .round = round, .n = round->n, .random = UINT64_C(88172645463325252)};
  return ekd.task->spawn(bench_ctx, bed_maker_type, &state, sizeof(state), NULL, NULL);
}

const struct workload workload_timer_fire = {
    .name = "timer_fire_lateness",
    .about = "n tasks sleep for 50 to 250 ms; how late each runs",
    .n = 100000,
    .n_max = 10000000,
    .rounds = 3,
    .register_types = fire_types,
    .begin = fire_begin,
    .operations = count_same,
    .expected = count_same,
    .samples = 1,
};

/* A task that sleeps for 1 ms, n times, and says how late it was each time, while
 *   ticker_lateness_under_cpu_load      `load` tasks burn 20 µs a poll and yield
 *   ticker_lateness_under_spawn_flood   a thread that is no worker spawns as fast as it can
 *   ticker_lateness_with_stuck_worker   one poll sleeps for as long as the ticks last */
#include <errno.h>
#include <sched.h>
#include <time.h>

#include "bench.h"

#define TICK_NS EKD_NS_PER_MS
#define TICKS_MAX 1000000u

static uint32_t ticker_type, burner_type, flood_type, sticker_type;

/* --- The ticker ------------------------------------------------------------------------------- */

struct ticker {
  struct round *round;
  ekd_timer timer;
  uint64_t deadline_ns; /* 0: not armed */
  uint64_t ticks;
};

static int32_t next_tick(struct ticker *self) {
  int32_t code = self->timer != 0 ? EKD_OK : ekd.time->create(bench_ctx, &self->timer);
  if (code != EKD_OK) return code;
  self->deadline_ns = ekd.time->now_ns(bench_ctx) + TICK_NS;
  return ekd.time->arm(bench_ctx, self->timer, self->deadline_ns);
}

/* A tick that comes early does not count, and the round comes to too little. */
static void take_sample(struct ticker *self) {
  struct round *round = self->round;
  uint64_t now_ns = ekd.time->now_ns(bench_ctx);
  if (now_ns >= self->deadline_ns) {
    round->samples[self->ticks] = now_ns - self->deadline_ns;
    atomic_fetch_add_explicit(&round->result, 1, memory_order_relaxed);
  }
  self->ticks++;
}

static int32_t ticker_poll(void *state, ekd_cx *cx) {
  struct ticker *self = state;
  struct round *round = self->round;
  int32_t code = EKD_READY;
  while (code == EKD_READY) {
    if (self->deadline_ns == 0) code = next_tick(self);
    if (code == EKD_OK) code = ekd.time->poll(bench_ctx, self->timer, cx->waker);
    if (code != EKD_READY) break;
    take_sample(self);
    self->deadline_ns = 0;
    if (self->ticks < round->n) continue;
    ekd.time->close(bench_ctx, self->timer);
    atomic_store(&round->stop, 1);
    round_step(round, cx);
    return EKD_READY;
  }
  if (code == EKD_PENDING) return EKD_PENDING;
  round_fail(round, code);
  return EKD_READY;
}

static int32_t ticker_types(ekd_error *err) {
  if (ticker_type != 0) return EKD_OK; /* it serves three workloads */
  return register_type("ticker", ticker_poll, sizeof(struct ticker), &ticker_type, err);
}

static int32_t start_ticker(struct round *round) {
  const struct ticker state = {.round = round};
  return ekd.task->spawn(bench_ctx, ticker_type, &state, sizeof(state), NULL, NULL);
}

/* --- ticker_lateness_under_cpu_load ----------------------------------------------------------- */

#define SLICE_NS (20 * EKD_NS_PER_US)

struct burner {
  struct round *round;
};

static int32_t burner_poll(void *state, ekd_cx *cx) {
  struct round *round = ((struct burner *)state)->round;
  if (atomic_load_explicit(&round->stop, memory_order_relaxed) != 0) {
    round_step(round, cx);
    return EKD_READY;
  }
  uint64_t until_ns = ekd.time->now_ns(bench_ctx) + SLICE_NS;
  while (ekd.time->now_ns(bench_ctx) < until_ns) {
  }
  return EKD_YIELD;
}

static int32_t cpu_types(ekd_error *err) {
  int32_t code = ticker_types(err);
  if (code != EKD_OK) return code;
  return register_type("burner", burner_poll, sizeof(struct burner), &burner_type, err);
}

static int32_t cpu_begin(struct round *round) {
  if (round->begun == 0) atomic_store(&round->remaining, round->load + 1u);
  for (; round->begun < round->load; round->begun++) {
    const struct burner state = {.round = round};
    int32_t code = ekd.task->spawn(bench_ctx, burner_type, &state, sizeof(state), NULL, NULL);
    if (code != EKD_OK) return code;
  }
  return start_ticker(round);
}

const struct workload workload_ticker_cpu = {
    .name = "ticker_lateness_under_cpu_load",
    .about = "a task ticks every ms, n times, while others burn 20 us a poll and yield",
    .n = 1000,
    .n_max = TICKS_MAX,
    .rounds = 3,
    .load = 8,
    .register_types = cpu_types,
    .begin = cpu_begin,
    .operations = count_same,
    .expected = count_same,
    .samples = 1,
};

/* --- ticker_lateness_under_spawn_flood -------------------------------------------------------- */

#define FLOOD_MAX 100000u /* tasks under way at most: it is to be a flood, not a hoard */

struct drop_of_it {
  struct round *round;
};

static int32_t flood_poll(void *state, ekd_cx *cx) {
  round_step(((struct drop_of_it *)state)->round, cx);
  return EKD_READY;
}

/* It counts as one of the remaining itself, and every task before it is there. */
static int32_t flood(void *argument) {
  struct round *round = argument;
  const struct drop_of_it state = {.round = round};
  while (atomic_load_explicit(&round->stop, memory_order_relaxed) == 0) {
    if (atomic_load_explicit(&round->remaining, memory_order_relaxed) > FLOOD_MAX) {
      sched_yield();
      continue;
    }
    atomic_fetch_add_explicit(&round->remaining, 1, memory_order_relaxed);
    int32_t code = ekd.task->spawn(bench_ctx, flood_type, &state, sizeof(state), NULL, NULL);
    if (code == EKD_OK) continue;
    atomic_fetch_sub_explicit(&round->remaining, 1, memory_order_relaxed);
    if (code != EKD_E_FULL) {
      round_fail(round, code);
      return code;
    }
    sched_yield();
  }
  round_step(round, NULL);
  return EKD_OK;
}

static int32_t flood_types(ekd_error *err) {
  int32_t code = ticker_types(err);
  if (code != EKD_OK) return code;
  return register_type("flood", flood_poll, sizeof(struct drop_of_it), &flood_type, err);
}

static int32_t flood_begin(struct round *round) {
  if (round->begun == 0) {
    atomic_store(&round->remaining, 2);
    int32_t code = round_run_outside(round, flood);
    if (code != EKD_OK) return code;
    round->begun = 1;
  }
  return start_ticker(round);
}

const struct workload workload_ticker_flood = {
    .name = "ticker_lateness_under_spawn_flood",
    .about = "a task ticks every ms, n times, while a thread that is no worker spawns without end",
    .n = 1000,
    .n_max = TICKS_MAX,
    .rounds = 3,
    .register_types = flood_types,
    .begin = flood_begin,
    .operations = count_same,
    .expected = count_same,
    .samples = 1,
};

/* --- ticker_lateness_with_stuck_worker -------------------------------------------------------- */

struct sticker {
  struct round *round;
};

static void sleep_whole(uint64_t ns) {
  struct timespec left = {.tv_sec = (time_t)(ns / EKD_NS_PER_S),
                          .tv_nsec = (long)(ns % EKD_NS_PER_S)};
  while (nanosleep(&left, &left) != 0 && errno == EINTR) {
  }
}

static int32_t sticker_poll(void *state, ekd_cx *cx) {
  struct round *round = ((struct sticker *)state)->round;
  sleep_whole(round->n * TICK_NS);
  round_step(round, cx);
  return EKD_READY;
}

static int32_t stuck_types(ekd_error *err) {
  int32_t code = ticker_types(err);
  if (code != EKD_OK) return code;
  return register_type("sticker", sticker_poll, sizeof(struct sticker), &sticker_type, err);
}

static int32_t stuck_begin(struct round *round) {
  if (round->begun == 0) {
    atomic_store(&round->remaining, 2);
    int32_t code = start_ticker(round);
    if (code != EKD_OK) return code;
    round->begun = 1;
  }
  const struct sticker state = {.round = round};
  return ekd.task->spawn(bench_ctx, sticker_type, &state, sizeof(state), NULL, NULL);
}

const struct workload workload_ticker_stuck = {
    .name = "ticker_lateness_with_stuck_worker",
    .about = "a task ticks every ms, n times, while one poll sleeps for n ms",
    .n = 1000,
    .n_max = 60000,
    .rounds = 3,
    .register_types = stuck_types,
    .begin = stuck_begin,
    .operations = count_same,
    .expected = count_same,
    .samples = 1,
};

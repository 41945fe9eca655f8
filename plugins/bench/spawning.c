/* spawn_local: one task spawns n tasks that do nothing but count down; the last one ends the round.
 * chained_spawn: a task spawns the next and ends, n deep. yield_many: n tasks yield 1,000 times. */
#include "bench.h"

#define YIELDS 1000u

/* --- spawn_local ------------------------------------------------------------------------------ */

static uint32_t spawner_type, empty_type;

/* n and batch are copies: the round may be over, and the next begun, before it looks again. */
struct spawner {
  struct round *round;
  uint64_t n;
  uint64_t spawned;
  uint32_t batch;
};

struct empty {
  struct round *round;
};

static int32_t empty_poll(void *state, ekd_cx *cx) {
  round_step(((struct empty *)state)->round, cx);
  return EKD_READY;
}

static int32_t spawn_one(struct spawner *self) {
  const struct empty state = {.round = self->round};
  int32_t code = ekd.task->spawn(bench_ctx, empty_type, &state, sizeof(state), NULL, NULL);
  if (code == EKD_OK) self->spawned++;
  return code;
}

static int32_t spawn_batch(struct spawner *self) {
  struct empty states[BENCH_BATCH_MAX];
  uint64_t left = self->n - self->spawned;
  uint64_t count = left < self->batch ? left : self->batch;
  for (uint64_t i = 0; i < count; i++) states[i].round = self->round;
  uint64_t spawned = 0;
  int32_t code = ekd.task->spawn_n(bench_ctx, empty_type, states, sizeof(states[0]),
                                   sizeof(states[0]), count, NULL, NULL, &spawned);
  self->spawned += spawned;
  return code;
}

static int32_t spawner_poll(void *state, ekd_cx *cx) {
  struct spawner *self = state;
  note_worker(cx);
  while (self->spawned < self->n) {
    int32_t code = self->batch == 1 ? spawn_one(self) : spawn_batch(self);
    if (code == EKD_E_FULL) return EKD_YIELD;
    if (code != EKD_OK) {
      round_fail(self->round, code);
      return EKD_READY;
    }
  }
  return EKD_READY;
}

static int32_t spawn_local_types(ekd_error *err) {
  int32_t code = register_type("spawner", spawner_poll, sizeof(struct spawner), &spawner_type, err);
  if (code != EKD_OK) return code;
  return register_type("empty", empty_poll, sizeof(struct empty), &empty_type, err);
}

static int32_t spawn_local_begin(struct round *round) {
  atomic_store(&round->remaining, round->n);
  atomic_store(&round->result, round->n); /* it ends only when exactly n tasks have run */
  const struct spawner state = {.round = round, .n = round->n, .batch = round->batch};
  return ekd.task->spawn(bench_ctx, spawner_type, &state, sizeof(state), NULL, NULL);
}

const struct workload workload_spawn_local = {
    .name = "spawn_local",
    .about = "one task spawns n empty tasks; the last one to run ends the round",
    .n = 1000000,
    .n_max = 100000000,
    .register_types = spawn_local_types,
    .begin = spawn_local_begin,
    .operations = count_same,
    .expected = count_same,
};

/* --- chained_spawn ---------------------------------------------------------------------------- */

static uint32_t link_type;

struct link {
  struct round *round;
  uint64_t depth;
};

static int32_t link_poll(void *state, ekd_cx *cx) {
  struct link *self = state;
  note_worker(cx);
  if (self->depth == self->round->n) {
    atomic_store(&self->round->result, self->depth);
    round_finish(self->round);
    return EKD_READY;
  }
  const struct link next = {.round = self->round, .depth = self->depth + 1};
  int32_t code = ekd.task->spawn(bench_ctx, link_type, &next, sizeof(next), NULL, NULL);
  if (code == EKD_E_FULL) return EKD_YIELD;
  if (code != EKD_OK) round_fail(self->round, code);
  return EKD_READY;
}

static int32_t chained_types(ekd_error *err) {
  return register_type("link", link_poll, sizeof(struct link), &link_type, err);
}

static int32_t chained_begin(struct round *round) {
  const struct link state = {.round = round};
  return ekd.task->spawn(bench_ctx, link_type, &state, sizeof(state), NULL, NULL);
}

const struct workload workload_chained_spawn = {
    .name = "chained_spawn",
    .about = "a task spawns the next and ends, n deep",
    .n = 100000,
    .n_max = 100000000,
    .register_types = chained_types,
    .begin = chained_begin,
    .operations = count_same,
    .expected = count_same,
};

/* --- yield_many ------------------------------------------------------------------------------- */

static uint32_t yielder_type;

struct yielder {
  struct round *round;
  uint32_t yields;
};

static int32_t yielder_poll(void *state, ekd_cx *cx) {
  struct yielder *self = state;
  if (self->yields < YIELDS) {
    self->yields++;
    return EKD_YIELD;
  }
  atomic_fetch_add_explicit(&self->round->result, self->yields, memory_order_relaxed);
  round_step(self->round, cx);
  return EKD_READY;
}

static int32_t yield_types(ekd_error *err) {
  return register_type("yielder", yielder_poll, sizeof(struct yielder), &yielder_type, err);
}

static int32_t yield_begin(struct round *round) {
  if (round->begun == 0) atomic_store(&round->remaining, round->n);
  for (; round->begun < round->n; round->begun++) {
    const struct yielder state = {.round = round};
    int32_t code = ekd.task->spawn(bench_ctx, yielder_type, &state, sizeof(state), NULL, NULL);
    if (code != EKD_OK) return code;
  }
  return EKD_OK;
}

static uint64_t yield_operations(uint64_t n) { return n * YIELDS; }

const struct workload workload_yield_many = {
    .name = "yield_many",
    .about = "n tasks yield 1,000 times each",
    .n = 200,
    .n_max = 1000000,
    .register_types = yield_types,
    .begin = yield_begin,
    .operations = yield_operations,
    .expected = yield_operations,
};

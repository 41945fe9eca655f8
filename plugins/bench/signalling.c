/* ping_pong: n pairs. Each spawns its partner and sends it a one-shot signal; the partner waits for
 * it and answers with another. */
#include "bench.h"

/* --- A one-shot signal ------------------------------------------------------------------------ */

enum { EMPTY, WAITED_FOR, SENT };

struct oneshot {
  atomic_uint state;
  ekd_waker waker; /* written before WAITED_FOR, read after it */
};

/* acq_rel: the sender's work is seen by the receiver, and the waker by the sender. The receiver may
 * end as soon as SENT is seen, so that the waker is read first where there is one. */
static void oneshot_send(struct oneshot *shot) {
  unsigned state = EMPTY;
  if (atomic_compare_exchange_strong_explicit(&shot->state, &state, SENT, memory_order_acq_rel,
                                              memory_order_acquire)) {
    return;
  }
  ekd_waker waker = shot->waker;
  atomic_store_explicit(&shot->state, SENT, memory_order_release);
  ekd.task->wake(waker);
}

static int32_t oneshot_poll(struct oneshot *shot, ekd_waker waker) {
  unsigned state = atomic_load_explicit(&shot->state, memory_order_acquire);
  if (state == SENT) return EKD_READY;
  if (state == WAITED_FOR) return EKD_PENDING; /* a task keeps its waker */
  shot->waker = waker;
  return atomic_compare_exchange_strong_explicit(&shot->state, &state, WAITED_FOR,
                                                 memory_order_acq_rel, memory_order_acquire)
             ? EKD_PENDING
             : EKD_READY;
}

/* --- The pair --------------------------------------------------------------------------------- */

static uint32_t spawner_type, pair_type, partner_type;

/* Its partner is its child, so that this state stays until the partner has ended too. */
struct pair {
  struct round *round;
  struct oneshot ping;
  struct oneshot pong;
  uint32_t has_partner;
};

struct partner {
  struct pair *pair;
};

static int32_t partner_poll(void *state, ekd_cx *cx) {
  struct pair *pair = ((struct partner *)state)->pair;
  if (oneshot_poll(&pair->ping, cx->waker) == EKD_PENDING) return EKD_PENDING;
  oneshot_send(&pair->pong);
  return EKD_READY;
}

static int32_t pair_poll(void *state, ekd_cx *cx) {
  struct pair *self = state;
  if (!self->has_partner) {
    const struct partner partner = {.pair = self};
    const ekd_spawn_options options = {.struct_size = sizeof(options), .flags = EKD_SPAWN_CHILD};
    int32_t code =
        ekd.task->spawn(bench_ctx, partner_type, &partner, sizeof(partner), &options, NULL);
    if (code == EKD_E_FULL) return EKD_YIELD;
    if (code != EKD_OK) {
      round_fail(self->round, code);
      return EKD_READY;
    }
    self->has_partner = 1;
    oneshot_send(&self->ping);
  }
  if (oneshot_poll(&self->pong, cx->waker) == EKD_PENDING) return EKD_PENDING;
  round_step(self->round, cx);
  return EKD_READY;
}

/* --- The workload ----------------------------------------------------------------------------- */

/* n is a copy: the round may be over, and the next begun, before it looks again. */
struct spawner {
  struct round *round;
  uint64_t n;
  uint64_t spawned;
};

static int32_t spawner_poll(void *state, ekd_cx *cx) {
  struct spawner *self = state;
  note_worker(cx);
  for (; self->spawned < self->n; self->spawned++) {
    const struct pair pair = {.round = self->round};
    int32_t code = ekd.task->spawn(bench_ctx, pair_type, &pair, sizeof(pair), NULL, NULL);
    if (code == EKD_E_FULL) return EKD_YIELD;
    if (code != EKD_OK) {
      round_fail(self->round, code);
      return EKD_READY;
    }
  }
  return EKD_READY;
}

static int32_t register_types(ekd_error *err) {
  int32_t code =
      register_type("pair_spawner", spawner_poll, sizeof(struct spawner), &spawner_type, err);
  if (code != EKD_OK) return code;
  code = register_type("pair", pair_poll, sizeof(struct pair), &pair_type, err);
  if (code != EKD_OK) return code;
  return register_type("partner", partner_poll, sizeof(struct partner), &partner_type, err);
}

static int32_t begin(struct round *round) {
  atomic_store(&round->remaining, round->n);
  atomic_store(&round->result, round->n); /* it ends only when exactly n pairs have */
  const struct spawner state = {.round = round, .n = round->n};
  return ekd.task->spawn(bench_ctx, spawner_type, &state, sizeof(state), NULL, NULL);
}

const struct workload workload_ping_pong = {
    .name = "ping_pong",
    .about = "n pairs of tasks, each exchanges two one-shot signals",
    .n = 10000,
    .n_max = 10000000,
    .register_types = register_types,
    .begin = begin,
    .operations = count_same,
    .expected = count_same,
};

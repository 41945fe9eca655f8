/* spawn_remote_join: a thread that is no worker spawns n tasks, and a task awaits them in order.
 * remote_wake_roundtrip: such a thread wakes a task and sleeps until the task has answered, while
 * the runtime has nothing else to do. */
#include <errno.h>
#include <sched.h>
#include <semaphore.h>
#include <time.h>

#include "bench.h"

/* --- spawn_remote_join ------------------------------------------------------------------------ */

#define JOINS_A_POLL 4096u
#define OUTSIDE_BATCH 64u /* tasks in a call */

static uint32_t remote_type, joiner_type;

struct remote {
  uint64_t done;
};

struct joiner {
  struct round *round;
  uint64_t joined;
};

static int32_t remote_poll(void *state, ekd_cx *cx) {
  note_worker(cx);
  ((struct remote *)state)->done = 1;
  return EKD_READY;
}

static int32_t joiner_poll(void *state, ekd_cx *cx) {
  struct joiner *self = state;
  struct round *round = self->round;
  const ekd_task *tasks = round->scratch;
  for (uint32_t left = JOINS_A_POLL; self->joined < round->n; left--) {
    if (left == 0) return EKD_YIELD;
    ekd_join_result out = {.struct_size = sizeof(out)};
    ekd_task task = tasks[self->joined];
    int32_t code = ekd.task->join_poll(bench_ctx, task, cx->waker, &out, NULL);
    if (code == EKD_PENDING) return EKD_PENDING;
    if (code != EKD_READY) {
      round_fail(round, code);
      return EKD_READY;
    }
    if (out.status == EKD_OK && ((struct remote *)out.state)->done) {
      atomic_fetch_add_explicit(&round->result, 1, memory_order_relaxed);
    }
    ekd.task->join_close(bench_ctx, task);
    self->joined++;
  }
  round_finish(round);
  return EKD_READY;
}

/* On the outside thread; where the queue is full, it lets the workers have the processor. */
static int32_t spawn_patiently(struct round *round, uint32_t type, const void *state, uint64_t size,
                               const ekd_spawn_options *options, ekd_task *out) {
  for (;;) {
    int32_t code = ekd.task->spawn(bench_ctx, type, state, size, options, out);
    if (code != EKD_E_FULL || atomic_load(&round->stop) != 0) return code;
    sched_yield();
  }
}

static int32_t spawn_from_outside(void *argument) {
  struct round *round = argument;
  const ekd_spawn_options options = {.struct_size = sizeof(options), .flags = EKD_SPAWN_JOIN};
  const struct remote states[OUTSIDE_BATCH] = {{0}};
  ekd_task *tasks = round->scratch;
  int32_t code = EKD_OK;
  for (uint64_t i = 0; i < round->n && (code == EKD_OK || code == EKD_E_FULL);) {
    uint64_t count = round->n - i < OUTSIDE_BATCH ? round->n - i : OUTSIDE_BATCH, spawned = 0;
    code = ekd.task->spawn_n(bench_ctx, remote_type, states, sizeof(states[0]), sizeof(states[0]),
                             count, &options, &tasks[i], &spawned);
    i += spawned;
    if (code == EKD_E_FULL && atomic_load(&round->stop) != 0) break;
    if (code == EKD_E_FULL) sched_yield();
  }
  const struct joiner joiner = {.round = round};
  if (code == EKD_OK) {
    code = spawn_patiently(round, joiner_type, &joiner, sizeof(joiner), NULL, NULL);
  }
  if (code != EKD_OK) round_fail(round, code);
  return code;
}

static int32_t remote_types(ekd_error *err) {
  int32_t code = register_type("remote", remote_poll, sizeof(struct remote), &remote_type, err);
  if (code != EKD_OK) return code;
  return register_type("joiner", joiner_poll, sizeof(struct joiner), &joiner_type, err);
}

static int32_t remote_begin(struct round *round) {
  return round_run_outside(round, spawn_from_outside);
}

const struct workload workload_spawn_remote_join = {
    .name = "spawn_remote_join",
    .about = "a thread that is no worker spawns n empty tasks; all are joined",
    .n = 200000,
    .n_max = 10000000,
    .register_types = remote_types,
    .begin = remote_begin,
    .operations = count_same,
    .expected = count_same,
    .scratch_bytes = count_handles,
};

/* --- remote_wake_roundtrip -------------------------------------------------------------------- */

#define LOOK_NS 100000000L /* how often a thread that waits looks whether the run is cut off */

static uint32_t answerer_type;
static ekd_task answerer;
static atomic_uint_fast64_t asked, answered;
static sem_t answer_is_there;

struct answerer {
  struct round *round;
};

/* acquire: pairs with the release in ask. */
static int32_t answerer_poll(void *state, ekd_cx *cx) {
  const uint64_t n = ((struct answerer *)state)->round->n;
  note_worker(cx);
  uint64_t question = atomic_load_explicit(&asked, memory_order_acquire);
  if (question == atomic_load_explicit(&answered, memory_order_relaxed)) return EKD_PENDING;
  atomic_store_explicit(&answered, question, memory_order_relaxed);
  sem_post(&answer_is_there);
  return question == n ? EKD_READY : EKD_PENDING;
}

/* 0 when the answer is there; 1: the run is cut off. */
static int wait_for_answer(struct round *round) {
  while (atomic_load(&round->stop) == 0) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += LOOK_NS;
    if (until.tv_nsec >= 1000000000L) {
      until.tv_nsec -= 1000000000L;
      until.tv_sec++;
    }
    if (sem_timedwait(&answer_is_there, &until) == 0) return 0;
  }
  return 1;
}

static int32_t ask(void *argument) {
  struct round *round = argument;
  for (uint64_t i = 1; i <= round->n; i++) {
    atomic_store_explicit(&asked, i, memory_order_release);
    ekd.task->wake(answerer);
    if (wait_for_answer(round)) return EKD_E_CANCELLED;
    if (atomic_load_explicit(&answered, memory_order_relaxed) == i) {
      atomic_fetch_add_explicit(&round->result, 1, memory_order_relaxed);
    }
  }
  round_finish(round);
  return EKD_OK;
}

static int32_t wake_types(ekd_error *err) {
  if (sem_init(&answer_is_there, 0, 0) != 0) {
    return ekd_error_set(err, EKD_E_OS, "no semaphore could be made");
  }
  return register_type("answerer", answerer_poll, sizeof(struct answerer), &answerer_type, err);
}

static int32_t wake_begin(struct round *round) {
  if (round->begun == 0) {
    atomic_store(&asked, 0);
    atomic_store(&answered, 0);
    const struct answerer state = {.round = round};
    int32_t code =
        ekd.task->spawn(bench_ctx, answerer_type, &state, sizeof(state), NULL, &answerer);
    if (code != EKD_OK) return code;
    round->begun = 1;
  }
  return round_run_outside(round, ask);
}

const struct workload workload_remote_wake = {
    .name = "remote_wake_roundtrip",
    .about = "a thread that is no worker wakes a task and sleeps until it answers, n times",
    .n = 20000,
    .n_max = 10000000,
    .register_types = wake_types,
    .begin = wake_begin,
    .operations = count_same,
    .expected = count_same,
};

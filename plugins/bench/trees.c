/* skynet_1m: a tree with ten children a node and n leaves; the leaves' numbers are summed upwards.
 * fib_25_fork: fib(n) computed by forking at every step.
 *
 * Children add to their parent's state, which the join counter keeps in its slot until they are
 * gone; the counter also orders their additions before the parent's next poll. */
#include "bench.h"

#define CHILDREN 10u

static void finish_root(struct round *round, uint64_t result) {
  atomic_store(&round->result, result);
  round_finish(round);
}

/* --- skynet_1m -------------------------------------------------------------------------------- */

static uint32_t node_type;

struct node {
  struct round *round;
  struct node *parent; /* NULL: the root */
  uint64_t first;      /* the number of its first leaf */
  uint64_t leaves;
  atomic_uint_fast64_t sum;
  uint32_t children; /* spawned so far */
};

static void node_end(struct node *self, uint64_t sum) {
  if (self->parent == NULL) {
    finish_root(self->round, sum);
  } else {
    atomic_fetch_add_explicit(&self->parent->sum, sum, memory_order_relaxed);
  }
}

/* All that are missing, in one batch. */
static int32_t spawn_children(struct node *self) {
  const ekd_spawn_options options = {.struct_size = sizeof(options), .flags = EKD_SPAWN_CHILD};
  struct node children[CHILDREN];
  const uint64_t leaves = self->leaves / CHILDREN;
  const uint32_t missing = CHILDREN - self->children;
  for (uint32_t i = 0; i < missing; i++) {
    struct node *child = &children[i];
    child->round = self->round;
    child->parent = self;
    child->leaves = leaves;
    child->first = self->first + (self->children + i) * leaves;
    atomic_init(&child->sum, 0);
    child->children = 0;
  }
  uint64_t spawned = 0;
  int32_t code = ekd.task->spawn_n(bench_ctx, node_type, children, sizeof(children[0]),
                                   sizeof(children[0]), missing, &options, NULL, &spawned);
  self->children += (uint32_t)spawned;
  return code;
}

static int32_t node_poll(void *state, ekd_cx *cx) {
  struct node *self = state;
  if (self->leaves == 1) {
    node_end(self, self->first);
    return EKD_READY;
  }
  if (self->children < CHILDREN) {
    note_worker(cx);
    int32_t code = spawn_children(self);
    if (code == EKD_E_FULL) return EKD_YIELD;
    if (code != EKD_OK) {
      round_fail(self->round, code);
      return EKD_READY;
    }
  }
  if (ekd.task->children_poll(bench_ctx) == EKD_PENDING) return EKD_PENDING;
  node_end(self, atomic_load_explicit(&self->sum, memory_order_relaxed));
  return EKD_READY;
}

static int32_t skynet_types(ekd_error *err) {
  return register_type("node", node_poll, sizeof(struct node), &node_type, err);
}

/* A full tree. */
uint64_t skynet_leaves(uint64_t n) {
  uint64_t leaves = 1;
  while (leaves <= n / CHILDREN) leaves *= CHILDREN;
  return leaves;
}

static int32_t skynet_begin(struct round *round) {
  struct node root = {.round = round, .leaves = skynet_leaves(round->n)};
  return ekd.task->spawn(bench_ctx, node_type, &root, sizeof(root), NULL, NULL);
}

uint64_t skynet_operations(uint64_t n) { return (skynet_leaves(n) * CHILDREN - 1) / 9; }

uint64_t skynet_expected(uint64_t n) {
  uint64_t leaves = skynet_leaves(n);
  return leaves % 2 == 0 ? leaves / 2 * (leaves - 1) : (leaves - 1) / 2 * leaves;
}

const struct workload workload_skynet = {
    .name = "skynet_1m",
    .about = "a tree of tasks, ten children a node, n leaves, summed upwards",
    .n = 1000000,
    .n_max = 10000000,
    .register_types = skynet_types,
    .begin = skynet_begin,
    .operations = skynet_operations,
    .expected = skynet_expected,
};

/* --- fib_25_fork ------------------------------------------------------------------------------ */

static uint32_t fork_type;

struct fork {
  struct round *round;
  struct fork *parent; /* NULL: the root */
  uint64_t n;          /* what is still to be split here */
  atomic_uint_fast64_t sum;
};

static void fork_end(struct fork *self, uint64_t sum) {
  if (self->parent == NULL) {
    finish_root(self->round, sum);
  } else {
    atomic_fetch_add_explicit(&self->parent->sum, sum, memory_order_relaxed);
  }
}

/* fib(n-1) becomes a task, and fib(n-2) goes on here, until a 1 or a 0 is left. */
static int32_t fork_poll(void *state, ekd_cx *cx) {
  struct fork *self = state;
  const ekd_spawn_options options = {.struct_size = sizeof(options), .flags = EKD_SPAWN_CHILD};
  for (; self->n >= 2; self->n -= 2) {
    struct fork child = {.round = self->round, .parent = self, .n = self->n - 1};
    int32_t code = ekd.task->spawn(bench_ctx, fork_type, &child, sizeof(child), &options, NULL);
    if (code == EKD_E_FULL) return EKD_YIELD;
    if (code != EKD_OK) {
      round_fail(self->round, code);
      return EKD_READY;
    }
  }
  if (ekd.task->children_poll(bench_ctx) == EKD_PENDING) return EKD_PENDING;
  note_worker(cx);
  fork_end(self, self->n + atomic_load_explicit(&self->sum, memory_order_relaxed));
  return EKD_READY;
}

static int32_t fib_types(ekd_error *err) {
  return register_type("fork", fork_poll, sizeof(struct fork), &fork_type, err);
}

static int32_t fib_begin(struct round *round) {
  struct fork root = {.round = round, .n = round->n};
  return ekd.task->spawn(bench_ctx, fork_type, &root, sizeof(root), NULL, NULL);
}

uint64_t fib_expected(uint64_t n) {
  uint64_t a = 0, b = 1;
  for (; n > 0; n--) {
    uint64_t next = a + b;
    a = b;
    b = next;
  }
  return a;
}

/* Calls, forked or not. */
uint64_t fib_operations(uint64_t n) { return 2 * fib_expected(n + 1) - 1; }

const struct workload workload_fib = {
    .name = "fib_25_fork",
    .about = "fib(n), one side of every step in a task of its own",
    .n = 25,
    .n_max = 40,
    .register_types = fib_types,
    .begin = fib_begin,
    .operations = fib_operations,
    .expected = fib_expected,
};

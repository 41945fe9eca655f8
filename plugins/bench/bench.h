/* Measures the runtime the way its users meet it: through a plugin in a running daemon.
 *
 *   $ ekidenctl call bench run '{"workload":"spawn_local"}'
 *
 *   bench.c       the plugin: lifecycle, the command `run` and its parameters
 *   driver.c      one task a run: times the rounds and answers
 *   spawning.c    spawn_local, chained_spawn, yield_many
 *   signalling.c  ping_pong
 *   trees.c       skynet_1m, fib_25_fork
 *
 * A workload is begun by the driver and ended by the task that calls round_finish; the time between
 * is a round. The first round pays for page faults and cold caches and is reported apart. The
 * plugin's state is static, for every load is a fresh copy, and tasks may point to it for ever. */
#ifndef BENCH_H
#define BENCH_H

#include <ekiden/plugin.h>
#include <stdatomic.h>

#define BENCH_WORKERS_MAX 1024
#define BENCH_BATCH_MAX 64

/* What the tasks of one round share. */
struct round {
  uint64_t n;
  uint32_t batch;   /* tasks that spawn_local commits at a time */
  uint64_t begun;   /* how far `begin` has come; it is called again after EKD_E_FULL */
  ekd_waker driver; /* woken by round_finish */
  atomic_uint_fast64_t remaining;
  atomic_uint_fast64_t result; /* what the workload worked out, to be checked */
  atomic_int error;            /* EKD_OK, or why the round cannot be finished */
  atomic_uint finished;
};

struct workload {
  const char *name;
  const char *about;
  uint64_t n; /* unless the caller says otherwise */
  uint64_t n_max;
  int32_t (*register_types)(ekd_error *err);
  /* On the driver, in its poll. EKD_OK; EKD_E_FULL: call again later; else the round is off. */
  int32_t (*begin)(struct round *round);
  uint64_t (*operations)(uint64_t n);
  uint64_t (*expected)(uint64_t n); /* the result of a round that went right */
};

extern const struct workload workload_spawn_local, workload_chained_spawn, workload_yield_many,
    workload_ping_pong, workload_skynet, workload_fib;

/* The instance. */
extern ekd_ctx *bench_ctx;
extern ekd_services ekd;

struct run_options {
  const struct workload *workload;
  uint64_t n;
  uint64_t rounds;
  uint32_t batch;
};

int32_t driver_register(ekd_error *err);
/* Starts a run that will answer `call`. EKD_E_WRONG_STATE if there is one already. */
int32_t driver_start(ekd_call call, const struct run_options *options, ekd_error *err);

/* Ends the round and wakes the driver. */
void round_finish(struct round *round);
/* One of `remaining` is done; the last one ends the round. */
void round_step(struct round *round, const ekd_cx *cx);
/* Ends the round with an error: a task could not be had. */
void round_fail(struct round *round, int32_t code);
/* Remembers that this worker took part. */
void note_worker(const ekd_cx *cx);

/* Registers a task type without drop. */
int32_t register_type(const char *name, ekd_poll_fn poll, uint64_t state_size, uint32_t *out_type,
                      ekd_error *err);

#endif /* BENCH_H */

/* Measures the runtime the way its users meet it: through a plugin in a running daemon.
 *
 *   $ ekidenctl call bench run '{"workload":"spawn_local"}'
 *
 *   bench.c       the plugin: lifecycle, the command `run`, the list of workloads
 *   options.c     the command's parameters
 *   driver.c      one task a run: begins the rounds, times them and checks their results
 *   answer.c      medians and quantiles, and the answer's text
 *   spawning.c    spawn_local, chained_spawn, yield_many
 *   signalling.c  ping_pong
 *   trees.c       skynet_1m, fib_25_fork
 *   outside.c     spawn_remote_join, remote_wake_roundtrip
 *   blocking.c    spawn_blocking
 *   timers.c      timer_create_cancel, timer_fire_lateness
 *   tickers.c     ticker_lateness_under_cpu_load, _under_spawn_flood, _with_stuck_worker
 *   holding.c     memory_parked, timers_held
 *   coroutines.cpp, coroutine_workloads.c   the same on the C++ SDK: coro_…, and mpsc_bounded1024_…
 *
 * A workload is begun by the driver and ended by whoever calls round_finish; the time between is a
 * round, unless the workload says when the clock runs. The first round pays for page faults and
 * cold caches and is reported apart. A workload that is a latency records samples instead. The
 * plugin's state is static, for every load is a fresh copy, and tasks may point to it for ever. */
#ifndef BENCH_H
#define BENCH_H

#include <ekiden/plugin.h>
#include <stdatomic.h>

#define BENCH_WORKERS_MAX 1024
#define BENCH_BATCH 32 /* unless the caller says otherwise */
#define BENCH_BATCH_MAX 64
#define BENCH_ROUNDS_MAX 1000
#define BENCH_LOAD_MAX 1024
#define BENCH_SAMPLES_MAX (UINT64_C(1) << 27) /* of a run: one GiB */

/* What the tasks of one round share. */
struct round {
  uint64_t n;
  uint32_t batch;    /* tasks that spawn_local spawns at a time */
  uint32_t load;     /* tasks that burn time meanwhile, where the workload has such */
  uint64_t begun;    /* how far `begin` has come; it is called again after EKD_E_FULL */
  ekd_waker driver;  /* woken by round_finish */
  ekd_job job;       /* 0, or the outside thread's; closed by the driver */
  void *scratch;     /* what the workload asked for; kept for the whole run */
  uint64_t *samples; /* room for this round's, in nanoseconds */
  uint64_t base_rss; /* bytes resident when the run began */
  atomic_uint_fast64_t clock_begin; /* when the part that counts began … */
  atomic_uint_fast64_t clock_end;   /* … and ended; 0: when the driver sees that it is finished */
  atomic_uint_fast64_t bytes;       /* resident for what the workload holds, at its fullest */
  atomic_uint_fast64_t remaining;
  atomic_uint_fast64_t result; /* what the workload worked out, to be checked */
  atomic_int error;            /* EKD_OK, or why the round cannot be finished */
  atomic_uint stop;            /* the load, and an outside thread, are to end */
  atomic_uint finished;
};

struct workload {
  const char *name;
  const char *about;
  uint64_t n; /* unless the caller says otherwise */
  uint64_t n_max;
  uint32_t rounds; /* unless the caller says otherwise; 0: 7 */
  uint32_t load;   /* the same; 0: it takes none */
  int32_t (*register_types)(ekd_error *err);
  /* On the driver, in its poll. EKD_OK; EKD_E_FULL: call again later; else the round is off. */
  int32_t (*begin)(struct round *round);
  uint64_t (*operations)(uint64_t n);
  uint64_t (*expected)(uint64_t n);      /* the result of a round that went right */
  uint64_t (*scratch_bytes)(uint64_t n); /* NULL: none */
  uint32_t samples;                      /* not 0: a latency; a round records n of them */
  const char *holds;                     /* NULL, or of what it tells the bytes each */
};

extern const struct workload workload_spawn_local, workload_chained_spawn, workload_yield_many,
    workload_ping_pong, workload_skynet, workload_fib, workload_spawn_remote_join,
    workload_remote_wake, workload_spawn_blocking, workload_timer_create_cancel,
    workload_timer_fire, workload_ticker_cpu, workload_ticker_flood, workload_ticker_stuck,
    workload_memory_parked, workload_timers_held, workload_coro_skynet, workload_coro_fib,
    workload_coro_ping_pong, workload_mpsc_1to1, workload_mpsc_8to1;

/* The instance. */
extern ekd_ctx *bench_ctx;
extern ekd_services ekd;

/* NULL: there is none of that name. */
const struct workload *workload_find(const char *name);

/* --- A run -------------------------------------------------------------------------------------
 */

struct run_options {
  const struct workload *workload;
  uint64_t n;
  uint64_t rounds;
  uint32_t batch;
  uint32_t load;
};

int32_t options_read(ekd_str params, struct run_options *out, ekd_error *err);

int32_t driver_register(ekd_error *err);
/* Starts a run that will answer `call`. EKD_E_WRONG_STATE if there is one already. */
int32_t driver_start(ekd_call call, const struct run_options *options, ekd_error *err);
/* Frees what a run that was cut off has left. */
void driver_fini(void);

struct run_result {
  double first_ns;   /* of an operation, in the round that is reported apart */
  double *ns;        /* of an operation, a round each; sorted by the answer, as are the samples */
  uint64_t *samples; /* NULL, or those of the first round, and then of all the others */
  uint64_t bytes;    /* resident, in the first round */
  unsigned workers;  /* that took part */
};

/* Writes the answer to a run that went right; returns its size. */
uint64_t answer_write(char *out, uint64_t size, const struct run_options *options,
                      struct run_result *result);

/* --- For the workloads --------------------------------------------------------------------------
 */

/* Ends the round and wakes the driver. Nothing of the round may be used afterwards. */
void round_finish(struct round *round);
/* One of `remaining` is done; the last one ends the round. cx NULL: not on a worker. */
void round_step(struct round *round, const ekd_cx *cx);
/* Ends the round with an error: a task could not be had. */
void round_fail(struct round *round, int32_t code);
/* The clock counts from here, or up to here. */
void round_clock_begin(struct round *round);
void round_clock_end(struct round *round);
/* Remembers how much more is resident now than when the run began. */
void round_note_bytes(struct round *round);
/* Runs `run(round)` on a thread that is no worker: a job. Errors as of submit. */
int32_t round_run_outside(struct round *round, ekd_job_fn run);
/* A timer made, armed, asked once and given back. EKD_OK, or why not. */
int32_t timer_create_and_cancel(uint64_t deadline_ns, ekd_waker waker);
/* Remembers that this worker took part. */
void note_worker(const ekd_cx *cx);

/* Registers a task type without drop. */
int32_t register_type(const char *name, ekd_poll_fn poll, uint64_t state_size, uint32_t *out_type,
                      ekd_error *err);

/* For tables of workloads: n itself. */
uint64_t count_same(uint64_t n);
/* Room for n handles. */
uint64_t count_handles(uint64_t n);
/* Of the trees. skynet_leaves: the largest power of ten that is not above n. */
uint64_t skynet_leaves(uint64_t n);
uint64_t skynet_operations(uint64_t n);
uint64_t skynet_expected(uint64_t n);
uint64_t fib_operations(uint64_t n);
uint64_t fib_expected(uint64_t n);

#endif /* BENCH_H */

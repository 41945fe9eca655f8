/* The tables of the workloads in coroutines.cpp: those of the C ABI with another beginning. */
#include "coroutines.h"

#include "bench.h"

void round_answer(struct round *round, uint64_t result) {
  atomic_store(&round->result, result);
  round_finish(round);
}

void round_refuse(struct round *round, int32_t code) { round_fail(round, code); }

static int32_t no_types(ekd_error *err) {
  (void)err;
  return EKD_OK;
}

static int32_t skynet_begin(struct round *round) {
  return coroutines_skynet(round, skynet_leaves(round->n));
}

const struct workload workload_coro_skynet = {
    .name = "coro_skynet_1m",
    .about = "skynet_1m with a coroutine of the C++ SDK for each node",
    .n = 1000000,
    .n_max = 10000000,
    .register_types = no_types,
    .begin = skynet_begin,
    .operations = skynet_operations,
    .expected = skynet_expected,
};

static int32_t fib_begin(struct round *round) { return coroutines_fib(round, round->n); }

const struct workload workload_coro_fib = {
    .name = "coro_fib_25_fork",
    .about = "fib_25_fork with a coroutine of the C++ SDK for each call",
    .n = 25,
    .n_max = 40,
    .register_types = no_types,
    .begin = fib_begin,
    .operations = fib_operations,
    .expected = fib_expected,
};

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

static int32_t ping_pong_begin(struct round *round) {
  return coroutines_ping_pong(round, round->n);
}

const struct workload workload_coro_ping_pong = {
    .name = "coro_ping_pong",
    .about = "ping_pong with two coroutines of the C++ SDK for each pair",
    .n = 10000,
    .n_max = 10000000,
    .register_types = no_types,
    .begin = ping_pong_begin,
    .operations = count_same,
    .expected = count_same,
};

static int32_t one_to_one_begin(struct round *round) { return coroutines_mpsc(round, round->n, 1); }

const struct workload workload_mpsc_1to1 = {
    .name = "mpsc_bounded1024_1to1",
    .about = "n messages through a channel with room for 1,024, from one coroutine to another",
    .n = 1000000,
    .n_max = 1000000000,
    .register_types = no_types,
    .begin = one_to_one_begin,
    .operations = count_same,
    .expected = count_same,
};

#define SENDERS 8u

static int32_t eight_to_one_begin(struct round *round) {
  return coroutines_mpsc(round, round->n, SENDERS);
}

static uint64_t of_all_senders(uint64_t n) { return n / SENDERS * SENDERS; }

const struct workload workload_mpsc_8to1 = {
    .name = "mpsc_bounded1024_8to1",
    .about = "the same from eight coroutines to one",
    .n = 1000000,
    .n_max = 1000000000,
    .register_types = no_types,
    .begin = eight_to_one_begin,
    .operations = of_all_senders,
    .expected = of_all_senders,
};

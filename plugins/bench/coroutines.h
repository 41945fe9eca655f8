/* The border between the workloads that are coroutines, in C++, and the rest, in C: their headers
 * do not go together (<stdatomic.h>). */
#ifndef BENCH_COROUTINES_H
#define BENCH_COROUTINES_H

#include <ekiden/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

struct round;

/* coroutines.cpp. EKD_OK, or why the SDK does not work on this host. */
int32_t coroutines_bind(ekd_ctx *ctx, const ekd_host *host, ekd_error *err);
void coroutines_unbind(void);
/* Each begins a round as the function `begin` of a workload does, and ends it with round_answer. */
int32_t coroutines_skynet(struct round *round, uint64_t leaves);
int32_t coroutines_fib(struct round *round, uint64_t n);
int32_t coroutines_ping_pong(struct round *round, uint64_t pairs);
int32_t coroutines_mpsc(struct round *round, uint64_t messages, uint32_t senders);

/* coroutine_workloads.c: ends a round with its result, or with an error. */
void round_answer(struct round *round, uint64_t result);
void round_refuse(struct round *round, int32_t code);
/* driver.c: remembers that this worker took part. */
void note_worker(const ekd_cx *cx);

#ifdef __cplusplus
}
#endif

#endif /* BENCH_COROUTINES_H */

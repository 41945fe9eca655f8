/* A histogram of nanoseconds with a relative error of at most 1/64: 64 buckets an octave. */
#ifndef BENCH_LOAD_LATENCY_H
#define BENCH_LOAD_LATENCY_H

#include <stdint.h>

#define LATENCY_STEPS 64u
#define LATENCY_OCTAVES 40u

struct latency {
  uint64_t count;
  uint64_t max_ns;
  uint64_t buckets[LATENCY_OCTAVES][LATENCY_STEPS];
};

/* Values below 64 ns have a bucket each; octave o begins at 64 << (o - 1). */
static inline void latency_add(struct latency *l, uint64_t ns) {
  uint32_t octave = ns < LATENCY_STEPS ? 0 : 58u - (uint32_t)__builtin_clzll(ns);
  uint32_t shift = octave > 0 ? octave - 1 : 0;
  if (octave >= LATENCY_OCTAVES) octave = LATENCY_OCTAVES - 1;
  l->buckets[octave][(ns >> shift) % LATENCY_STEPS]++;
  l->count++;
  if (ns > l->max_ns) l->max_ns = ns;
}

/* The quantile p of all values in microseconds: the lower end of its bucket. */
static inline double latency_us(const struct latency *l, double p) {
  uint64_t rank = (uint64_t)((double)l->count * p), seen = 0;
  for (uint32_t octave = 0; octave < LATENCY_OCTAVES; octave++) {
    for (uint32_t step = 0; step < LATENCY_STEPS; step++) {
      seen += l->buckets[octave][step];
      if (seen <= rank) continue;
      uint64_t ns = octave == 0 ? step : (uint64_t)(LATENCY_STEPS + step) << (octave - 1);
      return (double)ns / 1e3;
    }
  }
  return (double)l->max_ns / 1e3;
}

#endif /* BENCH_LOAD_LATENCY_H */

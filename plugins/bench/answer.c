#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

/* --- Medians and quantiles -------------------------------------------------------------------- */

static int compare_doubles(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static int compare_samples(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

static double us_at(const uint64_t *sorted, uint64_t count, double quantile) {
  return (double)sorted[(uint64_t)((double)(count - 1) * quantile)] / 1000.0;
}

/* --- The parts -------------------------------------------------------------------------------- */

struct text {
  char *at;
  uint64_t size, used;
};

#define PUT(text, ...)                                                                  \
  do {                                                                                  \
    uint64_t left_ = (text)->size - (text)->used;                                       \
    int put_ = snprintf((text)->at + (text)->used, left_, __VA_ARGS__);                 \
    (text)->used += put_ < 0 ? 0 : (uint64_t)put_ < left_ ? (uint64_t)put_ : left_ - 1; \
  } while (0)

static void put_times(struct text *out, const struct run_options *o, struct run_result *result) {
  qsort(result->ns, o->rounds, sizeof(result->ns[0]), compare_doubles);
  PUT(out, "\"unit\":\"ns\",\"ns_per_op\":%.1f,\"min\":%.1f,\"max\":%.1f,\"first_round\":%.1f",
      result->ns[o->rounds / 2], result->ns[0], result->ns[o->rounds - 1], result->first_ns);
}

static void put_quantiles(struct text *out, const struct run_options *o,
                          struct run_result *result) {
  uint64_t *first = result->samples, *others = first + o->n, count = o->n * o->rounds;
  qsort(first, o->n, sizeof(first[0]), compare_samples);
  qsort(others, count, sizeof(others[0]), compare_samples);
  PUT(out, "\"unit\":\"us\",\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f",
      us_at(others, count, 0.5), us_at(others, count, 0.99), us_at(others, count, 0.999),
      us_at(others, count, 1));
  PUT(out, ",\"first_round_p50\":%.1f,\"first_round_p99\":%.1f", us_at(first, o->n, 0.5),
      us_at(first, o->n, 0.99));
}

/* --- The answer ------------------------------------------------------------------------------- */

uint64_t answer_write(char *out, uint64_t size, const struct run_options *o,
                      struct run_result *result) {
  const struct workload *workload = o->workload;
  struct text text = {out, size, 0};
  PUT(&text, "{\"workload\":\"%s\",", workload->name);
  if (workload->samples) {
    put_quantiles(&text, o, result);
  } else {
    put_times(&text, o, result);
  }
  if (workload->holds != NULL) {
    PUT(&text, ",\"bytes_per_%s\":%.1f", workload->holds, (double)result->bytes / (double)o->n);
  }
  PUT(&text, ",\"ops\":%llu,\"n\":%llu,\"rounds\":%llu",
      (unsigned long long)workload->operations(o->n), (unsigned long long)o->n,
      (unsigned long long)o->rounds);
  if (workload == &workload_spawn_local) PUT(&text, ",\"batch\":%u", o->batch);
  if (workload->load != 0) PUT(&text, ",\"load\":%u", o->load);
  PUT(&text, ",\"workers\":%u,\"check\":\"ok\"}", result->workers);
  return text.used;
}

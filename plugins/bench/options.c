/* The parameters of `run`: which workload, and how much of it. */
#include <ekiden/json.h>
#include <stdio.h>

#include "bench.h"

#define ROUNDS_DEFAULT 7

static int32_t take_number(const struct ekd_json *json, uint64_t max, uint64_t *out,
                           ekd_error *err) {
  if (json->kind == EKD_JSON_NUMBER && json->number >= 1 && json->number <= max) {
    *out = json->number;
    return EKD_OK;
  }
  char text[EKD_ERROR_TEXT_BYTES];
  snprintf(text, sizeof(text), "\"%.16s\" must be a whole number from 1 to %llu", json->key,
           (unsigned long long)max);
  return ekd_error_set(err, EKD_E_INVALID, text);
}

static int32_t take_small(const struct ekd_json *json, uint32_t max, uint32_t *out,
                          ekd_error *err) {
  uint64_t number = 0;
  int32_t code = take_number(json, max, &number, err);
  if (code == EKD_OK) *out = (uint32_t)number;
  return code;
}

static int32_t take_member(const struct ekd_json *json, struct run_options *out, ekd_error *err) {
  if (ekd_json_is(json, "workload") && json->kind == EKD_JSON_TEXT) {
    out->workload = workload_find(json->text);
    if (out->workload != NULL) return EKD_OK;
    return ekd_error_set(err, EKD_E_INVALID,
                         "no such workload; {\"workload\":\"list\"} names them");
  }
  if (ekd_json_is(json, "n")) return take_number(json, UINT32_MAX, &out->n, err);
  if (ekd_json_is(json, "rounds")) return take_number(json, BENCH_ROUNDS_MAX, &out->rounds, err);
  if (ekd_json_is(json, "batch")) return take_small(json, BENCH_BATCH_MAX, &out->batch, err);
  if (ekd_json_is(json, "load")) return take_small(json, BENCH_LOAD_MAX, &out->load, err);
  return ekd_error_set(err, EKD_E_INVALID,
                       "run takes {\"workload\":\"…\",\"n\":…,\"rounds\":…}, \"batch\" with "
                       "spawn_local and \"load\" with ticker_lateness_under_cpu_load");
}

static int32_t take_defaults(struct run_options *out, ekd_error *err) {
  const struct workload *workload = out->workload;
  if (out->batch != 0 && workload != &workload_spawn_local) {
    return ekd_error_set(err, EKD_E_INVALID, "\"batch\" is for spawn_local only");
  }
  if (out->load != 0 && workload->load == 0) {
    return ekd_error_set(err, EKD_E_INVALID, "\"load\" is for ticker_lateness_under_cpu_load only");
  }
  if (out->n == 0) out->n = workload->n;
  if (out->rounds == 0) out->rounds = workload->rounds == 0 ? ROUNDS_DEFAULT : workload->rounds;
  if (out->batch == 0) out->batch = BENCH_BATCH;
  if (out->load == 0) out->load = workload->load;
  return EKD_OK;
}

static int32_t check_limits(const struct run_options *options, ekd_error *err) {
  const struct workload *workload = options->workload;
  char text[EKD_ERROR_TEXT_BYTES];
  if (options->n > workload->n_max) {
    snprintf(text, sizeof(text), "\"n\" may be at most %llu for %s",
             (unsigned long long)workload->n_max, workload->name);
    return ekd_error_set(err, EKD_E_INVALID, text);
  }
  if (workload->samples && options->n > BENCH_SAMPLES_MAX / (options->rounds + 1)) {
    snprintf(text, sizeof(text), "\"n\" times one more than \"rounds\" may be at most %llu for %s",
             (unsigned long long)BENCH_SAMPLES_MAX, workload->name);
    return ekd_error_set(err, EKD_E_INVALID, text);
  }
  return EKD_OK;
}

int32_t options_read(ekd_str params, struct run_options *out, ekd_error *err) {
  *out = (struct run_options){0};
  struct ekd_json json = ekd_json_of(params);
  while (ekd_json_next(&json)) {
    int32_t code = take_member(&json, out, err);
    if (code != EKD_OK) return code;
  }
  if (json.problem != NULL) return ekd_error_set(err, EKD_E_INVALID, json.problem);
  if (out->workload == NULL) {
    return ekd_error_set(err, EKD_E_INVALID, "run needs a workload: {\"workload\":\"list\"}");
  }
  int32_t code = take_defaults(out, err);
  return code == EKD_OK ? check_limits(out, err) : code;
}

#include "bench.h"

#include <ekiden/json.h>
#include <stdio.h>
#include <string.h>

#define ROUNDS_DEFAULT 7
#define ROUNDS_MAX 1000

ekd_ctx *bench_ctx;
ekd_services ekd;

static const struct workload *const workloads[] = {
    &workload_spawn_local, &workload_chained_spawn, &workload_yield_many,
    &workload_ping_pong,   &workload_skynet,        &workload_fib,
};
#define WORKLOADS (sizeof(workloads) / sizeof(workloads[0]))

/* --- Parameters ------------------------------------------------------------------------------- */

static int32_t take_workload(const char *name, struct run_options *out, ekd_error *err) {
  for (size_t i = 0; i < WORKLOADS; i++) {
    if (strcmp(workloads[i]->name, name) != 0) continue;
    out->workload = workloads[i];
    return EKD_OK;
  }
  return ekd_error_set(err, EKD_E_INVALID, "no such workload; {\"workload\":\"list\"} names them");
}

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

static int32_t take_member(const struct ekd_json *json, struct run_options *out, ekd_error *err) {
  if (strcmp(json->key, "workload") == 0 && json->kind == EKD_JSON_TEXT) {
    return take_workload(json->text, out, err);
  }
  if (strcmp(json->key, "n") == 0) return take_number(json, UINT32_MAX, &out->n, err);
  if (strcmp(json->key, "rounds") == 0) return take_number(json, ROUNDS_MAX, &out->rounds, err);
  if (strcmp(json->key, "batch") == 0) {
    uint64_t batch = 0;
    int32_t code = take_number(json, BENCH_BATCH_MAX, &batch, err);
    out->batch = (uint32_t)batch;
    return code;
  }
  return ekd_error_set(err, EKD_E_INVALID,
                       "run takes {\"workload\":\"…\",\"n\":…,\"rounds\":…,\"batch\":…}");
}

static int32_t read_options(ekd_str params, struct run_options *out, ekd_error *err) {
  *out = (struct run_options){.rounds = ROUNDS_DEFAULT, .batch = 1};
  struct ekd_json json = ekd_json_of(params);
  while (ekd_json_next(&json)) {
    int32_t code = take_member(&json, out, err);
    if (code != EKD_OK) return code;
  }
  if (json.problem != NULL) return ekd_error_set(err, EKD_E_INVALID, json.problem);
  if (out->workload == NULL) {
    return ekd_error_set(err, EKD_E_INVALID, "run needs a workload: {\"workload\":\"list\"}");
  }
  if (out->n == 0) out->n = out->workload->n;
  if (out->n > out->workload->n_max) {
    char text[EKD_ERROR_TEXT_BYTES];
    snprintf(text, sizeof(text), "\"n\" may be at most %llu for %s",
             (unsigned long long)out->workload->n_max, out->workload->name);
    return ekd_error_set(err, EKD_E_INVALID, text);
  }
  return EKD_OK;
}

/* --- Commands --------------------------------------------------------------------------------- */

static int asks_for_list(ekd_str params) {
  struct ekd_json json = ekd_json_of(params);
  return ekd_json_next(&json) && strcmp(json.key, "workload") == 0 && json.kind == EKD_JSON_TEXT &&
         strcmp(json.text, "list") == 0 && !ekd_json_next(&json) && json.problem == NULL;
}

static int32_t answer_list(ekd_call call) {
  char json[2048] = "{\"workloads\":[";
  size_t size = strlen(json);
  for (size_t i = 0; i < WORKLOADS; i++) {
    size += (size_t)snprintf(json + size, sizeof(json) - size,
                             "%s{\"workload\":\"%s\",\"n\":%llu,\"about\":\"%s\"}",
                             i == 0 ? "" : ",", workloads[i]->name,
                             (unsigned long long)workloads[i]->n, workloads[i]->about);
  }
  size += (size_t)snprintf(json + size, sizeof(json) - size, "]}");
  ekd.host->call_reply(bench_ctx, call, EKD_OK, ekd_str_of(json, size), NULL);
  return EKD_OK;
}

static int32_t command(void *self, ekd_call call, ekd_str method, ekd_str params, ekd_error *err) {
  (void)self;
  if (method.size != 3 || memcmp(method.data, "run", 3) != 0) {
    return ekd_error_set(err, EKD_E_NOT_FOUND, "bench knows one method, run");
  }
  if (asks_for_list(params)) return answer_list(call);
  struct run_options options;
  int32_t code = read_options(params, &options, err);
  return code == EKD_OK ? driver_start(call, &options, err) : code;
}

/* --- The plugin ------------------------------------------------------------------------------- */

int32_t register_type(const char *name, ekd_poll_fn poll, uint64_t state_size, uint32_t *out_type,
                      ekd_error *err) {
  const ekd_task_type type = {
      .struct_size = sizeof(type),
      .cancel = EKD_CANCEL_DROP_NOW,
      .name = ekd_str_from(name),
      .poll = poll,
      .state_size = state_size,
  };
  return ekd.task->type_register(bench_ctx, &type, out_type, err);
}

static int32_t init(ekd_ctx *ctx, const ekd_host *host, ekd_str config, void **out_self,
                    ekd_error *err) {
  (void)out_self;
  bench_ctx = ctx;
  struct ekd_json json = ekd_json_of(config);
  if (ekd_json_next(&json) || json.problem != NULL) {
    return ekd_error_set(err, EKD_E_INVALID, "bench has no settings: its config must be {}");
  }
  int32_t code = ekd_services_get(host, &ekd, err);
  if (code == EKD_OK) code = driver_register(err);
  for (size_t i = 0; i < WORKLOADS && code == EKD_OK; i++) code = workloads[i]->register_types(err);
  return code;
}

EKD_EXPORT const ekd_plugin_desc ekd_plugin = {
    .magic = EKD_PLUGIN_MAGIC,
    .struct_size = sizeof(ekd_plugin_desc),
    .abi_major = EKD_ABI_MAJOR,
    .abi_minor = EKD_ABI_MINOR,
    .name = "bench",
    .version = "1.0.0",
    .init = init,
    .command = command,
};

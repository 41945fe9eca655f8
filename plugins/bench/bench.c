#include "bench.h"

#include <ekiden/json.h>
#include <stdio.h>
#include <string.h>

#include "coroutines.h"

#define LIST_BYTES 4096

ekd_ctx *bench_ctx;
ekd_services ekd;

static const struct workload *const workloads[] = {
    &workload_spawn_local,         &workload_chained_spawn, &workload_yield_many,
    &workload_ping_pong,           &workload_skynet,        &workload_fib,
    &workload_spawn_remote_join,   &workload_remote_wake,   &workload_spawn_blocking,
    &workload_timer_create_cancel, &workload_timer_fire,    &workload_ticker_cpu,
    &workload_ticker_flood,        &workload_ticker_stuck,  &workload_memory_parked,
    &workload_timers_held,         &workload_coro_skynet,   &workload_coro_fib,
    &workload_coro_ping_pong,      &workload_mpsc_1to1,     &workload_mpsc_8to1,
};
#define WORKLOADS (sizeof(workloads) / sizeof(workloads[0]))

const struct workload *workload_find(const char *name) {
  for (size_t i = 0; i < WORKLOADS; i++) {
    if (strcmp(workloads[i]->name, name) == 0) return workloads[i];
  }
  return NULL;
}

/* --- Commands --------------------------------------------------------------------------------- */

static int asks_for_list(ekd_str params) {
  struct ekd_json json = ekd_json_of(params);
  return ekd_json_next(&json) && strcmp(json.key, "workload") == 0 && json.kind == EKD_JSON_TEXT &&
         strcmp(json.text, "list") == 0 && !ekd_json_next(&json) && json.problem == NULL;
}

static int32_t answer_list(ekd_call call) {
  char json[LIST_BYTES] = "{\"workloads\":[";
  size_t size = strlen(json);
  for (size_t i = 0; i < WORKLOADS && size < sizeof(json); i++) {
    const struct workload *w = workloads[i];
    size += (size_t)snprintf(json + size, sizeof(json) - size,
                             "%s{\"workload\":\"%s\",\"n\":%llu,\"unit\":\"%s\",\"about\":\"%s\"}",
                             i == 0 ? "" : ",", w->name, (unsigned long long)w->n,
                             w->samples ? "us" : "ns", w->about);
  }
  if (size < sizeof(json)) {
    size += (size_t)snprintf(json + size, sizeof(json) - size, "]}");
  }
  if (size >= sizeof(json)) return EKD_E_INTERNAL;
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
  int32_t code = options_read(params, &options, err);
  return code == EKD_OK ? driver_start(call, &options, err) : code;
}

uint64_t count_same(uint64_t n) { return n; }

uint64_t count_handles(uint64_t n) { return n * sizeof(uint64_t); }

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
  if (code == EKD_OK) code = coroutines_bind(ctx, host, err);
  if (code == EKD_OK) code = driver_register(err);
  for (size_t i = 0; i < WORKLOADS && code == EKD_OK; i++) code = workloads[i]->register_types(err);
  return code;
}

static void fini(void *self) {
  (void)self;
  driver_fini();
  coroutines_unbind();
}

EKD_EXPORT const ekd_plugin_desc ekd_plugin = {
    .magic = EKD_PLUGIN_MAGIC,
    .struct_size = sizeof(ekd_plugin_desc),
    .abi_major = EKD_ABI_MAJOR,
    .abi_minor = EKD_ABI_MINOR,
    .name = "bench",
    .host_minor_min = 3, /* what the C++ SDK needs */
    .version = "1.1.0",
    .init = init,
    .fini = fini,
    .command = command,
};

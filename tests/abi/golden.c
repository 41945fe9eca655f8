#include "tests/abi/golden.h"

#include <ekiden/json.h>
#include <ekiden/listen.h>
#include <ekiden/plugin.h>
#include <stddef.h>
#include <stdint.h>

#define HEADER(name) fprintf(out, "\n[ekiden/%s]\n", name)
#define NUMBER(name) fprintf(out, "%s = %lld\n", #name, (long long)(name))
#define WIDE(name) fprintf(out, "%s = 0x%016llx\n", #name, (unsigned long long)(name))
#define TEXT(name) fprintf(out, "%s = \"%s\"\n", #name, name)
#define STRUCT(type) \
  fprintf(out, "struct %s: size %zu, align %zu\n", #type, sizeof(type), _Alignof(type))
#define MEMBER(type, member)                                                    \
  fprintf(out, "  %s: offset %zu, size %zu\n", #member, offsetof(type, member), \
          sizeof(((type*)0)->member))

static void print_base(FILE* out) {
  HEADER("base.h");
  NUMBER(EKD_ABI_MAJOR);
  NUMBER(EKD_ABI_MINOR);
  NUMBER(EKD_OK);
  NUMBER(EKD_READY);
  NUMBER(EKD_PENDING);
  NUMBER(EKD_YIELD);
  NUMBER(EKD_FAILED);
  NUMBER(EKD_CANCELLED);
  NUMBER(EKD_E_INVALID);
  NUMBER(EKD_E_STALE);
  NUMBER(EKD_E_FOREIGN);
  NUMBER(EKD_E_WRONG_THREAD);
  NUMBER(EKD_E_WRONG_STATE);
  NUMBER(EKD_E_FULL);
  NUMBER(EKD_E_LIMIT);
  NUMBER(EKD_E_DRAINING);
  NUMBER(EKD_E_CLOSED);
  NUMBER(EKD_E_CANCELLED);
  NUMBER(EKD_E_FAILED);
  NUMBER(EKD_E_NO_MEMORY);
  NUMBER(EKD_E_TOO_BIG);
  NUMBER(EKD_E_OS);
  NUMBER(EKD_E_UNSUPPORTED);
  NUMBER(EKD_E_NOT_FOUND);
  NUMBER(EKD_E_TIMED_OUT);
  NUMBER(EKD_E_INTERNAL);
  NUMBER(EKD_ERROR_TEXT_BYTES);
  STRUCT(ekd_str);
  MEMBER(ekd_str, data);
  MEMBER(ekd_str, size);
  STRUCT(ekd_error);
  MEMBER(ekd_error, struct_size);
  MEMBER(ekd_error, code);
  MEMBER(ekd_error, os_errno);
  MEMBER(ekd_error, text_size);
  MEMBER(ekd_error, text);
}

static void print_task(FILE* out) {
  HEADER("task.h");
  TEXT(EKD_TASK_ID);
  NUMBER(EKD_CANCEL_ONE_POLL);
  NUMBER(EKD_CANCEL_DROP_NOW);
  NUMBER(EKD_CANCEL_ASYNC);
  NUMBER(EKD_TASK_STATE_MAX);
  NUMBER(EKD_SPAWN_JOIN);
  NUMBER(EKD_SPAWN_CHILD);
  NUMBER(EKD_SPAWN_FLAGS_ALL);
  NUMBER(EKD_HINT_DEFAULT);
  NUMBER(EKD_HINT_NEXT);
  NUMBER(EKD_HINT_LAST);
  STRUCT(ekd_cx);
  MEMBER(ekd_cx, struct_size);
  MEMBER(ekd_cx, cancelled);
  MEMBER(ekd_cx, waker);
  MEMBER(ekd_cx, now_ns);
  MEMBER(ekd_cx, local);
  MEMBER(ekd_cx, budget);
  MEMBER(ekd_cx, worker);
  STRUCT(ekd_task_type);
  MEMBER(ekd_task_type, struct_size);
  MEMBER(ekd_task_type, cancel);
  MEMBER(ekd_task_type, name);
  MEMBER(ekd_task_type, poll);
  MEMBER(ekd_task_type, drop);
  MEMBER(ekd_task_type, state_size);
  MEMBER(ekd_task_type, state_align);
  MEMBER(ekd_task_type, reserved);
  MEMBER(ekd_task_type, room_size);
  STRUCT(ekd_spawn_options);
  MEMBER(ekd_spawn_options, struct_size);
  MEMBER(ekd_spawn_options, flags);
  MEMBER(ekd_spawn_options, name);
  MEMBER(ekd_spawn_options, parent);
  MEMBER(ekd_spawn_options, priority);
  MEMBER(ekd_spawn_options, hint);
  STRUCT(ekd_join_result);
  MEMBER(ekd_join_result, struct_size);
  MEMBER(ekd_join_result, status);
  MEMBER(ekd_join_result, state);
  STRUCT(ekd_task_api);
  MEMBER(ekd_task_api, struct_size);
  MEMBER(ekd_task_api, reserved);
  MEMBER(ekd_task_api, type_register);
  MEMBER(ekd_task_api, reserve);
  MEMBER(ekd_task_api, commit);
  MEMBER(ekd_task_api, commit_n);
  MEMBER(ekd_task_api, discard);
  MEMBER(ekd_task_api, spawn);
  MEMBER(ekd_task_api, wake);
  MEMBER(ekd_task_api, join_poll);
  MEMBER(ekd_task_api, join_close);
  MEMBER(ekd_task_api, abort);
  MEMBER(ekd_task_api, children_poll);
  MEMBER(ekd_task_api, fail);
  MEMBER(ekd_task_api, spawn_n);
}

static void print_time(FILE* out) {
  HEADER("time.h");
  TEXT(EKD_TIME_ID);
  NUMBER(EKD_NS_PER_US);
  NUMBER(EKD_NS_PER_MS);
  NUMBER(EKD_NS_PER_S);
  STRUCT(ekd_time_api);
  MEMBER(ekd_time_api, struct_size);
  MEMBER(ekd_time_api, reserved);
  MEMBER(ekd_time_api, now_ns);
  MEMBER(ekd_time_api, create);
  MEMBER(ekd_time_api, arm);
  MEMBER(ekd_time_api, poll);
  MEMBER(ekd_time_api, cancel);
  MEMBER(ekd_time_api, close);
  MEMBER(ekd_time_api, start);
}

static void print_io(FILE* out) {
  HEADER("io.h");
  TEXT(EKD_IO_ID);
  NUMBER(EKD_IO_READABLE);
  NUMBER(EKD_IO_WRITABLE);
  NUMBER(EKD_LISTEN_REUSE_PORT);
  NUMBER(EKD_LISTEN_FLAGS_ALL);
  STRUCT(ekd_listen_options);
  MEMBER(ekd_listen_options, struct_size);
  MEMBER(ekd_listen_options, backlog);
  MEMBER(ekd_listen_options, flags);
  MEMBER(ekd_listen_options, reserved);
  STRUCT(ekd_io_api);
  MEMBER(ekd_io_api, struct_size);
  MEMBER(ekd_io_api, reserved);
  MEMBER(ekd_io_api, tcp_listen);
  MEMBER(ekd_io_api, tcp_connect);
  MEMBER(ekd_io_api, connect_poll);
  MEMBER(ekd_io_api, accept);
  MEMBER(ekd_io_api, read);
  MEMBER(ekd_io_api, write);
  MEMBER(ekd_io_api, shutdown_write);
  MEMBER(ekd_io_api, adopt);
  MEMBER(ekd_io_api, ready_poll);
  MEMBER(ekd_io_api, clear_ready);
  MEMBER(ekd_io_api, fd);
  MEMBER(ekd_io_api, local_address);
  MEMBER(ekd_io_api, peer_address);
  MEMBER(ekd_io_api, set_nodelay);
  MEMBER(ekd_io_api, close);
}

static void print_blocking(FILE* out) {
  HEADER("blocking.h");
  TEXT(EKD_BLOCKING_ID);
  STRUCT(ekd_job_options);
  MEMBER(ekd_job_options, struct_size);
  MEMBER(ekd_job_options, flags);
  MEMBER(ekd_job_options, run);
  MEMBER(ekd_job_options, drop);
  MEMBER(ekd_job_options, argument);
  STRUCT(ekd_blocking_api);
  MEMBER(ekd_blocking_api, struct_size);
  MEMBER(ekd_blocking_api, reserved);
  MEMBER(ekd_blocking_api, submit);
  MEMBER(ekd_blocking_api, job_poll);
  MEMBER(ekd_blocking_api, job_close);
}

static void print_channel(FILE* out) {
  HEADER("channel.h");
  TEXT(EKD_CHANNEL_ID);
  NUMBER(EKD_CHANNEL_NAME_MAX);
  NUMBER(EKD_CHANNEL_CAPACITY_MAX);
  NUMBER(EKD_BUFFER_SIZE_MAX);
  STRUCT(ekd_channel_options);
  MEMBER(ekd_channel_options, struct_size);
  MEMBER(ekd_channel_options, flags);
  MEMBER(ekd_channel_options, capacity);
  MEMBER(ekd_channel_options, reserved);
  STRUCT(ekd_channel_info);
  MEMBER(ekd_channel_info, struct_size);
  MEMBER(ekd_channel_info, closed);
  MEMBER(ekd_channel_info, capacity);
  MEMBER(ekd_channel_info, queued);
  MEMBER(ekd_channel_info, queued_bytes);
  MEMBER(ekd_channel_info, senders);
  MEMBER(ekd_channel_info, receivers);
  STRUCT(ekd_channel_api);
  MEMBER(ekd_channel_api, struct_size);
  MEMBER(ekd_channel_api, reserved);
  MEMBER(ekd_channel_api, buffer_alloc);
  MEMBER(ekd_channel_api, buffer_retain);
  MEMBER(ekd_channel_api, buffer_release);
  MEMBER(ekd_channel_api, buffer_data);
  MEMBER(ekd_channel_api, buffer_edit);
  MEMBER(ekd_channel_api, buffer_trim);
  MEMBER(ekd_channel_api, open_sender);
  MEMBER(ekd_channel_api, open_receiver);
  MEMBER(ekd_channel_api, send_poll);
  MEMBER(ekd_channel_api, send_cancel);
  MEMBER(ekd_channel_api, recv_poll);
  MEMBER(ekd_channel_api, recv_cancel);
  MEMBER(ekd_channel_api, channel_info);
  MEMBER(ekd_channel_api, channel_close);
  MEMBER(ekd_channel_api, sender_close);
  MEMBER(ekd_channel_api, receiver_close);
}

static void print_log(FILE* out) {
  HEADER("log.h");
  TEXT(EKD_LOG_ID);
  NUMBER(EKD_LOG_TRACE);
  NUMBER(EKD_LOG_DEBUG);
  NUMBER(EKD_LOG_INFO);
  NUMBER(EKD_LOG_WARN);
  NUMBER(EKD_LOG_ERROR);
  NUMBER(EKD_LOG_CRITICAL);
  STRUCT(ekd_log_api);
  MEMBER(ekd_log_api, struct_size);
  MEMBER(ekd_log_api, reserved);
  MEMBER(ekd_log_api, enabled);
  MEMBER(ekd_log_api, write);
}

static void print_memory(FILE* out) {
  HEADER("memory.h");
  TEXT(EKD_MEMORY_ID);
  STRUCT(ekd_memory_api);
  MEMBER(ekd_memory_api, struct_size);
  MEMBER(ekd_memory_api, reserved);
  MEMBER(ekd_memory_api, alloc);
  MEMBER(ekd_memory_api, free);
}

static void print_metrics(FILE* out) {
  HEADER("metrics.h");
  TEXT(EKD_METRICS_ID);
  NUMBER(EKD_METRIC_COUNTER);
  NUMBER(EKD_METRIC_GAUGE);
  NUMBER(EKD_METRIC_HISTOGRAM);
  NUMBER(EKD_UNIT_NONE);
  NUMBER(EKD_UNIT_SECONDS);
  NUMBER(EKD_UNIT_BYTES);
  NUMBER(EKD_METRICS_PROMETHEUS);
  NUMBER(EKD_METRICS_JSON);
  NUMBER(EKD_DAEMON_STARTING);
  NUMBER(EKD_DAEMON_READY);
  NUMBER(EKD_DAEMON_DRAINING);
  STRUCT(ekd_metrics_api);
  MEMBER(ekd_metrics_api, struct_size);
  MEMBER(ekd_metrics_api, reserved);
  MEMBER(ekd_metrics_api, add_metric);
  MEMBER(ekd_metrics_api, add);
  MEMBER(ekd_metrics_api, set);
  MEMBER(ekd_metrics_api, observe);
  MEMBER(ekd_metrics_api, render);
  MEMBER(ekd_metrics_api, daemon_state);
}

static void print_plugin(FILE* out) {
  HEADER("plugin.h");
  WIDE(EKD_PLUGIN_MAGIC);
  NUMBER(EKD_NAME_BYTES);
  NUMBER(EKD_VERSION_BYTES);
  STRUCT(ekd_host);
  MEMBER(ekd_host, struct_size);
  MEMBER(ekd_host, abi_major);
  MEMBER(ekd_host, abi_minor);
  MEMBER(ekd_host, get_ext);
  MEMBER(ekd_host, lifecycle_done);
  MEMBER(ekd_host, call_reply);
  MEMBER(ekd_host, call_progress);
  STRUCT(ekd_plugin_desc);
  MEMBER(ekd_plugin_desc, magic);
  MEMBER(ekd_plugin_desc, struct_size);
  MEMBER(ekd_plugin_desc, abi_major);
  MEMBER(ekd_plugin_desc, abi_minor);
  MEMBER(ekd_plugin_desc, host_minor_min);
  MEMBER(ekd_plugin_desc, reserved0);
  MEMBER(ekd_plugin_desc, flags);
  MEMBER(ekd_plugin_desc, name);
  MEMBER(ekd_plugin_desc, version);
  MEMBER(ekd_plugin_desc, reserved1);
  MEMBER(ekd_plugin_desc, requires_ext);
  MEMBER(ekd_plugin_desc, config_schema);
  MEMBER(ekd_plugin_desc, init);
  MEMBER(ekd_plugin_desc, start);
  MEMBER(ekd_plugin_desc, reconfigure);
  MEMBER(ekd_plugin_desc, drain);
  MEMBER(ekd_plugin_desc, fini);
  MEMBER(ekd_plugin_desc, command);
  STRUCT(ekd_services);
  MEMBER(ekd_services, host);
  MEMBER(ekd_services, task);
  MEMBER(ekd_services, time);
  MEMBER(ekd_services, io);
  MEMBER(ekd_services, blocking);
  MEMBER(ekd_services, log);
  MEMBER(ekd_services, memory);
}

/* Structs of json.h stay within a plugin: their layout is nobody else's. */
static void print_json(FILE* out) {
  HEADER("json.h");
  NUMBER(EKD_JSON_TEXT_BYTES);
  NUMBER(EKD_JSON_TEXT);
  NUMBER(EKD_JSON_NUMBER);
  NUMBER(EKD_JSON_BOOL);
}

/* The same holds for listen.h. */
static void print_listen(FILE* out) {
  HEADER("listen.h");
  NUMBER(EKD_LISTEN_ADDRESS_BYTES);
}

void abi_golden_print(FILE* out) {
  fputs(
      "# The plugin ABI on 64-bit little-endian Linux, in bytes; printed by tests/abi/golden.c.\n"
      "#\n"
      "# In a minor version, lines may be added at the end of a struct or of a header's "
      "constants,\n"
      "# and a struct's size, the masks ..._ALL and EKD_ABI_MINOR may grow. Nothing else "
      "changes.\n",
      out);
  print_base(out);
  print_task(out);
  print_time(out);
  print_io(out);
  print_blocking(out);
  print_channel(out);
  print_log(out);
  print_memory(out);
  print_metrics(out);
  print_plugin(out);
  print_json(out);
  print_listen(out);
}

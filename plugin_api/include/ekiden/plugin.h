/* The Ekiden plugin ABI, version 1.
 *
 * A plugin is a shared object that exports one symbol, the data object `ekd_plugin`. The daemon
 * reads its pointer-free head from the file before any code of the plugin can run; then it loads
 * the plugin and calls
 *
 *   init ──> start ──> … running: polls, jobs, commands … ──> drain ──> (tasks end) ──> fini
 *
 * All lifecycle callbacks and `command` of one instance run on the instance's own lifecycle thread,
 * one at a time: never on a worker, never on the control thread, so they may block without holding
 * up anybody else. NULL means the default.
 *
 * Build with -fvisibility=hidden -fno-gnu-unique, and link with -Wl,--no-undefined.            */
#ifndef EKIDEN_PLUGIN_H
#define EKIDEN_PLUGIN_H

#include <ekiden/base.h>
#include <ekiden/blocking.h>
#include <ekiden/channel.h>
#include <ekiden/io.h>
#include <ekiden/log.h>
#include <ekiden/memory.h>
#include <ekiden/metrics.h>
#include <ekiden/task.h>
#include <ekiden/time.h>

#ifdef __cplusplus
extern "C" {
#endif

/* "EKDPLUG1", little-endian */
#define EKD_PLUGIN_MAGIC UINT64_C(0x3147554c50444b45)

/* What the daemon hands to init. The table lives as long as the daemon. */
typedef struct ekd_host {
  uint32_t struct_size;
  uint16_t abi_major;
  uint16_t abi_minor;

  /* [any] The table of a service ("ekd.task/1"), or NULL if this host does not have it with at
   * least `min_size` bytes. Lives as long as the daemon. */
  const void *(*get_ext)(const char *id, uint32_t min_size);

  /* [any] Ends a lifecycle callback that answered EKD_PENDING: `result` is EKD_OK or a code below
   * zero, with `err` (borrowed, may be NULL) saying why. EKD_E_WRONG_STATE if none is pending. */
  int32_t (*lifecycle_done)(ekd_ctx *ctx, int32_t result, const ekd_error *err);

  /* [any] Answers a command, once. With EKD_OK `json` is the result, one JSON value (checked;
   * copied); empty stands for null. With a code below zero, err->text is what the caller is told.
   * EKD_E_STALE (answered already, or the caller's time is up), EKD_E_INVALID (not JSON: the caller
   * is told so). */
  int32_t (*call_reply)(ekd_ctx *ctx, ekd_call call, int32_t code, ekd_str json,
                        const ekd_error *err);

  /* [any] Since 1.1: ask for it with struct_size, or set host_minor_min. Tells the caller of a
   * command that is not answered yet how far it is: one JSON value of at most 64 KiB, 29 levels
   * deep (checked; copied). EKD_OK also where the caller did not ask for progress, or reads too
   * slowly: then it is dropped. EKD_E_CANCELLED: nobody waits for the answer any more (the client
   * has gone, the time is up, or it is answered), so the work can stop; the call is over and needs
   * no reply. A call whose caller never goes, as a notification's, is not cancelled by that.
   * EKD_E_INVALID (not JSON, or too deep), EKD_E_TOO_BIG, EKD_E_FOREIGN: nothing was told. */
  int32_t (*call_progress)(ekd_ctx *ctx, ekd_call call, ekd_str json);
} ekd_host;

#define EKD_NAME_BYTES 64
#define EKD_VERSION_BYTES 32

/* The one exported object. Its first 128 bytes hold no pointer. */
typedef struct ekd_plugin_desc {
  uint64_t magic;                  /* EKD_PLUGIN_MAGIC */
  uint32_t struct_size;            /* sizeof(ekd_plugin_desc) */
  uint16_t abi_major;              /* EKD_ABI_MAJOR: must be the host's */
  uint16_t abi_minor;              /* EKD_ABI_MINOR: what the plugin was built with */
  uint16_t host_minor_min;         /* the oldest host that will do */
  uint16_t reserved0;              /* 0 */
  uint32_t flags;                  /* 0 */
  char name[EKD_NAME_BYTES];       /* equals the file's stem; [a-z][a-z0-9_]*, ended by zero */
  char version[EKD_VERSION_BYTES]; /* for people; ended by zero */
  uint64_t reserved1;              /* 0 */

  /* Services without which the plugin cannot work: ids, ended by NULL; NULL: none. Checked after
   * loading, before init: a missing one is a refusal that names it. */
  const char *const *requires_ext;

  /* A JSON Schema for people and tools that describes `config`; NULL: none. The daemon shows it and
   * does not enforce it. */
  const char *config_schema;

  /* [lifecycle] First call. `config`: the JSON text of plugins.settings.<name>.config ("{}" if
   * there is none), borrowed. Put your own pointer into *out_self; every later callback gets it. On
   * an error, fini is not called: undo what you did. Everything the instance made through the host
   * is undone by the host. */
  int32_t (*init)(ekd_ctx *ctx, const ekd_host *host, ekd_str config, void **out_self,
                  ekd_error *err);

  /* [lifecycle] The plugin may begin to work. May answer EKD_PENDING. After an error: fini. */
  int32_t (*start)(void *self, ekd_error *err);

  /* [lifecycle] New configuration while running. NULL: the plugin must be loaded again for it. */
  int32_t (*reconfigure)(void *self, ekd_str config, ekd_error *err);

  /* [lifecycle] The instance is to go: new work is refused already. Whatever is not finished at
   * `deadline_ns` (CLOCK_MONOTONIC), or when this callback has answered EKD_OK, is cancelled.
   * May answer EKD_PENDING. NULL: cancel at once. */
  int32_t (*drain)(void *self, uint64_t deadline_ns, ekd_error *err);

  /* [lifecycle] Last call: every task is dropped, every job has ended, all the instance's handles
   * are closed. Free what `self` holds. */
  void (*fini)(void *self);

  /* [lifecycle] A control command: `ekidenctl call NAME METHOD [JSON]`. method and params (JSON, or
   * empty) are borrowed. Return EKD_OK when the call has been or will be answered with
   * call_reply, from any thread; a code below zero answers it with that error. */
  int32_t (*command)(void *self, ekd_call call, ekd_str method, ekd_str params, ekd_error *err);
} ekd_plugin_desc;

#if defined(__GNUC__)
#define EKD_EXPORT __attribute__((visibility("default")))
#else
#define EKD_EXPORT
#endif

/* Defined by the plugin. */
extern EKD_EXPORT const ekd_plugin_desc ekd_plugin;

/* All services of ABI 1.0 in one place, for plugins that want them so. */
typedef struct ekd_services {
  const ekd_host *host;
  const ekd_task_api *task;
  const ekd_time_api *time;
  const ekd_io_api *io;
  const ekd_blocking_api *blocking;
  const ekd_log_api *log;
  const ekd_memory_api *memory;
} ekd_services;

/* Fills *out; EKD_E_UNSUPPORTED if the host lacks one of them. */
static inline int32_t ekd_services_get(const ekd_host *host, ekd_services *out, ekd_error *err) {
  out->host = host;
  out->task =
      (const ekd_task_api *)host->get_ext(EKD_TASK_ID, (uint32_t)offsetof(ekd_task_api, spawn_n));
  out->time =
      (const ekd_time_api *)host->get_ext(EKD_TIME_ID, (uint32_t)offsetof(ekd_time_api, start));
  out->io = (const ekd_io_api *)host->get_ext(EKD_IO_ID, (uint32_t)sizeof(ekd_io_api));
  out->blocking =
      (const ekd_blocking_api *)host->get_ext(EKD_BLOCKING_ID, (uint32_t)sizeof(ekd_blocking_api));
  out->log = (const ekd_log_api *)host->get_ext(EKD_LOG_ID, (uint32_t)sizeof(ekd_log_api));
  out->memory =
      (const ekd_memory_api *)host->get_ext(EKD_MEMORY_ID, (uint32_t)sizeof(ekd_memory_api));
  if (out->task == NULL || out->time == NULL || out->io == NULL || out->blocking == NULL ||
      out->log == NULL || out->memory == NULL) {
    return ekd_error_set(err, EKD_E_UNSUPPORTED, "the host lacks a service of ABI 1.0");
  }
  return EKD_OK;
}

#ifdef __cplusplus
}
#endif

#endif /* EKIDEN_PLUGIN_H */

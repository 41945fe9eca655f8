/* ekd.metrics/1: what the plugin counts itself, shown with the daemon's own metrics, and the whole
 * of them as text.
 *
 * In Prometheus a metric is called ekiden_plugin_<plugin>_<name>, with the unit ("_seconds",
 * "_bytes") and, for a counter, "_total" behind it, and has the label plugin="<plugin>". All
 * metrics of an instance are gone with it.
 *
 * Counting takes no lock and allocates nothing: about 10 ns, from any number of threads at once
 * where it is a counter; threads that change one gauge, or one histogram, meet on it. */
#ifndef EKIDEN_METRICS_H
#define EKIDEN_METRICS_H

#include <ekiden/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#define EKD_METRICS_ID "ekd.metrics/1"

#define EKD_METRIC_COUNTER 0u   /* only grows: add */
#define EKD_METRIC_GAUGE 1u     /* goes up and down: add, set */
#define EKD_METRIC_HISTOGRAM 2u /* many values, seen as quantiles within 12.5 percent: observe */

#define EKD_UNIT_NONE 0u
#define EKD_UNIT_SECONDS 1u /* values are nanoseconds; Prometheus is shown seconds */
#define EKD_UNIT_BYTES 2u

#define EKD_METRICS_PROMETHEUS 0u /* the text format, version 0.0.4 */
#define EKD_METRICS_JSON 1u       /* the answer of the control method `metrics` */

#define EKD_DAEMON_STARTING 0 /* plugins of the folder are being loaded */
#define EKD_DAEMON_READY 1
#define EKD_DAEMON_DRAINING 2 /* it was asked to shut down */

typedef uint32_t ekd_metric; /* never 0 */

typedef struct ekd_metrics_api {
  uint32_t struct_size;
  uint32_t reserved;

  /* [any] A new metric of this instance, beginning at 0. `name`: [a-z][a-z0-9_]*, at most 63 bytes.
   * `help`: one sentence, cut at 255 bytes. Both are copied. EKD_E_INVALID (name, or there is one
   * of that name), EKD_E_UNSUPPORTED (kind, unit), EKD_E_LIMIT (256 an instance), EKD_E_DRAINING.
   */
  int32_t (*add_metric)(ekd_ctx *ctx, uint32_t kind, uint32_t unit, ekd_str name, ekd_str help,
                        ekd_metric *out, ekd_error *err);

  /* [any] Adds to a counter (not below zero) or a gauge. EKD_E_INVALID (no such metric, the wrong
   * kind, the amount), EKD_E_FOREIGN (another instance's). The same for the next two. */
  int32_t (*add)(ekd_ctx *ctx, ekd_metric metric, int64_t amount);

  /* [any] Sets a gauge. */
  int32_t (*set)(ekd_ctx *ctx, ekd_metric metric, int64_t value);

  /* [any] One value of a histogram. Beyond 2^40 (18 minutes, a TiB) it counts as 2^40. */
  int32_t (*observe)(ekd_ctx *ctx, ekd_metric metric, uint64_t value);

  /* [lifecycle][blocking] Everything that the daemon counts, as text (EKD_METRICS_…): host memory
   * of the instance, owned by the caller: ekd.memory/1 free. It may take milliseconds where there
   * are many task types. EKD_E_WRONG_THREAD, EKD_E_UNSUPPORTED (format), EKD_E_NO_MEMORY,
   * EKD_E_CLOSED (the daemon is about to end). */
  int32_t (*render)(ekd_ctx *ctx, uint32_t format, char **text, uint64_t *size);

  /* [any] How the daemon is: EKD_DAEMON_…, or a code below zero. */
  int32_t (*daemon_state)(ekd_ctx *ctx);
} ekd_metrics_api;

#ifdef __cplusplus
}
#endif

#endif /* EKIDEN_METRICS_H */

/* ekd.log/1: lines in the daemon's log, under the component "plugin.<name>". */
#ifndef EKIDEN_LOG_H
#define EKIDEN_LOG_H

#include <ekiden/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#define EKD_LOG_ID "ekd.log/1"

#define EKD_LOG_TRACE 0u
#define EKD_LOG_DEBUG 1u
#define EKD_LOG_INFO 2u
#define EKD_LOG_WARN 3u
#define EKD_LOG_ERROR 4u
#define EKD_LOG_CRITICAL 5u

typedef struct ekd_log_api {
  uint32_t struct_size;
  uint32_t reserved;

  /* [any] Not 0 if a line of this level would be written: ask before building a costly text. */
  uint32_t (*enabled)(ekd_ctx *ctx, uint32_t level);

  /* [any] Writes one line; the text is copied. Line breaks, control characters and bytes that are
   * not UTF-8 are escaped. Never blocks on a slow reader of the log: lines beyond its buffer are
   * dropped and counted. EKD_E_INVALID (level), EKD_E_TOO_BIG (over 16 KiB: cut, and written). */
  int32_t (*write)(ekd_ctx *ctx, uint32_t level, ekd_str message);
} ekd_log_api;

#ifdef __cplusplus
}
#endif

#endif /* EKIDEN_LOG_H */

/* The daemon's metrics over HTTP: GET /metrics for Prometheus, /healthz and /readyz for whoever
 * watches over the process.
 *
 *   metrics_http.c   the plugin: lifecycle
 *   config.c         its settings
 *   connection.c     one task a connection, started by the acceptor of ekiden/listen.h: reads
 *                    requests, writes answers
 *   request.c        what a request's head says; pure
 *   render.c         the text for /metrics, made on the blocking pool
 *
 * What a client can cost: a connection, of which there are at most max_connections; 8 KiB for its
 * request; while it reads it, the answer; and each for timeout_ms at most. */
#ifndef METRICS_HTTP_H
#define METRICS_HTTP_H

#include <ekiden/listen.h>
#include <stdatomic.h>

#define HTTP_REQUEST_BYTES 8192u /* a request's head, at most */
#define HTTP_ADDRESS_BYTES 64u

struct http_config {
  char listen[HTTP_ADDRESS_BYTES]; /* port 0 takes a free one */
  uint64_t max_connections;        /* open at once; beyond it clients wait in the backlog */
  uint64_t timeout_ms; /* to send a request from the end of the one before, and to read an answer */
};

struct server {
  ekd_ctx *ctx;
  ekd_services ekd;
  const ekd_metrics_api *metrics;
  struct http_config config;
  struct ekd_listen listen;
  uint32_t connection_type;
  ekd_metric requests;
  ekd_metric connections;
  ekd_metric rendering;
};

/* Reads the settings; EKD_E_INVALID with a sentence. */
int32_t http_config_read(ekd_str json, struct http_config *out, ekd_error *err);

int32_t connection_register(struct server *server, ekd_error *err);

/* Takes over the descriptor; on an error it is still the caller's. `server` is a struct server:
 * this is the listener's `take`. */
int32_t connection_start(void *server, ekd_io io);

/* --- Requests --------------------------------------------------------------------------------- */

enum http_path { HTTP_METRICS, HTTP_HEALTHZ, HTTP_READYZ, HTTP_ELSEWHERE };

struct http_request {
  int status; /* 200, or why it is refused: 400, 405, 505 */
  enum http_path path;
  int is_head;    /* HEAD: the answer's body is left out */
  int keep_alive; /* 0: the connection ends behind the answer */
};

/* The length of the head that `data` begins with, its blank line included; 0: it is not all there.
 */
uint32_t http_head_size(const char *data, uint32_t size);

/* `head` is a whole one. A request that could have a body is refused: no path here takes one, and
 * where the next request begins would be a guess. */
struct http_request http_parse(const char *head, uint32_t size);

/* --- The text --------------------------------------------------------------------------------- */

/* Made by a job, read by a connection that waits for it; goes with the last of the two. */
struct rendering {
  struct server *server;
  atomic_uint holds;
  int32_t code; /* these three are the job's until it is ready */
  char *text;
  uint64_t size;
};

/* EKD_OK: the job is queued, and the caller has one hold of *out. */
int32_t rendering_start(struct server *server, struct rendering **out, ekd_job *job);
void rendering_release(struct rendering *rendering);

#endif /* METRICS_HTTP_H */

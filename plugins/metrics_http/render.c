#include <stdlib.h>

#include "metrics_http.h"

void rendering_release(struct rendering *rendering) {
  if (atomic_fetch_sub(&rendering->holds, 1) != 1) return;
  struct server *server = rendering->server;
  server->ekd.memory->free(server->ctx, rendering->text);
  free(rendering);
}

static int32_t run(void *argument) {
  struct rendering *rendering = argument;
  struct server *server = rendering->server;
  uint64_t begun = server->ekd.time->now_ns(server->ctx);
  rendering->code = server->metrics->render(server->ctx, EKD_METRICS_PROMETHEUS, &rendering->text,
                                            &rendering->size);
  uint64_t took = server->ekd.time->now_ns(server->ctx) - begun;
  server->metrics->observe(server->ctx, server->rendering, took);
  rendering_release(rendering); /* the job's hold */
  return EKD_OK;
}

/* A job that does not run any more has its hold, too. */
static void forget(void *argument) { rendering_release(argument); }

int32_t rendering_start(struct server *server, struct rendering **out, ekd_job *job) {
  struct rendering *made = calloc(1, sizeof(*made));
  if (made == NULL) return EKD_E_NO_MEMORY;
  made->server = server;
  atomic_init(&made->holds, 2); /* ours and the job's */
  const ekd_job_options options = {
      .struct_size = sizeof(options), .run = run, .drop = forget, .argument = made};
  int32_t code = server->ekd.blocking->submit(server->ctx, &options, job, NULL);
  if (code != EKD_OK) {
    free(made);
    return code;
  }
  *out = made;
  return EKD_OK;
}

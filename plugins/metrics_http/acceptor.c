/* The acceptor's task. At max_connections it stops accepting rather than closing what comes:
 * clients wait in the kernel's backlog. When the system has no room it rests for a moment. */
#include <errno.h>

#include "metrics_http.h"

#define REST_NS (100 * EKD_NS_PER_MS)

struct acceptor {
  struct server *server;
  ekd_io listener;
  ekd_timer rest;
  uint32_t resting;
};

static int has_room(struct server *server) {
  return atomic_load(&server->open) < server->config.max_connections;
}

static void rest(struct acceptor *self, const ekd_error *why) {
  struct server *server = self->server;
  server->ekd.log->write(server->ctx, EKD_LOG_WARN, ekd_str_of(why->text, why->text_size));
  server->ekd.time->arm(server->ctx, self->rest, server->ekd.time->now_ns(server->ctx) + REST_NS);
  self->resting = 1;
}

static int32_t acceptor_poll(void *state, ekd_cx *cx) {
  struct acceptor *self = state;
  struct server *server = self->server;
  atomic_store(&server->acceptor_waker, cx->waker);
  for (;;) {
    if (self->resting) {
      if (server->ekd.time->poll(server->ctx, self->rest, cx->waker) == EKD_PENDING) {
        return EKD_PENDING;
      }
      self->resting = 0;
    }
    if (!has_room(server)) return EKD_PENDING;
    ekd_io io;
    ekd_error err = ekd_error_init();
    int32_t code = server->ekd.io->accept(server->ctx, self->listener, cx->waker, &io, &err);
    if (code == EKD_PENDING || code == EKD_E_DRAINING) return EKD_PENDING;
    if (code == EKD_READY) {
      if (connection_start(server, io) != EKD_OK) server->ekd.io->close(server->ctx, io);
    } else if (err.os_errno != ECONNABORTED) { /* that one: the client left before its turn */
      rest(self, &err);
    }
  }
}

static void acceptor_drop(void *state) {
  struct acceptor *self = state;
  self->server->ekd.io->close(self->server->ctx, self->listener);
  self->server->ekd.time->close(self->server->ctx, self->rest);
}

int32_t acceptor_register(struct server *server, ekd_error *err) {
  const ekd_task_type type = {
      .struct_size = sizeof(type),
      .cancel = EKD_CANCEL_DROP_NOW,
      .name = EKD_STR("acceptor"),
      .poll = acceptor_poll,
      .drop = acceptor_drop,
      .state_size = sizeof(struct acceptor),
      .state_align = _Alignof(struct acceptor),
  };
  return server->ekd.task->type_register(server->ctx, &type, &server->acceptor_type, err);
}

int32_t acceptor_start(struct server *server, ekd_io listener, ekd_error *err) {
  struct acceptor self = {.server = server, .listener = listener};
  int32_t code = server->ekd.time->create(server->ctx, &self.rest);
  if (code != EKD_OK) return ekd_error_set(err, code, "no timer could be made for the acceptor");
  code =
      server->ekd.task->spawn(server->ctx, server->acceptor_type, &self, sizeof(self), NULL, NULL);
  if (code == EKD_OK) return EKD_OK;
  server->ekd.time->close(server->ctx, self.rest);
  return ekd_error_set(err, code, "the acceptor's task could not be started");
}

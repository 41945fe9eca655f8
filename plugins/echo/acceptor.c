/* The acceptor's task.
 *
 *              has room                          took one
 *   [looking] ──────────> [accepting] ──────────────────────────> [looking]
 *       │ at the limit         ├── nobody waits: PENDING on the listener
 *       v                      └── no descriptor or memory ──> [resting]
 *   PENDING until a                                             │ the timer, or a connection
 *   connection goes                                             v that goes
 *                                                           [looking]
 *
 * At max_connections it stops accepting rather than closing what comes: clients wait in the
 * kernel's backlog, cost nothing, and are served as soon as somebody goes. */
#include <errno.h>
#include <string.h>

#include "echo.h"

/* How long it rests when the system has no room, unless a connection goes earlier. Long enough to
 * cost nothing, short against a client's patience. */
#define REST_NS (100 * EKD_NS_PER_MS)

struct acceptor {
  struct echo *echo;
  ekd_io listener;
  ekd_timer timer;
  uint32_t resting;
  uint32_t complained; /* the shortage is in the log already */
};

static int has_room(struct echo *echo) {
  return atomic_load(&echo->counters.open) < echo->config.max_connections;
}

void acceptor_ring(struct echo *echo) {
  if (atomic_load(&echo->acceptor_rests) == 0) return;
  if (atomic_exchange(&echo->acceptor_rests, 0) != 0) echo->ekd.task->wake(echo->acceptor_waker);
}

static void listen_for_the_bell(struct echo *echo, ekd_waker waker) {
  echo->acceptor_waker = waker;
  atomic_store(&echo->acceptor_rests, 1);
}

/* True when it has to wait for a connection to go. */
static int waits_for_room(struct echo *echo, ekd_waker waker) {
  if (has_room(echo)) return 0;
  if (atomic_load(&echo->acceptor_rests) != 0) return 1;
  atomic_fetch_add(&echo->counters.limit_pauses, 1);
  listen_for_the_bell(echo, waker);
  if (!has_room(echo)) return 1;
  atomic_store(&echo->acceptor_rests, 0);
  return 0;
}

/* True while it rests after a shortage. */
static int rests(struct acceptor *self, ekd_waker waker) {
  struct echo *echo = self->echo;
  if (!self->resting) return 0;
  if (atomic_load(&echo->acceptor_rests) != 0 &&
      echo->ekd.time->poll(echo->ctx, self->timer, waker) == EKD_PENDING) {
    return 1;
  }
  self->resting = 0;
  atomic_store(&echo->acceptor_rests, 0);
  echo->ekd.time->cancel(echo->ctx, self->timer);
  return 0;
}

static void begin_rest(struct acceptor *self, const ekd_cx *cx, const ekd_error *why) {
  struct echo *echo = self->echo;
  if (!self->complained) {
    echo->ekd.log->write(echo->ctx, EKD_LOG_WARN, ekd_str_of(why->text, why->text_size));
    echo->ekd.log->write(echo->ctx, EKD_LOG_WARN,
                         EKD_STR("accepting pauses until there is room again"));
  }
  self->complained = 1;
  self->resting = 1;
  atomic_fetch_add(&echo->counters.descriptor_pauses, 1);
  listen_for_the_bell(echo, cx->waker);
  echo->ekd.time->arm(echo->ctx, self->timer, echo->ekd.time->now_ns(echo->ctx) + REST_NS);
}

static void take(struct acceptor *self, ekd_io io) {
  struct echo *echo = self->echo;
  self->complained = 0;
  atomic_fetch_add(&echo->counters.accepted, 1);
  if (connection_start(echo, io) == EKD_OK) return;
  atomic_fetch_add(&echo->counters.refused, 1);
  echo->ekd.io->close(echo->ctx, io);
}

static int32_t acceptor_poll(void *state, ekd_cx *cx) {
  struct acceptor *self = state;
  struct echo *echo = self->echo;
  for (;;) {
    if (rests(self, cx->waker) || waits_for_room(echo, cx->waker)) return EKD_PENDING;

    ekd_io io;
    ekd_error err = ekd_error_init();
    int32_t code = echo->ekd.io->accept(echo->ctx, self->listener, cx->waker, &io, &err);
    if (code == EKD_PENDING || code == EKD_E_DRAINING) return EKD_PENDING; /* unload cancels us */
    if (code == EKD_READY) {
      take(self, io);
    } else if (err.os_errno != ECONNABORTED) { /* that one: the client left before its turn */
      begin_rest(self, cx, &err);
    }
  }
}

static void acceptor_drop(void *state) {
  struct acceptor *self = state;
  struct echo *echo = self->echo;
  echo->ekd.io->close(echo->ctx, self->listener);
  echo->ekd.time->close(echo->ctx, self->timer);
}

int32_t acceptor_register(struct echo *echo, ekd_error *err) {
  const ekd_task_type type = {
      .struct_size = sizeof(type),
      .cancel = EKD_CANCEL_DROP_NOW,
      .name = EKD_STR("acceptor"),
      .poll = acceptor_poll,
      .drop = acceptor_drop,
      .state_size = sizeof(struct acceptor),
      .state_align = _Alignof(struct acceptor),
  };
  return echo->ekd.task->type_register(echo->ctx, &type, &echo->acceptor_type, err);
}

int32_t acceptor_start(struct echo *echo, ekd_io listener, ekd_error *err) {
  struct acceptor self = {.echo = echo, .listener = listener};
  int32_t code = echo->ekd.time->create(echo->ctx, &self.timer);
  if (code != EKD_OK) return ekd_error_set(err, code, "no timer could be made for the acceptor");
  code = echo->ekd.task->spawn(echo->ctx, echo->acceptor_type, &self, sizeof(self), NULL, NULL);
  if (code == EKD_OK) return EKD_OK;
  echo->ekd.time->close(echo->ctx, self.timer);
  return ekd_error_set(err, code, "the acceptor's task could not be started");
}

/* A connection's task.
 *
 * It reads into a buffer on the stack and writes from there, so that a client who reads what it is
 * sent costs its slot and nothing else. Only when the socket takes no more does it keep the rest,
 * in a buffer of its own of ECHO_BUFFER_BYTES; and it reads nothing further until that is empty. So
 * a client that never reads holds one buffer here, and then its own sends block. */
#include <stdatomic.h>
#include <string.h>

#include "echo.h"

struct connection {
  struct echo *echo;
  ekd_io io;
  char *kept; /* NULL, or what the socket would not take: bytes kept_at to kept_end */
  uint32_t kept_at;
  uint32_t kept_end;
  uint32_t end_of_stream; /* not 0: the client has sent all that it will */
  uint64_t in;            /* bytes of this poll */
  uint64_t out;
};

static int32_t keep(struct connection *self, const char *data, uint64_t size) {
  struct echo *echo = self->echo;
  self->kept = echo->ekd.memory->alloc(echo->ctx, ECHO_BUFFER_BYTES, 0);
  if (self->kept == NULL) return EKD_E_NO_MEMORY;
  memcpy(self->kept, data, size);
  self->kept_at = 0;
  self->kept_end = (uint32_t)size;
  atomic_fetch_add_explicit(&echo->counters.buffers, 1, memory_order_relaxed);
  return EKD_OK;
}

static void let_go(struct connection *self) {
  if (self->kept == NULL) return;
  struct echo *echo = self->echo;
  echo->ekd.memory->free(echo->ctx, self->kept);
  self->kept = NULL;
  atomic_fetch_sub_explicit(&echo->counters.buffers, 1, memory_order_relaxed);
}

/* Writes [*at, end) as far as the socket takes it: EKD_READY when all is written. */
static int32_t write_out(struct connection *self, ekd_cx *cx, const char *data, uint32_t *at,
                         uint32_t end) {
  struct echo *echo = self->echo;
  while (*at != end) {
    uint64_t written = 0;
    int32_t code =
        echo->ekd.io->write(echo->ctx, self->io, cx->waker, data + *at, end - *at, &written, NULL);
    if (code != EKD_READY) return code;
    *at += (uint32_t)written;
    self->out += written;
  }
  return EKD_READY;
}

/* Reads once and sends back what came. With reader 0 it does not wait for anything to come. */
static int32_t turn(struct connection *self, ekd_cx *cx, ekd_waker reader) {
  struct echo *echo = self->echo;
  char buffer[ECHO_BUFFER_BYTES];
  uint64_t size = 0;
  int32_t code =
      echo->ekd.io->read(echo->ctx, self->io, reader, buffer, sizeof(buffer), &size, NULL);
  if (code != EKD_READY) return code;
  self->in += size;
  self->end_of_stream = (size == 0);

  uint32_t at = 0;
  code = write_out(self, cx, buffer, &at, (uint32_t)size);
  if (code != EKD_PENDING) return code;
  int32_t kept = keep(self, buffer + at, size - at);
  return kept == EKD_OK ? EKD_PENDING : kept;
}

/* EKD_READY at the end of the stream with everything sent back; EKD_PENDING; or an error. */
static int32_t serve(struct connection *self, ekd_cx *cx) {
  struct echo *echo = self->echo;
  int32_t code = EKD_READY;
  while (code == EKD_READY) {
    if (self->kept != NULL) {
      code = write_out(self, cx, self->kept, &self->kept_at, self->kept_end);
      if (code == EKD_READY) let_go(self);
    } else if (self->end_of_stream) {
      return echo->ekd.io->shutdown_write(echo->ctx, self->io, NULL);
    } else {
      code = turn(self, cx, cx->waker);
    }
  }
  return code;
}

/* Cancelled, which an unload does to all of them, a connection ends at its next quiet moment: when
 * there is nothing to read and nothing left to send back. So a client that waits for its answer
 * gets it. The last read may have found its share of this poll used up, or an event may be on its
 * way: hence the question, one a poll. */
static int32_t end_when_quiet(struct connection *self, ekd_cx *cx) {
  if (self->kept != NULL) return EKD_PENDING;
  int32_t code = turn(self, cx, 0);
  if (code == EKD_READY) return EKD_YIELD;
  return code == EKD_PENDING && self->kept == NULL ? EKD_READY : code;
}

static void count_bytes(struct connection *self) {
  struct echo_counters *counters = &self->echo->counters;
  if (self->in != 0) atomic_fetch_add_explicit(&counters->bytes_in, self->in, memory_order_relaxed);
  if (self->out != 0) {
    atomic_fetch_add_explicit(&counters->bytes_out, self->out, memory_order_relaxed);
  }
  self->in = 0;
  self->out = 0;
}

static int32_t connection_poll(void *state, ekd_cx *cx) {
  struct connection *self = state;
  struct echo *echo = self->echo;
  int32_t code = serve(self, cx);
  if (code == EKD_PENDING && cx->cancelled) code = end_when_quiet(self, cx);
  count_bytes(self);
  if (code == EKD_PENDING || code == EKD_YIELD) return code;
  if (code == EKD_READY) {
    atomic_fetch_add(&echo->counters.closed, 1);
    return EKD_READY;
  }
  if (code == EKD_E_NO_MEMORY) {
    echo->ekd.task->fail(echo->ctx, code, EKD_STR("no memory for a slow client's bytes"));
    return EKD_FAILED;
  }
  atomic_fetch_add(&echo->counters.reset, 1); /* clients do that: it is no failure of ours */
  return EKD_READY;
}

static void connection_drop(void *state) {
  struct connection *self = state;
  struct echo *echo = self->echo;
  let_go(self);
  echo->ekd.io->close(echo->ctx, self->io);
  ekd_listen_gone(&echo->listen);
}

int32_t connection_register(struct echo *echo, ekd_error *err) {
  const ekd_task_type type = {
      .struct_size = sizeof(type),
      .cancel = EKD_CANCEL_ASYNC,
      .name = EKD_STR("connection"),
      .poll = connection_poll,
      .drop = connection_drop,
      .state_size = sizeof(struct connection),
      .state_align = _Alignof(struct connection),
  };
  return echo->ekd.task->type_register(echo->ctx, &type, &echo->connection_type, err);
}

int32_t connection_start(void *server, ekd_io io) {
  struct echo *echo = server;
  struct connection self = {.echo = echo, .io = io};
  char peer[ECHO_ADDRESS_BYTES] = ""; /* the task's name, so that lists show who it serves */
  echo->ekd.io->peer_address(echo->ctx, io, peer, sizeof(peer));
  echo->ekd.io->set_nodelay(echo->ctx, io, 1, NULL);
  const ekd_spawn_options options = {.struct_size = sizeof(options), .name = ekd_str_from(peer)};
  return echo->ekd.task->spawn(echo->ctx, echo->connection_type, &self, sizeof(self), &options,
                               NULL);
}

/* A connection's task.
 *
 *   [reading] ──a whole head──> [rendering] ──> [writing] ──keep-alive──> [reading]
 *       │                        /metrics only      └──else──> [leaving]
 *       └── too long, bad: an answer, and then [leaving]
 *
 * Requests behind the first (pipelining) wait in the buffer and are answered in order. The deadline
 * covers reading a head as a whole, and writing an answer as a whole: a client that trickles gains
 * nothing by it. Leaving reads and forgets what still comes, until the client ends its side or a
 * short time has passed: closing over unread bytes would reset the connection, and the client might
 * lose the answer. */
#include <stdio.h>
#include <string.h>

#include "metrics_http.h"

#define HEAD_BYTES 256u

#define LEAVE_MS 2000u

enum phase { READING, RENDERING, WRITING, LEAVING };

struct connection {
  struct server *server;
  ekd_io io;
  ekd_timer deadline;
  enum phase phase;
  int keep_alive;
  int is_head;
  char *buffer; /* HTTP_REQUEST_BYTES of host memory, from the first byte on */
  uint32_t filled;
  ekd_job job; /* 0: none */
  struct rendering *rendering;
  char head[HEAD_BYTES];
  uint32_t head_size;
  const char *body; /* a literal, or the rendering's text */
  uint64_t body_size;
  uint64_t written; /* of both */
};

static void begin(struct connection *self, enum phase phase) {
  struct server *server = self->server;
  uint64_t ms = server->config.timeout_ms;
  if (phase == LEAVING && ms > LEAVE_MS) ms = LEAVE_MS;
  self->phase = phase;
  server->ekd.time->arm(server->ctx, self->deadline,
                        server->ekd.time->now_ns(server->ctx) + ms * EKD_NS_PER_MS);
}

static void let_go_of_rendering(struct connection *self) {
  struct server *server = self->server;
  if (self->job != 0) server->ekd.blocking->job_close(server->ctx, self->job);
  if (self->rendering != NULL) rendering_release(self->rendering);
  self->job = 0;
  self->rendering = NULL;
}

/* --- Answers ---------------------------------------------------------------------------------- */

static const char *reason_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 431:
      return "Request Header Fields Too Large";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Internal Server Error";
  }
}

static void answer(struct connection *self, int status, const char *type, const char *body,
                   uint64_t size) {
  int length = snprintf(
      self->head, sizeof(self->head),
      "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %llu\r\n%sConnection: %s\r\n\r\n",
      status, reason_of(status), type, (unsigned long long)size,
      status == 405 ? "Allow: GET, HEAD\r\n" : "", self->keep_alive ? "keep-alive" : "close");
  self->head_size = (uint32_t)length;
  self->body = body;
  self->body_size = self->is_head ? 0 : size;
  self->written = 0;
  self->server->metrics->add(self->server->ctx, self->server->requests, 1);
  begin(self, WRITING);
}

static void answer_text(struct connection *self, int status, const char *body) {
  answer(self, status, "text/plain; charset=utf-8", body, strlen(body));
}

static void refuse(struct connection *self, int status, const char *body) {
  self->keep_alive = 0;
  answer_text(self, status, body);
}

static void answer_readiness(struct connection *self) {
  switch (self->server->metrics->daemon_state(self->server->ctx)) {
    case EKD_DAEMON_READY:
      answer_text(self, 200, "ready\n");
      return;
    case EKD_DAEMON_STARTING:
      answer_text(self, 503, "starting\n");
      return;
    default:
      answer_text(self, 503, "draining\n");
  }
}

static void respond(struct connection *self, const struct http_request *request) {
  self->keep_alive = request->keep_alive;
  self->is_head = request->is_head;
  if (request->status != 200) {
    refuse(self, request->status,
           request->status == 405 ? "only GET and HEAD\n" : "this is no request that is served\n");
    return;
  }
  switch (request->path) {
    case HTTP_METRICS:
      begin(self, RENDERING);
      if (rendering_start(self->server, &self->rendering, &self->job) != EKD_OK) {
        refuse(self, 503, "too busy to count\n");
      }
      return;
    case HTTP_HEALTHZ:
      answer_text(self, 200, "ok\n");
      return;
    case HTTP_READYZ:
      answer_readiness(self);
      return;
    case HTTP_ELSEWHERE:
      answer_text(self, 404, "there are /metrics, /healthz and /readyz\n");
      return;
  }
}

/* --- The phases: EKD_READY to go on, EKD_PENDING, or below zero for the end ------------------- */

/* Answers what is in the buffer, if that is a whole head. */
static int take_request(struct connection *self) {
  uint32_t size = http_head_size(self->buffer, self->filled);
  if (size == 0) return 0;
  struct http_request request = http_parse(self->buffer, size);
  self->filled -= size;
  memmove(self->buffer, self->buffer + size, self->filled);
  respond(self, &request);
  return 1;
}

static int32_t read_on(struct connection *self, ekd_cx *cx) {
  struct server *server = self->server;
  if (self->buffer == NULL) {
    self->buffer = server->ekd.memory->alloc(server->ctx, HTTP_REQUEST_BYTES, 0);
    if (self->buffer == NULL) return EKD_E_NO_MEMORY;
  }
  if (take_request(self)) return EKD_READY;
  if (self->filled == HTTP_REQUEST_BYTES) {
    self->is_head = 0;
    refuse(self, 431, "a request may have 8192 bytes\n");
    return EKD_READY;
  }
  uint64_t size = 0;
  int32_t code = server->ekd.io->read(server->ctx, self->io, cx->waker, self->buffer + self->filled,
                                      HTTP_REQUEST_BYTES - self->filled, &size, NULL);
  if (code != EKD_READY) return code;
  if (size == 0) return EKD_E_CLOSED;
  self->filled += (uint32_t)size;
  return EKD_READY;
}

static int32_t wait_for_text(struct connection *self, ekd_cx *cx) {
  struct server *server = self->server;
  int32_t result = 0;
  int32_t code = server->ekd.blocking->job_poll(server->ctx, self->job, cx->waker, &result, NULL);
  if (code == EKD_PENDING) return EKD_PENDING;
  if (code != EKD_READY || self->rendering->code != EKD_OK) {
    refuse(self, 503, "the metrics cannot be had now\n");
    return EKD_READY;
  }
  answer(self, 200, "text/plain; version=0.0.4; charset=utf-8", self->rendering->text,
         self->rendering->size);
  return EKD_READY;
}

static int32_t write_on(struct connection *self, ekd_cx *cx) {
  struct server *server = self->server;
  uint64_t all = self->head_size + self->body_size;
  while (self->written < all) {
    int in_head = self->written < self->head_size;
    const char *from =
        in_head ? self->head + self->written : self->body + (self->written - self->head_size);
    uint64_t left = (in_head ? self->head_size : all) - self->written;
    uint64_t size = 0;
    int32_t code = server->ekd.io->write(server->ctx, self->io, cx->waker, from, left, &size, NULL);
    if (code != EKD_READY) return code;
    self->written += size;
  }
  let_go_of_rendering(self);
  if (!self->keep_alive) {
    server->ekd.io->shutdown_write(server->ctx, self->io, NULL);
    begin(self, LEAVING);
    return EKD_READY;
  }
  begin(self, READING);
  return EKD_READY;
}

static int32_t leave(struct connection *self, ekd_cx *cx) {
  struct server *server = self->server;
  uint64_t size = 0;
  int32_t code = server->ekd.io->read(server->ctx, self->io, cx->waker, self->buffer,
                                      HTTP_REQUEST_BYTES, &size, NULL);
  return code == EKD_READY && size == 0 ? EKD_E_CLOSED : code;
}

static int32_t step(struct connection *self, ekd_cx *cx) {
  switch (self->phase) {
    case READING:
      return read_on(self, cx);
    case RENDERING:
      return wait_for_text(self, cx);
    case WRITING:
      return write_on(self, cx);
    case LEAVING:
      return leave(self, cx);
  }
  return EKD_E_INTERNAL;
}

static int is_over(struct connection *self, ekd_cx *cx) {
  struct server *server = self->server;
  return server->ekd.time->poll(server->ctx, self->deadline, cx->waker) != EKD_PENDING;
}

static int32_t connection_poll(void *state, ekd_cx *cx) {
  struct connection *self = state;
  int32_t code;
  /* Asked first, while there is budget: a client that never stops sending uses up all of it. */
  if (is_over(self, cx)) return EKD_READY;
  do
    code = step(self, cx);
  while (code == EKD_READY);
  if (code != EKD_PENDING) return EKD_READY; /* clients go as they like: no failure of ours */
  /* A step may have moved the deadline. */
  return is_over(self, cx) ? EKD_READY : EKD_PENDING;
}

/* --- Beginning and end ------------------------------------------------------------------------ */

static void connection_drop(void *state) {
  struct connection *self = state;
  struct server *server = self->server;
  let_go_of_rendering(self);
  server->ekd.memory->free(server->ctx, self->buffer);
  server->ekd.time->close(server->ctx, self->deadline);
  server->ekd.io->close(server->ctx, self->io);
  server->metrics->add(server->ctx, server->connections, -1);
  ekd_listen_gone(&server->listen);
}

int32_t connection_register(struct server *server, ekd_error *err) {
  const ekd_task_type type = {
      .struct_size = sizeof(type),
      .cancel = EKD_CANCEL_DROP_NOW,
      .name = EKD_STR("connection"),
      .poll = connection_poll,
      .drop = connection_drop,
      .state_size = sizeof(struct connection),
      .state_align = _Alignof(struct connection),
  };
  return server->ekd.task->type_register(server->ctx, &type, &server->connection_type, err);
}

int32_t connection_start(void *owner, ekd_io io) {
  struct server *server = owner;
  struct connection self = {.server = server, .io = io};
  int32_t code = server->ekd.time->create(server->ctx, &self.deadline);
  if (code != EKD_OK) return code;
  begin(&self, READING);
  char peer[HTTP_ADDRESS_BYTES] = ""; /* the task's name, so that lists show who it serves */
  server->ekd.io->peer_address(server->ctx, io, peer, sizeof(peer));
  const ekd_spawn_options options = {.struct_size = sizeof(options), .name = ekd_str_from(peer)};
  server->metrics->add(server->ctx, server->connections, 1);
  code = server->ekd.task->spawn(server->ctx, server->connection_type, &self, sizeof(self),
                                 &options, NULL);
  if (code == EKD_OK) return EKD_OK;
  server->metrics->add(server->ctx, server->connections, -1);
  server->ekd.time->close(server->ctx, self.deadline);
  return code;
}

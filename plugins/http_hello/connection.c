/* A connection's task.
 *
 *   [serving] ──the answers of what was read, in one write──> [serving]
 *       ├── the client ended its side, or must go: what is answered is written ──> [leaving]
 *       └── the client ended its side, and all is written: the end
 *
 * It reads into a buffer on the stack and answers from there. Only when a request comes in pieces,
 * or the socket takes no more, it keeps the rest in memory of its own until that is done: a client
 * that thinks between requests costs its slot and nothing else. While anything is unwritten nothing
 * further is read, so what a client can make it keep is one such buffer.
 *
 * Leaving reads and forgets what still comes until the client ends its side: closing over unread
 * bytes would reset the connection, and the client might lose the answer. */
#include <string.h>

#include "http_hello.h"

#define OUT_BYTES 8192u
#define STATUS_BYTES 160u /* more than the longest answer has */

struct buffer {
  uint32_t in_size;
  uint32_t out_at, out_end;
  char in[HELLO_HEAD_BYTES];
  char out[OUT_BYTES];
};

struct connection {
  struct hello *hello;
  ekd_io io;
  struct buffer *kept; /* NULL: nothing is half done */
  uint32_t leaving;    /* nothing further is served */
};

/* --- Answers ---------------------------------------------------------------------------------- */

#define ANSWER(line, fields, size, body) \
  "HTTP/1.1 " line "\r\nContent-Length: " size "\r\n" fields "\r\n" body
#define PLAIN "Content-Type: text/plain\r\n"
#define CLOSE "Connection: close\r\n"

static ekd_str answer_to(const struct request *request) {
  switch (request->status) {
    case 200:
      return request->ends ? EKD_STR(ANSWER("200 OK", PLAIN CLOSE, "13", "Hello, World!"))
                           : EKD_STR(ANSWER("200 OK", PLAIN, "13", "Hello, World!"));
    case 404:
      return request->ends ? EKD_STR(ANSWER("404 Not Found", PLAIN CLOSE, "13", "there is a /\n"))
                           : EKD_STR(ANSWER("404 Not Found", PLAIN, "13", "there is a /\n"));
    case 405:
      return EKD_STR(ANSWER("405 Method Not Allowed", "Allow: GET, HEAD\r\n" CLOSE, "0", ""));
    case 431:
      return EKD_STR(ANSWER("431 Request Header Fields Too Large", CLOSE, "0", ""));
    default:
      return EKD_STR(ANSWER("400 Bad Request", CLOSE, "0", ""));
  }
}

static void put_answer(struct connection *self, struct buffer *b, const struct request *request) {
  ekd_str answer = answer_to(request);
  if (request->is_head && request->status < 405) answer.size -= 13;
  memcpy(b->out + b->out_end, answer.data, answer.size);
  b->out_end += (uint32_t)answer.size;
  self->leaving = (uint32_t)request->ends;
}

/* Answers the whole requests that were read, as many as there is room for. */
static void answer_all(struct connection *self, struct buffer *b) {
  uint32_t at = 0;
  while (!self->leaving && at < b->in_size && b->out_end + STATUS_BYTES <= OUT_BYTES) {
    struct request request = request_parse(b->in + at, b->in_size - at);
    if (request.size == 0 && b->in_size - at < HELLO_HEAD_BYTES) break;
    if (request.size == 0) request = (struct request){.size = 1, .status = 431, .ends = 1};
    at += request.size;
    put_answer(self, b, &request);
  }
  if (at == 0) return;
  b->in_size -= at;
  memmove(b->in, b->in + at, b->in_size);
}

/* --- One step: EKD_READY to go on, EKD_PENDING, or below zero for the end --------------------- */

static int32_t write_on(struct connection *self, struct buffer *b, ekd_cx *cx) {
  struct hello *hello = self->hello;
  while (b->out_at != b->out_end) {
    uint64_t size = 0;
    int32_t code = hello->ekd.io->write(hello->ctx, self->io, cx->waker, b->out + b->out_at,
                                        b->out_end - b->out_at, &size, NULL);
    if (code != EKD_READY) return code;
    b->out_at += (uint32_t)size;
  }
  b->out_at = b->out_end = 0;
  return self->leaving ? hello->ekd.io->shutdown_write(hello->ctx, self->io, NULL) : EKD_READY;
}

static int32_t read_on(struct connection *self, struct buffer *b, ekd_cx *cx) {
  struct hello *hello = self->hello;
  uint64_t size = 0;
  if (self->leaving) b->in_size = 0;
  int32_t code = hello->ekd.io->read(hello->ctx, self->io, cx->waker, b->in + b->in_size,
                                     HELLO_HEAD_BYTES - b->in_size, &size, NULL);
  if (code != EKD_READY) return code;
  if (size == 0) return EKD_E_CLOSED;
  b->in_size += (uint32_t)size;
  return EKD_READY;
}

static int32_t step(struct connection *self, struct buffer *b, ekd_cx *cx) {
  if (b->out_at == b->out_end) answer_all(self, b);
  return b->out_at != b->out_end ? write_on(self, b, cx) : read_on(self, b, cx);
}

/* --- The poll --------------------------------------------------------------------------------- */

static void let_go(struct connection *self) {
  struct hello *hello = self->hello;
  if (self->kept != NULL) hello->ekd.memory->free(hello->ctx, self->kept);
  self->kept = NULL;
}

/* What is half done outlives the poll; 0: there is no memory for it. */
static int keep_rest(struct connection *self, const struct buffer *b) {
  struct hello *hello = self->hello;
  int is_done = b->in_size == 0 && b->out_at == b->out_end;
  if (is_done) {
    let_go(self);
    return 1;
  }
  if (self->kept != NULL) return 1; /* it is b */
  self->kept = hello->ekd.memory->alloc(hello->ctx, sizeof(*self->kept), 0);
  if (self->kept == NULL) return 0;
  self->kept->in_size = b->in_size;
  self->kept->out_at = b->out_at;
  self->kept->out_end = b->out_end;
  memcpy(self->kept->in, b->in, b->in_size);
  memcpy(self->kept->out + b->out_at, b->out + b->out_at, b->out_end - b->out_at);
  return 1;
}

/* Cancelled, which an unload does, it answers what is there and ends. */
static int32_t connection_poll(void *state, ekd_cx *cx) {
  struct connection *self = state;
  struct buffer fresh, *b = self->kept;
  int32_t code = EKD_READY;
  if (b == NULL) {
    b = &fresh;
    b->in_size = b->out_at = b->out_end = 0;
  }
  while (code == EKD_READY)
    code = step(self, b, cx);
  if (code != EKD_PENDING || cx->cancelled) return EKD_READY; /* clients go as they like */
  return keep_rest(self, b) ? EKD_PENDING : EKD_READY;
}

static void connection_drop(void *state) {
  struct connection *self = state;
  struct hello *hello = self->hello;
  let_go(self);
  hello->ekd.io->close(hello->ctx, self->io);
  ekd_listen_gone(&hello->listen);
}

int32_t connection_register(struct hello *hello, ekd_error *err) {
  const ekd_task_type type = {
      .struct_size = sizeof(type),
      .cancel = EKD_CANCEL_ONE_POLL,
      .name = EKD_STR("connection"),
      .poll = connection_poll,
      .drop = connection_drop,
      .state_size = sizeof(struct connection),
      .state_align = _Alignof(struct connection),
  };
  return hello->ekd.task->type_register(hello->ctx, &type, &hello->connection_type, err);
}

int32_t connection_start(void *server, ekd_io io) {
  struct hello *hello = server;
  const struct connection self = {.hello = hello, .io = io};
  hello->ekd.io->set_nodelay(hello->ctx, io, 1, NULL);
  return hello->ekd.task->spawn(hello->ctx, hello->connection_type, &self, sizeof(self), NULL,
                                NULL);
}

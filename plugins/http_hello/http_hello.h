/* "Hello, World!" over HTTP/1.1: the smallest server that is worth loading with requests.
 *
 *   http_hello.c  the plugin: lifecycle
 *   config.c      its settings
 *   connection.c  one task a connection, started by the acceptor of ekiden/listen.h
 *   request.c     what a request's head says; pure
 *
 * GET and HEAD of / are answered with 200, other paths with 404, in order, as many as one read
 * brings with one write. What is no proper request, or has a body, is answered with 400 and the end
 * of the connection. */
#ifndef HTTP_HELLO_H
#define HTTP_HELLO_H

#include <ekiden/listen.h>

#define HELLO_HEAD_BYTES 8192u /* a request's head, at most */
#define HELLO_ADDRESS_BYTES 64u

struct hello_config {
  char listen[HELLO_ADDRESS_BYTES]; /* "127.0.0.1:8080"; port 0 takes a free one */
  uint64_t max_connections;         /* open at once; beyond it they wait in the backlog */
};

struct hello {
  ekd_ctx *ctx;
  ekd_services ekd;
  struct hello_config config;
  struct ekd_listen listen;
  uint32_t connection_type;
};

/* Reads the settings; EKD_E_INVALID with a sentence. */
int32_t hello_config_read(ekd_str json, struct hello_config *out, ekd_error *err);

int32_t connection_register(struct hello *hello, ekd_error *err);
/* Starts a connection's task, which takes over `io`; on an error it is still the caller's. `hello`
 * is the server: this is the listener's `take`. */
int32_t connection_start(void *hello, ekd_io io);

/* --- Requests --------------------------------------------------------------------------------- */

struct request {
  uint32_t size; /* of its head, the blank line included; 0: it is not all there */
  int status;    /* 200, or why it is refused: 400, 404, 405 */
  int is_head;   /* HEAD: the answer's body is left out */
  int ends;      /* the connection ends behind the answer */
};

struct request request_parse(const char *data, uint32_t size);

#endif /* HTTP_HELLO_H */

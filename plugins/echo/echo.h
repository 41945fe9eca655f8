/* A TCP echo server: what a client sends comes back to it.
 *
 *   echo.c        the plugin: lifecycle and the command `stats`
 *   config.c      its settings
 *   connection.c  one task a connection, started by the acceptor of ekiden/listen.h
 *
 * It needs no `drain`: an unload cancels the tasks, the acceptor goes at once, and each connection
 * ends at its next quiet moment. */
#ifndef ECHO_H
#define ECHO_H

#include <ekiden/listen.h>
#include <stdatomic.h>

/* Bytes that one system call moves at most, and all that a connection ever keeps of what its client
 * has sent and not yet read back. */
#define ECHO_BUFFER_BYTES 16384u

#define ECHO_ADDRESS_BYTES 64u

struct echo_config {
  char listen[ECHO_ADDRESS_BYTES]; /* "127.0.0.1:7007"; port 0 takes a free one */
  uint32_t backlog;                /* connections that wait in the kernel; 0: the host's default */
  uint64_t max_connections;        /* open at once; beyond it they wait in the backlog */
};

/* What `stats` shows beside the listener's. Connections add their bytes once a poll, not once a
 * system call. */
struct echo_counters {
  atomic_uint_fast64_t closed; /* the client ended its stream and got everything back */
  atomic_uint_fast64_t reset;  /* ended by an error of the socket */
  atomic_uint_fast64_t bytes_in;
  atomic_uint_fast64_t bytes_out;
  atomic_uint_fast64_t buffers; /* connections that hold a buffer: slow readers */
};

struct echo {
  ekd_ctx *ctx;
  ekd_services ekd;
  struct echo_config config;
  struct echo_counters counters;
  struct ekd_listen listen;
  uint32_t connection_type;
};

/* Reads the settings; EKD_E_INVALID with a sentence. */
int32_t echo_config_read(ekd_str json, struct echo_config *out, ekd_error *err);

/* Registers the task type of the connections. */
int32_t connection_register(struct echo *echo, ekd_error *err);

/* Starts a connection's task, which takes over `io`; on an error it is still the caller's. `echo`
 * is the server: this is the listener's `take`. */
int32_t connection_start(void *echo, ekd_io io);

#endif /* ECHO_H */

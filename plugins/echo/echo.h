/* A TCP echo server: what a client sends comes back to it.
 *
 *   echo.c        the plugin: lifecycle and the command `stats`
 *   config.c      its settings
 *   acceptor.c    one task: takes connections from the listener
 *   connection.c  one task a connection
 *
 * It needs no `drain`: an unload cancels the tasks, the acceptor goes at once, and each connection
 * ends at its next quiet moment. */
#ifndef ECHO_H
#define ECHO_H

#include <ekiden/plugin.h>
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

/* What `stats` shows. Connections add their bytes once a poll, not once a system call. */
struct echo_counters {
  atomic_uint_fast64_t open;
  atomic_uint_fast64_t accepted;
  atomic_uint_fast64_t refused; /* taken, but no task could be had for it: closed at once */
  atomic_uint_fast64_t closed;  /* the client ended its stream and got everything back */
  atomic_uint_fast64_t reset;   /* ended by an error of the socket */
  atomic_uint_fast64_t bytes_in;
  atomic_uint_fast64_t bytes_out;
  atomic_uint_fast64_t buffers;           /* connections that hold a buffer: slow readers */
  atomic_uint_fast64_t limit_pauses;      /* times that accepting stopped at max_connections */
  atomic_uint_fast64_t descriptor_pauses; /* times that the system had no descriptor or memory */
};

struct echo {
  ekd_ctx *ctx;
  ekd_services ekd;
  struct echo_config config;
  struct echo_counters counters;
  uint32_t acceptor_type;
  uint32_t connection_type;
  char address[ECHO_ADDRESS_BYTES]; /* where it listens, with the port that was bound */

  /* The acceptor's bell: it sets `acceptor_rests` and looks once more for room before it waits; a
   * connection that goes makes room first and then clears the flag. Both sides are seq_cst, so one
   * of them sees the other, and no room is left unnoticed. */
  ekd_waker acceptor_waker; /* written before the flag is set */
  atomic_uint acceptor_rests;
};

/* Reads the settings; EKD_E_INVALID with a sentence. */
int32_t echo_config_read(ekd_str json, struct echo_config *out, ekd_error *err);

/* Registers the task type of the acceptor, and of the connections. */
int32_t acceptor_register(struct echo *echo, ekd_error *err);
int32_t connection_register(struct echo *echo, ekd_error *err);

/* Starts the acceptor, which takes over the listener; on an error it is still the caller's. */
int32_t acceptor_start(struct echo *echo, ekd_io listener, ekd_error *err);

/* Starts a connection's task, which takes over `io`; on an error it is still the caller's. */
int32_t connection_start(struct echo *echo, ekd_io io);

/* A connection has gone: the acceptor, if it rests, looks again. */
void acceptor_ring(struct echo *echo);

#endif /* ECHO_H */

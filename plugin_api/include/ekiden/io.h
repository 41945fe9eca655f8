/* ekd.io/1: sockets and other descriptors, readiness style.
 *
 * The host owns every descriptor behind an ekd_io and closes it; never close its number yourself.
 * All are non-blocking. read, write and accept try the system call first and wait only when it
 * would block, so a loop "call until EKD_PENDING" is both right and the cheapest. A direction
 * (reading, writing) has one waiter: the newest waker replaces the old one. With waker 0
 * a call asks the system in any case, and waits for nothing. */
#ifndef EKIDEN_IO_H
#define EKIDEN_IO_H

#include <ekiden/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#define EKD_IO_ID "ekd.io/1"

#define EKD_IO_READABLE 1u /* also: the peer has closed its side, or an error waits */
#define EKD_IO_WRITABLE 2u

#define EKD_LISTEN_REUSE_PORT 1u /* SO_REUSEPORT */
#define EKD_LISTEN_FLAGS_ALL 1u

typedef struct ekd_listen_options {
  uint32_t struct_size;
  uint32_t backlog; /* 0: 1024 */
  uint32_t flags;   /* EKD_LISTEN_… */
  uint32_t reserved;
} ekd_listen_options;

typedef struct ekd_io_api {
  uint32_t struct_size;
  uint32_t reserved;

  /* [any] Binds and listens. address: "127.0.0.1:7007", "[::1]:7007"; port 0 takes a free one. No
   * names are resolved. options may be NULL. EKD_E_INVALID (address), EKD_E_OS, EKD_E_DRAINING. */
  int32_t (*tcp_listen)(ekd_ctx *ctx, ekd_str address, const ekd_listen_options *options,
                        ekd_io *out_io, ekd_error *err);

  /* [any] Begins to connect; connect_poll tells when it is done. */
  int32_t (*tcp_connect)(ekd_ctx *ctx, ekd_str address, ekd_io *out_io, ekd_error *err);

  /* [any] EKD_READY connected; EKD_PENDING; EKD_E_OS why not. */
  int32_t (*connect_poll)(ekd_ctx *ctx, ekd_io io, ekd_waker waker, ekd_error *err);

  /* [any] EKD_READY with a connection in *out_io, owned by the caller; EKD_PENDING; EKD_E_OS with
   * os_errno EMFILE, ENFILE, ENOBUFS or ENOMEM when the system has no room: the connection still
   * waits in the backlog, so try again after a while, not at once. */
  int32_t (*accept)(ekd_ctx *ctx, ekd_io listener, ekd_waker waker, ekd_io *out_io, ekd_error *err);

  /* [any] Reads at most `size` bytes into `buffer` (borrowed). EKD_READY with *out_size > 0, or 0
   * at the end of the stream; EKD_PENDING; EKD_E_OS (ECONNRESET and so on). */
  int32_t (*read)(ekd_ctx *ctx, ekd_io io, ekd_waker waker, void *buffer, uint64_t size,
                  uint64_t *out_size, ekd_error *err);

  /* [any] Writes at most `size` bytes of `data` (borrowed); may write fewer: *out_size says. Never
   * raises SIGPIPE: a closed peer is EKD_E_OS with EPIPE. */
  int32_t (*write)(ekd_ctx *ctx, ekd_io io, ekd_waker waker, const void *data, uint64_t size,
                   uint64_t *out_size, ekd_error *err);

  /* [any] Ends our side of the stream (FIN); reading goes on. */
  int32_t (*shutdown_write)(ekd_ctx *ctx, ekd_io io, ekd_error *err);

  /* [any] Takes over a descriptor that the plugin opened: made non-blocking, from now on the
   * host's, also to close. EKD_E_OS (EPERM: the kernel cannot watch regular files), EKD_E_INVALID.
   */
  int32_t (*adopt)(ekd_ctx *ctx, int32_t fd, ekd_io *out_io, ekd_error *err);

  /* [any] For descriptors on which the plugin makes the system calls itself: EKD_READY when one of
   * `interest` (EKD_IO_…) may be ready, else EKD_PENDING. *out_ready (may be NULL) receives the
   * bits and a tick: give it to clear_ready after EAGAIN, which so never wipes out a newer event.
   */
  int32_t (*ready_poll)(ekd_ctx *ctx, ekd_io io, uint32_t interest, ekd_waker waker,
                        uint64_t *out_ready);
  int32_t (*clear_ready)(ekd_ctx *ctx, ekd_io io, uint32_t interest, uint64_t ready);

  /* [any] The number behind the handle, borrowed: for setsockopt and the like. */
  int32_t (*fd)(ekd_ctx *ctx, ekd_io io, int32_t *out_fd);

  /* [any] "127.0.0.1:7007" into buffer, ended by zero. EKD_E_TOO_BIG if `size` is under 64. */
  int32_t (*local_address)(ekd_ctx *ctx, ekd_io io, char *buffer, uint64_t size);
  int32_t (*peer_address)(ekd_ctx *ctx, ekd_io io, char *buffer, uint64_t size);

  /* [any] TCP_NODELAY. */
  int32_t (*set_nodelay)(ekd_ctx *ctx, ekd_io io, uint32_t on, ekd_error *err);

  /* [any] Closes the descriptor and gives the handle back; whoever waits on it is woken. */
  int32_t (*close)(ekd_ctx *ctx, ekd_io io);
} ekd_io_api;

#ifdef __cplusplus
}
#endif

#endif /* EKIDEN_IO_H */

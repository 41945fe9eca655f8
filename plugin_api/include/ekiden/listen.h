/* A task that accepts connections, for servers. Header-only, on top of the services, and no part of
 * the border to the host: no other header of the ABI includes it, and a plugin may well do it in
 * another way.
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
 * kernel's backlog, cost nothing, and are served as soon as somebody goes.
 *
 *   server->listen = (struct ekd_listen){.ctx = ctx, .ekd = &server->ekd, .self = server,
 *                                        .max_connections = 10000, .take = connection_start};
 *   ekd_listen_start(&server->listen, EKD_STR("127.0.0.1:7007"), 0, err);
 *   …
 *   ekd_listen_gone(&server->listen);    // where a connection is dropped
 *
 * The struct is zeroed but for what its owner sets, and lives until `fini`. The atomics are those
 * of gcc and clang, so that C and C++ read the same. */
#ifndef EKIDEN_LISTEN_H
#define EKIDEN_LISTEN_H

#include <ekiden/plugin.h>
#include <errno.h>

#ifdef __cplusplus
extern "C" {
#endif

#define EKD_LISTEN_ADDRESS_BYTES 64

struct ekd_listen {
  /* Set by the owner. */
  ekd_ctx *ctx;
  const ekd_services *ekd;
  uint64_t max_connections; /* open at once; beyond it they wait in the backlog */
  /* [worker] Takes over `io` and says EKD_OK; else it is closed, and counts as refused. */
  int32_t (*take)(void *self, ekd_io io);
  void *self;

  /* Filled by ekd_listen_start: where it listens, with the port that was bound. */
  char address[EKD_LISTEN_ADDRESS_BYTES];

  /* Read with ekd_listen_count. */
  uint64_t open;
  uint64_t accepted;
  uint64_t refused;           /* taken from the backlog, but `take` would not have it */
  uint64_t limit_pauses;      /* times that accepting stopped at max_connections */
  uint64_t descriptor_pauses; /* times that the system had no descriptor or memory */

  /* The acceptor's own. */
  ekd_io listener;
  ekd_timer timer;
  uint32_t resting;
  uint32_t complained; /* the shortage is in the log already */

  /* The acceptor's bell: it sets `waits` and looks once more for room before it waits; a connection
   * that goes makes room first and then clears the flag. Both sides are seq_cst, so one of them
   * sees the other, and no room is left unnoticed. */
  ekd_waker waker; /* written before the flag is set */
  uint32_t waits;
};

/* [any] One of the counters. */
static inline uint64_t ekd_listen_count(const uint64_t *counter) {
  return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

/* --- Pieces; not to be called ----------------------------------------------------------------- */

static inline void ekd_listen_add_(uint64_t *counter, uint64_t count) {
  __atomic_fetch_add(counter, count, __ATOMIC_SEQ_CST);
}

static inline int ekd_listen_has_room_(struct ekd_listen *self) {
  return __atomic_load_n(&self->open, __ATOMIC_SEQ_CST) < self->max_connections;
}

static inline void ekd_listen_await_bell_(struct ekd_listen *self, ekd_waker waker) {
  self->waker = waker;
  __atomic_store_n(&self->waits, 1u, __ATOMIC_SEQ_CST);
}

static inline int ekd_listen_awaits_bell_(struct ekd_listen *self) {
  return __atomic_load_n(&self->waits, __ATOMIC_SEQ_CST) != 0;
}

/* True when it has to wait for a connection to go. */
static inline int ekd_listen_is_full_(struct ekd_listen *self, ekd_waker waker) {
  if (ekd_listen_has_room_(self)) return 0;
  if (ekd_listen_awaits_bell_(self)) return 1;
  ekd_listen_add_(&self->limit_pauses, 1);
  ekd_listen_await_bell_(self, waker);
  if (!ekd_listen_has_room_(self)) return 1;
  __atomic_store_n(&self->waits, 0u, __ATOMIC_SEQ_CST);
  return 0;
}

/* True while it rests after a shortage. */
static inline int ekd_listen_rests_(struct ekd_listen *self, ekd_waker waker) {
  if (!self->resting) return 0;
  if (ekd_listen_awaits_bell_(self) &&
      self->ekd->time->poll(self->ctx, self->timer, waker) == EKD_PENDING) {
    return 1;
  }
  self->resting = 0;
  __atomic_store_n(&self->waits, 0u, __ATOMIC_SEQ_CST);
  self->ekd->time->cancel(self->ctx, self->timer);
  return 0;
}

/* How long it rests when the system has no room, unless a connection goes earlier, is long enough
 * to cost nothing, and short against a client's patience. */
static inline void ekd_listen_rest_(struct ekd_listen *self, ekd_waker waker,
                                    const ekd_error *why) {
  const uint64_t rest_ns = 100 * EKD_NS_PER_MS;
  if (!self->complained) {
    self->ekd->log->write(self->ctx, EKD_LOG_WARN, ekd_str_of(why->text, why->text_size));
    self->ekd->log->write(self->ctx, EKD_LOG_WARN,
                          EKD_STR("accepting pauses until there is room again"));
  }
  self->complained = 1;
  self->resting = 1;
  ekd_listen_add_(&self->descriptor_pauses, 1);
  ekd_listen_await_bell_(self, waker);
  self->ekd->time->arm(self->ctx, self->timer, self->ekd->time->now_ns(self->ctx) + rest_ns);
}

/* It counts before it begins, so that a connection that ends at once never counts below zero. */
static inline void ekd_listen_take_(struct ekd_listen *self, ekd_io io) {
  self->complained = 0;
  ekd_listen_add_(&self->accepted, 1);
  ekd_listen_add_(&self->open, 1);
  if (self->take(self->self, io) == EKD_OK) return;
  __atomic_fetch_sub(&self->open, UINT64_C(1), __ATOMIC_SEQ_CST);
  ekd_listen_add_(&self->refused, 1);
  self->ekd->io->close(self->ctx, io);
}

static inline int32_t ekd_listen_poll_(void *state, ekd_cx *cx) {
  struct ekd_listen *const self = *(struct ekd_listen **)state;
  for (;;) {
    ekd_io io = 0;
    ekd_error err = ekd_error_init();
    int32_t code;
    if (ekd_listen_rests_(self, cx->waker) || ekd_listen_is_full_(self, cx->waker)) {
      return EKD_PENDING;
    }
    code = self->ekd->io->accept(self->ctx, self->listener, cx->waker, &io, &err);
    if (code == EKD_PENDING || code == EKD_E_DRAINING) return EKD_PENDING; /* unload cancels us */
    if (code == EKD_READY) {
      ekd_listen_take_(self, io);
    } else if (err.os_errno != ECONNABORTED) { /* that one: the client left before its turn */
      ekd_listen_rest_(self, cx->waker, &err);
    }
  }
}

static inline void ekd_listen_drop_(void *state) {
  struct ekd_listen *const self = *(struct ekd_listen **)state;
  self->ekd->io->close(self->ctx, self->listener);
  self->ekd->time->close(self->ctx, self->timer);
}

static inline int32_t ekd_listen_spawn_(struct ekd_listen *self, ekd_error *err) {
  ekd_task_type type;
  uint32_t id = 0;
  int32_t code;
  type.struct_size = (uint32_t)sizeof(type);
  type.cancel = EKD_CANCEL_DROP_NOW;
  type.name = EKD_STR("acceptor");
  type.poll = ekd_listen_poll_;
  type.drop = ekd_listen_drop_;
  type.state_size = sizeof(self);
  type.state_align = 0;
  type.room_size = 0;
  type.reserved = 0;
  code = self->ekd->task->type_register(self->ctx, &type, &id, err);
  if (code != EKD_OK) return code;
  code = self->ekd->time->create(self->ctx, &self->timer);
  if (code != EKD_OK) return ekd_error_set(err, code, "no timer could be made for the acceptor");
  code = self->ekd->task->spawn(self->ctx, id, &self, sizeof(self), NULL, NULL);
  if (code == EKD_OK) return EKD_OK;
  self->ekd->time->close(self->ctx, self->timer);
  return ekd_error_set(err, code, "the acceptor's task could not be started");
}

/* --- What servers call ------------------------------------------------------------------------ */

/* [any] Binds, listens and starts the acceptor, once. backlog: connections that wait in the kernel,
 * 0 for the host's default. Errors as of tcp_listen, type_register and spawn: nothing is left. */
static inline int32_t ekd_listen_start(struct ekd_listen *self, ekd_str address, uint32_t backlog,
                                       ekd_error *err) {
  ekd_listen_options options;
  int32_t code;
  options.struct_size = (uint32_t)sizeof(options);
  options.backlog = backlog;
  options.flags = 0;
  options.reserved = 0;
  code = self->ekd->io->tcp_listen(self->ctx, address, &options, &self->listener, err);
  if (code != EKD_OK) return code;
  code =
      self->ekd->io->local_address(self->ctx, self->listener, self->address, sizeof(self->address));
  if (code == EKD_OK) code = ekd_listen_spawn_(self, err);
  if (code != EKD_OK) self->ekd->io->close(self->ctx, self->listener);
  return code;
}

/* [any] A connection that was taken has gone, its descriptor closed: there is room for another. */
static inline void ekd_listen_gone(struct ekd_listen *self) {
  __atomic_fetch_sub(&self->open, UINT64_C(1), __ATOMIC_SEQ_CST);
  if (!ekd_listen_awaits_bell_(self)) return;
  if (__atomic_exchange_n(&self->waits, 0u, __ATOMIC_SEQ_CST) != 0) {
    self->ekd->task->wake(self->waker);
  }
}

#ifdef __cplusplus
}
#endif

#endif /* EKIDEN_LISTEN_H */

/* ekd.task/1: tasks, wakers, joins.
 *
 * A task is a poll function and its state, a block of memory inside the host's slot. The host calls
 * `poll` on a worker, never on two at a time; between polls the task costs nothing but its slot.
 * When it has ended and nobody holds a handle to it, `drop` runs, exactly once.
 *
 *   reserve ──construct──> commit ──> [runnable ⇄ polled ⇄ waiting] ──> ended ──> drop
 *      └────> discard (no drop)                                                              */
#ifndef EKIDEN_TASK_H
#define EKIDEN_TASK_H

#include <ekiden/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#define EKD_TASK_ID "ekd.task/1"

/* What a poll can read without a call. Filled by the host; valid until the poll returns. */
typedef struct ekd_cx {
  uint32_t struct_size;
  uint32_t cancelled; /* not 0: the task is to end; what that means, its type's `cancel` says */
  ekd_waker waker;    /* wakes this task; may be copied and kept for ever */
  uint64_t now_ns;    /* the worker's cached clock: CLOCK_MONOTONIC, some µs old */
  void **local;       /* the task-local pointer: yours to set, NULL at first, kept between polls */
  uint32_t budget;    /* host resources that this poll may still find ready before they ask it to
                         yield by answering EKD_PENDING (with the wake already on its way) */
  uint32_t worker;    /* the number of the worker that polls */
} ekd_cx;

/* [worker] Returns EKD_READY (ended; the state may hold the result), EKD_PENDING (a wake will
 * come), EKD_YIELD, EKD_FAILED or EKD_CANCELLED (since ABI 1.3); anything else counts as
 * EKD_FAILED. Must not unwind: as a net, a C++ exception ends the task as failed, with its text. */
typedef int32_t (*ekd_poll_fn)(void *state, ekd_cx *cx);

/* [worker] Destroys the state. Never during a poll of the same task; exactly once. */
typedef void (*ekd_drop_fn)(void *state);

/* How a task of this type ends when it is aborted or its plugin unloads. */
#define EKD_CANCEL_ONE_POLL 0u /* polled once more with cx->cancelled set, then dropped */
#define EKD_CANCEL_DROP_NOW 1u /* dropped without another poll */
#define EKD_CANCEL_ASYNC 2u    /* polled, with cx->cancelled set, until it is READY */

typedef struct ekd_task_type {
  uint32_t struct_size;
  uint32_t cancel; /* EKD_CANCEL_… */
  ekd_str name;    /* 1 to 63 bytes, shown to operators; metrics are grouped by it; copied */
  ekd_poll_fn poll;
  ekd_drop_fn drop;     /* NULL: the state needs no destruction */
  uint64_t state_size;  /* bytes, at most EKD_TASK_STATE_MAX */
  uint32_t state_align; /* a power of two, at most 64; 0 means 16 */
  uint32_t reserved;    /* 0 */
  uint64_t room_size; /* since ABI 1.3: bytes behind the state that are the task's too, and that
                         nobody fills; with state_size at most EKD_TASK_STATE_MAX */
} ekd_task_type;

#define EKD_TASK_STATE_MAX (1u << 20)

/* spawn flags */
#define EKD_SPAWN_JOIN 1u /* the caller holds the task: join_poll, then join_close */
#define EKD_SPAWN_CHILD                                                    \
  2u /* [worker] counted in the spawning task: children_poll waits for all \
      */
#define EKD_SPAWN_FLAGS_ALL 3u

/* Where a task spawned by a worker goes; from other threads all go to the global queue.
 *   DEFAULT  it runs next on this worker if nothing else does yet (the LIFO slot, if it is free),
 *            else behind what is queued (the ring). Of a batch all go to the ring, in order.
 *            Children go on a stack of their own: the newest runs first.
 *   NEXT     it runs next; what was to run next goes to the ring.
 *   LAST     behind what this worker has in its ring. */
#define EKD_HINT_DEFAULT 0u
#define EKD_HINT_NEXT 1u
#define EKD_HINT_LAST 2u

/* NULL stands for all defaults. */
typedef struct ekd_spawn_options {
  uint32_t struct_size;
  uint32_t flags;    /* EKD_SPAWN_… */
  ekd_str name;      /* shown in task lists; copied; at most 63 bytes; empty: none */
  ekd_task parent;   /* who spawned it, for task lists; 0: the task that is being polled */
  uint32_t priority; /* 0; others are refused with EKD_E_UNSUPPORTED */
  uint32_t hint;     /* EKD_HINT_… */
} ekd_spawn_options;

typedef struct ekd_join_result {
  uint32_t struct_size;
  int32_t status; /* EKD_OK, EKD_E_CANCELLED or EKD_E_FAILED */
  void *state;    /* with EKD_OK the state as the last poll left it, valid until join_close */
} ekd_join_result;

typedef struct ekd_task_api {
  uint32_t struct_size;
  uint32_t reserved;

  /* [any] Registers a task type: copied whole, so it may live on the stack. The id is valid for
   * this instance. EKD_E_INVALID, EKD_E_TOO_BIG (state), EKD_E_LIMIT (1024 types an instance). */
  int32_t (*type_register)(ekd_ctx *ctx, const ekd_task_type *type, uint32_t *out_id,
                           ekd_error *err);

  /* [any] Takes a slot for a task of `type` and gives its uninitialised state memory: construct in
   * place, then commit or discard. size and align: those that the state needs, 0 for the type's.
   * EKD_E_INVALID, EKD_E_FOREIGN (another instance's type), EKD_E_TOO_BIG, EKD_E_LIMIT
   * (limits.tasks), EKD_E_DRAINING, EKD_E_NO_MEMORY. */
  int32_t (*reserve)(ekd_ctx *ctx, uint32_t type, uint64_t size, uint32_t align, void **out_state,
                     ekd_task *out_task);

  /* [any] Makes a reserved task runnable. On an error the reservation still stands: commit again
   * later, or discard. EKD_E_FULL (queues at capacity), EKD_E_DRAINING, EKD_E_STALE, EKD_E_FOREIGN,
   * EKD_E_WRONG_STATE (committed already), EKD_E_INVALID and EKD_E_UNSUPPORTED (options),
   * EKD_E_WRONG_THREAD (EKD_SPAWN_CHILD outside a poll). */
  int32_t (*commit)(ekd_ctx *ctx, ekd_task task, const ekd_spawn_options *options);

  /* [any] Commits tasks[0…count) in one batch, in order, until one is refused. Returns that one's
   * error or EKD_OK; *out_committed says how many were made runnable. */
  int32_t (*commit_n)(ekd_ctx *ctx, const ekd_task *tasks, uint64_t count,
                      const ekd_spawn_options *options, uint64_t *out_committed);

  /* [any] Gives a reservation back. `drop` is not called: destroy first what you constructed. */
  int32_t (*discard)(ekd_ctx *ctx, ekd_task task);

  /* [any] reserve, copy `size` bytes of `state` (at most the type's state_size), commit, in one
   * call; what is not given is zero. out_task may be NULL. Errors as of reserve and commit; nothing
   * is left behind. */
  int32_t (*spawn)(ekd_ctx *ctx, uint32_t type, const void *state, uint64_t size,
                   const ekd_spawn_options *options, ekd_task *out_task);

  /* [any] Makes what the waker names runnable. Never fails, never blocks, never allocates: after it
   * returns, the task is polled at least once more unless it has ended. An old waker does nothing,
   * and neither does one of a task that is not committed yet: the commit brings the first poll. */
  void (*wake)(ekd_waker waker);

  /* [any] EKD_READY when the task, spawned with EKD_SPAWN_JOIN, has ended; fills *out. Else
   * EKD_PENDING, and `waker` is woken once when it ends (0: only ask). One waiter: the newest waker
   * replaces the old one. With status EKD_E_FAILED the text is in `err`. After close
   * EKD_E_WRONG_STATE while the task is there, then EKD_E_STALE. */
  int32_t (*join_poll)(ekd_ctx *ctx, ekd_task task, ekd_waker waker, ekd_join_result *out,
                       ekd_error *err);

  /* [any] Ends the caller's hold: detaches a task that still runs, or lets an ended one be dropped
   * (on this thread if it is a worker, else on one soon). The handle is then one of a task that
   * nobody holds: good for abort and as a waker until the task is gone. */
  int32_t (*join_close)(ekd_ctx *ctx, ekd_task task);

  /* [any] Asks a task of this instance to end, the way its type says. EKD_OK also if it has ended
   * already and its slot is still held. Asynchronous: join to learn when. */
  int32_t (*abort)(ekd_ctx *ctx, ekd_task task);

  /* [worker] EKD_READY when every task that the polled task spawned with EKD_SPAWN_CHILD has been
   * dropped; else EKD_PENDING, and the last one wakes the polled task. A parent that ends first is
   * kept in its slot, undropped, until its last child is gone: children may point into its state.
   */
  int32_t (*children_poll)(ekd_ctx *ctx);

  /* [worker] The text that the polled task's EKD_FAILED carries; copied, cut at 239 bytes. */
  int32_t (*fail)(ekd_ctx *ctx, int32_t code, ekd_str text);

  /* [any] Since ABI 1.2: ask for it with struct_size, or set host_minor_min. `spawn` for `count`
   * tasks of one type, in order until one is refused: the state of task i is copied from `states` +
   * i * `stride`. Returns the refused one's error or EKD_OK; *out_spawned says how many there are.
   * `out_tasks`: room for `count` handles, or NULL. EKD_E_INVALID also where
   * states overlap (`stride` below `size`). The quickest way to many tasks. */
  int32_t (*spawn_n)(ekd_ctx *ctx, uint32_t type, const void *states, uint64_t size,
                     uint64_t stride, uint64_t count, const ekd_spawn_options *options,
                     ekd_task *out_tasks, uint64_t *out_spawned);
} ekd_task_api;

#ifdef __cplusplus
}
#endif

#endif /* EKIDEN_TASK_H */

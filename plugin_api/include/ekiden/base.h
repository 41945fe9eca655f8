/* Words that every service of the Ekiden plugin ABI uses: results, strings, errors, handles.
 *
 * C11, freestanding. Only fixed-width integers, pointers and pointer-length pairs cross the border.
 *
 * Tags in front of a function say which thread may call it:
 *   [worker]     a scheduler thread, inside one of the plugin's polls or drops
 *   [lifecycle]  the instance's lifecycle thread, inside a lifecycle callback or `command`
 *   [blocking]   a thread of the blocking pool, inside one of the plugin's jobs
 *   [any]        each of these, and every thread that the plugin started itself
 *
 * Ownership words: "borrowed" means valid until the call returns; "copied" means that the callee
 * keeps nothing of the caller's memory; "owned by the caller" means that the caller must give it
 * back with the function named.
 *
 * Growth: a member is never removed, moved or given another meaning. A struct that may grow starts
 * with struct_size, set by whoever fills it. The reader copies the smaller of the two sizes and
 * takes the rest as zero; a tail that it does not know and that is not zero is refused with
 * EKD_E_UNSUPPORTED. */
#ifndef EKIDEN_BASE_H
#define EKIDEN_BASE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define EKD_ABI_MAJOR 1u
#define EKD_ABI_MINOR 3u

/* --- Results ------------------------------------------------------------------------------------
 * Zero and above: it worked. Below zero: it was refused, and nothing was changed or taken. */
#define EKD_OK 0      /* done */
#define EKD_READY 0   /* a poll: the thing waited for is here */
#define EKD_PENDING 1 /* not yet: the waker that was given is woken when it is worth asking again \
                       */
#define EKD_YIELD 2   /* a task's poll only: run me again after the others */
#define EKD_FAILED 3  /* a task's poll only: the task ends as failed */
#define EKD_CANCELLED                                                                        \
  4 /* a task's poll only, since ABI 1.3: it was asked to end and has, as cancelled; an older \
       host takes it for EKD_FAILED */

#define EKD_E_INVALID (-1)      /* an argument is wrong; the error's text says which */
#define EKD_E_STALE (-2)        /* the handle names something that is gone */
#define EKD_E_FOREIGN (-3)      /* the handle or task type is another plugin instance's */
#define EKD_E_WRONG_THREAD (-4) /* not allowed on this thread: see the function's tags */
#define EKD_E_WRONG_STATE (-5)  /* the object is there, but not in a state that allows the call */
#define EKD_E_FULL (-6)         /* a bounded queue is at its capacity: try again later */
#define EKD_E_LIMIT (-7)        /* a limit that the operator set for this plugin is reached */
#define EKD_E_DRAINING (-8)     /* the instance or the daemon takes no new work any more */
#define EKD_E_CLOSED (-9)       /* the other side is gone */
#define EKD_E_CANCELLED (-10)   /* the task or job was cancelled before it finished */
#define EKD_E_FAILED (-11)      /* the task or job ended as failed; the error's text says why */
#define EKD_E_NO_MEMORY (-12)   /* the system or the slot table has no more room */
#define EKD_E_TOO_BIG (-13)     /* a size is over what the host accepts */
#define EKD_E_OS (-14)          /* a system call failed: the error's os_errno says how */
#define EKD_E_UNSUPPORTED (-15) /* this host does not know or do that */
#define EKD_E_NOT_FOUND (-16)   /* no such method or name */
#define EKD_E_TIMED_OUT (-17)   /* the deadline passed first */
#define EKD_E_INTERNAL (-18)    /* a defect of the host; please report it */

/* --- Strings ------------------------------------------------------------------------------------
 * Bytes with a length, UTF-8 where people read them; not ended by zero. data may be NULL if size
 * is 0. */
typedef struct ekd_str {
  const char *data;
  uint64_t size;
} ekd_str;

static inline ekd_str ekd_str_of(const char *data, uint64_t size) {
  ekd_str s;
  s.data = data;
  s.size = size;
  return s;
}

/* The string of a literal, without a call: EKD_STR("hello"). */
#define EKD_STR(literal) ekd_str_of((literal), sizeof(literal) - 1)

/* The string of a text that ends with zero. */
static inline ekd_str ekd_str_from(const char *text) {
  uint64_t size = 0;
  while (text[size] != '\0') size++;
  return ekd_str_of(text, size);
}

/* --- Errors -------------------------------------------------------------------------------------
 * Owned by the caller, filled by the callee when it answers a code below zero. Everywhere an
 * ekd_error* is taken it may be NULL. Set struct_size before the first use: ekd_error_init(). */
#define EKD_ERROR_TEXT_BYTES 240

typedef struct ekd_error {
  uint32_t struct_size;
  int32_t code;     /* EKD_E_… */
  int32_t os_errno; /* errno of the failed system call, else 0 */
  uint32_t text_size;
  char text[EKD_ERROR_TEXT_BYTES]; /* one sentence, always ended by zero */
} ekd_error;

static inline ekd_error ekd_error_init(void) {
  ekd_error e;
  e.struct_size = (uint32_t)sizeof(ekd_error);
  e.code = 0;
  e.os_errno = 0;
  e.text_size = 0;
  e.text[0] = '\0';
  return e;
}

/* Fills `err` (may be NULL) with a text that ends with zero; cuts what is too long. Returns `code`,
 * so that a callback can say: return ekd_error_set(err, EKD_E_INVALID, "…"). */
static inline int32_t ekd_error_set(ekd_error *err, int32_t code, const char *text) {
  if (err != NULL && err->struct_size >= (uint32_t)sizeof(ekd_error)) {
    uint32_t n = 0;
    while (n + 1 < EKD_ERROR_TEXT_BYTES && text[n] != '\0') {
      err->text[n] = text[n];
      n++;
    }
    err->text[n] = '\0';
    err->text_size = n;
    err->code = code;
  }
  return code;
}

/* --- Handles ------------------------------------------------------------------------------------
 * Plain 64-bit values: 4 bits of kind, 28 of index, 32 of generation. Zero is "none". Using one
 * after what it names is gone is safe: the call answers EKD_E_STALE. */
typedef uint64_t ekd_task;  /* a task; also its waker */
typedef uint64_t ekd_waker; /* what to make runnable; copying and forgetting it cost nothing */
typedef uint64_t ekd_timer;
typedef uint64_t ekd_io;
typedef uint64_t ekd_job;
typedef uint64_t ekd_call; /* a control command that waits for its answer */

/* One loaded generation of a plugin. Every call takes it, from any thread. It outlives the plugin
 * as a tombstone: a call that comes too late answers EKD_E_STALE. */
typedef struct ekd_ctx ekd_ctx;

#ifdef __cplusplus
}
#endif

#endif /* EKIDEN_BASE_H */

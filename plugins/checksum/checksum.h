/* SHA-256 of every regular file below a folder.
 *
 *   $ ekidenctl call checksum sum '{"path":"sub/folder"}' --progress
 *
 *   checksum.c  the plugin: lifecycle and the commands `sum` and `status`
 *   config.c    its settings
 *   sum.c       one task a call: lists, hashes, tells how far it is, answers
 *   listing.c   a blocking job: what there is below the folder
 *   hash.c      a blocking job: one file
 *   tree.c      opening a path that cannot leave the root
 *   slots.c     how many files are read at a time, over all calls
 *   report.c    the answer and the progress, as JSON
 *
 * What a call costs is bounded before it is spent: the list by what its answer may take, the
 * reading by `concurrency` buffers of `chunk` bytes, the calls by SUMS_MAX. */
#ifndef CHECKSUM_H
#define CHECKSUM_H

#include <ekiden/json.h>
#include <ekiden/plugin.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#define CONCURRENCY_MAX 64u
#define SUMS_MAX 16u /* calls of `sum` at the same time */
/* What the host carries as an answer; what a row of it takes besides its path; and what is kept for
 * the frame around the rows. */
#define ANSWER_BYTES_MAX (1024u * 1024u)
#define ROW_BYTES 128u
#define FRAME_BYTES 1024u
#define FILES_MAX (ANSWER_BYTES_MAX / ROW_BYTES)
#define DIGEST_BYTES 32u

struct checksum_config {
  char root[EKD_JSON_TEXT_BYTES]; /* empty: none, and every sum is refused */
  uint32_t concurrency;           /* files that are read at a time */
  uint32_t files_max;             /* files, folders and others below a folder */
  uint32_t chunk;                 /* bytes that are read at a time */
};

struct checksum {
  ekd_ctx *ctx;
  ekd_services ekd;
  struct checksum_config config;
  int root; /* O_PATH; -1: none is configured */
  uint32_t sum_type;

  pthread_mutex_t mutex;
  /* Under it: */
  struct sum *sums; /* all that live */
  uint32_t sums_count;
  uint32_t hashing; /* files that are being read, or wait for a thread */
  uint32_t hashing_peak;
};

/* What became of an entry of the tree. */
enum entry_state {
  ENTRY_TO_DO,   /* a regular file */
  ENTRY_DONE,    /* `digest` and `size` */
  ENTRY_FAILED,  /* `why` or `os_errno` */
  ENTRY_SKIPPED, /* neither a file nor a folder: `why` */
};

struct entry {
  char *path; /* from the folder that was asked for */
  enum entry_state state;
  const char *why; /* a constant, or NULL */
  int os_errno;
  uint64_t size;
  unsigned char digest[DIGEST_BYTES];
};

/* One call of `sum`. Held by its task and by each of its jobs: a job that still reads when the task
 * has gone finds it, and `stop` in it. */
struct sum {
  struct checksum *plugin;
  atomic_uint holds;
  atomic_int stop; /* jobs look at it between two chunks, and between two entries */

  ekd_call call;
  char path[EKD_JSON_TEXT_BYTES];

  /* Written by the listing, and read by others when it has ended. */
  int folder; /* O_PATH; -1: not open */
  struct entry *entries;
  size_t count, capacity;
  uint64_t answer_bytes; /* what the rows will take at most */
  int32_t code;          /* EKD_OK, or why there is no list */
  char text[EKD_ERROR_TEXT_BYTES];

  /* How far it is: counted by the jobs, told by the task. */
  atomic_uint_fast64_t found;
  atomic_uint_fast64_t bytes;
  atomic_uint_fast64_t bytes_done;

  /* The task's own. */
  ekd_timer timer;
  ekd_job listing; /* 0: it has ended */
  ekd_job jobs[CONCURRENCY_MAX];
  uint32_t active;
  size_t next; /* the first entry that has not been begun */
  uint64_t files_done;

  /* Under the plugin's mutex. */
  struct sum *next_sum;
  ekd_waker waker;
};

/* --- config.c: EKD_E_INVALID with a sentence -------------------------------------------------- */
int32_t config_read(ekd_str json, struct checksum_config *out, ekd_error *err);
extern const char config_schema[];

/* --- sum.c ------------------------------------------------------------------------------------ */
int32_t sum_register(struct checksum *plugin, ekd_error *err);
/* Begins a sum, which answers the call; on an error nobody has. */
int32_t sum_start(struct checksum *plugin, ekd_call call, const char *path, ekd_error *err);
void sum_release(struct sum *sum);

/* --- listing.c, hash.c: each submits a job that holds `sum` ------------------------------------
 */
int32_t listing_submit(struct sum *sum, ekd_job *out, ekd_error *err);
int32_t hash_submit(struct sum *sum, struct entry *entry, ekd_job *out, ekd_error *err);

/* --- tree.c ----------------------------------------------------------------------------------- */
/* Opens `path`, which is relative to `base`, with `flags`: component by component, none of them a
 * symbolic link or "..", so it is below `base` whatever is renamed meanwhile. -1 with errno:
 * EXDEV for a path that would leave it. */
int tree_open(int base, const char *path, int flags);
/* Whether `path` is one that could be below something; else says why not. */
int tree_is_relative(const char *path);

/* --- slots.c: any thread ---------------------------------------------------------------------- */
int slots_enter(struct sum *sum); /* 0: there are SUMS_MAX */
void slots_leave(struct sum *sum);
/* Takes a slot for one more file of `sum`, whose task is woken with `waker` when it is worth asking
 * again. Calls share the slots evenly. */
int slots_take(struct sum *sum, ekd_waker waker);
void slots_give(struct checksum *plugin);

/* --- report.c --------------------------------------------------------------------------------- */
void report_answer(struct sum *sum);
/* EKD_E_CANCELLED: nobody waits any more. */
int32_t report_progress(struct sum *sum);

#endif /* CHECKSUM_H */

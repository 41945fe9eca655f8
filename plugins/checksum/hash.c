/* Reads one file on the blocking pool. The slot that was taken for it is given back when the job
 * ends, not when somebody asks for it: so there are never more readers than slots. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checksum.h"

struct work {
  struct sum *sum;
  struct entry *entry; /* this job's alone until it has ended */
};

static void fail(struct entry *entry, const char *why, int os_errno) {
  entry->state = ENTRY_FAILED;
  entry->why = why;
  entry->os_errno = os_errno;
}

static int is_same(const struct stat *a, const struct stat *b) {
  return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
         a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
         a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Bytes that were read to the end, or -1: then the entry says why. */
static int64_t read_all(struct sum *sum, struct entry *entry, int fd, EVP_MD_CTX *digest,
                        unsigned char *buffer) {
  int64_t total = 0;
  for (;;) {
    if (atomic_load_explicit(&sum->stop, memory_order_relaxed)) {
      fail(entry, "the sum was cancelled", 0);
      return -1;
    }
    const ssize_t count = read(fd, buffer, sum->plugin->config.chunk);
    if (count == 0) return total;
    if (count < 0) {
      if (errno == EINTR) continue;
      fail(entry, NULL, errno);
      return -1;
    }
    if (EVP_DigestUpdate(digest, buffer, (size_t)count) != 1) {
      fail(entry, "libcrypto refused to go on", 0);
      return -1;
    }
    total += count;
    atomic_fetch_add_explicit(&sum->bytes_done, (uint64_t)count, memory_order_relaxed);
  }
}

static void hash_open_file(struct sum *sum, struct entry *entry, int fd, EVP_MD_CTX *digest,
                           unsigned char *buffer) {
  struct stat before, after;
  if (fstat(fd, &before) != 0) return fail(entry, NULL, errno);
  if (!S_ISREG(before.st_mode)) return fail(entry, "it is no regular file any more", 0);
  if (EVP_DigestInit_ex(digest, EVP_sha256(), NULL) != 1) {
    return fail(entry, "libcrypto has no SHA-256", 0);
  }
  const int64_t size = read_all(sum, entry, fd, digest, buffer);
  if (size < 0) return;
  if (fstat(fd, &after) != 0) return fail(entry, NULL, errno);
  if (!is_same(&before, &after) || size != (int64_t)after.st_size) {
    return fail(entry, "it changed while it was read", 0);
  }
  unsigned int digest_size = 0;
  if (EVP_DigestFinal_ex(digest, entry->digest, &digest_size) != 1 || digest_size != DIGEST_BYTES) {
    return fail(entry, "libcrypto refused to end", 0);
  }
  entry->size = (uint64_t)size;
  entry->state = ENTRY_DONE;
}

static void hash_file(struct sum *sum, struct entry *entry) {
  /* Not blocking: should it have become a fifo meanwhile, nobody waits for its writer. */
  const int fd = tree_open(sum->folder, entry->path, O_RDONLY | O_NONBLOCK);
  if (fd < 0) return fail(entry, NULL, errno);
  EVP_MD_CTX *digest = EVP_MD_CTX_new();
  unsigned char *buffer = malloc(sum->plugin->config.chunk);
  if (digest == NULL || buffer == NULL) {
    fail(entry, NULL, ENOMEM);
  } else {
    hash_open_file(sum, entry, fd, digest, buffer);
  }
  free(buffer);
  EVP_MD_CTX_free(digest);
  close(fd);
}

static void hash_drop(void *argument) {
  struct work *work = argument;
  slots_give(work->sum->plugin);
  sum_release(work->sum);
  free(work);
}

static int32_t hash_run(void *argument) {
  struct work *work = argument;
  hash_file(work->sum, work->entry);
  hash_drop(argument);
  return EKD_OK;
}

int32_t hash_submit(struct sum *sum, struct entry *entry, ekd_job *out, ekd_error *err) {
  struct checksum *plugin = sum->plugin;
  struct work *work = malloc(sizeof(*work));
  if (work == NULL) return ekd_error_set(err, EKD_E_NO_MEMORY, "no memory for a job");
  *work = (struct work){.sum = sum, .entry = entry};
  const ekd_job_options job = {
      .struct_size = sizeof(job), .run = hash_run, .drop = hash_drop, .argument = work};
  atomic_fetch_add(&sum->holds, 1);
  const int32_t code = plugin->ekd.blocking->submit(plugin->ctx, &job, out, err);
  if (code != EKD_OK) {
    atomic_fetch_sub(&sum->holds, 1); /* never the last: the task has one */
    free(work);
  }
  return code;
}

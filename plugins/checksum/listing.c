/* Finds out, on the blocking pool, what there is below the folder. Folders are opened one after
 * another, never two at a time, and none is entered through a symbolic link. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checksum.h"

/* Folders that have still to be read: a stack of paths. */
struct folders {
  char **paths;
  size_t count, capacity;
  uint64_t seen; /* everything that was found, folders too */
};

static int32_t refuse(struct sum *sum, int32_t code, const char *text) {
  if (sum->code == EKD_OK) {
    sum->code = code;
    snprintf(sum->text, sizeof(sum->text), "%s", text);
  }
  return code;
}

static int32_t no_memory(struct sum *sum) {
  return refuse(sum, EKD_E_NO_MEMORY, "no memory for the list of files");
}

/* Room for one more of `size` bytes, or 0. */
static int make_room(void **items, size_t size, size_t count, size_t *capacity) {
  if (count < *capacity) return 1;
  const size_t wanted = *capacity == 0 ? 64 : 2 * *capacity;
  void *more = realloc(*items, wanted * size);
  if (more == NULL) return 0;
  *items = more;
  *capacity = wanted;
  return 1;
}

/* Takes over `path`, also where it fails. */
static int32_t add_entry(struct sum *sum, char *path, struct entry entry) {
  sum->answer_bytes += ekd_json_quote(NULL, 0, ekd_str_from(path)) + ROW_BYTES;
  if (sum->answer_bytes > ANSWER_BYTES_MAX - FRAME_BYTES) {
    free(path);
    return refuse(sum, EKD_E_TOO_BIG,
                  "there are so many files that the answer would be over 1 MiB: ask for a folder "
                  "further down");
  }
  void *entries = sum->entries;
  if (!make_room(&entries, sizeof(*sum->entries), sum->count, &sum->capacity)) {
    free(path);
    return no_memory(sum);
  }
  sum->entries = entries;
  entry.path = path;
  sum->entries[sum->count++] = entry;
  return EKD_OK;
}

static int32_t add_folder(struct sum *sum, struct folders *folders, char *path) {
  void *paths = folders->paths;
  if (!make_room(&paths, sizeof(*folders->paths), folders->count, &folders->capacity)) {
    free(path);
    return no_memory(sum);
  }
  folders->paths = paths;
  folders->paths[folders->count++] = path;
  return EKD_OK;
}

static const char *kind_of(mode_t mode) {
  return S_ISLNK(mode)    ? "a symbolic link"
         : S_ISFIFO(mode) ? "a fifo"
         : S_ISSOCK(mode) ? "a socket"
                          : "a device";
}

static int32_t take(struct sum *sum, struct folders *folders, int fd, const char *name,
                    char *path) {
  struct stat status;
  if (fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
    const struct entry gone = {.state = ENTRY_FAILED, .os_errno = errno};
    return add_entry(sum, path, gone);
  }
  if (S_ISDIR(status.st_mode)) return add_folder(sum, folders, path);
  if (!S_ISREG(status.st_mode)) {
    const struct entry other = {.state = ENTRY_SKIPPED, .why = kind_of(status.st_mode)};
    return add_entry(sum, path, other);
  }
  const struct entry file = {.state = ENTRY_TO_DO};
  atomic_fetch_add_explicit(&sum->found, 1, memory_order_relaxed);
  atomic_fetch_add_explicit(&sum->bytes, (uint64_t)status.st_size, memory_order_relaxed);
  return add_entry(sum, path, file);
}

/* Bounds the memory that a deep chain of folders can take. */
static int32_t add_too_long(struct sum *sum, char *path) {
  const struct entry too_long = {.state = ENTRY_FAILED, .os_errno = ENAMETOOLONG};
  return add_entry(sum, path, too_long);
}

static int32_t count_one(struct sum *sum, struct folders *folders) {
  if (++folders->seen <= sum->plugin->config.files_max) return EKD_OK;
  char text[EKD_ERROR_TEXT_BYTES];
  snprintf(text, sizeof(text),
           "there are more than %u files and folders: ask for a folder further down, or raise "
           "files_max",
           sum->plugin->config.files_max);
  return refuse(sum, EKD_E_LIMIT, text);
}

static char *joined(const char *folder, const char *name) {
  char *path = NULL;
  const int size = asprintf(&path, "%s%s%s", folder, folder[0] == '\0' ? "" : "/", name);
  return size < 0 ? NULL : path;
}

static int32_t read_entries(struct sum *sum, struct folders *folders, DIR *stream,
                            const char *folder) {
  for (;;) {
    if (atomic_load_explicit(&sum->stop, memory_order_relaxed)) {
      return refuse(sum, EKD_E_CANCELLED, "the sum was cancelled");
    }
    errno = 0;
    const struct dirent *found = readdir(stream);
    if (found == NULL) return errno; /* above zero, as errno is: this folder's own failure */
    if (strcmp(found->d_name, ".") == 0 || strcmp(found->d_name, "..") == 0) continue;
    int32_t code = count_one(sum, folders);
    if (code != EKD_OK) return code;
    char *path = joined(folder, found->d_name);
    if (path == NULL) return no_memory(sum);
    code = strlen(path) < PATH_MAX ? take(sum, folders, dirfd(stream), found->d_name, path)
                                   : add_too_long(sum, path);
    if (code != EKD_OK) return code;
  }
}

/* Takes over `folder`. Below zero: there is no list. */
static int32_t read_folder(struct sum *sum, struct folders *folders, char *folder) {
  const int fd = tree_open(sum->folder, folder, O_RDONLY | O_DIRECTORY);
  DIR *stream = fd < 0 ? NULL : fdopendir(fd);
  int32_t code = errno;
  if (stream != NULL) {
    code = read_entries(sum, folders, stream, folder);
    closedir(stream);
  } else if (fd >= 0) {
    close(fd);
  }
  if (code <= 0) {
    free(folder);
    return code;
  }
  const struct entry unreadable = {.state = ENTRY_FAILED, .os_errno = code};
  return add_entry(sum, folder, unreadable);
}

static int by_path(const void *a, const void *b) {
  return strcmp(((const struct entry *)a)->path, ((const struct entry *)b)->path);
}

static void list(struct sum *sum) {
  struct folders folders = {0};
  char *first = strdup("");
  int32_t code = first == NULL ? no_memory(sum) : add_folder(sum, &folders, first);
  while (code == EKD_OK && folders.count > 0) {
    code = read_folder(sum, &folders, folders.paths[--folders.count]);
  }
  while (folders.count > 0) free(folders.paths[--folders.count]);
  free(folders.paths);
  if (sum->count > 0) qsort(sum->entries, sum->count, sizeof(*sum->entries), by_path);
}

static void open_folder(struct sum *sum) {
  sum->folder = tree_open(sum->plugin->root, sum->path, O_PATH | O_DIRECTORY);
  if (sum->folder >= 0) return;
  const int error = errno;
  char text[EKD_ERROR_TEXT_BYTES];
  if (error == ENOTDIR || error == ELOOP) {
    snprintf(text, sizeof(text),
             "'%.150s' is no folder, or there is a symbolic link in it, which is not followed",
             sum->path);
  } else {
    snprintf(text, sizeof(text), "'%.150s' cannot be opened: %s", sum->path,
             strerrordesc_np(error));
  }
  refuse(sum, error == ENOENT ? EKD_E_NOT_FOUND : EKD_E_OS, text);
}

static void listing_drop(void *argument) { sum_release(argument); }

static int32_t listing_run(void *argument) {
  struct sum *sum = argument;
  open_folder(sum);
  if (sum->code == EKD_OK) list(sum);
  sum_release(sum);
  return EKD_OK;
}

int32_t listing_submit(struct sum *sum, ekd_job *out, ekd_error *err) {
  struct checksum *plugin = sum->plugin;
  const ekd_job_options job = {
      .struct_size = sizeof(job), .run = listing_run, .drop = listing_drop, .argument = sum};
  atomic_fetch_add(&sum->holds, 1);
  const int32_t code = plugin->ekd.blocking->submit(plugin->ctx, &job, out, err);
  if (code != EKD_OK) atomic_fetch_sub(&sum->holds, 1); /* never the last: the caller has one */
  return code;
}

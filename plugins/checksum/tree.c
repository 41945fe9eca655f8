#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "checksum.h"

/* The next component of *path, which moves behind it: its size, or 0 at the end. "." is none. */
static size_t next_component(const char **path, const char **out) {
  for (;;) {
    const char *at = *path + strspn(*path, "/");
    const size_t size = strcspn(at, "/");
    *path = at + size;
    if (size == 1 && at[0] == '.') continue;
    *out = at;
    return size;
  }
}

int tree_is_relative(const char *path) {
  if (path[0] == '/') return 0;
  const char *component;
  for (size_t size; (size = next_component(&path, &component)) != 0;) {
    if (size == 2 && memcmp(component, "..", 2) == 0) return 0;
  }
  return 1;
}

static int open_component(int from, const char *component, size_t size, int flags) {
  char name[NAME_MAX + 1];
  if (size > NAME_MAX) {
    errno = ENAMETOOLONG;
    return -1;
  }
  memcpy(name, component, size);
  name[size] = '\0';
  return openat(from, name, flags | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY);
}

int tree_open(int base, const char *path, int flags) {
  if (!tree_is_relative(path)) {
    errno = EXDEV;
    return -1;
  }
  const char *component, *following;
  size_t size = next_component(&path, &component);
  if (size == 0) return openat(base, ".", flags | O_CLOEXEC | O_NOCTTY);
  int from = base;
  for (;;) {
    const size_t following_size = next_component(&path, &following);
    const int last = following_size == 0;
    const int fd = open_component(from, component, size, last ? flags : O_PATH | O_DIRECTORY);
    const int error = errno;
    if (from != base) close(from);
    errno = error;
    if (fd < 0 || last) return fd;
    from = fd;
    component = following;
    size = following_size;
  }
}

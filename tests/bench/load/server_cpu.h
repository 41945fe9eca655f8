/* The CPU time that a process has used, to the nanosecond. */
#ifndef BENCH_LOAD_SERVER_CPU_H
#define BENCH_LOAD_SERVER_CPU_H

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>

/* Of all its threads that are alive; 0 where there is no such process. */
static inline uint64_t server_cpu_ns(uint64_t pid) {
  char path[64];
  snprintf(path, sizeof(path), "/proc/%llu/task", (unsigned long long)pid);
  DIR *threads = opendir(path);
  if (threads == NULL) return 0;
  uint64_t total = 0;
  for (struct dirent *entry = readdir(threads); entry != NULL; entry = readdir(threads)) {
    char file[sizeof(path) + sizeof(entry->d_name) + 16];
    snprintf(file, sizeof(file), "%s/%s/schedstat", path, entry->d_name);
    FILE *schedstat = fopen(file, "r");
    if (schedstat == NULL) continue;
    unsigned long long on_cpu = 0;
    if (fscanf(schedstat, "%llu", &on_cpu) == 1) total += on_cpu;
    fclose(schedstat);
  }
  closedir(threads);
  return total;
}

#endif /* BENCH_LOAD_SERVER_CPU_H */

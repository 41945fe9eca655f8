#include "checksum.h"

int slots_enter(struct sum *sum) {
  struct checksum *plugin = sum->plugin;
  pthread_mutex_lock(&plugin->mutex);
  const int entered = plugin->sums_count < SUMS_MAX;
  if (entered) {
    plugin->sums_count++;
    sum->next_sum = plugin->sums;
    plugin->sums = sum;
  }
  pthread_mutex_unlock(&plugin->mutex);
  return entered;
}

/* Others have a larger share from now on. */
static void wake_those_who_wait(struct checksum *plugin) {
  for (struct sum *sum = plugin->sums; sum != NULL; sum = sum->next_sum) {
    if (sum->waker == 0) continue;
    plugin->ekd.task->wake(sum->waker);
    sum->waker = 0;
  }
}

void slots_leave(struct sum *sum) {
  struct checksum *plugin = sum->plugin;
  pthread_mutex_lock(&plugin->mutex);
  struct sum **at = &plugin->sums;
  while (*at != sum) at = &(*at)->next_sum;
  *at = sum->next_sum;
  plugin->sums_count--;
  wake_those_who_wait(plugin);
  pthread_mutex_unlock(&plugin->mutex);
}

int slots_take(struct sum *sum, ekd_waker waker) {
  struct checksum *plugin = sum->plugin;
  pthread_mutex_lock(&plugin->mutex);
  uint32_t share = plugin->config.concurrency / plugin->sums_count;
  if (share == 0) share = 1;
  const int taken = plugin->hashing < plugin->config.concurrency && sum->active < share;
  if (taken) {
    plugin->hashing++;
    if (plugin->hashing > plugin->hashing_peak) plugin->hashing_peak = plugin->hashing;
  }
  sum->waker = taken ? 0 : waker;
  pthread_mutex_unlock(&plugin->mutex);
  return taken;
}

void slots_give(struct checksum *plugin) {
  pthread_mutex_lock(&plugin->mutex);
  plugin->hashing--;
  wake_those_who_wait(plugin);
  pthread_mutex_unlock(&plugin->mutex);
}

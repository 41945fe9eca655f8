/* The task of one call. It never blocks: it starts jobs, waits for them, and looks a few times a
 * second whether anybody still waits for the answer. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checksum.h"

/* Between two events of progress, and how long a caller that has gone is worked for at most. Also
 * when a job that the pool had no room for is tried again. */
#define TICK_NS (100 * EKD_NS_PER_MS)

/* What a task's state is; the rest may outlive the task. */
struct sum_state {
  struct sum *sum;
};

/* --- Life ------------------------------------------------------------------------------------- */

void sum_release(struct sum *sum) {
  if (atomic_fetch_sub(&sum->holds, 1) != 1) return;
  if (sum->folder >= 0) close(sum->folder);
  for (size_t i = 0; i < sum->count; i++) free(sum->entries[i].path);
  free(sum->entries);
  free(sum);
}

/* Jobs that have not begun are taken back; those that run see `stop`. */
static void give_up(struct sum *sum) {
  struct checksum *plugin = sum->plugin;
  atomic_store_explicit(&sum->stop, 1, memory_order_relaxed); /* a wish, which publishes nothing */
  if (sum->listing != 0) plugin->ekd.blocking->job_close(plugin->ctx, sum->listing);
  sum->listing = 0;
  while (sum->active > 0) {
    plugin->ekd.blocking->job_close(plugin->ctx, sum->jobs[--sum->active]);
  }
  if (sum->timer != 0) plugin->ekd.time->close(plugin->ctx, sum->timer);
  sum->timer = 0;
}

static void sum_drop(void *state) {
  struct sum *sum = ((struct sum_state *)state)->sum;
  give_up(sum);
  slots_leave(sum);
  sum_release(sum);
}

static int32_t end_with(struct sum *sum, int32_t code, const char *text) {
  struct checksum *plugin = sum->plugin;
  ekd_error err = ekd_error_init();
  ekd_error_set(&err, code, text);
  plugin->ekd.host->call_reply(plugin->ctx, sum->call, code, EKD_STR(""), &err);
  return EKD_READY;
}

/* --- Jobs ------------------------------------------------------------------------------------- */

/* Whether the list is there; the task is woken when it is. */
static int listing_has_ended(struct sum *sum, ekd_waker waker) {
  struct checksum *plugin = sum->plugin;
  if (sum->listing == 0) return 1;
  int32_t result;
  const int32_t code =
      plugin->ekd.blocking->job_poll(plugin->ctx, sum->listing, waker, &result, NULL);
  if (code == EKD_PENDING) return 0;
  plugin->ekd.blocking->job_close(plugin->ctx, sum->listing);
  sum->listing = 0;
  return 1;
}

static void collect(struct sum *sum, ekd_waker waker) {
  struct checksum *plugin = sum->plugin;
  for (uint32_t i = 0; i < sum->active;) {
    int32_t result;
    const int32_t code =
        plugin->ekd.blocking->job_poll(plugin->ctx, sum->jobs[i], waker, &result, NULL);
    if (code == EKD_PENDING) {
      i++;
      continue;
    }
    plugin->ekd.blocking->job_close(plugin->ctx, sum->jobs[i]);
    sum->jobs[i] = sum->jobs[--sum->active];
    sum->files_done++;
  }
}

/* Starts what there are slots for. Below zero: the daemon takes no job any more. */
static int32_t launch(struct sum *sum, ekd_waker waker) {
  struct checksum *plugin = sum->plugin;
  for (; sum->next < sum->count; sum->next++) {
    struct entry *entry = &sum->entries[sum->next];
    if (entry->state != ENTRY_TO_DO) continue;
    if (!slots_take(sum, waker)) return EKD_OK;
    const int32_t code = hash_submit(sum, entry, &sum->jobs[sum->active], NULL);
    if (code == EKD_OK) {
      sum->active++;
      continue;
    }
    slots_give(plugin);
    return code == EKD_E_DRAINING ? code : EKD_OK; /* no room: again at the next tick */
  }
  return EKD_OK;
}

/* --- The task --------------------------------------------------------------------------------- */

/* Tells how far it is when it is time to. EKD_E_CANCELLED: nobody waits any more. */
static int32_t tick(struct sum *sum, ekd_cx *cx) {
  struct checksum *plugin = sum->plugin;
  const ekd_time_api *time = plugin->ekd.time;
  if (time->poll(plugin->ctx, sum->timer, cx->waker) != EKD_READY) return EKD_OK;
  const int32_t code = report_progress(sum);
  time->arm(plugin->ctx, sum->timer, time->now_ns(plugin->ctx) + TICK_NS);
  time->poll(plugin->ctx, sum->timer, cx->waker);
  return code;
}

static int32_t answer(struct sum *sum) {
  if (report_progress(sum) != EKD_E_CANCELLED) report_answer(sum);
  return EKD_READY;
}

static int32_t sum_poll(void *state, ekd_cx *cx) {
  struct sum *sum = ((struct sum_state *)state)->sum;
  if (cx->cancelled) return end_with(sum, EKD_E_CANCELLED, "the sum was cancelled");
  if (tick(sum, cx) == EKD_E_CANCELLED) return EKD_READY;
  if (!listing_has_ended(sum, cx->waker)) return EKD_PENDING;
  if (sum->code != EKD_OK) return end_with(sum, sum->code, sum->text);
  collect(sum, cx->waker);
  if (launch(sum, cx->waker) != EKD_OK) {
    return end_with(sum, EKD_E_DRAINING, "the plugin is being unloaded");
  }
  /* A job that was started just now has no waker yet, and may have ended already. */
  collect(sum, cx->waker);
  return sum->active == 0 && sum->next == sum->count ? answer(sum) : EKD_PENDING;
}

int32_t sum_register(struct checksum *plugin, ekd_error *err) {
  const ekd_task_type type = {
      .struct_size = sizeof(type),
      .cancel = EKD_CANCEL_ONE_POLL,
      .name = EKD_STR("sum"),
      .poll = sum_poll,
      .drop = sum_drop,
      .state_size = sizeof(struct sum_state),
      .state_align = _Alignof(struct sum_state),
  };
  return plugin->ekd.task->type_register(plugin->ctx, &type, &plugin->sum_type, err);
}

static int32_t begin(struct sum *sum, ekd_error *err) {
  struct checksum *plugin = sum->plugin;
  const ekd_time_api *time = plugin->ekd.time;
  int32_t code = time->create(plugin->ctx, &sum->timer);
  if (code != EKD_OK) return ekd_error_set(err, code, "no timer could be made");
  time->arm(plugin->ctx, sum->timer, time->now_ns(plugin->ctx) + TICK_NS);
  code = listing_submit(sum, &sum->listing, err);
  if (code != EKD_OK) return code;
  const struct sum_state state = {.sum = sum};
  ekd_spawn_options options = {.struct_size = sizeof(options)};
  options.name = ekd_str_from(sum->path);
  if (options.name.size > EKD_NAME_BYTES - 1) options.name.size = EKD_NAME_BYTES - 1;
  code =
      plugin->ekd.task->spawn(plugin->ctx, plugin->sum_type, &state, sizeof(state), &options, NULL);
  return code == EKD_OK ? code : ekd_error_set(err, code, "no task could be started");
}

int32_t sum_start(struct checksum *plugin, ekd_call call, const char *path, ekd_error *err) {
  struct sum *sum = calloc(1, sizeof(*sum));
  if (sum == NULL) return ekd_error_set(err, EKD_E_NO_MEMORY, "no memory for another sum");
  sum->plugin = plugin;
  sum->call = call;
  sum->folder = -1;
  memcpy(sum->path, path, strlen(path) + 1);
  atomic_init(&sum->holds, 1);
  if (!slots_enter(sum)) {
    sum_release(sum);
    return ekd_error_set(err, EKD_E_FULL, "16 sums run already; try again when one has ended");
  }
  const int32_t code = begin(sum, err);
  if (code == EKD_OK) return code; /* it is the task's now */
  give_up(sum);
  slots_leave(sum);
  sum_release(sum);
  return code;
}

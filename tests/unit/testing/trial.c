/* A plugin for the tests of the harness, linked into their program: what plugins do rightly and
 * wrongly, one command each. */
#include "tests/unit/testing/trial.h"

#include <ekiden/json.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static ekd_ctx *instance;
static ekd_services ekiden;
static uint32_t waiting_type, job_type, stuck_type;
static char start_mode[32], drain_mode[32];
static ekd_timer drain_timer;

int trial_release_stuck;
uint64_t trial_drain_deadline_ns;

/* --- Tasks ------------------------------------------------------------------------------------ */

#define ENDS_CALL 0
#define ENDS_LIFECYCLE 1
#define TICKS 2

/* Waits for its timer, then ends what it was begun for. */
struct waiting {
  ekd_timer timer;
  ekd_call call;
  uint64_t period_ns;
  uint64_t ticks;
  int32_t purpose;
};

static uint64_t in_seconds(uint64_t seconds) {
  return ekiden.time->now_ns(instance) + seconds * EKD_NS_PER_S;
}

static int32_t waiting_poll(void *state, ekd_cx *cx) {
  struct waiting *w = state;
  if (cx->cancelled) return EKD_READY;
  while (ekiden.time->poll(instance, w->timer, cx->waker) == EKD_READY) {
    if (w->purpose == ENDS_LIFECYCLE) {
      ekiden.host->lifecycle_done(instance, EKD_OK, NULL);
      return EKD_READY;
    }
    if (w->purpose == ENDS_CALL) {
      ekiden.host->call_reply(instance, w->call, EKD_OK, EKD_STR("\"slept\""), NULL);
      return EKD_READY;
    }
    ekiden.log->write(instance, EKD_LOG_DEBUG, EKD_STR("tick"));
    ekiden.time->arm(instance, w->timer, cx->now_ns + w->period_ns);
  }
  return EKD_PENDING;
}

static void waiting_drop(void *state) {
  ekiden.time->close(instance, ((struct waiting *)state)->timer);
}

static int32_t begin_waiting(struct waiting w, uint64_t until_ns) {
  int32_t code = ekiden.time->create(instance, &w.timer);
  if (code != EKD_OK) return code;
  if (until_ns == UINT64_MAX) drain_timer = w.timer;
  ekiden.time->arm(instance, w.timer, until_ns);
  return ekiden.task->spawn(instance, waiting_type, &w, sizeof(w), NULL, NULL);
}

struct jobbing {
  ekd_call call;
  ekd_job job;
};

static int32_t run_job(void *argument) {
  struct timespec pause = {0, 50 * 1000 * 1000};
  (void)argument;
  while (nanosleep(&pause, &pause) != 0 && errno == EINTR) {
  }
  return 42;
}

static int32_t job_poll(void *state, ekd_cx *cx) {
  struct jobbing *j = state;
  int32_t result = 0;
  int32_t code = EKD_OK;
  if (cx->cancelled) return EKD_READY;
  if (j->job == 0) {
    const ekd_job_options job = {.struct_size = sizeof(job), .run = run_job};
    if (ekiden.blocking->submit(instance, &job, &j->job, NULL) != EKD_OK) return EKD_FAILED;
  }
  code = ekiden.blocking->job_poll(instance, j->job, cx->waker, &result, NULL);
  if (code == EKD_PENDING) return EKD_PENDING;
  ekiden.host->call_reply(instance, j->call, EKD_OK,
                          result == 42 ? EKD_STR("42") : EKD_STR("\"wrong\""), NULL);
  return EKD_READY;
}

static void job_drop(void *state) {
  ekiden.blocking->job_close(instance, ((struct jobbing *)state)->job);
}

/* Holds its worker until it is released. */
static int32_t stuck_poll(void *state, ekd_cx *cx) {
  (void)state;
  (void)cx;
  while (!__atomic_load_n(&trial_release_stuck, __ATOMIC_SEQ_CST)) {
    struct timespec pause = {0, 1000 * 1000};
    nanosleep(&pause, NULL);
  }
  return EKD_READY;
}

/* --- Commands --------------------------------------------------------------------------------- */

static int is(ekd_str text, const char *name) {
  return text.size == strlen(name) && memcmp(text.data, name, text.size) == 0;
}

static int32_t leak_timer(void) {
  ekd_timer timer;
  return ekiden.time->create(instance, &timer);
}

static int32_t leak_memory(void) {
  return ekiden.memory->alloc(instance, 1000, 16) != NULL ? EKD_OK : EKD_E_NO_MEMORY;
}

static int32_t command(void *self, ekd_call call, ekd_str method, ekd_str params, ekd_error *err) {
  const struct waiting sleeping = {.call = call, .purpose = ENDS_CALL};
  const struct waiting ticker = {.period_ns = EKD_NS_PER_S, .purpose = TICKS};
  const struct jobbing jobbing = {.call = call};
  int32_t code = EKD_OK;
  (void)self;
  if (is(method, "sleep")) return begin_waiting(sleeping, in_seconds(3600));
  if (is(method, "forget")) return EKD_OK;
  if (is(method, "refuse")) return ekd_error_set(err, -1234, "not on a Sunday");
  if (is(method, "job")) {
    return ekiden.task->spawn(instance, job_type, &jobbing, sizeof(jobbing), NULL, NULL);
  }
  if (is(method, "echo")) {
    return ekiden.host->call_reply(instance, call, EKD_OK, params, NULL);
  }
  if (is(method, "tick")) {
    code = begin_waiting(ticker, in_seconds(1));
  } else if (is(method, "leak_timer")) {
    code = leak_timer();
  } else if (is(method, "leak_memory")) {
    code = leak_memory();
  } else if (is(method, "stick")) {
    code = ekiden.task->spawn(instance, stuck_type, NULL, 0, NULL, NULL);
  } else if (!is(method, "nothing")) {
    return ekd_error_set(err, EKD_E_NOT_FOUND, "trial has no such method");
  }
  if (code != EKD_OK) return ekd_error_set(err, code, "the host refused it");
  return ekiden.host->call_reply(instance, call, EKD_OK, EKD_STR(""), NULL);
}

/* --- Life ------------------------------------------------------------------------------------- */

static int32_t read_config(ekd_str config, ekd_error *err) {
  struct ekd_json json = ekd_json_of(config);
  start_mode[0] = drain_mode[0] = '\0';
  while (ekd_json_next(&json)) {
    char *mode = ekd_json_is(&json, "start") ? start_mode : drain_mode;
    if (ekd_json_is(&json, "init")) return ekd_error_set(err, -2000, json.text);
    snprintf(mode, sizeof(start_mode), "%.*s", (int)sizeof(start_mode) - 1, json.text);
  }
  return json.problem == NULL ? EKD_OK : ekd_error_set(err, EKD_E_INVALID, json.problem);
}

static int32_t register_type(const char *name, ekd_poll_fn poll, ekd_drop_fn drop, uint64_t size,
                             uint32_t *out, ekd_error *err) {
  const ekd_task_type type = {.struct_size = sizeof(type),
                              .name = ekd_str_from(name),
                              .poll = poll,
                              .drop = drop,
                              .state_size = size};
  return ekiden.task->type_register(instance, &type, out, err);
}

static int32_t init(ekd_ctx *ctx, const ekd_host *host, ekd_str config, void **out_self,
                    ekd_error *err) {
  int32_t code = EKD_OK;
  (void)out_self;
  instance = ctx;
  trial_drain_deadline_ns = 0;
  if (ekd_services_get(host, &ekiden, err) != EKD_OK) return EKD_E_UNSUPPORTED;
  code = read_config(config, err);
  if (code != EKD_OK) return code;
  ekiden.log->write(instance, EKD_LOG_INFO, EKD_STR("initialised"));
  code = register_type("waiting", waiting_poll, waiting_drop, sizeof(struct waiting), &waiting_type,
                       err);
  if (code != EKD_OK) return code;
  code = register_type("stuck", stuck_poll, NULL, 0, &stuck_type, err);
  if (code != EKD_OK) return code;
  return register_type("jobbing", job_poll, job_drop, sizeof(struct jobbing), &job_type, err);
}

static int32_t start(void *self, ekd_error *err) {
  const struct waiting starting = {.purpose = ENDS_LIFECYCLE};
  (void)self;
  if (strcmp(start_mode, "fail") == 0) return ekd_error_set(err, -2001, "no port is free");
  if (strcmp(drain_mode, "timer") == 0) return begin_waiting(starting, UINT64_MAX);
  if (strcmp(start_mode, "pending") != 0) return EKD_OK;
  return begin_waiting(starting, in_seconds(60)) == EKD_OK ? EKD_PENDING : EKD_E_FAILED;
}

/* From here on nothing can be created: what ends it was made by start. */
static int32_t drain(void *self, uint64_t deadline_ns, ekd_error *err) {
  (void)self;
  (void)err;
  trial_drain_deadline_ns = deadline_ns;
  if (strcmp(drain_mode, "timer") == 0) {
    ekiden.time->arm(instance, drain_timer, in_seconds(30));
    return EKD_PENDING;
  }
  if (strcmp(drain_mode, "never") == 0) return EKD_PENDING;
  return EKD_OK;
}

const ekd_plugin_desc trial_plugin = {
    .magic = EKD_PLUGIN_MAGIC,
    .struct_size = sizeof(ekd_plugin_desc),
    .abi_major = EKD_ABI_MAJOR,
    .abi_minor = EKD_ABI_MINOR,
    .name = "trial",
    .version = "1.0.0",
    .init = init,
    .start = start,
    .drain = drain,
    .command = command,
};

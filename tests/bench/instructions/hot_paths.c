/* Goes along one hot path n times, and tells callgrind when to count.
 *
 *   begin                        from here on callgrind counts what this worker does
 *   run {"path":"…","n":…}       answers when it is done
 *   end                          callgrind writes down what it has counted, and stops
 *
 * Counting is a thread's own: what the control server, the monitor and the lifecycle thread do
 * meanwhile is not in it. For a daemon with one worker: what is static here, that one alone uses.
 */
#include <ekiden/json.h>
#include <ekiden/plugin.h>
#include <string.h>
#include <valgrind/callgrind.h>

static ekd_ctx *own;
static ekd_services ekd;

/* --- What the paths share --------------------------------------------------------------------- */

/* A path: `begin` on the worker, in the runner's poll; the last of its tasks calls finish(). */
struct path {
  const char *name;
  int32_t (*register_types)(ekd_error *err);
  int32_t (*begin)(uint64_t n);
};

static uint64_t left; /* operations to go */
static ekd_waker runner;
static int finished;

static void finish(void) {
  finished = 1;
  ekd.task->wake(runner);
}

static int32_t register_type(const char *name, ekd_poll_fn poll, uint64_t state_size,
                             uint32_t *out_type, ekd_error *err) {
  const ekd_task_type type = {
      .struct_size = sizeof(type),
      .cancel = EKD_CANCEL_DROP_NOW,
      .name = ekd_str_from(name),
      .poll = poll,
      .state_size = state_size,
  };
  return ekd.task->type_register(own, &type, out_type, err);
}

static int32_t spawn(uint32_t type, const void *state, uint64_t size) {
  return ekd.task->spawn(own, type, state, size, NULL, NULL);
}

/* --- spawn: a task of 8 bytes of state, from its spawn to its end ------------------------------
 */

static uint32_t spawner_type, empty_type;

static int32_t empty_poll(void *state, ekd_cx *cx) {
  (void)state;
  (void)cx;
  if (--left == 0) finish();
  return EKD_READY;
}

static int32_t spawner_poll(void *state, ekd_cx *cx) {
  (void)cx;
  uint64_t *to_spawn = state;
  for (; *to_spawn > 0; --*to_spawn) {
    int32_t code = spawn(empty_type, to_spawn, sizeof(*to_spawn));
    if (code == EKD_E_FULL) return EKD_YIELD;
    if (code != EKD_OK) return EKD_FAILED;
  }
  return EKD_READY;
}

static int32_t spawn_types(ekd_error *err) {
  int32_t code = register_type("spawner", spawner_poll, sizeof(uint64_t), &spawner_type, err);
  if (code != EKD_OK) return code;
  return register_type("empty", empty_poll, sizeof(uint64_t), &empty_type, err);
}

static int32_t spawn_begin(uint64_t n) { return spawn(spawner_type, &n, sizeof(n)); }

/* --- yield: one of ten tasks that take turns ---------------------------------------------------
 */

#define YIELDERS 10

static uint32_t yielder_type;
static unsigned yielders;

static int32_t yielder_poll(void *state, ekd_cx *cx) {
  (void)state;
  (void)cx;
  if (left > 0) {
    --left;
    return EKD_YIELD;
  }
  if (--yielders == 0) finish();
  return EKD_READY;
}

static int32_t yield_types(ekd_error *err) {
  return register_type("yielder", yielder_poll, 0, &yielder_type, err);
}

static int32_t yield_begin(uint64_t n) {
  (void)n;
  int32_t code = EKD_OK;
  for (yielders = 0; yielders < YIELDERS && code == EKD_OK; yielders++)
    code = spawn(yielder_type, NULL, 0);
  return code;
}

/* --- wake: two tasks that wake each other and wait ----------------------------------------------
 */

static uint32_t player_type;
static ekd_waker players[2]; /* 0: not polled yet, or over */

static int32_t player_poll(void *state, ekd_cx *cx) {
  const uint64_t me = *(const uint64_t *)state;
  ekd_waker partner = players[1 - me];
  if (left == 0) {
    players[me] = 0;
    if (partner == 0) {
      finish();
    } else {
      ekd.task->wake(partner);
    }
    return EKD_READY;
  }
  players[me] = cx->waker;
  if (partner == 0) return EKD_PENDING;
  --left;
  ekd.task->wake(partner);
  return EKD_PENDING;
}

static int32_t wake_types(ekd_error *err) {
  return register_type("player", player_poll, sizeof(uint64_t), &player_type, err);
}

static int32_t wake_begin(uint64_t n) {
  (void)n;
  players[0] = players[1] = 0;
  int32_t code = EKD_OK;
  for (uint64_t i = 0; i < 2 && code == EKD_OK; i++) code = spawn(player_type, &i, sizeof(i));
  return code;
}

/* --- timer: made, armed for some seconds, waited for once, closed --------------------------------
 */

static uint32_t timer_type;

/* A limit on how long something may last: it never comes. */
static int32_t use_timer(const ekd_cx *cx, uint64_t seconds) {
  ekd_timer timer = 0;
  if (ekd.time->create(own, &timer) != EKD_OK) return EKD_E_FAILED;
  uint64_t deadline = cx->now_ns + seconds * EKD_NS_PER_S;
  if (ekd.time->arm(own, timer, deadline) != EKD_OK) return EKD_E_FAILED;
  if (ekd.time->poll(own, timer, cx->waker) != EKD_PENDING) return EKD_E_FAILED;
  return ekd.time->close(own, timer);
}

static int32_t timer_poll(void *state, ekd_cx *cx) {
  (void)state;
  for (; left > 0; left--) {
    if (use_timer(cx, 1 + left % 60) != EKD_OK) return EKD_FAILED;
  }
  finish();
  return EKD_READY;
}

static int32_t timer_types(ekd_error *err) {
  return register_type("timer", timer_poll, 0, &timer_type, err);
}

static int32_t timer_begin(uint64_t n) {
  (void)n;
  return spawn(timer_type, NULL, 0);
}

/* --- Running a path -----------------------------------------------------------------------------
 */

static const struct path paths[] = {
    {"spawn", spawn_types, spawn_begin},
    {"yield", yield_types, yield_begin},
    {"wake", wake_types, wake_begin},
    {"timer", timer_types, timer_begin},
};
#define PATHS (sizeof(paths) / sizeof(paths[0]))

struct run {
  ekd_call call;
  const struct path *path;
  uint64_t n;
  uint64_t begun;
};

static uint32_t run_type;

/* The end of a task that does what a command asked for. */
static int32_t answer(ekd_call call, int32_t code) {
  ekd.host->call_reply(own, call, code, EKD_STR(""), NULL);
  return EKD_READY;
}

static int32_t run_poll(void *state, ekd_cx *cx) {
  struct run *self = state;
  if (!self->begun) {
    self->begun = 1;
    finished = 0;
    left = self->n;
    runner = cx->waker;
    int32_t code = self->path->begin(self->n);
    if (code != EKD_OK) return answer(self->call, code);
  }
  return finished ? answer(self->call, EKD_OK) : EKD_PENDING;
}

/* --- Counting -----------------------------------------------------------------------------------
 */

struct mark {
  ekd_call call;
  uint64_t begins;
};

static uint32_t mark_type;

static int32_t mark_poll(void *state, ekd_cx *cx) {
  (void)cx;
  const struct mark *self = state;
  if (self->begins) {
    CALLGRIND_ZERO_STATS;
    CALLGRIND_TOGGLE_COLLECT;
  } else {
    CALLGRIND_TOGGLE_COLLECT;
    CALLGRIND_DUMP_STATS;
  }
  return answer(self->call, EKD_OK);
}

/* --- Commands ------------------------------------------------------------------------------------
 */

static int is(ekd_str text, const char *name) {
  return text.size == strlen(name) && memcmp(text.data, name, text.size) == 0;
}

static int32_t read_run(ekd_str params, struct run *out, ekd_error *err) {
  struct ekd_json json = ekd_json_of(params);
  while (ekd_json_next(&json)) {
    if (ekd_json_is(&json, "n") && json.kind == EKD_JSON_NUMBER) out->n = json.number;
    if (!ekd_json_is(&json, "path") || json.kind != EKD_JSON_TEXT) continue;
    for (size_t i = 0; i < PATHS; i++) {
      if (strcmp(paths[i].name, json.text) == 0) out->path = &paths[i];
    }
  }
  if (json.problem == NULL && out->path != NULL && out->n > 0) return EKD_OK;
  return ekd_error_set(err, EKD_E_INVALID, "run takes {\"path\":\"…\",\"n\":…}");
}

static int32_t command(void *self, ekd_call call, ekd_str method, ekd_str params, ekd_error *err) {
  (void)self;
  if (is(method, "begin") || is(method, "end")) {
    const struct mark mark = {.call = call, .begins = is(method, "begin")};
    return spawn(mark_type, &mark, sizeof(mark));
  }
  if (!is(method, "run")) return ekd_error_set(err, EKD_E_NOT_FOUND, "no such method");
  struct run run = {.call = call};
  int32_t code = read_run(params, &run, err);
  return code == EKD_OK ? spawn(run_type, &run, sizeof(run)) : code;
}

static int32_t init(ekd_ctx *ctx, const ekd_host *host, ekd_str config, void **out_self,
                    ekd_error *err) {
  (void)config;
  (void)out_self;
  own = ctx;
  int32_t code = ekd_services_get(host, &ekd, err);
  if (code == EKD_OK) code = register_type("run", run_poll, sizeof(struct run), &run_type, err);
  if (code == EKD_OK) code = register_type("mark", mark_poll, sizeof(struct mark), &mark_type, err);
  for (size_t i = 0; i < PATHS && code == EKD_OK; i++) code = paths[i].register_types(err);
  return code;
}

EKD_EXPORT const ekd_plugin_desc ekd_plugin = {
    .magic = EKD_PLUGIN_MAGIC,
    .struct_size = sizeof(ekd_plugin_desc),
    .abi_major = EKD_ABI_MAJOR,
    .abi_minor = EKD_ABI_MINOR,
    .name = "hot_paths",
    .version = "1.0.0",
    .init = init,
    .command = command,
};

/* The smallest useful plugin: one task, one timer, one command. Copy it and begin.
 *
 *   $ ekidenctl call hello_c greet '{"name":"Ada"}'
 *   {"greeting":"Hello, Ada!"}
 *
 * A greeting is a task: it waits for its timer, answers the caller and ends. While nobody asks for
 * one there is no task and no timer, so an idle plugin never wakes the machine. */
#include <ekiden/plugin.h>
#include <string.h>

#define THINKING_TIME_NS (10 * EKD_NS_PER_MS)
#define NAME_BYTES_MAX 256

/* Plain statics will do: every load maps a fresh copy of the file, so each instance has its own. */
static ekd_ctx *instance;   /* who we are, in every call to the host */
static ekd_services ekiden; /* the host's function tables */
static uint32_t greeting_type;

/* --- The task --------------------------------------------------------------------------------- */

/* A task's state lives in the host's memory, from spawn until drop. */
struct greeting {
  ekd_call call;   /* who waits for the answer */
  ekd_timer timer; /* armed already; ours to close */
  uint32_t name_size;
  char name[NAME_BYTES_MAX]; /* as it stood in the JSON text, escapes and all */
};

static void answer(const struct greeting *greeting) {
  static const char head[] = "{\"greeting\":\"Hello, ", tail[] = "!\"}";
  char json[sizeof(head) + NAME_BYTES_MAX + sizeof(tail)];
  size_t size = 0;
  memcpy(json, head, sizeof(head) - 1);
  size += sizeof(head) - 1;
  memcpy(json + size, greeting->name, greeting->name_size);
  size += greeting->name_size;
  memcpy(json + size, tail, sizeof(tail) - 1);
  size += sizeof(tail) - 1;
  ekiden.host->call_reply(instance, greeting->call, EKD_OK, ekd_str_of(json, size), NULL);
}

/* Runs on a worker whenever the task was woken, never on two at a time. It must not block: when
 * there is nothing to do yet, it leaves its waker with what it awaits and answers EKD_PENDING. */
static int32_t greeting_poll(void *state, ekd_cx *cx) {
  struct greeting *greeting = state;
  if (cx->cancelled) { /* the plugin unloads, or an operator cancelled the task */
    ekd_error err = ekd_error_init();
    ekd_error_set(&err, EKD_E_CANCELLED, "the greeting was cancelled");
    ekiden.host->call_reply(instance, greeting->call, err.code, EKD_STR(""), &err);
    return EKD_READY;
  }
  if (ekiden.time->poll(instance, greeting->timer, cx->waker) == EKD_PENDING) return EKD_PENDING;
  answer(greeting);
  return EKD_READY;
}

/* Runs exactly once, after the last poll: give back what the state holds. */
static void greeting_drop(void *state) {
  ekiden.time->close(instance, ((struct greeting *)state)->timer);
}

/* --- The command ------------------------------------------------------------------------------ */

/* Behind spaces and `token`, or NULL if the text goes on otherwise. NULL in, NULL out. */
static const char *expect(const char *at, const char *end, const char *token) {
  if (at == NULL) return NULL;
  while (at != end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
    at++;
  for (; *token != '\0'; token++, at++) {
    if (at == end || *at != *token) return NULL;
  }
  return at;
}

/* The bytes between the quotes in {"name":"…"}. What the host hands over is valid JSON, so they are
 * fit to stand in another JSON text as they are, and their escapes need not be understood. */
static int32_t read_name(ekd_str params, ekd_str *out_name) {
  if (params.size == 0) return EKD_E_INVALID;
  const char *end = params.data + params.size;
  const char *at = expect(params.data, end, "{");
  at = expect(expect(at, end, "\"name\""), end, ":");
  const char *name = at = expect(at, end, "\"");
  while (at != NULL && at != end && *at != '"') {
    if (*at == '\\' && end - at > 1) at++; /* what follows it is no end of the text */
    at++;
  }
  if (at == NULL || at == end) return EKD_E_INVALID;
  *out_name = ekd_str_of(name, (uint64_t)(at - name));
  at = expect(expect(at, end, "\""), end, "}");
  return (at != NULL && expect(at, end, "") == end) ? EKD_OK : EKD_E_INVALID;
}

static int32_t greet(ekd_call call, ekd_str params, ekd_error *err) {
  ekd_str name;
  if (read_name(params, &name) != EKD_OK) {
    return ekd_error_set(err, EKD_E_INVALID, "greet takes {\"name\":\"…\"} and nothing else");
  }
  if (name.size > NAME_BYTES_MAX) {
    return ekd_error_set(err, EKD_E_TOO_BIG, "the name is longer than 256 bytes");
  }
  struct greeting greeting = {.call = call, .name_size = (uint32_t)name.size};
  memcpy(greeting.name, name.data, name.size);

  int32_t code = ekiden.time->create(instance, &greeting.timer);
  if (code != EKD_OK) return ekd_error_set(err, code, "no timer could be made");
  ekiden.time->arm(instance, greeting.timer, ekiden.time->now_ns(instance) + THINKING_TIME_NS);
  code = ekiden.task->spawn(instance, greeting_type, &greeting, sizeof(greeting), NULL, NULL);
  if (code != EKD_OK) { /* nothing was taken: the timer is still ours */
    ekiden.time->close(instance, greeting.timer);
    return ekd_error_set(err, code, "no task could be started for the greeting");
  }
  return EKD_OK; /* the task will answer */
}

/* Like all of the plugin's callbacks, on its lifecycle thread. A code below zero is the answer. */
static int32_t command(void *self, ekd_call call, ekd_str method, ekd_str params, ekd_error *err) {
  (void)self;
  if (method.size == 5 && memcmp(method.data, "greet", 5) == 0) return greet(call, params, err);
  return ekd_error_set(err, EKD_E_NOT_FOUND, "hello_c knows one method, greet");
}

/* --- The plugin ------------------------------------------------------------------------------- */

static int32_t init(ekd_ctx *ctx, const ekd_host *host, ekd_str config, void **out_self,
                    ekd_error *err) {
  (void)out_self;
  const char *end = config.data + config.size;
  if (expect(expect(config.data, end, "{"), end, "}") == NULL) {
    return ekd_error_set(err, EKD_E_INVALID, "hello_c has no settings: its config must be {}");
  }
  instance = ctx;
  int32_t code = ekd_services_get(host, &ekiden, err);
  if (code != EKD_OK) return code;
  const ekd_task_type type = {
      .struct_size = sizeof(type),
      .cancel = EKD_CANCEL_ONE_POLL,
      .name = EKD_STR("greeting"),
      .poll = greeting_poll,
      .drop = greeting_drop,
      .state_size = sizeof(struct greeting),
      .state_align = _Alignof(struct greeting),
  };
  return ekiden.task->type_register(instance, &type, &greeting_type, err);
}

/* The one exported symbol: its name must be the file's, hello_c.so. */
EKD_EXPORT const ekd_plugin_desc ekd_plugin = {
    .magic = EKD_PLUGIN_MAGIC,
    .struct_size = sizeof(ekd_plugin_desc),
    .abi_major = EKD_ABI_MAJOR,
    .abi_minor = EKD_ABI_MINOR,
    .name = "hello_c",
    .version = "1.0.0",
    .init = init,
    .command = command,
};

/* @NAME@: a plugin of the Ekiden daemon, to begin from.
 *
 *   $ ekidenctl call @NAME@ greet '{"name":"Ada"}'
 *   {"greeting":"Hello, Ada!"}
 *
 * A greeting is a task: it waits for its timer, answers the caller and ends. While nobody asks for
 * one there is no task and no timer, so an idle plugin never wakes the machine. */
#include <ekiden/json.h>
#include <ekiden/plugin.h>
#include <stdio.h>
#include <string.h>

/* Plain statics will do: every load maps a fresh copy of the file, so each instance has its own. */
static ekd_ctx *instance;   /* who we are, in every call to the host */
static ekd_services ekiden; /* the host's function tables */
static uint32_t greeting_type;

/* --- Configuration: plugins.settings.@NAME@.config in the daemon's file --- */

static const char config_schema[] =
    "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
    "\"delay_ms\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":60000,\"default\":10}}}";

static uint64_t delay_ms = 10; /* how long a greeting takes */

static int32_t read_config(ekd_str config, ekd_error *err) {
  struct ekd_json json = ekd_json_of(config);
  while (ekd_json_next(&json)) {
    if (!ekd_json_is(&json, "delay_ms")) {
      return ekd_error_set(err, EKD_E_INVALID, "unknown key in the config; there is delay_ms");
    }
    if (json.kind != EKD_JSON_NUMBER || json.number > 60000) {
      return ekd_error_set(err, EKD_E_INVALID, "delay_ms must be a whole number up to 60000");
    }
    delay_ms = json.number;
  }
  return json.problem == NULL ? EKD_OK : ekd_error_set(err, EKD_E_INVALID, json.problem);
}

/* --- The task ----------------------------------------------------------------------------------
 */

/* A task's state lives in the host's memory, from spawn until drop. */
struct greeting {
  ekd_call call;   /* who waits for the answer */
  ekd_timer timer; /* armed already; ours to close */
  char name[EKD_JSON_TEXT_BYTES];
};

static void answer(const struct greeting *greeting) {
  char text[EKD_JSON_TEXT_BYTES + 16];
  char quoted[6 * sizeof(text)]; /* a character may take six when it is quoted */
  char json[sizeof(quoted) + 32];
  snprintf(text, sizeof(text), "Hello, %s!", greeting->name);
  ekd_json_quote(quoted, sizeof(quoted), ekd_str_from(text));
  snprintf(json, sizeof(json), "{\"greeting\":%s}", quoted);
  ekiden.host->call_reply(instance, greeting->call, EKD_OK, ekd_str_from(json), NULL);
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

/* --- The command -------------------------------------------------------------------------------
 */

static int32_t greet(ekd_call call, ekd_str params, ekd_error *err) {
  struct greeting greeting = {.call = call};
  struct ekd_json json = ekd_json_of(params);
  while (ekd_json_next(&json)) {
    if (!ekd_json_is(&json, "name") || json.kind != EKD_JSON_TEXT) {
      return ekd_error_set(err, EKD_E_INVALID, "greet takes {\"name\":\"…\"} and nothing else");
    }
    memcpy(greeting.name, json.text, sizeof(greeting.name));
  }
  if (json.problem != NULL) return ekd_error_set(err, EKD_E_INVALID, json.problem);

  int32_t code = ekiden.time->create(instance, &greeting.timer);
  if (code != EKD_OK) return ekd_error_set(err, code, "no timer could be made");
  ekiden.time->arm(instance, greeting.timer,
                   ekiden.time->now_ns(instance) + delay_ms * EKD_NS_PER_MS);
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
  return ekd_error_set(err, EKD_E_NOT_FOUND, "there is one method, greet");
}

/* --- The plugin --------------------------------------------------------------------------------
 */

static int32_t init(ekd_ctx *ctx, const ekd_host *host, ekd_str config, void **out_self,
                    ekd_error *err) {
  (void)out_self;
  instance = ctx;
  int32_t code = ekd_services_get(host, &ekiden, err);
  if (code == EKD_OK) code = read_config(config, err);
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

/* The one exported symbol: its name must be the file's, @NAME@.so. */
EKD_EXPORT const ekd_plugin_desc ekd_plugin = {
    .magic = EKD_PLUGIN_MAGIC,
    .struct_size = sizeof(ekd_plugin_desc),
    .abi_major = EKD_ABI_MAJOR,
    .abi_minor = EKD_ABI_MINOR,
    .name = "@NAME@",
    .version = "0.1.0",
    .config_schema = config_schema,
    .init = init,
    .command = command,
};

/* Sends numbers to the channel "numbers", for a plugin that it knows nothing of.
 *
 *   feed {"first":1,"count":5}   from a task of its own, which waits where the channel is full;
 *                                answered when the task is there
 *   hoard                        opens an end and allocates a buffer, and forgets both */
#include <ekiden/json.h>
#include <ekiden/plugin.h>
#include <string.h>

static ekd_ctx *instance;
static ekd_services ekiden;
static const ekd_channel_api *channel;
static uint32_t feeding_type;

static int32_t open_sender(ekd_sender *out, ekd_error *err) {
  const ekd_channel_options options = {.struct_size = sizeof(options), .capacity = 4};
  return channel->open_sender(instance, EKD_STR("numbers"), &options, out, err);
}

struct feeding {
  ekd_sender sender;
  ekd_buffer buffer; /* that has found no room yet; 0: none */
  uint64_t next;
  uint64_t left;
};

static int32_t feeding_poll(void *state, ekd_cx *cx) {
  struct feeding *feeding = state;
  if (cx->cancelled) return EKD_READY;
  for (; feeding->left > 0; feeding->left--) {
    if (feeding->buffer == 0) {
      void *data;
      if (channel->buffer_alloc(instance, sizeof(uint64_t), &feeding->buffer, &data) != EKD_OK) {
        return EKD_FAILED;
      }
      memcpy(data, &feeding->next, sizeof(uint64_t));
      feeding->next++;
    }
    const int32_t code = channel->send_poll(instance, feeding->sender, feeding->buffer, cx->waker);
    if (code != EKD_READY) return code == EKD_PENDING ? EKD_PENDING : EKD_FAILED;
    feeding->buffer = 0;
  }
  return EKD_READY;
}

static void feeding_drop(void *state) {
  struct feeding *feeding = state;
  channel->sender_close(instance, feeding->sender);
  if (feeding->buffer != 0) channel->buffer_release(instance, feeding->buffer);
}

static int32_t feed(ekd_call call, ekd_str params, ekd_error *err) {
  struct feeding feeding = {0};
  struct ekd_json json = ekd_json_of(params);
  while (ekd_json_next(&json)) {
    if (ekd_json_is(&json, "first")) feeding.next = json.number;
    if (ekd_json_is(&json, "count")) feeding.left = json.number;
  }
  int32_t code = open_sender(&feeding.sender, err);
  if (code != EKD_OK) return code;
  code = ekiden.task->spawn(instance, feeding_type, &feeding, sizeof(feeding), NULL, NULL);
  if (code != EKD_OK) {
    channel->sender_close(instance, feeding.sender);
    return ekd_error_set(err, code, "the task was refused");
  }
  return ekiden.host->call_reply(instance, call, EKD_OK, EKD_STR("null"), NULL);
}

static int32_t hoard(ekd_call call, ekd_error *err) {
  ekd_sender sender;
  ekd_buffer buffer;
  void *data;
  const int32_t code = open_sender(&sender, err);
  if (code != EKD_OK) return code;
  channel->buffer_alloc(instance, 1000, &buffer, &data);
  return ekiden.host->call_reply(instance, call, EKD_OK, EKD_STR("null"), NULL);
}

static int32_t command(void *self, ekd_call call, ekd_str method, ekd_str params, ekd_error *err) {
  (void)self;
  if (method.size == 4 && memcmp(method.data, "feed", 4) == 0) return feed(call, params, err);
  if (method.size == 5 && memcmp(method.data, "hoard", 5) == 0) return hoard(call, err);
  return ekd_error_set(err, EKD_E_NOT_FOUND, "it has the methods feed and hoard");
}

static int32_t init(ekd_ctx *ctx, const ekd_host *host, ekd_str config, void **out_self,
                    ekd_error *err) {
  (void)config;
  (void)out_self;
  instance = ctx;
  if (ekd_services_get(host, &ekiden, err) != EKD_OK) return EKD_E_UNSUPPORTED;
  channel = host->get_ext(EKD_CHANNEL_ID, sizeof(ekd_channel_api));
  const ekd_task_type type = {.struct_size = sizeof(type),
                              .name = EKD_STR("feeding"),
                              .poll = feeding_poll,
                              .drop = feeding_drop,
                              .state_size = sizeof(struct feeding)};
  return ekiden.task->type_register(ctx, &type, &feeding_type, err);
}

static const char *const services[] = {EKD_CHANNEL_ID, NULL};

EKD_EXPORT const ekd_plugin_desc ekd_plugin = {
    .magic = EKD_PLUGIN_MAGIC,
    .struct_size = sizeof(ekd_plugin_desc),
    .abi_major = EKD_ABI_MAJOR,
    .abi_minor = EKD_ABI_MINOR,
    .host_minor_min = 3,
    .name = "feeder",
    .version = "1.0.0",
    .requires_ext = services,
    .init = init,
    .command = command,
};

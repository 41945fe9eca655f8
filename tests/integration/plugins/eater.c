/* Receives numbers from the channel "numbers", for a plugin that it knows nothing of.
 *
 *   eat {"count":4}   from a task, which waits where there is none; answered with their sum and
 * with how many they were: fewer, if the channel was closed close             closes the channel */
#include <ekiden/json.h>
#include <ekiden/plugin.h>
#include <stdio.h>
#include <string.h>

static ekd_ctx *instance;
static ekd_services ekiden;
static const ekd_channel_api *channel;
static uint32_t eating_type;

static int32_t open_receiver(ekd_receiver *out, ekd_error *err) {
  const ekd_channel_options options = {.struct_size = sizeof(options), .capacity = 4};
  return channel->open_receiver(instance, EKD_STR("numbers"), &options, out, err);
}

struct eating {
  ekd_call call;
  ekd_receiver receiver;
  uint64_t wanted;
  uint64_t eaten;
  uint64_t sum;
};

static int32_t answer(const struct eating *eating) {
  char json[80];
  const int size = snprintf(json, sizeof(json), "{\"sum\":%llu,\"count\":%llu}",
                            (unsigned long long)eating->sum, (unsigned long long)eating->eaten);
  ekiden.host->call_reply(instance, eating->call, EKD_OK, ekd_str_of(json, (uint64_t)size), NULL);
  return EKD_READY;
}

static int32_t eating_poll(void *state, ekd_cx *cx) {
  struct eating *eating = state;
  if (cx->cancelled) return EKD_READY;
  while (eating->eaten < eating->wanted) {
    ekd_buffer buffer;
    const void *data;
    uint64_t size, number;
    const int32_t code = channel->recv_poll(instance, eating->receiver, cx->waker, &buffer);
    if (code == EKD_PENDING) return EKD_PENDING;
    if (code == EKD_E_CLOSED) break;
    if (code != EKD_READY) return EKD_FAILED;
    if (channel->buffer_data(instance, buffer, &data, &size) != EKD_OK) return EKD_FAILED;
    if (size != sizeof(number)) return EKD_FAILED;
    memcpy(&number, data, sizeof(number));
    channel->buffer_release(instance, buffer);
    eating->sum += number;
    eating->eaten++;
  }
  return answer(eating);
}

static void eating_drop(void *state) {
  channel->receiver_close(instance, ((struct eating *)state)->receiver);
}

static int32_t eat(ekd_call call, ekd_str params, ekd_error *err) {
  struct eating eating = {.call = call};
  struct ekd_json json = ekd_json_of(params);
  while (ekd_json_next(&json)) {
    if (ekd_json_is(&json, "count")) eating.wanted = json.number;
  }
  int32_t code = open_receiver(&eating.receiver, err);
  if (code != EKD_OK) return code;
  code = ekiden.task->spawn(instance, eating_type, &eating, sizeof(eating), NULL, NULL);
  if (code == EKD_OK) return EKD_OK;
  channel->receiver_close(instance, eating.receiver);
  return ekd_error_set(err, code, "the task was refused");
}

static int32_t close_channel(ekd_call call, ekd_error *err) {
  ekd_receiver receiver;
  const int32_t code = open_receiver(&receiver, err);
  if (code != EKD_OK) return code;
  channel->channel_close(instance, receiver);
  channel->receiver_close(instance, receiver);
  return ekiden.host->call_reply(instance, call, EKD_OK, EKD_STR("null"), NULL);
}

static int32_t command(void *self, ekd_call call, ekd_str method, ekd_str params, ekd_error *err) {
  (void)self;
  if (method.size == 3 && memcmp(method.data, "eat", 3) == 0) return eat(call, params, err);
  if (method.size == 5 && memcmp(method.data, "close", 5) == 0) return close_channel(call, err);
  return ekd_error_set(err, EKD_E_NOT_FOUND, "it has the methods eat and close");
}

static int32_t init(ekd_ctx *ctx, const ekd_host *host, ekd_str config, void **out_self,
                    ekd_error *err) {
  (void)config;
  (void)out_self;
  instance = ctx;
  if (ekd_services_get(host, &ekiden, err) != EKD_OK) return EKD_E_UNSUPPORTED;
  channel = host->get_ext(EKD_CHANNEL_ID, sizeof(ekd_channel_api));
  const ekd_task_type type = {.struct_size = sizeof(type),
                              .name = EKD_STR("eating"),
                              .poll = eating_poll,
                              .drop = eating_drop,
                              .state_size = sizeof(struct eating)};
  return ekiden.task->type_register(ctx, &type, &eating_type, err);
}

static const char *const services[] = {EKD_CHANNEL_ID, NULL};

EKD_EXPORT const ekd_plugin_desc ekd_plugin = {
    .magic = EKD_PLUGIN_MAGIC,
    .struct_size = sizeof(ekd_plugin_desc),
    .abi_major = EKD_ABI_MAJOR,
    .abi_minor = EKD_ABI_MINOR,
    .host_minor_min = 3,
    .name = "eater",
    .version = "1.0.0",
    .requires_ext = services,
    .init = init,
    .command = command,
};

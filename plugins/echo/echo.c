#include "echo.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- Lifecycle -------------------------------------------------------------------------------- */

static int32_t echo_init(ekd_ctx *ctx, const ekd_host *host, ekd_str config, void **out_self,
                         ekd_error *err) {
  struct echo *echo = calloc(1, sizeof(*echo));
  if (echo == NULL) return ekd_error_set(err, EKD_E_NO_MEMORY, "no memory for the server");
  echo->ctx = ctx;
  int32_t code = ekd_services_get(host, &echo->ekd, err);
  if (code == EKD_OK) code = echo_config_read(config, &echo->config, err);
  if (code == EKD_OK) code = connection_register(echo, err);
  if (code != EKD_OK) {
    free(echo);
    return code;
  }
  *out_self = echo;
  return EKD_OK;
}

static void log_address(struct echo *echo) {
  char line[ECHO_ADDRESS_BYTES + 32];
  snprintf(line, sizeof(line), "listening on %s", echo->listen.address);
  echo->ekd.log->write(echo->ctx, EKD_LOG_INFO, ekd_str_from(line));
}

static int32_t echo_start(void *self, ekd_error *err) {
  struct echo *echo = self;
  echo->listen = (struct ekd_listen){.ctx = echo->ctx,
                                     .ekd = &echo->ekd,
                                     .max_connections = echo->config.max_connections,
                                     .take = connection_start,
                                     .self = echo};
  int32_t code =
      ekd_listen_start(&echo->listen, ekd_str_from(echo->config.listen), echo->config.backlog, err);
  if (code == EKD_OK) log_address(echo);
  return code;
}

static void echo_fini(void *self) { free(self); }

/* --- The command ------------------------------------------------------------------------------ */

static int32_t answer_stats(struct echo *echo, ekd_call call) {
  struct echo_counters *c = &echo->counters;
  const struct ekd_listen *l = &echo->listen;
  char json[1024];
  int size = snprintf(
      json, sizeof(json),
      "{\"address\":\"%s\",\"connections\":{\"open\":%" PRIu64 ",\"accepted\":%" PRIu64
      ",\"refused\":%" PRIu64 ",\"closed\":%" PRIu64 ",\"reset\":%" PRIu64 ",\"max\":%" PRIu64
      "},\"bytes\":{\"in\":%" PRIu64 ",\"out\":%" PRIu64 "},\"buffers\":{\"held\":%" PRIu64
      ",\"bytes_each\":%u},\"pauses\":{\"limit\":%" PRIu64 ",\"descriptors\":%" PRIu64 "}}",
      echo->listen.address, ekd_listen_count(&l->open), ekd_listen_count(&l->accepted),
      ekd_listen_count(&l->refused), (uint64_t)atomic_load(&c->closed),
      (uint64_t)atomic_load(&c->reset), echo->config.max_connections,
      (uint64_t)atomic_load(&c->bytes_in), (uint64_t)atomic_load(&c->bytes_out),
      (uint64_t)atomic_load(&c->buffers), ECHO_BUFFER_BYTES, ekd_listen_count(&l->limit_pauses),
      ekd_listen_count(&l->descriptor_pauses));
  echo->ekd.host->call_reply(echo->ctx, call, EKD_OK, ekd_str_of(json, (uint64_t)size), NULL);
  return EKD_OK;
}

static int is(ekd_str text, const char *literal) {
  return text.size == strlen(literal) && memcmp(text.data, literal, text.size) == 0;
}

static int32_t echo_command(void *self, ekd_call call, ekd_str method, ekd_str params,
                            ekd_error *err) {
  if (!is(method, "stats")) {
    return ekd_error_set(err, EKD_E_NOT_FOUND, "echo knows one method, stats");
  }
  if (params.size != 0 && !is(params, "{}") && !is(params, "null")) {
    return ekd_error_set(err, EKD_E_INVALID, "stats takes no parameters");
  }
  return answer_stats(self, call);
}

/* --- The plugin ------------------------------------------------------------------------------- */

static const char config_schema[] =
    "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
    "\"listen\":{\"type\":\"string\",\"default\":\"127.0.0.1:7007\","
    "\"description\":\"address and port; port 0 takes a free one\"},"
    "\"backlog\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":65535,\"default\":1024,"
    "\"description\":\"connections that wait in the kernel\"},"
    "\"max_connections\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":1000000,"
    "\"default\":10000,\"description\":\"open at once; beyond it clients wait in the backlog\"}}}";

EKD_EXPORT const ekd_plugin_desc ekd_plugin = {
    .magic = EKD_PLUGIN_MAGIC,
    .struct_size = sizeof(ekd_plugin_desc),
    .abi_major = EKD_ABI_MAJOR,
    .abi_minor = EKD_ABI_MINOR,
    .name = "echo",
    .version = "1.0.0",
    .config_schema = config_schema,
    .init = echo_init,
    .start = echo_start,
    .fini = echo_fini,
    .command = echo_command,
};

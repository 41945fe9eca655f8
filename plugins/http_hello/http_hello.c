#include "http_hello.h"

#include <stdio.h>
#include <stdlib.h>

static int32_t hello_init(ekd_ctx *ctx, const ekd_host *host, ekd_str config, void **out_self,
                          ekd_error *err) {
  struct hello *hello = calloc(1, sizeof(*hello));
  if (hello == NULL) return ekd_error_set(err, EKD_E_NO_MEMORY, "no memory for the server");
  hello->ctx = ctx;
  int32_t code = ekd_services_get(host, &hello->ekd, err);
  if (code == EKD_OK) code = hello_config_read(config, &hello->config, err);
  if (code == EKD_OK) code = connection_register(hello, err);
  if (code != EKD_OK) {
    free(hello);
    return code;
  }
  *out_self = hello;
  return EKD_OK;
}

static int32_t hello_start(void *self, ekd_error *err) {
  struct hello *hello = self;
  hello->listen = (struct ekd_listen){.ctx = hello->ctx,
                                      .ekd = &hello->ekd,
                                      .max_connections = hello->config.max_connections,
                                      .take = connection_start,
                                      .self = hello};
  int32_t code = ekd_listen_start(&hello->listen, ekd_str_from(hello->config.listen), 0, err);
  if (code != EKD_OK) return code;
  char line[HELLO_ADDRESS_BYTES + 32];
  snprintf(line, sizeof(line), "serving http://%s/", hello->listen.address);
  hello->ekd.log->write(hello->ctx, EKD_LOG_INFO, ekd_str_from(line));
  return EKD_OK;
}

static void hello_fini(void *self) { free(self); }

static const char config_schema[] =
    "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
    "\"listen\":{\"type\":\"string\",\"default\":\"127.0.0.1:8080\","
    "\"description\":\"address and port; port 0 takes a free one\"},"
    "\"max_connections\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":1000000,"
    "\"default\":10000,\"description\":\"open at once; beyond it clients wait in the backlog\"}}}";

EKD_EXPORT const ekd_plugin_desc ekd_plugin = {
    .magic = EKD_PLUGIN_MAGIC,
    .struct_size = sizeof(ekd_plugin_desc),
    .abi_major = EKD_ABI_MAJOR,
    .abi_minor = EKD_ABI_MINOR,
    .name = "http_hello",
    .version = "1.0.0",
    .config_schema = config_schema,
    .init = hello_init,
    .start = hello_start,
    .fini = hello_fini,
};

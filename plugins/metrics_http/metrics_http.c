#include "metrics_http.h"

#include <stdio.h>
#include <stdlib.h>

static int32_t add_metrics(struct server *server, ekd_error *err) {
  const ekd_metrics_api *metrics = server->metrics;
  int32_t code =
      metrics->add_metric(server->ctx, EKD_METRIC_COUNTER, EKD_UNIT_NONE, EKD_STR("requests"),
                          EKD_STR("Requests answered."), &server->requests, err);
  if (code != EKD_OK) return code;
  code = metrics->add_metric(server->ctx, EKD_METRIC_GAUGE, EKD_UNIT_NONE, EKD_STR("connections"),
                             EKD_STR("Open connections."), &server->connections, err);
  if (code != EKD_OK) return code;
  return metrics->add_metric(server->ctx, EKD_METRIC_HISTOGRAM, EKD_UNIT_SECONDS,
                             EKD_STR("rendering"), EKD_STR("Time to make the text of /metrics."),
                             &server->rendering, err);
}

static int32_t http_init(ekd_ctx *ctx, const ekd_host *host, ekd_str config, void **out_self,
                         ekd_error *err) {
  struct server *server = calloc(1, sizeof(*server));
  if (server == NULL) return ekd_error_set(err, EKD_E_NO_MEMORY, "no memory for the server");
  server->ctx = ctx;
  server->metrics =
      (const ekd_metrics_api *)host->get_ext(EKD_METRICS_ID, (uint32_t)sizeof(ekd_metrics_api));
  int32_t code = ekd_services_get(host, &server->ekd, err);
  if (code == EKD_OK) code = http_config_read(config, &server->config, err);
  if (code == EKD_OK) code = connection_register(server, err);
  if (code == EKD_OK) code = add_metrics(server, err);
  if (code != EKD_OK) {
    free(server);
    return code;
  }
  *out_self = server;
  return EKD_OK;
}

static int32_t http_start(void *self, ekd_error *err) {
  struct server *server = self;
  server->listen = (struct ekd_listen){.ctx = server->ctx,
                                       .ekd = &server->ekd,
                                       .max_connections = server->config.max_connections,
                                       .take = connection_start,
                                       .self = server};
  int32_t code = ekd_listen_start(&server->listen, ekd_str_from(server->config.listen), 0, err);
  if (code != EKD_OK) return code;
  char line[HTTP_ADDRESS_BYTES + 32];
  snprintf(line, sizeof(line), "serving http://%s/metrics", server->listen.address);
  server->ekd.log->write(server->ctx, EKD_LOG_INFO, ekd_str_from(line));
  return EKD_OK;
}

static void http_fini(void *self) { free(self); }

static const char *const needed[] = {EKD_METRICS_ID, NULL};

static const char config_schema[] =
    "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
    "\"listen\":{\"type\":\"string\",\"default\":\"127.0.0.1:9464\","
    "\"description\":\"address and port; port 0 takes a free one\"},"
    "\"max_connections\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":10000,\"default\":64,"
    "\"description\":\"open at once; beyond it clients wait in the backlog\"},"
    "\"timeout_ms\":{\"type\":\"integer\",\"minimum\":10,\"maximum\":3600000,\"default\":30000,"
    "\"description\":\"for a client to send a request, and to read an answer\"}}}";

EKD_EXPORT const ekd_plugin_desc ekd_plugin = {
    .magic = EKD_PLUGIN_MAGIC,
    .struct_size = sizeof(ekd_plugin_desc),
    .abi_major = EKD_ABI_MAJOR,
    .abi_minor = EKD_ABI_MINOR,
    .name = "metrics_http",
    .version = "1.0.0",
    .requires_ext = needed,
    .config_schema = config_schema,
    .init = http_init,
    .start = http_start,
    .fini = http_fini,
};

#define _GNU_SOURCE
#include "checksum.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- Lifecycle -------------------------------------------------------------------------------- */

static int32_t open_root(struct checksum *plugin, ekd_error *err) {
  plugin->root = -1;
  if (plugin->config.root[0] == '\0') {
    plugin->ekd.log->write(plugin->ctx, EKD_LOG_INFO,
                           EKD_STR("no root is configured, so there is nothing to sum"));
    return EKD_OK;
  }
  plugin->root = open(plugin->config.root, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (plugin->root >= 0) return EKD_OK;
  char text[EKD_ERROR_TEXT_BYTES];
  snprintf(text, sizeof(text), "the root '%.150s' cannot be opened: %s", plugin->config.root,
           strerrordesc_np(errno));
  return ekd_error_set(err, EKD_E_OS, text);
}

static void checksum_fini(void *self) {
  struct checksum *plugin = self;
  if (plugin->root >= 0) close(plugin->root);
  pthread_mutex_destroy(&plugin->mutex);
  free(plugin);
}

static int32_t checksum_init(ekd_ctx *ctx, const ekd_host *host, ekd_str config, void **out_self,
                             ekd_error *err) {
  struct checksum *plugin = calloc(1, sizeof(*plugin));
  if (plugin == NULL) return ekd_error_set(err, EKD_E_NO_MEMORY, "no memory for the plugin");
  plugin->ctx = ctx;
  plugin->root = -1;
  pthread_mutex_init(&plugin->mutex, NULL);
  int32_t code = ekd_services_get(host, &plugin->ekd, err);
  if (code == EKD_OK) code = config_read(config, &plugin->config, err);
  if (code == EKD_OK) code = open_root(plugin, err);
  if (code == EKD_OK) code = sum_register(plugin, err);
  if (code != EKD_OK) {
    checksum_fini(plugin);
    return code;
  }
  *out_self = plugin;
  return EKD_OK;
}

/* --- Commands --------------------------------------------------------------------------------- */

static int32_t start_sum(struct checksum *plugin, ekd_call call, ekd_str params, ekd_error *err) {
  char path[EKD_JSON_TEXT_BYTES] = "";
  struct ekd_json json = ekd_json_of(params);
  while (params.size != 0 && ekd_json_next(&json)) {
    if (!ekd_json_is(&json, "path") || json.kind != EKD_JSON_TEXT) {
      return ekd_error_set(err, EKD_E_INVALID,
                           "sum takes {\"path\":\"sub/folder\"}, a text, and nothing else");
    }
    memcpy(path, json.text, sizeof(path));
  }
  if (json.problem != NULL) return ekd_error_set(err, EKD_E_INVALID, json.problem);
  if (plugin->root < 0) {
    return ekd_error_set(err, EKD_E_WRONG_STATE,
                         "no root is configured: set plugins.settings.checksum.config.root to the "
                         "folder that may be summed, and start the daemon again");
  }
  if (!tree_is_relative(path)) {
    return ekd_error_set(err, EKD_E_INVALID,
                         "the path must lead to a folder below the root: no '/' in front, and no "
                         "'..' in it");
  }
  return sum_start(plugin, call, path, err);
}

static int32_t answer_status(struct checksum *plugin, ekd_call call) {
  char root[6 * EKD_JSON_TEXT_BYTES], json[sizeof(root) + 128];
  ekd_json_quote(root, sizeof(root), ekd_str_from(plugin->config.root));
  pthread_mutex_lock(&plugin->mutex);
  snprintf(json, sizeof(json),
           "{\"root\":%s,\"sums\":%u,\"hashing\":%u,\"hashing_peak\":%u,\"concurrency\":%u}",
           plugin->root < 0 ? "null" : root, plugin->sums_count, plugin->hashing,
           plugin->hashing_peak, plugin->config.concurrency);
  pthread_mutex_unlock(&plugin->mutex);
  plugin->ekd.host->call_reply(plugin->ctx, call, EKD_OK, ekd_str_from(json), NULL);
  return EKD_OK;
}

static int is(ekd_str text, const char *literal) {
  return text.size == strlen(literal) && memcmp(text.data, literal, text.size) == 0;
}

static int32_t checksum_command(void *self, ekd_call call, ekd_str method, ekd_str params,
                                ekd_error *err) {
  if (is(method, "sum")) return start_sum(self, call, params, err);
  if (!is(method, "status")) {
    return ekd_error_set(err, EKD_E_NOT_FOUND, "checksum knows two methods, sum and status");
  }
  if (params.size != 0 && !is(params, "{}") && !is(params, "null")) {
    return ekd_error_set(err, EKD_E_INVALID, "status takes no parameters");
  }
  return answer_status(self, call);
}

/* --- The plugin ------------------------------------------------------------------------------- */

EKD_EXPORT const ekd_plugin_desc ekd_plugin = {
    .magic = EKD_PLUGIN_MAGIC,
    .struct_size = sizeof(ekd_plugin_desc),
    .abi_major = EKD_ABI_MAJOR,
    .abi_minor = EKD_ABI_MINOR,
    .host_minor_min = 1, /* call_progress */
    .name = "checksum",
    .version = "1.0.0",
    .config_schema = config_schema,
    .init = checksum_init,
    .fini = checksum_fini,
    .command = checksum_command,
};

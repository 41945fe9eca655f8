#include <ekiden/json.h>
#include <stdio.h>
#include <string.h>

#include "metrics_http.h"

#define CONNECTIONS_MAX 10000u
#define TIMEOUT_MS_MIN 10u
#define TIMEOUT_MS_MAX 3600000u

static int32_t refuse(ekd_error *err, const char *key, const char *why) {
  char text[EKD_ERROR_TEXT_BYTES];
  snprintf(text, sizeof(text), "config%s%.64s%s %s", key[0] ? " key \"" : ":", key,
           key[0] ? "\"" : "", why);
  return ekd_error_set(err, EKD_E_INVALID, text);
}

static int is_number_within(const struct ekd_json *json, uint64_t min, uint64_t max) {
  return json->kind == EKD_JSON_NUMBER && json->number >= min && json->number <= max;
}

static int32_t take_listen(const struct ekd_json *json, struct http_config *out, ekd_error *err) {
  if (json->kind != EKD_JSON_TEXT || json->text[0] == '\0' ||
      strlen(json->text) >= sizeof(out->listen)) {
    return refuse(err, json->key, "must be an address such as \"127.0.0.1:9464\"");
  }
  memcpy(out->listen, json->text, strlen(json->text) + 1);
  return EKD_OK;
}

static int32_t take_member(const struct ekd_json *json, struct http_config *out, ekd_error *err) {
  if (ekd_json_is(json, "listen")) return take_listen(json, out, err);
  if (ekd_json_is(json, "max_connections")) {
    if (!is_number_within(json, 1, CONNECTIONS_MAX)) {
      return refuse(err, json->key, "must be a whole number from 1 to 10000");
    }
    out->max_connections = json->number;
    return EKD_OK;
  }
  if (ekd_json_is(json, "timeout_ms")) {
    if (!is_number_within(json, TIMEOUT_MS_MIN, TIMEOUT_MS_MAX)) {
      return refuse(err, json->key, "must be a whole number from 10 to 3600000");
    }
    out->timeout_ms = json->number;
    return EKD_OK;
  }
  return refuse(err, json->key,
                "is unknown; metrics_http knows listen, max_connections and timeout_ms");
}

int32_t http_config_read(ekd_str text, struct http_config *out, ekd_error *err) {
  *out =
      (struct http_config){.listen = "127.0.0.1:9464", .max_connections = 64, .timeout_ms = 30000};
  struct ekd_json json = ekd_json_of(text);
  while (ekd_json_next(&json)) {
    int32_t code = take_member(&json, out, err);
    if (code != EKD_OK) return code;
  }
  return json.problem == NULL ? EKD_OK : refuse(err, json.key, json.problem);
}

#include <ekiden/json.h>
#include <stdio.h>
#include <string.h>

#include "http_hello.h"

#define CONNECTIONS_MAX 1000000u

static int32_t refuse(ekd_error *err, const char *key, const char *why) {
  char text[EKD_ERROR_TEXT_BYTES];
  snprintf(text, sizeof(text), "config%s%.64s%s %s", key[0] ? " key \"" : ":", key,
           key[0] ? "\"" : "", why);
  return ekd_error_set(err, EKD_E_INVALID, text);
}

static int32_t take_listen(const struct ekd_json *json, struct hello_config *out, ekd_error *err) {
  if (json->kind != EKD_JSON_TEXT || json->text[0] == '\0' ||
      strlen(json->text) >= sizeof(out->listen)) {
    return refuse(err, json->key, "must be an address such as \"127.0.0.1:8080\"");
  }
  memcpy(out->listen, json->text, strlen(json->text) + 1);
  return EKD_OK;
}

static int32_t take_member(const struct ekd_json *json, struct hello_config *out, ekd_error *err) {
  if (ekd_json_is(json, "listen")) return take_listen(json, out, err);
  if (ekd_json_is(json, "max_connections")) {
    if (json->kind != EKD_JSON_NUMBER || json->number < 1 || json->number > CONNECTIONS_MAX) {
      return refuse(err, json->key, "must be a whole number from 1 to 1000000");
    }
    out->max_connections = json->number;
    return EKD_OK;
  }
  return refuse(err, json->key, "is unknown; http_hello knows listen and max_connections");
}

int32_t hello_config_read(ekd_str text, struct hello_config *out, ekd_error *err) {
  *out = (struct hello_config){.listen = "127.0.0.1:8080", .max_connections = 10000};
  struct ekd_json json = ekd_json_of(text);
  while (ekd_json_next(&json)) {
    int32_t code = take_member(&json, out, err);
    if (code != EKD_OK) return code;
  }
  return json.problem == NULL ? EKD_OK : refuse(err, json.key, json.problem);
}

/* The settings: a flat JSON object of plain strings (no escapes: an address needs none) and whole
 * numbers. */
#include <stdio.h>
#include <string.h>

#include "metrics_http.h"

#define KEY_BYTES 64u

struct reader {
  const char *at, *end;
};

struct member {
  char key[KEY_BYTES];
  char text[HTTP_ADDRESS_BYTES]; /* "" where it is a number */
  uint64_t number;
};

static int32_t refuse(ekd_error *err, const char *key, const char *why) {
  char text[EKD_ERROR_TEXT_BYTES];
  snprintf(text, sizeof(text), "config%s%.63s%s %s", key[0] ? " key \"" : ":", key,
           key[0] ? "\"" : "", why);
  return ekd_error_set(err, EKD_E_INVALID, text);
}

static char next_char(struct reader *in) {
  while (in->at != in->end && strchr(" \t\r\n", *in->at) != NULL && *in->at != '\0') in->at++;
  return in->at == in->end ? '\0' : *in->at;
}

static int take(struct reader *in, char c) {
  if (next_char(in) != c) return 0;
  in->at++;
  return 1;
}

static int take_string(struct reader *in, char *out, size_t out_bytes) {
  size_t size = 0;
  if (!take(in, '"')) return 0;
  while (in->at != in->end && *in->at != '"') {
    if (*in->at == '\\' || (unsigned char)*in->at < 0x20 || size + 1 == out_bytes) return 0;
    out[size++] = *in->at++;
  }
  out[size] = '\0';
  return take(in, '"');
}

static int take_number(struct reader *in, uint64_t *out) {
  const char *begin = (next_char(in), in->at);
  *out = 0;
  while (in->at != in->end && *in->at >= '0' && *in->at <= '9' && in->at - begin < 10) {
    *out = *out * 10 + (uint64_t)(*in->at++ - '0');
  }
  return in->at != begin;
}

static int take_member(struct reader *in, struct member *member) {
  memset(member, 0, sizeof(*member));
  if (!take_string(in, member->key, sizeof(member->key)) || !take(in, ':')) return 0;
  if (next_char(in) == '"') return take_string(in, member->text, sizeof(member->text));
  return take_number(in, &member->number);
}

static int32_t apply(const struct member *member, struct http_config *out, ekd_error *err) {
  if (strcmp(member->key, "listen") == 0) {
    if (member->text[0] == '\0') {
      return refuse(err, member->key, "must be an address such as \"127.0.0.1:9464\"");
    }
    memcpy(out->listen, member->text, sizeof(out->listen));
    return EKD_OK;
  }
  if (strcmp(member->key, "max_connections") == 0) {
    if (member->text[0] != '\0' || member->number < 1 || member->number > 10000) {
      return refuse(err, member->key, "must be a whole number from 1 to 10000");
    }
    out->max_connections = member->number;
    return EKD_OK;
  }
  if (strcmp(member->key, "timeout_ms") == 0) {
    if (member->text[0] != '\0' || member->number < 10 || member->number > 3600000) {
      return refuse(err, member->key, "must be a whole number from 10 to 3600000");
    }
    out->timeout_ms = member->number;
    return EKD_OK;
  }
  return refuse(err, member->key,
                "is unknown; metrics_http knows listen, max_connections and timeout_ms");
}

int32_t http_config_read(ekd_str json, struct http_config *out, ekd_error *err) {
  static const char shape[] = "must be an object of plain strings and whole numbers";
  *out =
      (struct http_config){.listen = "127.0.0.1:9464", .max_connections = 64, .timeout_ms = 30000};
  struct reader in = {json.data, json.data};
  if (json.size != 0) in.end += json.size;
  if (!take(&in, '{')) return refuse(err, "", shape);
  if (take(&in, '}')) return EKD_OK;
  do {
    struct member member;
    if (!take_member(&in, &member)) return refuse(err, member.key, shape);
    int32_t code = apply(&member, out, err);
    if (code != EKD_OK) return code;
  } while (take(&in, ','));
  return take(&in, '}') ? EKD_OK : refuse(err, "", shape);
}

#include <stdio.h>
#include <string.h>

#include "checksum.h"

#define CHUNK_MIN 4096u
#define CHUNK_MAX (16u * 1024u * 1024u)

const char config_schema[] =
    "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
    "\"root\":{\"type\":\"string\",\"description\":\"the folder below which everything is that may "
    "be summed, an absolute path; without it every sum is refused\"},"
    "\"concurrency\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":64,\"default\":4,"
    "\"description\":\"files that are read at a time, over all calls\"},"
    "\"files_max\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":8192,\"default\":8192,"
    "\"description\":\"files, folders and others below a folder that is summed\"},"
    "\"chunk\":{\"type\":\"integer\",\"minimum\":4096,\"maximum\":16777216,\"default\":131072,"
    "\"description\":\"bytes that are read at a time\"}}}";

_Static_assert(CONCURRENCY_MAX == 64 && FILES_MAX == 8192, "the schema says the same");

static int32_t refuse(ekd_error *err, const char *key, const char *why) {
  char text[EKD_ERROR_TEXT_BYTES];
  snprintf(text, sizeof(text), "config%s%.64s%s %s", key[0] ? " key \"" : ":", key,
           key[0] ? "\"" : "", why);
  return ekd_error_set(err, EKD_E_INVALID, text);
}

static int32_t take_number(const struct ekd_json *json, uint32_t min, uint32_t max, uint32_t *out,
                           ekd_error *err) {
  if (json->kind != EKD_JSON_NUMBER || json->number < min || json->number > max) {
    char why[64];
    snprintf(why, sizeof(why), "must be a whole number from %u to %u", min, max);
    return refuse(err, json->key, why);
  }
  *out = (uint32_t)json->number;
  return EKD_OK;
}

static int32_t take_member(const struct ekd_json *json, struct checksum_config *out,
                           ekd_error *err) {
  if (ekd_json_is(json, "root")) {
    if (json->kind != EKD_JSON_TEXT || json->text[0] != '/') {
      return refuse(err, json->key, "must be a folder's absolute path");
    }
    memcpy(out->root, json->text, sizeof(out->root));
    return EKD_OK;
  }
  if (ekd_json_is(json, "concurrency")) {
    return take_number(json, 1, CONCURRENCY_MAX, &out->concurrency, err);
  }
  if (ekd_json_is(json, "files_max")) {
    return take_number(json, 1, FILES_MAX, &out->files_max, err);
  }
  if (ekd_json_is(json, "chunk")) {
    return take_number(json, CHUNK_MIN, CHUNK_MAX, &out->chunk, err);
  }
  return refuse(err, json->key,
                "is unknown; checksum knows root, concurrency, files_max and chunk");
}

int32_t config_read(ekd_str text, struct checksum_config *out, ekd_error *err) {
  *out = (struct checksum_config){.concurrency = 4, .files_max = FILES_MAX, .chunk = 128 * 1024};
  struct ekd_json json = ekd_json_of(text);
  while (ekd_json_next(&json)) {
    int32_t code = take_member(&json, out, err);
    if (code != EKD_OK) return code;
  }
  return json.problem == NULL ? EKD_OK : refuse(err, json.key, json.problem);
}

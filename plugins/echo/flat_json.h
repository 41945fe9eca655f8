/* Reads a flat JSON object, {"key": "text", "other": 12}: all that this plugin's settings and
 * parameters need. Values are texts and whole numbers; anything else is a problem with a sentence.
 * No allocation, no recursion. Keys that come twice are the caller's to notice. echo and bench have
 * a copy each: a plugin includes the ABI and nothing else of ours.
 *
 *   struct flat_json json = flat_json_of(text);
 *   while (flat_json_next(&json)) { … json.key, json.kind, json.text or json.number … }
 *   if (json.problem != NULL) … */
#ifndef FLAT_JSON_H
#define FLAT_JSON_H

#include <ekiden/base.h>
#include <string.h>

#define FLAT_JSON_TEXT_BYTES 256 /* the longest key or text, with the zero at its end */

enum flat_json_kind { FLAT_JSON_TEXT, FLAT_JSON_NUMBER };

struct flat_json {
  const char *at, *end;
  int begun;
  const char *problem; /* NULL, or why reading ended before the end */
  /* The member that flat_json_next has read. */
  enum flat_json_kind kind;
  char key[FLAT_JSON_TEXT_BYTES];
  char text[FLAT_JSON_TEXT_BYTES]; /* UTF-8, ended by zero */
  uint64_t number;
};

static inline struct flat_json flat_json_of(ekd_str text) {
  struct flat_json json = {.at = text.data, .end = text.data};
  if (text.size != 0) json.end += text.size;
  return json;
}

static inline int flat_json_fail(struct flat_json *json, const char *problem) {
  json->problem = problem;
  return 0;
}

static inline void flat_json_space(struct flat_json *json) {
  while (json->at != json->end && memchr(" \t\r\n", *json->at, 4) != NULL) json->at++;
}

/* Takes `c` if it comes next, behind space. */
static inline int flat_json_take(struct flat_json *json, char c) {
  flat_json_space(json);
  if (json->at == json->end || *json->at != c) return 0;
  json->at++;
  return 1;
}

/* The four hexadecimal digits behind \u, or -1. */
static inline int32_t flat_json_hex4(struct flat_json *json) {
  int32_t value = 0;
  if (json->end - json->at < 4) return -1;
  for (int i = 0; i < 4; i++) {
    static const char digits[] = "0123456789abcdef";
    char c = *json->at++;
    if (c >= 'A' && c <= 'F') c = (char)(c - 'A' + 'a');
    const char *digit = (c == '\0') ? NULL : strchr(digits, c);
    if (digit == NULL) return -1;
    value = value * 16 + (int32_t)(digit - digits);
  }
  return value;
}

/* The code point behind \u, taking both halves of a surrogate pair, or -1. U+0000 is refused: it
 * could not stand in a text that ends with zero. */
static inline int32_t flat_json_code_point(struct flat_json *json) {
  int32_t high = flat_json_hex4(json);
  if (high <= 0 || (high >= 0xDC00 && high <= 0xDFFF)) return -1;
  if (high < 0xD800 || high > 0xDBFF) return high;
  if (json->end - json->at < 6 || json->at[0] != '\\' || json->at[1] != 'u') return -1;
  json->at += 2;
  int32_t low = flat_json_hex4(json);
  if (low < 0xDC00 || low > 0xDFFF) return -1;
  return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
}

/* Writes 1 to 4 bytes of UTF-8 and returns how many. */
static inline size_t flat_json_utf8(int32_t point, char *out) {
  size_t size = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  static const int lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
  for (size_t i = size; i-- > 1; point >>= 6) out[i] = (char)(0x80 | (point & 0x3F));
  out[0] = (char)(lead[size] | point);
  return size;
}

/* The character behind a backslash, as UTF-8 into out: its size, or 0. */
static inline size_t flat_json_escape(struct flat_json *json, char *out) {
  static const char names[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
  if (json->at == json->end) return 0;
  char name = *json->at++;
  if (name == 'u') {
    int32_t point = flat_json_code_point(json);
    return point < 0 ? 0 : flat_json_utf8(point, out);
  }
  const char *found = (name == '\0') ? NULL : strchr(names, name);
  if (found == NULL) return 0;
  *out = meanings[found - names];
  return 1;
}

static inline int flat_json_string(struct flat_json *json, char *out) {
  size_t size = 0;
  if (!flat_json_take(json, '"')) return flat_json_fail(json, "a text in quotes was expected");
  while (json->at != json->end && *json->at != '"') {
    if (size + 5 > FLAT_JSON_TEXT_BYTES) return flat_json_fail(json, "a text is over 250 bytes");
    unsigned char c = (unsigned char)*json->at++;
    if (c < 0x20) return flat_json_fail(json, "a text holds a control character");
    if (c != '\\') {
      out[size++] = (char)c;
      continue;
    }
    size_t escaped = flat_json_escape(json, out + size);
    if (escaped == 0) return flat_json_fail(json, "a text holds a wrong escape");
    size += escaped;
  }
  out[size] = '\0';
  return flat_json_take(json, '"') ? 1 : flat_json_fail(json, "a text has no closing quote");
}

static inline int flat_json_number(struct flat_json *json) {
  uint64_t value = 0;
  const char *first = json->at;
  for (; json->at != json->end && *json->at >= '0' && *json->at <= '9'; json->at++) {
    uint64_t digit = (uint64_t)(*json->at - '0');
    if (value > (UINT64_MAX - digit) / 10) return flat_json_fail(json, "a number is over 2^64-1");
    value = value * 10 + digit;
  }
  if (json->at - first > 1 && *first == '0') return flat_json_fail(json, "a number begins with 0");
  if (json->at != json->end && memchr(".eE", *json->at, 3) != NULL) {
    return flat_json_fail(json, "a number is not a whole one");
  }
  json->number = value;
  return 1;
}

static inline int flat_json_value(struct flat_json *json) {
  flat_json_space(json);
  if (json->at != json->end && *json->at == '"') {
    json->kind = FLAT_JSON_TEXT;
    return flat_json_string(json, json->text);
  }
  if (json->at != json->end && *json->at >= '0' && *json->at <= '9') {
    json->kind = FLAT_JSON_NUMBER;
    return flat_json_number(json);
  }
  return flat_json_fail(json, "a value is neither a text nor a whole number");
}

/* Reads the next member. 0: there is none, or there is a problem. */
static inline int flat_json_next(struct flat_json *json) {
  if (json->problem != NULL) return 0;
  if (!json->begun) {
    if (!flat_json_take(json, '{')) return flat_json_fail(json, "an object was expected");
  }
  if (flat_json_take(json, '}')) {
    flat_json_space(json);
    if (json->at != json->end) return flat_json_fail(json, "something follows the object");
    return 0;
  }
  if (json->begun && !flat_json_take(json, ',')) return flat_json_fail(json, "a comma is missing");
  json->begun = 1;
  if (!flat_json_string(json, json->key)) return 0;
  if (!flat_json_take(json, ':')) return flat_json_fail(json, "a colon is missing");
  return flat_json_value(json);
}

#endif /* FLAT_JSON_H */

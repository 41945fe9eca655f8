/* A small JSON reader and writer for settings, parameters and answers. Header-only, and no part of
 * the border to the host: no other header of the ABI includes it, and a plugin that has a JSON
 * library of its own needs none of it.
 *
 * It reads a flat object, {"key": "text", "other": 12, "third": true}: all that most settings and
 * commands need. Values are texts, whole numbers and truth values; anything else is a problem with
 * a sentence. No allocation, no recursion; any thread. Keys that come twice are the caller's to
 * notice.
 *
 *   struct ekd_json json = ekd_json_of(text);
 *   while (ekd_json_next(&json)) {
 *     if (ekd_json_is(&json, "port") && json.kind == EKD_JSON_NUMBER) port = json.number;
 *     else …
 *   }
 *   if (json.problem != NULL) return ekd_error_set(err, EKD_E_INVALID, json.problem);
 *
 * And it writes texts: ekd_json_quote(). */
#ifndef EKIDEN_JSON_H
#define EKIDEN_JSON_H

#include <ekiden/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#define EKD_JSON_TEXT_BYTES 256 /* the longest key or text that is read, with the zero behind it \
                                 */

/* What a value is. */
#define EKD_JSON_TEXT 0
#define EKD_JSON_NUMBER 1 /* a whole number from 0 to 2^64-1 */
#define EKD_JSON_BOOL 2

struct ekd_json {
  const char *at, *end; /* what is left of the text, which is borrowed */
  int begun;
  const char *problem; /* NULL, or why reading ended before the end: a sentence's beginning */
  /* The member that ekd_json_next has read. */
  int kind; /* EKD_JSON_… */
  char key[EKD_JSON_TEXT_BYTES];
  char text[EKD_JSON_TEXT_BYTES]; /* UTF-8, ended by zero */
  uint64_t number;                /* of a truth value: 0 or 1 */
};

/* Begins to read. An empty text is no object: for parameters that may be left out, look first. */
static inline struct ekd_json ekd_json_of(ekd_str text) {
  struct ekd_json json;
  json.at = text.data;
  json.end = text.size == 0 ? text.data : text.data + text.size;
  json.begun = 0;
  json.problem = NULL;
  json.kind = EKD_JSON_TEXT;
  json.key[0] = '\0';
  json.text[0] = '\0';
  json.number = 0;
  return json;
}

/* Whether the member that was read has this key. */
static inline int ekd_json_is(const struct ekd_json *json, const char *key) {
  const char *have = json->key;
  while (*have != '\0' && *have == *key) {
    have++;
    key++;
  }
  return *have == *key;
}

/* --- Pieces of the reader; not to be called ------------------------------------------------- */

static inline int ekd_json_fail_(struct ekd_json *json, const char *problem) {
  json->problem = problem;
  return 0;
}

static inline void ekd_json_space_(struct ekd_json *json) {
  while (json->at != json->end &&
         (*json->at == ' ' || *json->at == '\t' || *json->at == '\r' || *json->at == '\n')) {
    json->at++;
  }
}

/* Takes `c` if it comes next, behind space. */
static inline int ekd_json_take_(struct ekd_json *json, char c) {
  ekd_json_space_(json);
  if (json->at == json->end || *json->at != c) return 0;
  json->at++;
  return 1;
}

/* Takes a word if it comes next; 0, and nothing is taken, if not. */
static inline int ekd_json_word_(struct ekd_json *json, const char *word) {
  const char *at = json->at;
  for (; *word != '\0'; word++, at++) {
    if (at == json->end || *at != *word) return 0;
  }
  json->at = at;
  return 1;
}

/* The four hexadecimal digits behind \u, or -1. */
static inline int32_t ekd_json_hex4_(struct ekd_json *json) {
  int32_t value = 0;
  int i;
  if (json->end - json->at < 4) return -1;
  for (i = 0; i < 4; i++) {
    const char c = *json->at++;
    int32_t digit;
    if (c >= '0' && c <= '9') {
      digit = c - '0';
    } else if (c >= 'a' && c <= 'f') {
      digit = c - 'a' + 10;
    } else if (c >= 'A' && c <= 'F') {
      digit = c - 'A' + 10;
    } else {
      return -1;
    }
    value = value * 16 + digit;
  }
  return value;
}

/* The code point behind \u, taking both halves of a surrogate pair, or -1. U+0000 is refused: it
 * could not stand in a text that ends with zero. */
static inline int32_t ekd_json_code_point_(struct ekd_json *json) {
  const int32_t high = ekd_json_hex4_(json);
  int32_t low;
  if (high <= 0 || (high >= 0xDC00 && high <= 0xDFFF)) return -1;
  if (high < 0xD800 || high > 0xDBFF) return high;
  if (json->end - json->at < 6 || json->at[0] != '\\' || json->at[1] != 'u') return -1;
  json->at += 2;
  low = ekd_json_hex4_(json);
  if (low < 0xDC00 || low > 0xDFFF) return -1;
  return 0x10000 + (high - 0xD800) * 0x400 + (low - 0xDC00);
}

/* Writes 1 to 4 bytes of UTF-8 and returns how many. */
static inline uint32_t ekd_json_utf8_(int32_t point, char *out) {
  const uint32_t size = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  const int32_t lead = size == 1 ? 0 : size == 2 ? 0xC0 : size == 3 ? 0xE0 : 0xF0;
  uint32_t i;
  for (i = size; i-- > 1; point >>= 6) out[i] = (char)(0x80 | (point & 0x3F));
  out[0] = (char)(lead | point);
  return size;
}

/* The character behind a backslash, as UTF-8 into out: its size, or 0. */
static inline uint32_t ekd_json_escape_(struct ekd_json *json, char *out) {
  static const char names[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
  uint32_t i;
  char name;
  if (json->at == json->end) return 0;
  name = *json->at++;
  if (name == 'u') {
    const int32_t point = ekd_json_code_point_(json);
    return point < 0 ? 0 : ekd_json_utf8_(point, out);
  }
  for (i = 0; names[i] != '\0'; i++) {
    if (names[i] != name) continue;
    *out = meanings[i];
    return 1;
  }
  return 0;
}

static inline int ekd_json_string_(struct ekd_json *json, char *out) {
  uint32_t size = 0;
  if (!ekd_json_take_(json, '"')) return ekd_json_fail_(json, "a text in quotes was expected");
  while (json->at != json->end && *json->at != '"') {
    uint32_t escaped;
    char c;
    if (size >= EKD_JSON_TEXT_BYTES - 6) return ekd_json_fail_(json, "a text is over 250 bytes");
    c = *json->at++;
    if ((unsigned char)c < 0x20) return ekd_json_fail_(json, "a text holds a control character");
    if (c != '\\') {
      out[size++] = c;
      continue;
    }
    escaped = ekd_json_escape_(json, out + size);
    if (escaped == 0) return ekd_json_fail_(json, "a text holds a wrong escape");
    size += escaped;
  }
  out[size] = '\0';
  return ekd_json_take_(json, '"') ? 1 : ekd_json_fail_(json, "a text has no closing quote");
}

static inline int ekd_json_number_(struct ekd_json *json) {
  const char *const first = json->at;
  uint64_t value = 0;
  for (; json->at != json->end && *json->at >= '0' && *json->at <= '9'; json->at++) {
    const uint64_t digit = (uint64_t)(*json->at - '0');
    if (value > (UINT64_MAX - digit) / 10) return ekd_json_fail_(json, "a number is over 2^64-1");
    value = value * 10 + digit;
  }
  if (json->at - first > 1 && *first == '0') return ekd_json_fail_(json, "a number begins with 0");
  if (json->at != json->end && (*json->at == '.' || *json->at == 'e' || *json->at == 'E')) {
    return ekd_json_fail_(json, "a number is not a whole one");
  }
  json->kind = EKD_JSON_NUMBER;
  json->number = value;
  return 1;
}

static inline int ekd_json_value_(struct ekd_json *json) {
  ekd_json_space_(json);
  if (json->at != json->end && *json->at == '"') {
    json->kind = EKD_JSON_TEXT;
    return ekd_json_string_(json, json->text);
  }
  if (json->at != json->end && *json->at >= '0' && *json->at <= '9') {
    return ekd_json_number_(json);
  }
  json->kind = EKD_JSON_BOOL;
  json->number = 1;
  if (ekd_json_word_(json, "true")) return 1;
  json->number = 0;
  if (ekd_json_word_(json, "false")) return 1;
  return ekd_json_fail_(json, "a value is neither a text, nor a whole number, nor true or false");
}

/* --- Reading ---------------------------------------------------------------------------------- */

/* Reads the next member. 0: there is none, or there is a problem. */
static inline int ekd_json_next(struct ekd_json *json) {
  if (json->problem != NULL) return 0;
  if (!json->begun) {
    if (!ekd_json_take_(json, '{')) return ekd_json_fail_(json, "an object was expected");
  }
  if (ekd_json_take_(json, '}')) {
    ekd_json_space_(json);
    if (json->at != json->end) return ekd_json_fail_(json, "something follows the object");
    return 0;
  }
  if (json->begun && !ekd_json_take_(json, ',')) return ekd_json_fail_(json, "a comma is missing");
  json->begun = 1;
  if (!ekd_json_string_(json, json->key)) return 0;
  if (!ekd_json_take_(json, ':')) return ekd_json_fail_(json, "a colon is missing");
  return ekd_json_value_(json);
}

/* --- Writing ---------------------------------------------------------------------------------- */

/* The bytes of the well-formed UTF-8 character at text[0…left), or 0. */
static inline uint32_t ekd_json_utf8_size_(const char *text, uint64_t left) {
  const unsigned char *const c = (const unsigned char *)text;
  const uint32_t size = c[0] < 0x80 ? 1 : c[0] < 0xC2 ? 0 : c[0] < 0xE0 ? 2 : c[0] < 0xF0 ? 3 : 4;
  uint32_t i;
  if (size == 0 || c[0] > 0xF4 || size > left) return 0;
  for (i = 1; i < size; i++) {
    if ((c[i] & 0xC0) != 0x80) return 0;
  }
  /* Too long for what it says, a half of a surrogate pair, or beyond the last code point. */
  if ((c[0] == 0xE0 && c[1] < 0xA0) || (c[0] == 0xED && c[1] > 0x9F)) return 0;
  if ((c[0] == 0xF0 && c[1] < 0x90) || (c[0] == 0xF4 && c[1] > 0x8F)) return 0;
  return size;
}

/* Writes `text` as a JSON text, quotes included, and ends it by zero. Bytes that are not UTF-8, as
 * names of files may hold, become the four characters \xXX. Returns the bytes without the zero that
 * the whole has: if that is `size` or more, nothing usable was written (out may be NULL with
 * size 0, to ask how much room it needs). */
static inline uint64_t ekd_json_quote(char *out, uint64_t size, ekd_str text) {
  static const char digits[] = "0123456789abcdef";
  uint64_t used = 0, at = 0;
  char piece[8];
  uint32_t count = 1, i;
  piece[0] = '"';
  for (;;) {
    for (i = 0; i < count; i++, used++) {
      if (used < size) out[used] = piece[i];
    }
    if (at > text.size) break;
    if (at == text.size) { /* the closing quote, and then the end */
      piece[0] = '"';
      count = 1;
      at++;
      continue;
    }
    {
      const char *const from = text.data + at;
      const unsigned char c = (unsigned char)*from;
      const uint32_t whole = ekd_json_utf8_size_(from, text.size - at);
      at += whole == 0 ? 1 : whole;
      piece[0] = '\\';
      if (whole == 0) {
        piece[1] = '\\';
        piece[2] = 'x';
        piece[3] = digits[c >> 4];
        piece[4] = digits[c & 15];
        count = 5;
      } else if (c == '"' || c == '\\') {
        piece[1] = (char)c;
        count = 2;
      } else if (c < 0x20 || c == 0x7F) {
        piece[1] = 'u';
        piece[2] = '0';
        piece[3] = '0';
        piece[4] = digits[c >> 4];
        piece[5] = digits[c & 15];
        count = 6;
      } else {
        for (count = 0; count < whole; count++) piece[count] = from[count];
      }
    }
  }
  if (size > 0) out[used < size ? used : size - 1] = '\0';
  return used;
}

#ifdef __cplusplus
}
#endif

#endif /* EKIDEN_JSON_H */

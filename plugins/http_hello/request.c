#define _GNU_SOURCE /* memmem */
#include <string.h>
#include <strings.h>

#include "http_hello.h"

/* A piece of the head: [at, end). */
struct span {
  const char *at, *end;
};

static int is(struct span text, const char *literal, size_t size) {
  return (size_t)(text.end - text.at) == size && memcmp(text.at, literal, size) == 0;
}

static int is_any_case(struct span text, const char *literal, size_t size) {
  return (size_t)(text.end - text.at) == size && strncasecmp(text.at, literal, size) == 0;
}

#define IS(text, literal) is((text), (literal), sizeof(literal) - 1)
#define IS_ANY_CASE(text, literal) is_any_case((text), (literal), sizeof(literal) - 1)

/* Takes the front of `*rest` up to `mark`, and the mark; 0: there is none. */
static int cut(struct span *rest, char mark, struct span *out) {
  const char *found = memchr(rest->at, mark, (size_t)(rest->end - rest->at));
  if (found == NULL) return 0;
  *out = (struct span){rest->at, found};
  rest->at = found + 1;
  return 1;
}

static struct span trim(struct span text) {
  while (text.at != text.end && (*text.at == ' ' || *text.at == '\t'))
    text.at++;
  while (text.at != text.end && (text.end[-1] == ' ' || text.end[-1] == '\t'))
    text.end--;
  return text;
}

/* Takes the next line without its end. 0: there is none, or it holds a control character. */
static int cut_line(struct span *rest, struct span *out) {
  if (!cut(rest, '\n', out) || out->at == out->end || *--out->end != '\r') return 0;
  for (const char *c = out->at; c != out->end; c++) {
    if (((unsigned char)*c < 0x20 && *c != '\t') || *c == 0x7f) return 0;
  }
  return 1;
}

static int is_token(struct span text) {
  if (text.at == text.end) return 0;
  for (const char *c = text.at; c != text.end; c++) {
    int letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9');
    if (!letter && (*c == '\0' || strchr("!#$%&'*+-.^_`|~", *c) == NULL)) return 0;
  }
  return 1;
}

/* The first line. HTTP/1.0 gets its answer, and then the end. */
static void take_first_line(struct span line, struct request *out) {
  struct span method, target;
  out->status = 400;
  if (!cut(&line, ' ', &method) || !cut(&line, ' ', &target)) return;
  if (!is_token(method) || target.at == target.end || *target.at != '/') return;
  if (IS(line, "HTTP/1.0")) {
    out->ends = 1;
  } else if (!IS(line, "HTTP/1.1")) {
    return;
  }
  out->is_head = IS(method, "HEAD");
  if (!out->is_head && !IS(method, "GET")) {
    out->status = 405;
  } else {
    out->status = IS(target, "/") ? 200 : 404;
  }
}

/* 1: it is a proper one, and goes with what is served. */
static int take_field(struct span line, struct request *out, int *hosts) {
  struct span name;
  if (!cut(&line, ':', &name) || !is_token(name)) return 0;
  struct span value = trim(line);
  switch (*name.at | 0x20) {
    case 'h':
      *hosts += IS_ANY_CASE(name, "host");
      return 1;
    case 'c':
      if (IS_ANY_CASE(name, "connection") && IS_ANY_CASE(value, "close")) out->ends = 1;
      return !IS_ANY_CASE(name, "content-length") || IS(value, "0");
    case 't':
      return !IS_ANY_CASE(name, "transfer-encoding");
    default:
      return 1;
  }
}

/* A request that could have a body is refused, for where the next one begins would be a guess. */
static void take_head(struct span rest, struct request *out) {
  struct span line;
  int hosts = 0, old;
  if (!cut_line(&rest, &line)) return;
  take_first_line(line, out);
  old = out->ends;
  while (out->status != 400 && rest.at != rest.end) {
    if (!cut_line(&rest, &line) || !take_field(line, out, &hosts)) out->status = 400;
  }
  if (hosts > 1 || (hosts == 0 && !old)) out->status = 400;
}

struct request request_parse(const char *data, uint32_t size) {
  struct request request = {.status = 400};
  const char *blank = memmem(data, size, "\r\n\r\n", 4);
  if (blank == NULL) return request;
  request.size = (uint32_t)(blank - data) + 4;
  take_head((struct span){data, blank + 2}, &request);
  if (request.status == 400 || request.status == 405) request.ends = 1;
  return request;
}

#include <string.h>
#include <strings.h>

#include "metrics_http.h"

struct span {
  const char *at;
  size_t size;
};

static int is(struct span text, const char *literal) {
  return text.size == strlen(literal) && memcmp(text.at, literal, text.size) == 0;
}

static int is_any_case(struct span text, const char *literal) {
  return text.size == strlen(literal) && strncasecmp(text.at, literal, text.size) == 0;
}

uint32_t http_head_size(const char *data, uint32_t size) {
  for (uint32_t i = 3; i < size; i++) {
    if (data[i] == '\n' && memcmp(data + i - 3, "\r\n\r\n", 4) == 0) return i + 1;
  }
  return 0;
}

/* Takes the front of `*rest` up to `mark`, and the mark; 0: there is none. */
static int cut(struct span *rest, const char *mark, struct span *out) {
  size_t length = strlen(mark);
  for (size_t i = 0; i + length <= rest->size; i++) {
    if (memcmp(rest->at + i, mark, length) != 0) continue;
    *out = (struct span){rest->at, i};
    rest->at += i + length;
    rest->size -= i + length;
    return 1;
  }
  return 0;
}

static struct span trim(struct span text) {
  while (text.size != 0 && (*text.at == ' ' || *text.at == '\t')) text.at++, text.size--;
  while (text.size != 0 && (text.at[text.size - 1] == ' ' || text.at[text.size - 1] == '\t')) {
    text.size--;
  }
  return text;
}

/* No control characters; so a bare CR, LF or NUL is nowhere. */
static int is_clean(struct span text) {
  for (size_t i = 0; i < text.size; i++) {
    unsigned char c = (unsigned char)text.at[i];
    if ((c < 0x20 && c != '\t') || c == 0x7f) return 0;
  }
  return 1;
}

static int is_token(struct span text) {
  if (text.size == 0) return 0;
  for (size_t i = 0; i < text.size; i++) {
    char c = text.at[i];
    int letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!letter && (c == '\0' || strchr("!#$%&'*+-.^_`|~", c) == NULL)) return 0;
  }
  return 1;
}

static enum http_path path_of(struct span target) {
  struct span path = target, query;
  if (cut(&target, "?", &query)) path = query; /* Prometheus may add parameters */
  if (is(path, "/metrics")) return HTTP_METRICS;
  if (is(path, "/healthz")) return HTTP_HEALTHZ;
  if (is(path, "/readyz")) return HTTP_READYZ;
  return HTTP_ELSEWHERE;
}

/* 200, or the status of what is wrong with the first line. */
static int parse_line(struct span line, struct http_request *out) {
  struct span method, target;
  if (!is_clean(line) || !cut(&line, " ", &method) || !cut(&line, " ", &target)) return 400;
  if (!is_token(method) || target.size == 0 || *target.at != '/') return 400;
  out->path = path_of(target);
  out->keep_alive = is(line, "HTTP/1.1");
  if (!out->keep_alive && !is(line, "HTTP/1.0")) {
    return line.size > 5 && memcmp(line.at, "HTTP/", 5) == 0 ? 505 : 400;
  }
  out->is_head = is(method, "HEAD");
  return out->is_head || is(method, "GET") ? 200 : 405;
}

struct fields {
  int hosts;
  int has_body;
  int close, keep;
};

static void take_connection(struct span value, struct fields *out) {
  struct span rest = value, option;
  int more = 1;
  while (more) {
    more = cut(&rest, ",", &option);
    if (!more) option = rest;
    option = trim(option);
    if (is_any_case(option, "close")) out->close = 1;
    if (is_any_case(option, "keep-alive")) out->keep = 1;
  }
}

static int take_field(struct span line, struct fields *out) {
  struct span name;
  if (!is_clean(line) || !cut(&line, ":", &name) || !is_token(name)) return 400;
  struct span value = trim(line);
  if (is_any_case(name, "host")) out->hosts++;
  if (is_any_case(name, "connection")) take_connection(value, out);
  if (is_any_case(name, "transfer-encoding")) out->has_body = 1;
  if (is_any_case(name, "content-length") && !is(value, "0")) out->has_body = 1;
  return 200;
}

struct http_request http_parse(const char *head, uint32_t size) {
  struct http_request request = {.status = 400};
  struct span rest = {head, size - 2u}, line; /* without the blank line */
  struct fields fields = {0};
  int is_old = 0;
  if (!cut(&rest, "\r\n", &line)) return request;
  int status = parse_line(line, &request);
  is_old = !request.keep_alive;
  while (status != 400 && cut(&rest, "\r\n", &line)) {
    int field = take_field(line, &fields);
    if (field != 200) status = field;
  }
  if (status == 200 && (fields.hosts > 1 || (fields.hosts == 0 && !is_old))) status = 400;
  if (status == 200 && fields.has_body) status = 400;
  if (fields.close || (is_old && !fields.keep)) request.keep_alive = 0;
  if (is_old && fields.keep && !fields.close) request.keep_alive = 1;
  if (status != 200) request.keep_alive = 0;
  request.status = status;
  return request;
}

#define _GNU_SOURCE
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checksum.h"

/* A buffer that was made large enough: what does not fit is a defect, and ends the text. */
struct text {
  char *data;
  size_t size, capacity;
};

__attribute__((format(printf, 2, 3))) static void print(struct text *out, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const size_t room = out->capacity - out->size;
  const int size = vsnprintf(out->data + out->size, room, format, arguments);
  va_end(arguments);
  if (size >= 0 && (size_t)size < room) out->size += (size_t)size;
}

static void print_quoted(struct text *out, const char *text) {
  const size_t room = out->capacity - out->size;
  const uint64_t size = ekd_json_quote(out->data + out->size, room, ekd_str_from(text));
  if (size < room) out->size += (size_t)size;
}

static void print_digest(struct text *out, const struct entry *entry) {
  for (size_t i = 0; i < DIGEST_BYTES; i++) print(out, "%02x", entry->digest[i]);
}

/* {"path":…,"sha256":"<64>","size":<20>}, : ROW_BYTES at most besides the path. */
static void print_file(struct text *out, const struct entry *entry) {
  print(out, "{\"path\":");
  print_quoted(out, entry->path);
  print(out, ",\"sha256\":\"");
  print_digest(out, entry);
  print(out, "\",\"size\":%" PRIu64 "}", entry->size);
}

/* The reason is cut so that the row is not longer than a file's. */
static void print_other(struct text *out, const struct entry *entry, const char *key) {
  const char *why = entry->why != NULL ? entry->why : strerrordesc_np(entry->os_errno);
  print(out, "{\"path\":");
  print_quoted(out, entry->path);
  print(out, ",\"%s\":\"%.90s\"}", key, why != NULL ? why : "unknown error");
}

static void print_rows(struct text *out, const struct sum *sum, enum entry_state state,
                       const char *key) {
  const char *comma = "";
  for (size_t i = 0; i < sum->count; i++) {
    if (sum->entries[i].state != state) continue;
    print(out, "%s", comma);
    comma = ",";
    if (state == ENTRY_DONE) {
      print_file(out, &sum->entries[i]);
    } else {
      print_other(out, &sum->entries[i], key);
    }
  }
}

void report_answer(struct sum *sum) {
  struct checksum *plugin = sum->plugin;
  struct text out = {.capacity = sum->answer_bytes + FRAME_BYTES};
  out.data = malloc(out.capacity);
  if (out.data == NULL) {
    ekd_error err = ekd_error_init();
    ekd_error_set(&err, EKD_E_NO_MEMORY, "no memory for the answer");
    plugin->ekd.host->call_reply(plugin->ctx, sum->call, err.code, EKD_STR(""), &err);
    return;
  }
  print(&out, "{\"files\":[");
  print_rows(&out, sum, ENTRY_DONE, NULL);
  print(&out, "],\"errors\":[");
  print_rows(&out, sum, ENTRY_FAILED, "error");
  print(&out, "],\"skipped\":[");
  print_rows(&out, sum, ENTRY_SKIPPED, "kind");
  print(&out, "],\"bytes\":%" PRIu64 "}", (uint64_t)atomic_load(&sum->bytes_done));
  plugin->ekd.host->call_reply(plugin->ctx, sum->call, EKD_OK, ekd_str_of(out.data, out.size),
                               NULL);
  free(out.data);
}

int32_t report_progress(struct sum *sum) {
  struct checksum *plugin = sum->plugin;
  char json[256];
  if (sum->listing != 0) {
    snprintf(json, sizeof(json), "{\"phase\":\"listing\",\"files\":%" PRIu64 "}",
             (uint64_t)atomic_load(&sum->found));
  } else {
    snprintf(json, sizeof(json),
             "{\"phase\":\"hashing\",\"files_done\":%" PRIu64 ",\"files\":%" PRIu64
             ",\"bytes_done\":%" PRIu64 ",\"bytes\":%" PRIu64 "}",
             sum->files_done, (uint64_t)atomic_load(&sum->found),
             (uint64_t)atomic_load(&sum->bytes_done), (uint64_t)atomic_load(&sum->bytes));
  }
  return plugin->ekd.host->call_progress(plugin->ctx, sum->call, ekd_str_from(json));
}

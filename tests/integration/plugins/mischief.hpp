// A plugin that behaves badly on request, so that tests can see what the daemon makes of it.
//
//   mischief.cpp          lifecycle and the table of commands
//   mischief_answers.cpp  commands that answer wrongly or not at all
//   mischief_waits.cpp    commands that start tasks which wait, by the million or each for another
//                         thing
//   mischief_tasks.cpp    commands that start tasks: stuck, throwing, leaking, too many
#pragma once

#include <ekiden/plugin.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

namespace mischief {

// One instance: every load is a fresh copy of the file.
struct Instance {
  ekd_ctx* ctx = nullptr;
  ekd_services ekd{};
  std::string report;                     // file that fini writes the counts of tasks to
  std::atomic<std::uint64_t> created{0};  // lingering tasks that were made runnable
  std::atomic<std::uint64_t> dropped{0};
};

extern Instance instance;

struct Command {
  const char* name;
  // `params` is the JSON text. Answers itself, or returns a code below zero.
  int32_t (*run)(ekd_call call, std::string_view params, ekd_error* err);
};

extern const Command kAnswerCommands[];  // all end with an entry without a name
extern const Command kTaskCommands[];
extern const Command kWaitCommands[];

int32_t register_task_types(ekd_error* err);
int32_t register_wait_types(ekd_error* err);
// A type that is asked to end by one last poll.
int32_t register_type(const char* name, ekd_poll_fn poll, ekd_drop_fn drop, uint64_t size,
                      uint32_t* out, ekd_error* err);

// The whole number that stands behind "key": in the text, or `otherwise`.
std::uint64_t number_in(std::string_view params, std::string_view key, std::uint64_t otherwise);
// The text in quotes behind "key":, or "".
std::string text_in(std::string_view params, std::string_view key);
// Answers a call with JSON text.
int32_t reply(ekd_call call, std::string_view json);

}  // namespace mischief

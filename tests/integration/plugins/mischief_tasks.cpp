#include <chrono>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>
#include <thread>

#include "mischief.hpp"

namespace mischief {
namespace {

uint32_t sleeper_type, lingerer_type, crowd_type, crowd_member_type, thrower_type, failer_type,
    joiner_type, parked_type, leaker_type;

template <class State>
int32_t spawn(uint32_t type, const State& state, uint32_t flags = 0, ekd_task* out = nullptr) {
  ekd_spawn_options options{};
  options.struct_size = sizeof(options);
  options.flags = flags;
  return instance.ekd.task->spawn(instance.ctx, type, &state, sizeof(state), &options, out);
}

// --- A poll that does not return for a while ---------------------------------------------------

struct Sleeper {
  uint64_t ms;
};

int32_t sleeper_poll(void* state, ekd_cx* cx) {
  if (cx->cancelled == 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(static_cast<Sleeper*>(state)->ms));
  }
  return EKD_READY;
}

int32_t sleep(ekd_call call, std::string_view params, ekd_error* err) {
  const int32_t code = spawn(sleeper_type, Sleeper{number_in(params, "ms", 1000)});
  if (code != EKD_OK) return ekd_error_set(err, code, "spawn was refused");
  return reply(call, "null");
}

int32_t sleep_in_command(ekd_call call, std::string_view params, ekd_error*) {
  std::this_thread::sleep_for(std::chrono::milliseconds(number_in(params, "ms", 1000)));
  return reply(call, "null");
}

void sleep_in_job(void* argument) {
  std::this_thread::sleep_for(
      std::chrono::milliseconds(reinterpret_cast<std::uintptr_t>(argument)));
}

int32_t job(ekd_call call, std::string_view params, ekd_error* err) {
  ekd_job_options options{};
  options.struct_size = sizeof(options);
  options.argument = reinterpret_cast<void*>(number_in(params, "ms", 1000));
  options.run = [](void* argument) -> int32_t {
    sleep_in_job(argument);
    return 0;
  };
  ekd_job handle = 0;
  const int32_t code = instance.ekd.blocking->submit(instance.ctx, &options, &handle, err);
  return code == EKD_OK ? reply(call, "null") : code;
}

// --- Tasks that stay until they are cancelled, busy or waiting ---------------------------------

struct Lingerer {
  ekd_timer timer;  // 0: it yields for ever
};

int32_t lingerer_poll(void* state, ekd_cx* cx) {
  const Lingerer* self = static_cast<Lingerer*>(state);
  if (cx->cancelled != 0) return EKD_READY;
  if (self->timer == 0) return EKD_YIELD;
  const ekd_time_api* time = instance.ekd.time;
  while (time->poll(instance.ctx, self->timer, cx->waker) == EKD_READY) {
    time->arm(instance.ctx, self->timer, time->now_ns(instance.ctx) + EKD_NS_PER_MS);
  }
  return EKD_PENDING;
}

void lingerer_drop(void* state) {
  const Lingerer* self = static_cast<Lingerer*>(state);
  if (self->timer != 0) instance.ekd.time->close(instance.ctx, self->timer);
  instance.dropped++;
}

int32_t linger_one(bool busy) {
  Lingerer state{0};
  if (!busy) {
    const ekd_time_api* time = instance.ekd.time;
    const int32_t code = time->create(instance.ctx, &state.timer);
    if (code != EKD_OK) return code;
    time->arm(instance.ctx, state.timer, time->now_ns(instance.ctx));
  }
  instance.created++;
  const int32_t code = spawn(lingerer_type, state);
  if (code == EKD_OK) return EKD_OK;
  instance.created--;
  if (state.timer != 0) instance.ekd.time->close(instance.ctx, state.timer);
  return code;
}

int32_t linger(ekd_call call, std::string_view params, ekd_error* err) {
  const uint64_t n = number_in(params, "n", 10);
  for (uint64_t i = 0; i < n; i++) {
    const int32_t code = linger_one(i % 2 == 0);
    if (code != EKD_OK) return ekd_error_set(err, code, "a lingering task was refused");
  }
  return reply(call, "null");
}

// --- More tasks than the queues take -----------------------------------------------------------

struct Crowd {
  ekd_call call;
  uint64_t n;
};

// About 20 µs of work, so that the others have something to steal.
int32_t crowd_member_poll(void*, ekd_cx*) {
  const uint64_t until = instance.ekd.time->now_ns(instance.ctx) + 20 * EKD_NS_PER_US;
  while (instance.ekd.time->now_ns(instance.ctx) < until) {
  }
  return EKD_READY;
}

int32_t crowd_poll(void* state, ekd_cx*) {
  const Crowd* self = static_cast<Crowd*>(state);
  uint64_t spawned = 0, full = 0, others = 0;
  for (uint64_t i = 0; i < self->n; i++) {
    const int32_t code = spawn(crowd_member_type, Sleeper{0});
    if (code == EKD_OK) {
      spawned++;
    } else if (code == EKD_E_FULL) {
      full++;
    } else {
      others++;
    }
  }
  reply(self->call, "{\"spawned\":" + std::to_string(spawned) + ",\"full\":" +
                        std::to_string(full) + ",\"others\":" + std::to_string(others) + "}");
  return EKD_READY;
}

int32_t crowd(ekd_call call, std::string_view params, ekd_error* err) {
  const int32_t code = spawn(crowd_type, Crowd{call, number_in(params, "n", 1000)});
  return code == EKD_OK ? EKD_OK : ekd_error_set(err, code, "the crowd was refused");
}

// --- Tasks that end badly, and who hears of it -------------------------------------------------

int32_t thrower_poll(void*, ekd_cx*) { throw std::runtime_error("thrown out of a poll"); }

int32_t failer_poll(void*, ekd_cx*) {
  instance.ekd.task->fail(instance.ctx, -1234, EKD_STR("failed on purpose"));
  return EKD_FAILED;
}

struct Joiner {
  ekd_call call;
  ekd_task task;
};

int32_t joiner_poll(void* state, ekd_cx* cx) {
  const Joiner* self = static_cast<Joiner*>(state);
  if (cx->cancelled != 0) return EKD_READY;
  ekd_join_result result{};
  result.struct_size = sizeof(result);
  ekd_error err = ekd_error_init();
  const int32_t code =
      instance.ekd.task->join_poll(instance.ctx, self->task, cx->waker, &result, &err);
  if (code == EKD_PENDING) return EKD_PENDING;
  reply(self->call, "{\"join\":" + std::to_string(code) + ",\"status\":" +
                        std::to_string(result.status) + ",\"text\":\"" + err.text + "\"}");
  return EKD_READY;
}

void joiner_drop(void* state) {
  instance.ekd.task->join_close(instance.ctx, static_cast<Joiner*>(state)->task);
}

int32_t end_badly(ekd_call call, uint32_t type, ekd_error* err) {
  Joiner joiner{call, 0};
  int32_t code = spawn(type, Sleeper{0}, EKD_SPAWN_JOIN, &joiner.task);
  if (code == EKD_OK) code = spawn(joiner_type, joiner);
  return code == EKD_OK ? EKD_OK : ekd_error_set(err, code, "spawn was refused");
}

int32_t throw_in_poll(ekd_call call, std::string_view, ekd_error* err) {
  return end_badly(call, thrower_type, err);
}

int32_t fail_in_poll(ekd_call call, std::string_view, ekd_error* err) {
  return end_badly(call, failer_type, err);
}

// --- What nobody gives back --------------------------------------------------------------------

int32_t parked_poll(void*, ekd_cx* cx) { return cx->cancelled != 0 ? EKD_READY : EKD_PENDING; }

int32_t leak_one() {
  ekd_timer timer = 0;
  int32_t code = instance.ekd.time->create(instance.ctx, &timer);
  if (code != EKD_OK) return code;
  instance.ekd.time->arm(instance.ctx, timer,
                         instance.ekd.time->now_ns(instance.ctx) + 3600 * EKD_NS_PER_S);
  if (instance.ekd.memory->alloc(instance.ctx, 1024, 0) == nullptr) return EKD_E_NO_MEMORY;
  code = spawn(parked_type, Sleeper{0});
  if (code != EKD_OK) return code;
  ekd_task held = 0, reserved = 0;
  code = spawn(parked_type, Sleeper{0}, EKD_SPAWN_JOIN, &held);
  if (code != EKD_OK) return code;
  void* state = nullptr;
  code = instance.ekd.task->reserve(instance.ctx, parked_type, 0, 0, &state, &reserved);
  if (code != EKD_OK) return code;
  ekd_io listener = 0;
  return instance.ekd.io->tcp_listen(instance.ctx, EKD_STR("127.0.0.1:0"), nullptr, &listener,
                                     nullptr);
}

int32_t leak(ekd_call call, std::string_view params, ekd_error* err) {
  const uint64_t n = number_in(params, "n", 10);
  for (uint64_t i = 0; i < n; i++) {
    const int32_t code = leak_one();
    if (code != EKD_OK) return ekd_error_set(err, code, "nothing to leak was given");
  }
  return reply(call, "null");
}

// The same from within a task, which then sleeps in its poll for `ms`.
struct Leaker {
  ekd_call call;
  uint64_t n;
  uint64_t ms;
};

int32_t leaker_poll(void* state, ekd_cx* cx) {
  const Leaker* self = static_cast<Leaker*>(state);
  if (cx->cancelled != 0) return EKD_READY;
  for (uint64_t i = 0; i < self->n; i++)
    leak_one();
  reply(self->call, "null");
  std::this_thread::sleep_for(std::chrono::milliseconds(self->ms));
  return EKD_READY;
}

int32_t leak_in_task(ekd_call call, std::string_view params, ekd_error* err) {
  const Leaker leaker{call, number_in(params, "n", 10), number_in(params, "ms", 0)};
  const int32_t code = spawn(leaker_type, leaker);
  return code == EKD_OK ? EKD_OK : ekd_error_set(err, code, "the leaker was refused");
}

int32_t counts(ekd_call call, std::string_view, ekd_error*) {
  return reply(call, "{\"created\":" + std::to_string(instance.created.load()) +
                         ",\"dropped\":" + std::to_string(instance.dropped.load()) + "}");
}

}  // namespace

int32_t register_type(const char* name, ekd_poll_fn poll, ekd_drop_fn drop, uint64_t size,
                      uint32_t* out, ekd_error* err) {
  ekd_task_type type{};
  type.struct_size = sizeof(type);
  type.cancel = EKD_CANCEL_ONE_POLL;
  type.name = ekd_str_from(name);
  type.poll = poll;
  type.drop = drop;
  type.state_size = size;
  return instance.ekd.task->type_register(instance.ctx, &type, out, err);
}

int32_t register_task_types(ekd_error* err) {
  const struct {
    const char* name;
    ekd_poll_fn poll;
    ekd_drop_fn drop;
    uint64_t size;
    uint32_t* out;
  } types[] = {
      {"sleeper", sleeper_poll, nullptr, sizeof(Sleeper), &sleeper_type},
      {"lingerer", lingerer_poll, lingerer_drop, sizeof(Lingerer), &lingerer_type},
      {"crowd", crowd_poll, nullptr, sizeof(Crowd), &crowd_type},
      {"crowd_member", crowd_member_poll, nullptr, sizeof(Sleeper), &crowd_member_type},
      {"thrower", thrower_poll, nullptr, sizeof(Sleeper), &thrower_type},
      {"failer", failer_poll, nullptr, sizeof(Sleeper), &failer_type},
      {"joiner", joiner_poll, joiner_drop, sizeof(Joiner), &joiner_type},
      {"leaker", leaker_poll, nullptr, sizeof(Leaker), &leaker_type},
      {"parked", parked_poll, nullptr, sizeof(Sleeper), &parked_type},
  };
  for (const auto& type : types) {
    const int32_t code = register_type(type.name, type.poll, type.drop, type.size, type.out, err);
    if (code != EKD_OK) return code;
  }
  return EKD_OK;
}

const Command kTaskCommands[] = {
    {"sleep", sleep},
    {"sleep_in_command", sleep_in_command},
    {"job", job},
    {"linger", linger},
    {"crowd", crowd},
    {"throw_in_poll", throw_in_poll},
    {"fail_in_poll", fail_in_poll},
    {"leak", leak},
    {"leak_in_task", leak_in_task},
    {"counts", counts},
    {nullptr, nullptr},
};

}  // namespace mischief

#include <chrono>
#include <thread>

#include "mischief.hpp"

namespace mischief {
namespace {

uint32_t crowd_waiter_type, on_timer_type, on_join_type, on_job_type, on_children_type;

std::atomic<bool> released{false};

// What it waits for: a timer, a task or a job; 0 for none.
struct Waiter {
  uint64_t handle;
};

int32_t spawn(uint32_t type, uint64_t handle, uint32_t flags = 0, ekd_task* out = nullptr) {
  const Waiter state{handle};
  ekd_spawn_options options{};
  options.struct_size = sizeof(options);
  options.flags = flags;
  return instance.ekd.task->spawn(instance.ctx, type, &state, sizeof(state), &options, out);
}

int32_t wait_for_nothing(void*, ekd_cx* cx) { return cx->cancelled != 0 ? EKD_READY : EKD_PENDING; }

int32_t wait_for_timer(void* state, ekd_cx* cx) {
  const uint64_t timer = static_cast<Waiter*>(state)->handle;
  if (cx->cancelled != 0) return EKD_READY;
  return instance.ekd.time->poll(instance.ctx, timer, cx->waker);
}

int32_t wait_for_task(void* state, ekd_cx* cx) {
  ekd_join_result result{};
  result.struct_size = sizeof(result);
  if (cx->cancelled != 0) return EKD_READY;
  return instance.ekd.task->join_poll(instance.ctx, static_cast<Waiter*>(state)->handle, cx->waker,
                                      &result, nullptr);
}

int32_t wait_for_job(void* state, ekd_cx* cx) {
  int32_t result = 0;
  if (cx->cancelled != 0) return EKD_READY;
  return instance.ekd.blocking->job_poll(instance.ctx, static_cast<Waiter*>(state)->handle,
                                         cx->waker, &result, nullptr);
}

int32_t wait_for_children(void* state, ekd_cx* cx) {
  auto* const self = static_cast<Waiter*>(state);
  if (cx->cancelled != 0) return EKD_READY;
  if (self->handle == 0) {
    self->handle = 1;
    spawn(crowd_waiter_type, 0, EKD_SPAWN_CHILD);
    spawn(crowd_waiter_type, 0, EKD_SPAWN_CHILD);
  }
  return instance.ekd.task->children_poll(instance.ctx);
}

// Until the test says so, and never so long that a test's failure becomes a hang.
int32_t run_until_released(void*) {
  for (int i = 0; i < 2000 && !released; i++)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  return 0;
}

// One task for each kind of waiting.
int32_t wait_each(ekd_call call, std::string_view, ekd_error* err) {
  ekd_timer timer = 0;
  int32_t code = instance.ekd.time->create(instance.ctx, &timer);
  if (code != EKD_OK) return code;
  instance.ekd.time->arm(instance.ctx, timer,
                         instance.ekd.time->now_ns(instance.ctx) + 3600 * EKD_NS_PER_S);
  ekd_job_options options{};
  options.struct_size = sizeof(options);
  options.run = run_until_released;
  ekd_job job = 0;
  code = instance.ekd.blocking->submit(instance.ctx, &options, &job, err);
  if (code != EKD_OK) return code;
  ekd_task joined = 0;
  code = spawn(crowd_waiter_type, 0, EKD_SPAWN_JOIN, &joined);
  if (code == EKD_OK) code = spawn(on_timer_type, timer);
  if (code == EKD_OK) code = spawn(on_join_type, joined);
  if (code == EKD_OK) code = spawn(on_job_type, job);
  if (code == EKD_OK) code = spawn(on_children_type, 0);
  return code == EKD_OK ? reply(call, "null") : ekd_error_set(err, code, "a task was refused");
}

int32_t release(ekd_call call, std::string_view, ekd_error*) {
  released = true;
  return reply(call, "null");
}

int32_t park(ekd_call call, std::string_view params, ekd_error* err) {
  const uint64_t n = number_in(params, "n", 1000);
  for (uint64_t i = 0; i < n; i++) {
    int32_t code = spawn(crowd_waiter_type, 0);
    while (code == EKD_E_FULL) {  // the workers have not taken the others yet
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      code = spawn(crowd_waiter_type, 0);
    }
    if (code != EKD_OK) return ekd_error_set(err, code, "a waiting task was refused");
  }
  return reply(call, "null");
}

}  // namespace

int32_t register_wait_types(ekd_error* err) {
  const struct {
    const char* name;
    ekd_poll_fn poll;
    uint32_t* out;
  } types[] = {
      {"crowd_waiter", wait_for_nothing, &crowd_waiter_type},
      {"on_timer", wait_for_timer, &on_timer_type},
      {"on_join", wait_for_task, &on_join_type},
      {"on_job", wait_for_job, &on_job_type},
      {"on_children", wait_for_children, &on_children_type},
  };
  for (const auto& type : types) {
    const int32_t code =
        register_type(type.name, type.poll, nullptr, sizeof(Waiter), type.out, err);
    if (code != EKD_OK) return code;
  }
  return EKD_OK;
}

const Command kWaitCommands[] = {
    {"wait_each", wait_each}, {"release", release}, {"park", park}, {nullptr, nullptr}};

}  // namespace mischief

// Tasks of C++ functions in a plugin without code of its own.
#pragma once

#include <ekiden/plugin.h>

#include <cstdint>
#include <ekiden/testing.hpp>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>

namespace ekiden::testing::test {

class Tasks {
 public:
  using Body = std::function<std::int32_t(ekd_cx&)>;

  Tasks(const Harness& harness, const Plugin& plugin) : ctx_(plugin.ctx()) {
    ekd_error error = ekd_error_init();
    require(ekd_services_get(harness.host(), &services_, &error));
  }

  // Any thread.
  const ekd_services& services() const { return services_; }
  ekd_ctx* ctx() const { return ctx_; }

  std::uint32_t type(const char* name) const {
    ekd_task_type type{};
    type.struct_size = sizeof(type);
    type.name = ekd_str_from(name);
    type.state_size = sizeof(Body*);
    type.poll = [](void* state, ekd_cx* cx) -> std::int32_t {
      return cx->cancelled != 0 ? EKD_READY : (**static_cast<Body**>(state))(*cx);
    };
    type.drop = [](void* state) { delete *static_cast<Body**>(state); };
    std::uint32_t id = 0;
    require(services_.task->type_register(ctx_, &type, &id, nullptr));
    return id;
  }

  void spawn(std::uint32_t type, Body body) const {
    Body* const state = new Body(std::move(body));
    const auto code = services_.task->spawn(ctx_, type, &state, sizeof(state), nullptr, nullptr);
    if (code != EKD_OK) delete state;
    require(code);
  }

  // A task that calls `body` at each deadline that it answers with, the first of which is
  // `first_ns`; 0 ends it.
  void at(std::uint32_t type, std::uint64_t first_ns,
          std::function<std::uint64_t(ekd_cx&)> body) const {
    ekd_timer timer = 0;
    require(services_.time->create(ctx_, &timer));
    require(services_.time->arm(ctx_, timer, first_ns));
    spawn(type, [this, timer, body = std::move(body)](ekd_cx& cx) -> std::int32_t {
      while (services_.time->poll(ctx_, timer, cx.waker) == EKD_READY) {
        const std::uint64_t next_ns = body(cx);
        if (next_ns == 0) {
          services_.time->close(ctx_, timer);
          return EKD_READY;
        }
        services_.time->arm(ctx_, timer, next_ns);
      }
      return EKD_PENDING;
    });
  }

 private:
  static void require(std::int32_t code) {
    if (code != EKD_OK) throw std::runtime_error("the host answered " + std::to_string(code));
  }

  ekd_ctx* ctx_;
  ekd_services services_{};
};

}  // namespace ekiden::testing::test

// Calling a lifecycle callback: codes, texts, exceptions, and "pending".
#include <catch2/catch.hpp>
#include <stdexcept>
#include <thread>

#include "daemon/host/host.hpp"
#include "daemon/plugins/callback.hpp"
#include "daemon/plugins/steady_time.hpp"
#include "runtime/runtime.hpp"
#include "runtime/task/presence.hpp"
#include "tests/unit/plugins/fixture.hpp"

namespace ekiden::daemon {
namespace {

// A context without a plugin behind it.
class Opened {
 public:
  Opened() : runtime_({}), host_(runtime_) {
    REQUIRE(host_.open("nobody", 1, 0, ctx_) == runtime::Status::kOk);
  }
  ~Opened() { host_.retire(ctx_); }

  Host& host() { return host_; }
  ekd_ctx* ctx() const { return ctx_; }
  runtime::OwnerId owner() const { return host_.owner(ctx_); }
  void lifecycle_done(std::int32_t code, const char* text) {
    ekd_error error = ekd_error_init();
    ekd_error_set(&error, code, text);
    host_.table()->lifecycle_done(ctx_, code, &error);
  }

 private:
  runtime::Runtime runtime_;
  Host host_;
  ekd_ctx* ctx_ = nullptr;
};

runtime::Nanos in_a_minute() { return steady_now_ns() + 60 * runtime::kNanosPerSecond; }

}  // namespace

TEST_CASE("A callback's code and text come back, and never an empty reason") {
  Opened opened;
  CallbackRunner runner(opened.host(), opened.ctx(), opened.owner());
  struct Row {
    std::int32_t returns;
    const char* text;
    std::int32_t code;
    const char* says;
  };
  for (const Row& row : {Row{EKD_OK, "", EKD_OK, ""}, Row{EKD_OK, "ignored", EKD_OK, ""},
                         Row{EKD_E_LIMIT, "too much", EKD_E_LIMIT, "too much"},
                         Row{EKD_E_LIMIT, "", EKD_E_LIMIT, "limit"}, Row{-4711, "", -4711, ""},
                         Row{EKD_PENDING, "", EKD_E_FAILED, "returned 1"},
                         Row{99, "", EKD_E_FAILED, "returned 99"}}) {
    INFO(row.returns);
    const auto answer = runner.run("test", [&](ekd_error* error) {
      if (*row.text != '\0') ekd_error_set(error, row.returns, row.text);
      return row.returns;
    });
    CHECK(answer.code == row.code);
    CHECK(answer.text.find(row.says) != std::string::npos);
    CHECK(answer.text.empty() == (row.code == EKD_OK));
  }
}

TEST_CASE("What a callback throws is an answer") {
  Opened opened;
  CallbackRunner runner(opened.host(), opened.ctx(), opened.owner());
  auto answer = runner.run(
      "test", [](ekd_error*) -> std::int32_t { throw std::runtime_error("out of the callback"); });
  CHECK(answer.code == EKD_E_FAILED);
  CHECK(answer.text.find("out of the callback") != std::string::npos);
  answer = runner.run("test", [](ekd_error*) -> std::int32_t { throw 1; });
  CHECK(answer.code == EKD_E_FAILED);
  CHECK(runner.describe_running().empty());
  CHECK_FALSE(runtime::presence::anyone_in(opened.owner()));
}

TEST_CASE("While a callback runs, its thread is in the plugin and people can be told") {
  Opened opened;
  CallbackRunner runner(opened.host(), opened.ctx(), opened.owner());
  bool is_in = false;
  std::string description;
  runner.run("test", [&](ekd_error*) {
    is_in = runtime::presence::anyone_in(opened.owner());
    description = runner.describe_running();
    return EKD_OK;
  });
  CHECK(is_in);
  CHECK(description.find("its test callback has not returned for") == 0);
}

TEST_CASE("A pending callback is ended by lifecycle_done, also before it has returned") {
  Opened opened;
  CallbackRunner runner(opened.host(), opened.ctx(), opened.owner());
  auto answer = runner.run_pending("test", in_a_minute(), [&](ekd_error*) {
    opened.lifecycle_done(EKD_OK, "");
    return EKD_PENDING;
  });
  CHECK(answer.code == EKD_OK);

  std::thread later;
  answer = runner.run_pending("test", in_a_minute(), [&](ekd_error*) {
    later = std::thread([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      opened.lifecycle_done(EKD_E_OS, "the disk is full");
    });
    return EKD_PENDING;
  });
  later.join();
  CHECK(answer.code == EKD_E_OS);
  CHECK(answer.text.find("the disk is full") != std::string::npos);
}

TEST_CASE("A pending callback that is not ended has timed out, and its late end does nothing") {
  Opened opened;
  CallbackRunner runner(opened.host(), opened.ctx(), opened.owner());
  const auto soon = steady_now_ns() + 5 * runtime::kNanosPerMilli;
  const auto answer = runner.run_pending("test", soon, [](ekd_error*) { return EKD_PENDING; });
  CHECK(answer.code == EKD_E_TIMED_OUT);
  opened.lifecycle_done(EKD_OK, "");
  CHECK(runner.run("test", [](ekd_error*) { return EKD_OK; }).code == EKD_OK);
}

TEST_CASE("A pending callback can be given up, before and while it waits") {
  Opened opened;
  CallbackRunner runner(opened.host(), opened.ctx(), opened.owner());
  const auto pending = [](ekd_error*) { return EKD_PENDING; };
  runner.give_up();
  CHECK(runner.run_pending("test", in_a_minute(), pending).code == EKD_E_CANCELLED);
  CHECK(runner.run_pending("test", in_a_minute(), [](ekd_error*) { return EKD_OK; }).code ==
        EKD_OK);
  runner.allow_pending();

  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    runner.give_up();
  });
  CHECK(runner.run_pending("test", in_a_minute(), pending).code == EKD_E_CANCELLED);
  other.join();
}

}  // namespace ekiden::daemon

// A running server with methods made for tests:
//   test.echo    answers its parameter `value`
//   test.hold    answers when release_all() is called, from another thread than the server's
//   test.watch   as test.hold, and its channels() are there: asks for progress with `progress`
//   test.bytes   answers a text of `count` bytes
//   test.parts   answers after parts() parts of a millisecond, which it does one after another
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "daemon/control/control_server.hpp"
#include "daemon/control/limits.hpp"
#include "daemon/control/method_table.hpp"
#include "daemon/control/progress_channel.hpp"
#include "runtime/base/atomic.hpp"
#include "runtime/base/mutex.hpp"
#include "tests/unit/control/support/raw_client.hpp"
#include "tests/unit/control/support/temp_folder.hpp"

namespace ekiden::daemon::control::test {

// Polls until `condition` holds. False after kPatience.
template <class Condition>
bool eventually(const Condition& condition) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

class TestServer {
 public:
  TestServer() : server_(folder_ / "socket", 0660, make_table()) {
    if (auto problem = server_.start()) throw std::runtime_error(problem->text);
  }

  std::filesystem::path path() const { return folder_ / "socket"; }
  RawClient client() const { return RawClient(path()); }
  void stop() { server_.stop(); }

  // How many parts of test.parts have been done, and how many it takes.
  std::uint64_t parts_done() const { return parts_done_.load(); }
  void set_parts(std::uint64_t count) { parts_.store(count); }

  std::size_t held() {
    runtime::MutexLock lock(mutex_);
    return held_.size();
  }
  // Of the requests to test.watch, in their order.
  std::vector<std::shared_ptr<ProgressChannel>> channels() {
    runtime::MutexLock lock(mutex_);
    return channels_;
  }
  void release_all(const std::string& with = "released") {
    std::vector<Responder> released;
    {
      runtime::MutexLock lock(mutex_);
      released.swap(held_);
    }
    for (Responder& responder : released)
      responder.result(with);
  }

 private:
  std::shared_ptr<const MethodTable> make_table() {
    auto table = std::make_shared<MethodTable>();
    ParamSpec value{.name = "value", .type = ParamType::kAny};
    table->add("test.echo", {.summary = "",
                             .params = {value},
                             .handler = [](const nlohmann::json& params, Responder responder) {
                               responder.result(params.value("value", nlohmann::json()));
                             }});
    table->add("test.hold", {.summary = "",
                             .params = {},
                             .handler = [this](const nlohmann::json&, Responder responder) {
                               runtime::MutexLock lock(mutex_);
                               held_.push_back(std::move(responder));
                             }});
    table->add("test.parts", {.summary = "",
                              .params = {},
                              .handler = [this](const nlohmann::json&, Responder responder) {
                                do_part(0, std::move(responder));
                              }});
    ParamSpec progress{.name = "progress", .type = ParamType::kBoolean};
    table->add("test.watch", {.summary = "",
                              .params = {progress},
                              .handler = [this](const nlohmann::json& params, Responder responder) {
                                runtime::MutexLock lock(mutex_);
                                channels_.push_back(responder.open_progress(
                                    "tester", params.value("progress", false)));
                                held_.push_back(std::move(responder));
                              }});
    ParamSpec count{
        .name = "count", .type = ParamType::kInteger, .required = true, .min = 0, .max = INT32_MAX};
    table->add("test.bytes",
               {.summary = "",
                .params = {count},
                .handler = [](const nlohmann::json& params, Responder responder) {
                  responder.result(std::string(params.at("count").get<std::size_t>(), 'x'));
                }});
    return table;
  }

  void do_part(std::uint64_t done, Responder responder) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    parts_done_.fetch_add(1);
    if (done + 1 >= parts_.load()) return responder.result(done + 1);
    std::move(responder).defer(
        [this, done](Responder later) { do_part(done + 1, std::move(later)); });
  }

  TempFolder folder_;
  runtime::Mutex mutex_;
  std::vector<Responder> held_ EKIDEN_GUARDED_BY(mutex_);
  runtime::Atomic<std::uint64_t> parts_{10};
  runtime::Atomic<std::uint64_t> parts_done_{0};
  std::vector<std::shared_ptr<ProgressChannel>> channels_ EKIDEN_GUARDED_BY(mutex_);
  ControlServer server_;
};

inline std::string request(std::int64_t id, const std::string& method,
                           const std::string& params = "{}") {
  return R"({"jsonrpc":"2.0","id":)" + std::to_string(id) + R"(,"method":")" + method +
         R"(","params":)" + params + "}\n";
}

// The id of an answer, or nothing where there is none.
inline nlohmann::json id_of(const std::optional<std::string>& line) {
  if (!line) return "(no answer)";
  return nlohmann::json::parse(*line).value("id", nlohmann::json("(no id)"));
}

// "result", or the error's kind.
inline std::string outcome_of(const std::optional<std::string>& line) {
  if (!line) return "(no answer)";
  const nlohmann::json answer = nlohmann::json::parse(*line);
  return answer.contains("result") ? "result" : answer["error"]["data"]["kind"].get<std::string>();
}

}  // namespace ekiden::daemon::control::test

// Takes answers and keeps them.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "daemon/control/method_table.hpp"
#include "runtime/base/atomic.hpp"
#include "runtime/base/mutex.hpp"

namespace ekiden::daemon::control::test {

class CollectingSink final : public AnswerSink {
 public:
  void deliver(Answer answer) noexcept override {
    runtime::MutexLock lock(mutex_);
    lines_.push_back(std::move(answer.line));
  }
  // At once, as if nobody else were there.
  void defer(Deferred work) override {
    parts_.fetch_add(1);
    work.next(std::move(work.responder));
  }
  int parts() const { return parts_.load(); }
  std::vector<std::string> lines() {
    runtime::MutexLock lock(mutex_);
    return lines_;
  }

 private:
  runtime::Atomic<int> parts_{0};
  runtime::Mutex mutex_;
  std::vector<std::string> lines_ EKIDEN_GUARDED_BY(mutex_);
};

// The answer to one request, of methods that wait for nobody.
inline nlohmann::json ask(const MethodTable& table, const std::string& method,
                          const nlohmann::json& params = nlohmann::json::object()) {
  auto sink = std::make_shared<CollectingSink>();
  const Request request{true, "1", method};
  table.call(request, params, Responder(sink, 1, request));
  const std::vector<std::string> lines = sink->lines();
  return lines.size() == 1 ? nlohmann::json::parse(lines[0]) : nlohmann::json();
}

}  // namespace ekiden::daemon::control::test

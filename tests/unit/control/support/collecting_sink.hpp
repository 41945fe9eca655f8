// Takes answers and keeps them.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "daemon/control/method_table.hpp"
#include "runtime/base/mutex.hpp"

namespace ekiden::daemon::control::test {

class CollectingSink final : public AnswerSink {
 public:
  void deliver(Answer answer) noexcept override {
    runtime::MutexLock lock(mutex_);
    lines_.push_back(std::move(answer.line));
  }
  std::vector<std::string> lines() {
    runtime::MutexLock lock(mutex_);
    return lines_;
  }

 private:
  runtime::Mutex mutex_;
  std::vector<std::string> lines_ EKIDEN_GUARDED_BY(mutex_);
};

// The answer to one request, of methods that answer at once.
inline nlohmann::json ask(const MethodTable& table, const std::string& method,
                          const nlohmann::json& params = nlohmann::json::object()) {
  auto sink = std::make_shared<CollectingSink>();
  const Request request{true, "1", method};
  table.call(request, params, Responder(sink, 1, request));
  const std::vector<std::string> lines = sink->lines();
  return lines.size() == 1 ? nlohmann::json::parse(lines[0]) : nlohmann::json();
}

}  // namespace ekiden::daemon::control::test

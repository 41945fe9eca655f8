// The one answer to one request: a value that moves to whichever thread will give it.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "daemon/control/error.hpp"
#include "daemon/control/rpc_message.hpp"

namespace ekiden::daemon::control {

// Names a connection for the server's life: never used twice.
using ConnectionId = std::uint64_t;

// A request is over.
struct Answer {
  ConnectionId connection = 0;
  IdText id;
  std::string line;  // empty where it wanted no answer
};

// Where answers go.
class AnswerSink {
 public:
  // Any thread; never waits.
  virtual void deliver(Answer answer) noexcept = 0;

 protected:
  ~AnswerSink() = default;
};

// Answers once: the first call counts, later ones do nothing. Dropped unanswered, it tells the
// client so, as an internal error. Any thread, one at a time; it may outlive the server.
class Responder {
 public:
  Responder(std::shared_ptr<AnswerSink> sink, ConnectionId connection, const Request& request);
  ~Responder();
  Responder(Responder&& other) noexcept = default;
  Responder& operator=(Responder&&) = delete;

  void result(const nlohmann::json& value);
  // A result that is JSON text already, a plugin's say. Text that is not JSON, or too deep, becomes
  // the error `failed`. Empty stands for null.
  void result_text(std::string_view text);
  void error(const RpcError& error);

 private:
  void finish(std::string line);

  std::shared_ptr<AnswerSink> sink_;  // null once answered, or moved from
  ConnectionId connection_;
  bool wants_answer_;
  IdText id_;
};

}  // namespace ekiden::daemon::control

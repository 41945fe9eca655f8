// The one answer to one request: a value that moves to whichever thread will give it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "daemon/control/error.hpp"
#include "daemon/control/rpc_message.hpp"

namespace ekiden::daemon::control {

// Names a connection for the server's life: never used twice.
using ConnectionId = std::uint64_t;

// A request is over, or (kProgress) goes on and has something to say.
struct Answer {
  enum class Kind : std::uint8_t { kAnswer, kProgress };

  ConnectionId connection = 0;
  IdText id;
  std::string line;  // empty where it wanted no answer
  Kind kind = Kind::kAnswer;
};

class ClientLink;
class ProgressChannel;
struct Deferred;

// Where answers go.
class AnswerSink {
 public:
  // Any thread; never waits.
  virtual void deliver(Answer answer) noexcept = 0;
  // Calls it on the control thread, after others have had their turn; or drops it, where its
  // client is gone or the server has stopped. Any thread; never waits.
  virtual void defer(Deferred work) = 0;

 protected:
  ~AnswerSink() = default;
};

// Answers once: the first call counts, later ones do nothing. Dropped unanswered, it tells the
// client so, as an internal error. Any thread, one at a time; it may outlive the server.
class Responder {
 public:
  // `client` may be null: then it never goes.
  Responder(std::shared_ptr<AnswerSink> sink, ConnectionId connection, const Request& request,
            std::shared_ptr<ClientLink> client = nullptr);
  ~Responder();
  Responder(Responder&& other) noexcept = default;
  Responder& operator=(Responder&&) = delete;

  // The way of this request's progress, which ends with the answer. Where the client does not
  // `want` any, or waits for no answer, it still learns whether somebody waits. Once.
  std::shared_ptr<ProgressChannel> open_progress(const std::string& plugin, bool want);

  void result(const nlohmann::json& value);
  // A result that is JSON text already, a plugin's say. Text that is not JSON, or too deep, becomes
  // the error `failed`. Empty stands for null.
  void result_text(std::string_view text);
  void error(const RpcError& error);

  // For a method that would hold up the control thread: does a bounded part of its work, and hands
  // itself on to `next`, which is called on the control thread once the other clients have had
  // their turn. Where the client is gone meanwhile, `next` is not called any more.
  using Continuation = std::function<void(Responder)>;
  void defer(Continuation next) &&;

 private:
  void finish(std::string line);

  std::shared_ptr<AnswerSink> sink_;  // null once answered, or moved from
  ConnectionId connection_;
  bool wants_answer_;
  IdText id_;
  std::shared_ptr<ClientLink> client_;
  std::shared_ptr<ProgressChannel> progress_;
};

// The rest of a request's work.
struct Deferred {
  ConnectionId connection = 0;
  Responder responder;
  Responder::Continuation next;
};

}  // namespace ekiden::daemon::control

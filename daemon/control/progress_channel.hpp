// The way of one request's progress to its client:
//
//   {"jsonrpc":"2.0","method":"plugin.progress","params":{"id":7,"plugin":"checksum","data":…}}
//
// Nothing comes after the answer: the responder closes the channel before it answers, and both go
// through the same mailbox. A client that reads too slowly loses events, never the answer; the next
// event that it gets says in `dropped` how many are missing in front of it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/control/client_link.hpp"
#include "daemon/control/responder.hpp"
#include "runtime/base/mutex.hpp"

namespace ekiden::daemon::control {

// Any thread may call any member.
class ProgressChannel {
 public:
  // `sink` null: the client did not ask for progress. `client` null: whether it is there does not
  // matter, because it waits for no answer.
  ProgressChannel(std::shared_ptr<AnswerSink> sink, std::shared_ptr<ClientLink> client,
                  ConnectionId connection, IdText id, std::string plugin);

  // `json`: one JSON value. False: nobody waits, because it is answered or the client has gone.
  // Never waits for the client. What this protocol does not carry (two members of one name, say) is
  // dropped and counted.
  bool tell(std::string_view json) EKIDEN_EXCLUDES(mutex_);

  void close() EKIDEN_EXCLUDES(mutex_);

 private:
  // Empty where `json` is not acceptable.
  std::string render(std::string_view json) const EKIDEN_REQUIRES(mutex_);

  const std::shared_ptr<AnswerSink> sink_;
  const std::shared_ptr<ClientLink> client_;
  const ConnectionId connection_;
  const IdText id_;
  const std::string plugin_;

  // Held while an event is handed to the sink, which never waits: so the order of close() and of
  // the events is the one that the client sees.
  runtime::Mutex mutex_;
  bool closed_ EKIDEN_GUARDED_BY(mutex_) = false;
  std::uint64_t dropped_ EKIDEN_GUARDED_BY(mutex_) = 0;  // since the last event that went out
};

}  // namespace ekiden::daemon::control

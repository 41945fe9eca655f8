// JSON-RPC 2.0 messages: reading a request, writing an answer.
// Any thread; nothing throws but std::bad_alloc.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <variant>

#include "daemon/control/error.hpp"

namespace ekiden::daemon::control {

// An id as JSON text, ready to be echoed: a string, an integer or null.
using IdText = std::string;
inline constexpr std::string_view kNullId = "null";

struct Request {
  bool wants_answer = false;  // false: a notification, which is carried out and not answered
  IdText id{kNullId};
  std::string method;
};

// A line that is no request. It is always answered, with the id where that could be read.
struct BadMessage {
  IdText id{kNullId};
  RpcError error;
};

// `line` is without its line feed; one carriage return at its end is ignored. Where the message is
// a request, `params` becomes its params ({} if absent) and the whole message has been checked.
std::variant<Request, BadMessage> parse_request(std::string_view line, nlohmann::json& params);

// One line each, with its line feed. An answer longer than kAnswerMaxBytes becomes an error.
std::string render_result(std::string_view id, const nlohmann::json& result);
std::string render_error(std::string_view id, const RpcError& error);

}  // namespace ekiden::daemon::control

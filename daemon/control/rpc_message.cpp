#include "daemon/control/rpc_message.hpp"

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "daemon/control/json_line.hpp"
#include "daemon/control/limits.hpp"
#include "daemon/logging/escape.hpp"
#include "daemon/logging/utf8.hpp"

namespace ekiden::daemon::control {
namespace {

using nlohmann::json;

constexpr std::string_view kShape =
    R"(send {"jsonrpc":"2.0","id":1,"method":"…","params":{…}} on one line)";

std::string sentence(std::string_view problem) {
  return std::string(problem) + "; " + std::string(kShape);
}

RpcError invalid(std::string_view problem) {
  return {ErrorKind::kInvalidRequest, sentence(problem), {}};
}

// The id's text, or nothing where it is no id that could be echoed. A number beyond 64 bits or with
// a fraction would come back as another one, so it is refused.
std::optional<IdText> id_text(const json& id) {
  if (id.is_null() || id.is_number_integer()) return id.dump();
  if (id.is_string() && id.get_ref<const std::string&>().size() <= kIdMaxBytes) return id.dump();
  return std::nullopt;
}

bool is_known_member(std::string_view name) {
  return name == "jsonrpc" || name == "id" || name == "method" || name == "params";
}

std::optional<RpcError> check_members(const json& message) {
  for (const auto& [name, value] : message.items()) {
    if (!is_known_member(name)) {
      return invalid("a request has no member '" + escape_text(utf8_prefix(name, 64)) + "'");
    }
  }
  const auto version = message.find("jsonrpc");
  if (version == message.end() || *version != "2.0") {
    return invalid(R"(the member "jsonrpc" must be "2.0")");
  }
  const auto method = message.find("method");
  if (method == message.end() || !method->is_string()) {
    return invalid(R"(the member "method" must be a string)");
  }
  const auto params = message.find("params");
  if (params != message.end() && !params->is_object()) {
    return RpcError{ErrorKind::kInvalidParams,
                    R"(the member "params" must be an object: parameters go by name)",
                    {}};
  }
  return std::nullopt;
}

std::string cut_answer(std::string_view id, std::size_t bytes) {
  return render_error(
      id, {ErrorKind::kFailed,
           "the answer has " + std::to_string(bytes) + " bytes and an answer may have " +
               std::to_string(kAnswerMaxBytes) + "; ask for less at a time",
           {}});
}

// Errors before the id is known.
BadMessage bad(RpcError error) { return {IdText(kNullId), std::move(error)}; }

// False where there is an id that cannot be echoed.
bool read_id(const json& message, Request& request) {
  const auto id = message.find("id");
  request.wants_answer = id != message.end();
  if (!request.wants_answer) return true;
  std::optional<IdText> text = id_text(*id);
  if (text) request.id = std::move(*text);
  return text.has_value();
}

}  // namespace

std::variant<Request, BadMessage> parse_request(std::string_view line, json& params) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  json message;
  if (auto problem = read_json(line, message)) {
    return bad({ErrorKind::kParse, sentence("the line is not acceptable JSON: " + *problem), {}});
  }
  if (message.is_array()) {
    return bad(invalid("batches are not served: send each request on a line of its own"));
  }
  if (!message.is_object()) return bad(invalid("a request is a JSON object"));

  Request request;
  if (!read_id(message, request)) {
    return bad(invalid("the member \"id\" must be a string of at most " +
                       std::to_string(kIdMaxBytes) + " bytes, a 64-bit integer or null"));
  }
  if (auto error = check_members(message)) return BadMessage{request.id, std::move(*error)};

  request.method = std::move(message["method"].get_ref<std::string&>());
  const auto given = message.find("params");
  params = given == message.end() ? json::object() : std::move(*given);
  return request;
}

std::string render_result(std::string_view id, const json& result) {
  std::string line = R"({"jsonrpc":"2.0","id":)";
  line += id;
  line += R"(,"result":)";
  line += write_json(result);
  line += "}\n";
  if (line.size() > kAnswerMaxBytes) return cut_answer(id, line.size());
  return line;
}

std::string render_error(std::string_view id, const RpcError& error) {
  const ErrorEntry& entry = error_entry(error.kind);
  std::string line = R"({"jsonrpc":"2.0","id":)";
  line += id;
  line += R"(,"error":{"code":)";
  line += std::to_string(entry.code);
  line += R"(,"message":)";
  line += write_json(error.message);
  line += R"(,"data":{"kind":")";
  line += entry.name;
  line += '"';
  if (!error.detail_json.empty()) {
    line += R"(,"detail":)";
    line += error.detail_json;
  }
  line += "}}}\n";
  if (line.size() > kAnswerMaxBytes) return cut_answer(id, line.size());
  return line;
}

}  // namespace ekiden::daemon::control

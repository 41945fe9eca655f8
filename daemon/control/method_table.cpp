#include "daemon/control/method_table.hpp"

#include <exception>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "daemon/config/nearest.hpp"
#include "daemon/logging/escape.hpp"
#include "daemon/logging/log.hpp"
#include "daemon/logging/utf8.hpp"
#include "runtime/base/check.hpp"

namespace ekiden::daemon::control {
namespace {

constexpr std::size_t kQuotedBytes = 64;

}  // namespace

void MethodTable::add(std::string name, Method method) {
  const bool is_new = methods_.emplace(std::move(name), std::move(method)).second;
  EKIDEN_CHECK(is_new);
}

void MethodTable::call(const Request& request, const nlohmann::json& params,
                       Responder responder) const {
  const auto found = methods_.find(request.method);
  if (found == methods_.end()) return responder.error(unknown_method(request.method));
  if (const auto error = check_params(params, found->second.params)) {
    return responder.error(*error);
  }
  try {
    found->second.handler(params, std::move(responder));
  } catch (const std::exception& failure) {
    // The responder went down with the handler's frame, and has told the client so.
    log::error("control", "the method " + request.method + " failed: " + failure.what());
  }
}

RpcError MethodTable::unknown_method(std::string_view name) const {
  const std::string_view shown = utf8_prefix(name, kQuotedBytes);
  std::string message = "there is no method '" + escape_text(shown) + "'";
  std::vector<std::string_view> known;
  for (const auto& [known_name, method] : methods_)
    known.push_back(known_name);
  const std::string_view near = nearest(shown, known);
  message +=
      near.empty() ? "; rpc.discover lists them" : "; did you mean '" + std::string(near) + "'?";
  return {ErrorKind::kUnknownMethod, std::move(message), {}};
}

}  // namespace ekiden::daemon::control

// The methods of the control protocol by name.
//
// Filled before the server starts and constant from then on. Handlers run on the control thread and
// must not wait for anything: one that has to wait moves its responder to whoever finishes the
// work, and one that computes for more than a millisecond goes on later (Responder::defer).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "daemon/control/params.hpp"
#include "daemon/control/responder.hpp"

namespace ekiden::daemon::control {

// `params` has been checked against the method's specs; a null member means "not given".
using Handler = std::function<void(const nlohmann::json& params, Responder responder)>;

struct Method {
  std::string summary;  // one sentence for people
  ParamSpecs params;
  Handler handler;
};

class MethodTable {
 public:
  // The name must be new.
  void add(std::string name, Method method);

  // Checks the request whole, then calls its handler. A handler that throws has its request
  // answered as an internal error.
  void call(const Request& request, const nlohmann::json& params, Responder responder) const;

  const std::map<std::string, Method, std::less<>>& methods() const { return methods_; }

 private:
  RpcError unknown_method(std::string_view name) const;

  std::map<std::string, Method, std::less<>> methods_;
};

}  // namespace ekiden::daemon::control

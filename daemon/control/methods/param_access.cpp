#include <nlohmann/json.hpp>

#include "daemon/control/methods/registration.hpp"

namespace ekiden::daemon::control {

const std::string* text_param(const nlohmann::json& params, std::string_view name) {
  const auto found = params.find(name);
  if (found == params.end() || found->is_null()) return nullptr;
  return found->get_ptr<const std::string*>();
}

std::optional<std::int64_t> integer_param(const nlohmann::json& params, std::string_view name) {
  const auto found = params.find(name);
  if (found == params.end() || found->is_null()) return std::nullopt;
  return found->get<std::int64_t>();
}

bool flag_param(const nlohmann::json& params, std::string_view name) {
  const auto found = params.find(name);
  return found != params.end() && found->is_boolean() && found->get<bool>();
}

}  // namespace ekiden::daemon::control

// What a method takes: names, types and bounds, declared once. The same declaration checks a
// request whole before the method runs, and is shown by rpc.discover.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "daemon/control/error.hpp"

namespace ekiden::daemon::control {

enum class ParamType : std::uint8_t {
  kString,   // max_bytes, one_of
  kInteger,  // min, max
  kBoolean,
  kAny,
};

struct ParamSpec {
  std::string name{};
  ParamType type = ParamType::kString;
  bool required = false;
  std::string summary{};

  std::size_t max_bytes = 4096;
  std::vector<std::string> one_of{};  // empty: every text

  std::int64_t min = 0;
  std::int64_t max = 0;
};

using ParamSpecs = std::vector<ParamSpec>;

// `params` is an object. Nothing where every member is known, of its type and within its bounds,
// and nothing required is missing; else the error names the parameter and what it may be, and for
// an unknown name the nearest known one. A null stands for "not given". Any thread.
std::optional<RpcError> check_params(const nlohmann::json& params, const ParamSpecs& specs);

// The JSON Schema of one parameter.
nlohmann::json param_schema(const ParamSpec& spec);

}  // namespace ekiden::daemon::control

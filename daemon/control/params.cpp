#include "daemon/control/params.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "daemon/config/nearest.hpp"
#include "daemon/logging/escape.hpp"
#include "daemon/logging/utf8.hpp"

namespace ekiden::daemon::control {
namespace {

using nlohmann::json;

constexpr std::size_t kQuotedBytes = 64;

std::string quote(std::string_view text) {
  return "'" + escape_text(utf8_prefix(text, kQuotedBytes)) + "'";
}

std::string join(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words)
    out += (out.empty() ? "" : ", ") + word;
  return out;
}

// What the parameter may be, as in "must be …".
std::string allowed(const ParamSpec& spec) {
  switch (spec.type) {
    case ParamType::kString:
      return spec.one_of.empty()
                 ? "a string of at most " + std::to_string(spec.max_bytes) + " bytes"
                 : "one of " + join(spec.one_of);
    case ParamType::kInteger:
      return "an integer from " + std::to_string(spec.min) + " to " + std::to_string(spec.max);
    case ParamType::kBoolean:
      return "true or false";
    case ParamType::kAny:
      break;
  }
  return "a JSON value";
}

bool is_integer_within(const json& value, std::int64_t min, std::int64_t max) {
  if (!value.is_number_integer()) return false;
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX) return false;
  const auto number = value.get<std::int64_t>();
  return min <= number && number <= max;
}

bool is_allowed(const json& value, const ParamSpec& spec) {
  switch (spec.type) {
    case ParamType::kString: {
      if (!value.is_string()) return false;
      const auto& text = value.get_ref<const std::string&>();
      if (text.size() > spec.max_bytes) return false;
      return spec.one_of.empty() ||
             std::find(spec.one_of.begin(), spec.one_of.end(), text) != spec.one_of.end();
    }
    case ParamType::kInteger:
      return is_integer_within(value, spec.min, spec.max);
    case ParamType::kBoolean:
      return value.is_boolean();
    case ParamType::kAny:
      break;
  }
  return true;
}

RpcError invalid(std::string message, const std::string& param) {
  return {ErrorKind::kInvalidParams, std::move(message),
          json{{"param", utf8_prefix(param, kQuotedBytes)}}.dump()};
}

RpcError unknown(const std::string& name, const ParamSpecs& specs) {
  std::string message = "there is no parameter " + quote(name);
  std::vector<std::string_view> known;
  for (const ParamSpec& spec : specs)
    known.push_back(spec.name);
  if (const std::string_view near = nearest(utf8_prefix(name, kQuotedBytes), known);
      !near.empty()) {
    message += "; did you mean '" + std::string(near) + "'?";
  } else if (specs.empty()) {
    message += "; this method takes none";
  } else {
    std::vector<std::string> names;
    for (const ParamSpec& spec : specs)
      names.push_back(spec.name);
    message += "; this method takes " + join(names);
  }
  return invalid(std::move(message), name);
}

}  // namespace

std::optional<RpcError> check_params(const json& params, const ParamSpecs& specs) {
  for (const auto& [name, value] : params.items()) {
    const auto spec = std::find_if(specs.begin(), specs.end(),
                                   [&name = name](const ParamSpec& s) { return s.name == name; });
    if (spec == specs.end()) return unknown(name, specs);
    const bool not_given = value.is_null() && spec->type != ParamType::kAny;
    if (!not_given && !is_allowed(value, *spec)) {
      return invalid("the parameter '" + name + "' must be " + allowed(*spec), name);
    }
  }
  for (const ParamSpec& spec : specs) {
    const auto given = params.find(spec.name);
    if (!spec.required || (given != params.end() && !given->is_null())) continue;
    return invalid("the parameter '" + spec.name + "' is missing: it must be " + allowed(spec),
                   spec.name);
  }
  return std::nullopt;
}

json param_schema(const ParamSpec& spec) {
  switch (spec.type) {
    case ParamType::kString:
      if (!spec.one_of.empty()) return {{"type", "string"}, {"enum", spec.one_of}};
      return {{"type", "string"}};
    case ParamType::kInteger:
      return {{"type", "integer"}, {"minimum", spec.min}, {"maximum", spec.max}};
    case ParamType::kBoolean:
      return {{"type", "boolean"}};
    case ParamType::kAny:
      break;
  }
  return json::object();
}

}  // namespace ekiden::daemon::control

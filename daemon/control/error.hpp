// The errors of the control protocol, once: JSON-RPC code, word in error.data.kind, and the exit
// code that ekidenctl makes of it. Free of dependencies, so that the client shares it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace ekiden::daemon::control {

enum class ErrorKind : std::uint8_t {
  kParse,           // the line is not one JSON value
  kInvalidRequest,  // JSON, but not a request of JSON-RPC 2.0
  kUnknownMethod,
  kInvalidParams,
  kInternal,  // a defect of the daemon
  kFailed,    // it was tried and did not work
  kDenied,
  kNotFound,
  kConflict,  // the object exists, but not in a state that allows it
  kTimedOut,
  kBusy,  // a limit of the server; try again later
};

struct ErrorEntry {
  ErrorKind kind;
  int code;
  std::string_view name;
  int exit_code;  // of ekidenctl
};

// In the order of ErrorKind.
inline constexpr std::array<ErrorEntry, 11> kErrors = {{
    {ErrorKind::kParse, -32700, "parse_error", 1},
    {ErrorKind::kInvalidRequest, -32600, "invalid_request", 1},
    {ErrorKind::kUnknownMethod, -32601, "unknown_method", 5},
    {ErrorKind::kInvalidParams, -32602, "invalid_params", 2},
    {ErrorKind::kInternal, -32603, "internal", 1},
    {ErrorKind::kFailed, -32000, "failed", 1},
    {ErrorKind::kDenied, -32001, "denied", 4},
    {ErrorKind::kNotFound, -32002, "not_found", 5},
    {ErrorKind::kConflict, -32003, "conflict", 6},
    {ErrorKind::kTimedOut, -32004, "timed_out", 7},
    {ErrorKind::kBusy, -32005, "busy", 1},
}};

constexpr const ErrorEntry& error_entry(ErrorKind kind) {
  return kErrors[static_cast<std::size_t>(kind)];
}

static_assert(
    [] {
      for (std::size_t i = 0; i < kErrors.size(); i++) {
        if (kErrors[i].kind != static_cast<ErrorKind>(i)) return false;
      }
      return true;
    }(),
    "kErrors must be in the order of ErrorKind");

struct RpcError {
  ErrorKind kind = ErrorKind::kInternal;
  std::string message;      // one sentence; any bytes
  std::string detail_json;  // error.data.detail: JSON text from write_json(), or empty for none
};

}  // namespace ekiden::daemon::control

// What every header of the SDK begins with: its namespace, and how errors look.
//
// The SDK is header-only and stands on the C ABI alone: what it needs of the daemon it gets through
// `ekd_host`, so a plugin that was built with it loads for as long as the ABI lives. Its names are
// in `ekiden`, in a versioned inline namespace. Build plugins with -fvisibility=hidden and
// -fno-gnu-unique (ekiden_add_plugin does), so that no two of them share anything of it.
#pragma once

#include <ekiden/plugin.h>

#include <exception>
#include <string>
#include <string_view>

#define EKIDEN_SDK_BEGIN \
  namespace ekiden {     \
  inline namespace sdk1 {
#define EKIDEN_SDK_END \
  }                    \
  }

EKIDEN_SDK_BEGIN

inline ekd_str to_str(std::string_view text) noexcept { return {text.data(), text.size()}; }
inline std::string_view to_view(ekd_str text) noexcept {
  return {text.data, static_cast<std::size_t>(text.size)};
}

// The name of a code, as in base.h without its prefix: "E_FULL".
inline const char* code_name(std::int32_t code) noexcept {
  switch (code) {
    case EKD_E_INVALID:
      return "E_INVALID";
    case EKD_E_STALE:
      return "E_STALE";
    case EKD_E_FOREIGN:
      return "E_FOREIGN";
    case EKD_E_WRONG_THREAD:
      return "E_WRONG_THREAD";
    case EKD_E_WRONG_STATE:
      return "E_WRONG_STATE";
    case EKD_E_FULL:
      return "E_FULL";
    case EKD_E_LIMIT:
      return "E_LIMIT";
    case EKD_E_DRAINING:
      return "E_DRAINING";
    case EKD_E_CLOSED:
      return "E_CLOSED";
    case EKD_E_CANCELLED:
      return "E_CANCELLED";
    case EKD_E_FAILED:
      return "E_FAILED";
    case EKD_E_NO_MEMORY:
      return "E_NO_MEMORY";
    case EKD_E_TOO_BIG:
      return "E_TOO_BIG";
    case EKD_E_OS:
      return "E_OS";
    case EKD_E_UNSUPPORTED:
      return "E_UNSUPPORTED";
    case EKD_E_NOT_FOUND:
      return "E_NOT_FOUND";
    case EKD_E_TIMED_OUT:
      return "E_TIMED_OUT";
    case EKD_E_INTERNAL:
      return "E_INTERNAL";
    default:
      return "an unknown code";
  }
}

// What the SDK throws: a code of the ABI, and one sentence.
class Error : public std::exception {
 public:
  Error(std::int32_t code, std::string_view text, std::int32_t os_errno = 0)
      : code_(code), os_errno_(os_errno), text_(text) {
    if (text_.empty()) text_ = code_name(code);
  }
  // What the host said, behind what was tried: "connect: Connection refused".
  Error(std::string_view tried, std::int32_t code, const ekd_error& error)
      : Error(code,
              std::string(tried) + ": " + (error.text_size != 0 ? error.text : code_name(code)),
              error.os_errno) {}

  std::int32_t code() const noexcept { return code_; }
  // errno of the system call behind EKD_E_OS, else 0.
  std::int32_t os_errno() const noexcept { return os_errno_; }
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  std::int32_t code_;
  std::int32_t os_errno_;
  std::string text_;
};

// The other side is gone: a send to a channel that nobody receives from.
class Closed : public Error {
 public:
  explicit Closed(std::string_view text) : Error(EKD_E_CLOSED, text) {}
};

// What was waited for has been cancelled before it was there: a joined task, for one.
class Cancelled : public Error {
 public:
  explicit Cancelled(std::string_view text) : Error(EKD_E_CANCELLED, text) {}
};

namespace detail {

// For calls that answer a code and nothing else.
inline void check(std::int32_t code, std::string_view tried) {
  if (code >= 0) return;
  throw Error(code, std::string(tried) + ": " + code_name(code));
}

}  // namespace detail

EKIDEN_SDK_END

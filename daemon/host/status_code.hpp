// How the runtime's answers read on the other side of the border: the one place that maps them.
#pragma once

#include <ekiden/plugin.h>

#include <cstdint>
#include <string_view>

#include "runtime/base/result.hpp"

namespace ekiden::daemon::host {

constexpr std::int32_t code_of(runtime::Status status) noexcept {
  using runtime::Status;
  switch (status) {
    case Status::kOk:
      return EKD_OK;
    case Status::kPending:
      return EKD_PENDING;
    case Status::kInvalid:
      return EKD_E_INVALID;
    case Status::kStale:
      return EKD_E_STALE;
    case Status::kForeign:
      return EKD_E_FOREIGN;
    case Status::kWrongThread:
      return EKD_E_WRONG_THREAD;
    case Status::kWrongState:
      return EKD_E_WRONG_STATE;
    case Status::kFull:
      return EKD_E_FULL;
    case Status::kLimit:
      return EKD_E_LIMIT;
    case Status::kDraining:
      return EKD_E_DRAINING;
    case Status::kClosed:
      return EKD_E_CLOSED;
    case Status::kCancelled:
      return EKD_E_CANCELLED;
    case Status::kFailed:
      return EKD_E_FAILED;
    case Status::kNoMemory:
      return EKD_E_NO_MEMORY;
    case Status::kTooBig:
      return EKD_E_TOO_BIG;
    case Status::kOsError:
      return EKD_E_OS;
  }
  return EKD_E_INTERNAL;
}

// True for what only a defect of the plugin brings about, and what the log therefore tells. The
// others (full, draining, limits, the system's refusals) are part of an ordinary life.
constexpr bool is_misuse(std::int32_t code) noexcept {
  return code == EKD_E_INVALID || code == EKD_E_STALE || code == EKD_E_FOREIGN ||
         code == EKD_E_WRONG_THREAD || code == EKD_E_WRONG_STATE;
}

// One sentence for an answer that carries no text of its own.
constexpr std::string_view sentence_of(std::int32_t code) noexcept {
  switch (code) {
    case EKD_E_INVALID:
      return "an argument is wrong";
    case EKD_E_STALE:
      return "the handle names nothing that is still there";
    case EKD_E_FOREIGN:
      return "the handle belongs to another plugin instance";
    case EKD_E_WRONG_THREAD:
      return "not allowed on this thread: only inside one of its own polls";
    case EKD_E_WRONG_STATE:
      return "the object is not in a state that allows the call";
    case EKD_E_FULL:
      return "the queue is at its capacity: try again later";
    case EKD_E_LIMIT:
      return "a limit of this plugin is reached";
    case EKD_E_DRAINING:
      return "the plugin or the daemon takes no new work any more";
    case EKD_E_CLOSED:
      return "the other side is gone";
    case EKD_E_CANCELLED:
      return "cancelled before it finished";
    case EKD_E_FAILED:
      return "it ended as failed";
    case EKD_E_NO_MEMORY:
      return "there is no memory left";
    case EKD_E_TOO_BIG:
      return "a size is over what the host accepts";
    case EKD_E_OS:
      return "a system call failed";
    case EKD_E_UNSUPPORTED:
      return "this host does not know that";
    default:
      return "the host failed";
  }
}

}  // namespace ekiden::daemon::host

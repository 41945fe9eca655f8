// The states of a plugin instance.
//
//   checking ──> loading ──> starting ──> running ──unload──> draining ──> retired
//      │            │           │                               ^
//      └──> refused <┘          ├──rolled back──> failed        │
//                               └──something does not end───────┘
//
// checking: its file; nothing of it runs. loading: its constructors may run; one that replaces
// another waits there until that has gone (handover.hpp). starting: init and start. draining: no
// new work, and what there is ends; a draining instance whose unload has missed its deadline stays
// so until a later unload ends it. retired, failed, refused: none of its code runs or will run.
#pragma once

#include <cstdint>

namespace ekiden::daemon {

enum class InstanceState : std::uint8_t {
  kChecking,
  kLoading,
  kStarting,
  kRunning,
  kDraining,
  kRetired,
  kFailed,
  kRefused,
};

constexpr const char* to_string(InstanceState state) {
  switch (state) {
    case InstanceState::kChecking:
      return "checking";
    case InstanceState::kLoading:
      return "loading";
    case InstanceState::kStarting:
      return "starting";
    case InstanceState::kRunning:
      return "running";
    case InstanceState::kDraining:
      return "draining";
    case InstanceState::kRetired:
      return "retired";
    case InstanceState::kFailed:
      return "failed";
    case InstanceState::kRefused:
      return "refused";
  }
  return "unknown";
}

constexpr bool is_before_running(InstanceState state) {
  return state == InstanceState::kChecking || state == InstanceState::kLoading ||
         state == InstanceState::kStarting;
}

constexpr bool is_over(InstanceState state) {
  return state == InstanceState::kRetired || state == InstanceState::kFailed ||
         state == InstanceState::kRefused;
}

}  // namespace ekiden::daemon

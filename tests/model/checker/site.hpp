// Where in the source an operation stands, and what it is: for traces, and to find the operation
// that a mutant changes.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace ekiden::model {

// std::source_location is not there with clang 14; the builtins behind it are. Operators that take
// no further argument have no site.
struct Site {
  const char* file = "";
  int line = 0;

  static constexpr Site here(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
    return {file, line};
  }
};

enum class Operation : std::uint8_t {
  kLoad,
  kStore,
  kExchange,  // every read-modify-write without a condition
  kCompareExchange,
  kFailedCompareExchange,
  kLock,
  kUnlock,
  kFutexWait,
  kFutexWake,
  kPause,
  kPlainRead,
  kPlainWrite,
};

const char* name_of(Operation operation);
const char* name_of(std::memory_order order);

struct Event {
  unsigned thread = 0;
  Operation operation = Operation::kLoad;
  unsigned atomic = 0;  // in the order of their first use
  std::uint64_t value = 0;
  std::memory_order order = std::memory_order_relaxed;
  unsigned behind = 0;  // how many newer stores there were
  Site site;
};

std::string text_of(const Event& event);

constexpr bool is_acquire(std::memory_order order) {
  return order == std::memory_order_acquire || order == std::memory_order_acq_rel ||
         order == std::memory_order_seq_cst || order == std::memory_order_consume;
}
constexpr bool is_release(std::memory_order order) {
  return order == std::memory_order_release || order == std::memory_order_acq_rel ||
         order == std::memory_order_seq_cst;
}

}  // namespace ekiden::model

#include "tests/model/checker/site.hpp"

#include <cstdio>
#include <string_view>

namespace ekiden::model {

const char* name_of(Operation operation) {
  switch (operation) {
    case Operation::kLoad:
      return "load";
    case Operation::kStore:
      return "store";
    case Operation::kExchange:
      return "read-modify-write";
    case Operation::kCompareExchange:
      return "compare-exchange";
    case Operation::kFailedCompareExchange:
      return "failed compare-exchange";
    case Operation::kLock:
      return "lock";
    case Operation::kUnlock:
      return "unlock";
    case Operation::kFutexWait:
      return "futex wait";
    case Operation::kFutexWake:
      return "futex wake";
    case Operation::kPause:
      return "pause";
    case Operation::kPlainRead:
      return "plain read";
    case Operation::kPlainWrite:
      return "plain write";
  }
  return "?";
}

const char* name_of(std::memory_order order) {
  switch (order) {
    case std::memory_order_relaxed:
      return "relaxed";
    case std::memory_order_consume:
      return "consume";
    case std::memory_order_acquire:
      return "acquire";
    case std::memory_order_release:
      return "release";
    case std::memory_order_acq_rel:
      return "acq_rel";
    case std::memory_order_seq_cst:
      return "seq_cst";
  }
  return "?";
}

std::string text_of(const Event& event) {
  std::string_view file = event.site.file;
  // From the root of the tree on, however the compiler was told of the file.
  for (const std::string_view top : {"runtime/", "tests/"}) {
    if (const auto at = file.rfind(top); at != std::string_view::npos) file = file.substr(at);
  }
  char text[256];
  std::snprintf(text, sizeof text, "  thread %u  %-24s %c%-3u = %-20llx %-8s %s%.*s:%d\n",
                event.thread, name_of(event.operation), 'a', event.atomic,
                static_cast<unsigned long long>(event.value), name_of(event.order),
                event.behind != 0 ? "(stale) " : "", static_cast<int>(file.size()), file.data(),
                event.site.line);
  return text;
}

}  // namespace ekiden::model

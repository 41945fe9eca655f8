#include "runtime/base/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace ekiden::runtime {

void check_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "ekiden: internal check failed: %s (%s:%d)\n", condition, file, line);
  std::abort();
}

}  // namespace ekiden::runtime

// The umbrella header in C++20.
#include <ekiden/listen.h>
#include <ekiden/plugin.h>

#include "tests/abi/language.h"

static_assert(__cplusplus >= 202002L);

int32_t abi_error_cxx20(ekd_error* err, const char* text) {
  return ekd_error_set(err, EKD_E_INVALID, text);
}

ekd_str abi_literal_cxx20() { return EKD_STR("four"); }

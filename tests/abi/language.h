/* What the same header does in each language that it is compiled in. */
#ifndef EKIDEN_TESTS_ABI_LANGUAGE_H
#define EKIDEN_TESTS_ABI_LANGUAGE_H

#include <ekiden/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

const ekd_plugin_desc* abi_description_c11(void);

int32_t abi_error_c11(ekd_error* err, const char* text);
int32_t abi_error_cxx17(ekd_error* err, const char* text);
int32_t abi_error_cxx20(ekd_error* err, const char* text);

ekd_str abi_literal_c11(void);
ekd_str abi_literal_cxx17(void);
ekd_str abi_literal_cxx20(void);

#ifdef __cplusplus
}
#endif

#endif /* EKIDEN_TESTS_ABI_LANGUAGE_H */

/* Prints the ABI as a compiler sees it: the value of every constant, the size, alignment and
 * members of every struct. Written in C, because C plugins are compiled from these headers as they
 * are. */
#ifndef EKIDEN_TESTS_ABI_GOLDEN_H
#define EKIDEN_TESTS_ABI_GOLDEN_H

#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

void abi_golden_print(FILE* out);

#ifdef __cplusplus
}
#endif

#endif /* EKIDEN_TESTS_ABI_GOLDEN_H */

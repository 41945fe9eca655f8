/* Writes plugin_api/abi.golden to standard output: for whoever adds to the ABI. */
#include "tests/abi/golden.h"

int main(void) {
  abi_golden_print(stdout);
  return ferror(stdout) != 0;
}

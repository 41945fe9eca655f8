/* ekd.memory/1: memory that is counted for the plugin and comes back when it is unloaded.
 * malloc is allowed too; what it gives is in nobody's ledger. */
#ifndef EKIDEN_MEMORY_H
#define EKIDEN_MEMORY_H

#include <ekiden/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#define EKD_MEMORY_ID "ekd.memory/1"

typedef struct ekd_memory_api {
  uint32_t struct_size;
  uint32_t reserved;

  /* [any] `size` bytes (0 counts as 1) aligned to `align`, a power of two up to 4096 (0: 16). Not
   * zeroed. NULL: no memory, a bad alignment, or the instance is gone. Owned by the caller: free.
   */
  void *(*alloc)(ekd_ctx *ctx, uint64_t size, uint32_t align);

  /* [any] NULL is allowed. A block that is not this instance's, or was freed already as far as the
   * host can see, is left alone and logged: EKD_E_FOREIGN. */
  int32_t (*free)(ekd_ctx *ctx, void *block);
} ekd_memory_api;

#ifdef __cplusplus
}
#endif

#endif /* EKIDEN_MEMORY_H */

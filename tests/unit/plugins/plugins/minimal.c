/* The least that is a plugin. Macros make variants of it that must be refused. */
#ifdef MINIMAL_WITHOUT_DESCRIPTOR
#include <stdint.h>
/* Has the right name and nothing else right. */
#ifdef MINIMAL_FUNCTION
__attribute__((visibility("default"))) int32_t ekd_plugin(void);
int32_t ekd_plugin(void) { return 0; }
#else
extern __attribute__((visibility("default"))) const uint64_t ekd_plugin[2];
const uint64_t ekd_plugin[2] = {UINT64_C(0x3147554c50444b45), 0};
#endif

#else
#include <ekiden/plugin.h>

#ifndef MINIMAL_SERVICE
#define MINIMAL_SERVICE EKD_TASK_ID
#endif

#ifdef MINIMAL_CALLS
extern int32_t MINIMAL_CALLS(void);
#endif

static int32_t start(void* self, ekd_error* err) {
  (void)self;
  (void)err;
#ifdef MINIMAL_CALLS
  return MINIMAL_CALLS();
#else
  return EKD_OK;
#endif
}

static const char* const services[] = {EKD_TIME_ID, MINIMAL_SERVICE, NULL};

EKD_EXPORT const ekd_plugin_desc ekd_plugin = {
    .magic = EKD_PLUGIN_MAGIC,
    .struct_size = sizeof(ekd_plugin_desc),
    .abi_major = EKD_ABI_MAJOR,
    .abi_minor = EKD_ABI_MINOR,
    .name = MINIMAL_NAME,
    .version = "1",
    .requires_ext = services,
#ifndef MINIMAL_IDLE
    .start = start,
#endif
};

#ifdef MINIMAL_IDLE
int32_t (*const unused_start)(void*, ekd_error*) = start;
#endif
#endif

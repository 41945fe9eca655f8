/* Calls a function that nobody defines: binding all symbols at once must find that out. */
#include <ekiden/plugin.h>

extern int32_t nobody_defines_this(void);

static int32_t init(ekd_ctx *ctx, const ekd_host *host, ekd_str config, void **out_self,
                    ekd_error *err) {
  (void)ctx;
  (void)host;
  (void)config;
  (void)out_self;
  (void)err;
  return nobody_defines_this();
}

EKD_EXPORT const ekd_plugin_desc ekd_plugin = {
    .magic = EKD_PLUGIN_MAGIC,
    .struct_size = sizeof(ekd_plugin_desc),
    .abi_major = EKD_ABI_MAJOR,
    .abi_minor = EKD_ABI_MINOR,
    .name = "unresolved",
    .version = "1.0.0",
    .init = init,
};

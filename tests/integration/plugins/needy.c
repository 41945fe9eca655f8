/* Requires a service that no host has. */
#include <ekiden/plugin.h>

static const char *const services[] = {EKD_TASK_ID, "ekd.teleport/1", NULL};

static int32_t command(void *self, ekd_call call, ekd_str method, ekd_str params, ekd_error *err) {
  (void)self;
  (void)call;
  (void)method;
  (void)params;
  return ekd_error_set(err, EKD_E_NOT_FOUND, "it has no methods");
}

EKD_EXPORT const ekd_plugin_desc ekd_plugin = {
    .magic = EKD_PLUGIN_MAGIC,
    .struct_size = sizeof(ekd_plugin_desc),
    .abi_major = EKD_ABI_MAJOR,
    .abi_minor = EKD_ABI_MINOR,
    .name = "needy",
    .version = "1.0.0",
    .requires_ext = services,
    .command = command,
};
